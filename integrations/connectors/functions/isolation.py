"""What keeps user code in, as a child process found it when it tried to get out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """The first five are what the child could not do when it tried; the others are the means that the system gave."""

    files_refused: bool
    network_refused: bool
    processes_refused: bool
    executable_memory_refused: bool
    is_unprivileged: bool
    #: Only computing and answering are allowed; every other system call is refused by the kernel.
    seccomp: bool
    #: Own mounts, network, IPC and host name.
    namespaces: bool
    #: The root is an empty, read-only file system.
    empty_root: bool

    @property
    def is_sufficient(self) -> bool:
        """Return whether user code may run: no files, no network, no other processes (design section 7)."""
        return self.files_refused and self.network_refused and self.processes_refused

    def __str__(self) -> str:
        held = [name for name in self.__slots__ if getattr(self, name)]
        missing = [name for name in self.__slots__ if not getattr(self, name)]
        return f"in force: {', '.join(held) or 'nothing'}; missing: {', '.join(missing) or 'nothing'}"
