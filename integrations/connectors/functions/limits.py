"""What one function call may use."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Raises ValueError when one of them is not positive."""

    #: Wall-clock time of one call, waiting for a free child process not counted.
    time_seconds: float = 5.0
    #: The JavaScript heap. A pool's children get this much and no more, whatever a call asks for, and so for the stack.
    memory_bytes: int = 64 * MEBIBYTE
    #: The result as JSON text in UTF-8.
    output_bytes: int = 1_000_000
    #: Everything logged; what follows is dropped and said so.
    log_bytes: int = 64_000
    #: About 4,000 frames of a small recursive function.
    stack_bytes: int = 1 * MEBIBYTE

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be greater than 0")
