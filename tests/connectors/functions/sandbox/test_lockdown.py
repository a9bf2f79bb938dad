"""Each test runs a process that locks itself down and tries one way out, which has to work without the lockdown."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from integrations.connectors.functions.pool import FunctionPool

pytestmark = pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="no filter for this processor")

_ROOT = Path(__file__).parents[4]
_PROGRAM = """
import ctypes, mmap, os, signal, socket, sys
sys.path.insert(0, {root!r})
from integrations.connectors.functions.sandbox import lockdown
{before}
def attempt():
    {attempt}
if {locked}:
    lockdown.lock_down(memory_bytes=64 << 20, stack_bytes=8 << 20)
try:
    attempt()
except BaseException as error:
    os.write(1, type(error).__name__.encode())
else:
    os.write(1, b"worked")
os._exit(0)
"""

WAYS_OUT = {
    "read a file": 'os.open("/etc/passwd", os.O_RDONLY)',
    "list a folder": 'os.listdir("/usr")',
    "write a file": 'os.open("/dev/shm", os.O_TMPFILE | os.O_WRONLY)',
    "internet socket": "socket.socket()",
    "unix socket": "socket.socket(socket.AF_UNIX)",
    "fork": "os.fork() or os._exit(0)",
    "execute a program": 'os.posix_spawn("/bin/true", ["true"], {})',
    "signal another process": "os.kill(os.getppid(), 0)",
    "map memory to execute": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    "trace": "[None][-ctypes.CDLL(None).ptrace(0, 0, 0, 0)]",
    "duplicate a descriptor": "os.dup(1)",
}


def outcome(attempt: str, *, locked: bool, before: str = "") -> str:
    program = _PROGRAM.format(root=str(_ROOT), attempt=attempt, locked=locked, before=before)
    finished = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, timeout=20, check=True)
    return finished.stdout.decode()


@pytest.mark.parametrize("attempt", WAYS_OUT.values(), ids=WAYS_OUT.keys())
def test_way_out_is_refused_after_lockdown_only(attempt: str) -> None:
    assert outcome(attempt, locked=False) == "worked"
    assert outcome(attempt, locked=True) in ("PermissionError", "OSError", "IndexError")


WITHOUT_SECCOMP = "lockdown.seccomp.install = lambda libc: False"
WITHOUT_NAMESPACES = "lockdown._unshare = lambda libc: False"
REPORT = (
    "raise type('-'.join(k for k, v in sorted(lockdown.observe().items()) if not v) or 'nothing', (Exception,), {})"
)


@pytest.mark.parametrize("before", ["", WITHOUT_NAMESPACES], ids=["all", "without namespaces"])
def test_filter_alone_is_enough(before: str) -> None:
    assert outcome(REPORT, locked=True, before=before) == "nothing"


def test_observation_sees_what_is_not_refused() -> None:
    without_both = f"{WITHOUT_SECCOMP}; {WITHOUT_NAMESPACES}"

    assert outcome(REPORT, locked=True, before=without_both).split("-") == [
        "executable_memory_refused", "files_refused", "network_refused",
    ]  # fmt: skip


def test_child_of_a_pool_is_kept_in(pool: FunctionPool) -> None:
    isolation = pool.isolation()

    assert isolation.is_sufficient
    assert isolation.seccomp
    assert isolation.executable_memory_refused
    assert isolation.is_unprivileged


def test_child_of_a_pool_has_no_environment_and_no_extra_descriptors(pool: FunctionPool, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w"):
        other = FunctionPool(processes=1)
        other.isolation()
        (child,) = other._children

        environment = Path(f"/proc/{child.pid}/environ").read_bytes()
        descriptors = sorted(path.name for path in Path(f"/proc/{child.pid}/fd").iterdir())
        other.close_sync()

    assert environment.strip(b"\0") == b""
    assert descriptors == ["0", "1", "2"]
