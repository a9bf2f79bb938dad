"""A seccomp filter that lets a process compute and answer on its open descriptors, and nothing else.

Everything that is not on the list fails with EPERM: opening, sockets, processes, signals, memory that can be executed.
Source: `struct seccomp_data` and the return values in linux/seccomp.h; numbers from asm/unistd.h of each machine.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_RET_ALLOW, _RET_ERRNO = 0x7FFF0000, 0x00050000
_PROT_EXEC = 0x4

# BPF: load a word at an offset; jump if equal; jump if a bit is set; return.
_LOAD, _JUMP_EQUAL, _JUMP_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
# Offsets in struct seccomp_data; the low half of the third argument, both machines being little-endian.
_NUMBER, _ARCHITECTURE, _PROTECTION = 0, 4, 16 + 8 * 2


class _Machine:
    """How one processor names things; `mapping` are mmap and mprotect, allowed unless the memory is to be executed."""

    def __init__(self, *, architecture: int, mapping: tuple[int, int], allowed: tuple[int, ...]) -> None:
        self.architecture, self.mapping, self.allowed = architecture, mapping, allowed


_MACHINES = {
    "x86_64": _Machine(
        architecture=0xC000003E,
        mapping=(9, 10),
        # read write close fstat lseek munmap brk rt_sigaction rt_sigprocmask rt_sigreturn sched_yield mremap madvise
        # setitimer getpid exit gettimeofday getrlimit getrusage times gettid futex restart_syscall clock_gettime
        # clock_getres exit_group prlimit64 getrandom
        allowed=(0, 1, 3, 5, 8, 11, 12, 13, 14, 15, 24, 25, 28, 38, 39, 60, 96, 97, 98, 100, 186, 202, 219, 228, 229,
                 231, 302, 318),
    ),
    "aarch64": _Machine(
        architecture=0xC00000B7,
        mapping=(222, 226),
        # close lseek read write fstat exit exit_group futex clock_gettime clock_getres sched_yield restart_syscall
        # setitimer rt_sigaction rt_sigprocmask rt_sigreturn times getrlimit getrusage gettimeofday getpid gettid brk
        # munmap mremap madvise prlimit64 getrandom
        allowed=(57, 62, 63, 64, 80, 93, 94, 98, 103, 113, 114, 124, 128, 134, 135, 139, 153, 163, 165, 169, 172, 178,
                 214, 215, 216, 233, 261, 278),
    ),
}  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def install(libc: ctypes.CDLL) -> bool:
    """Put the filter on this process for good; return whether the kernel took it. Needs PR_SET_NO_NEW_PRIVS first."""
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return False
    code = _assemble(machine)
    program = _Program(len(code) // 8, code)
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _assemble(machine: _Machine) -> bytes:
    """Return the filter: refuse another architecture, then compare the number with each one that is allowed.

    A jump counts the instructions to leave out. Behind the comparisons stand: refuse, load the protection, refuse if it
    has the bit, (fall through) allow.
    """
    count = len(machine.allowed) + len(machine.mapping)
    lines = [_line(_LOAD, _ARCHITECTURE), _line(_JUMP_EQUAL, machine.architecture, no=count + 1), _line(_LOAD, _NUMBER)]
    for index, number in enumerate(machine.allowed):
        lines.append(_line(_JUMP_EQUAL, number, yes=count - index - 1 + 4))
    for index, number in enumerate(machine.mapping, start=len(machine.allowed)):
        lines.append(_line(_JUMP_EQUAL, number, yes=count - index - 1 + 1))
    refuse = _line(_RETURN, _RET_ERRNO | errno.EPERM)
    lines += [refuse, _line(_LOAD, _PROTECTION), _line(_JUMP_BIT, _PROT_EXEC, no=1), refuse, _line(_RETURN, _RET_ALLOW)]
    return b"".join(lines)


def _line(code: int, operand: int, *, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, operand)
