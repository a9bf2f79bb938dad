"""Takes from the current process what user code must not have: files, network, processes, other users' things.

Every step is tried on its own, because containers and kernels differ in what they allow; `observe` then tries what must
fail and says what did. Nothing is given back: this is for a child process that does nothing else afterwards. Only quick
modules of the standard library are imported, because every child pays for them when it starts.
"""

from __future__ import annotations

import _socket
import contextlib
import ctypes
import os
import resource
import signal
import sys
import time

from integrations.connectors.functions.sandbox import seccomp

_NOBODY = 65534
#: Of the stack, for Python below the engine and for native code above it, which does not count what it takes.
STACK_RESERVE = 1024 * 1024
#: What any user can open on any Unix.
_OPEN_TO_ALL = ("/usr", "/etc", "/bin", "/dev/null")
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_NEW_NAMESPACES = 0x00020000 | 0x08000000 | 0x04000000 | 0x40000000  # mount, IPC, UTS, network
_NEW_USER_NAMESPACE = 0x10000000
_MOUNT_PRIVATE, _MOUNT_TMPFS = 1 << 18 | 1 << 14, 1 | 2 | 4 | 8  # private + recursive; read-only, nosuid, nodev, noexec
_CAPABILITIES_VERSION_3 = 0x20080522


def lock_down(*, memory_bytes: int, stack_bytes: int) -> dict[str, bool]:
    """Lock this process down as far as the system allows; return the fields of `Isolation`.

    `memory_bytes` is what may be allocated beyond what is mapped now, `stack_bytes` what the stack may grow to.
    """
    address_space_bytes = _mapped_bytes() + memory_bytes + stack_bytes
    if sys.platform == "linux":
        _let_stack_grow(stack_bytes)
    _fix_time_zone()
    _set_resource_limits(address_space_bytes)
    given = _take_away() if sys.platform == "linux" else dict.fromkeys(("namespaces", "empty_root", "seccomp"), False)
    return given | observe()


def observe() -> dict[str, bool]:
    """Return what this process cannot do, by trying."""
    return {
        "files_refused": not any(map(_can_open, _OPEN_TO_ALL)),
        "network_refused": not _can_reach_network(),
        "processes_refused": not _can_fork(),
        "executable_memory_refused": not _can_map_code(),
        "is_unprivileged": os.geteuid() != 0,
    }


def _take_away() -> dict[str, bool]:
    libc = ctypes.CDLL(None)
    namespaces = _unshare(libc)
    empty_root = namespaces and _enter_empty_root(libc)
    _drop_privileges(libc)
    _set_process_flags(libc)
    # Last, because it refuses every step above.
    return {"namespaces": namespaces, "empty_root": empty_root, "seccomp": seccomp.install(libc)}


def _fix_time_zone() -> None:
    # The zone file could not be read later, and a function should not depend on where it runs.
    os.environ["TZ"] = "UTC"
    time.tzset()


def _unshare(libc: ctypes.CDLL) -> bool:
    """Leave the network, the mounts and the IPC of the host; a user namespace is what lets a plain user do so."""
    flags = _NEW_NAMESPACES if os.geteuid() == 0 else _NEW_NAMESPACES | _NEW_USER_NAMESPACE
    return bool(libc.unshare(flags) == 0)


def _enter_empty_root(libc: ctypes.CDLL) -> bool:
    """Make an empty, read-only file system the root; seen by this process only."""
    if libc.mount(None, b"/", None, _MOUNT_PRIVATE, None) != 0:
        return False
    if libc.mount(b"none", b"/tmp", b"tmpfs", _MOUNT_TMPFS, b"size=4k,mode=555") != 0:
        return False
    try:
        os.chroot("/tmp")  # noqa: S108 - the empty file system just mounted there
        os.chdir("/")
    except OSError:
        return False
    return True


def _drop_privileges(libc: ctypes.CDLL) -> None:
    """Become nobody if root; give up the capabilities that come with a user namespace otherwise."""
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setresgid(_NOBODY, _NOBODY, _NOBODY)
            os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        return
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION_3, 0)
    libc.capset(ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def _set_resource_limits(address_space_bytes: int) -> None:
    hard_limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        # The three standard ones, and one for `observe` to find out whether something else stops it.
        resource.RLIMIT_NOFILE: 4,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_AS: address_space_bytes,
    }
    for which, limit in hard_limits.items():
        # A limit that is lower already is fine.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(which, (limit, limit))


def _let_stack_grow(stack_bytes: int) -> None:
    """Raise the limit up to which the kernel lets the first thread's stack grow; it keeps 128 MB free for it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft != resource.RLIM_INFINITY and soft < stack_bytes:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_STACK, (stack_bytes, hard))


def stack_room() -> int:
    """Return how much stack the engine may use, less what the calls around it take."""
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft - STACK_RESERVE


def _mapped_bytes() -> int:
    """Return the size of the address space now, or what a small process has where /proc cannot be read."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - pathlib takes 10 ms to load
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 256 * 1024 * 1024


def _set_process_flags(libc: ctypes.CDLL) -> None:
    """Die with the parent's thread, give no core or /proc entry to look into, and gain nothing through exec.

    After the change of user, which clears the first of them.
    """
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _can_open(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        return False
    return True


def _can_reach_network() -> bool:
    """Address a datagram to this machine itself, which needs a network but nobody who listens."""
    try:
        probe = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    except OSError:
        return False
    try:
        return probe.connect_ex(("127.0.0.1", 9)) == 0
    finally:
        probe.close()


def _can_fork() -> bool:
    try:
        child = os.fork()
    except OSError:
        return False
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return True


def _can_map_code() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    address = libc.mmap(None, ctypes.c_size_t(4096), 7, 0x22, -1, ctypes.c_long(0))
    return address not in (None, ctypes.c_void_p(-1).value)
