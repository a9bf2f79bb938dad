"""Runs the compiler, which is JavaScript itself, on what authors wrote."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from integrations.connectors.functions.limits import MEBIBYTE, Limits
from integrations.connectors.functions.pool import FunctionPool
from integrations.errors import DefinitionError, Problem, SandboxError

Language = Literal["js", "ts"]

_HERE = Path(__file__).parent
_LIBRARY = (_HERE / "vendor" / "typescript.js", _HERE / "compiler.js")
#: The compiler takes some 15 kB of stack for a level of nesting.
_LIMITS = Limits(time_seconds=20, memory_bytes=256 * MEBIBYTE, output_bytes=4_000_000, stack_bytes=64 * MEBIBYTE)
NESTED_TOO_DEEPLY = "the source is nested too deeply"
#: A child with the compiler in it holds some 60 MB, so one that is not in use is ended.
_IDLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a source was made into."""

    #: Its value is an async function of `input`.
    javascript: str
    #: Where its lines and columns come from, as in a source map; None if they are the author's own.
    mappings: str | None
    #: What to say if the engine can read the script.
    problem: DefinitionError | None


class Compiler:
    """Compiles in warm children of its own; nothing that authors wrote is ever run in them."""

    def __init__(self) -> None:
        self._pool = FunctionPool(processes=2, limits=_LIMITS, library=_LIBRARY)
        self._rest: threading.Timer | None = None

    def compile(self, source: str, language: Language) -> Script:
        """Return the script that `source` means.

        Raises:
            DefinitionError: it cannot be read.
            SandboxError: `unavailable` or `crashed`, whatever the source.
        """
        try:
            result = self._pool.call_library({"source": source, "language": language})
        except SandboxError as error:
            raise refusal(_what_was_too_much(error)) from error
        finally:
            self._rest_when_idle()
        answer = cast("dict[str, Any]", result.value)
        problem = refusal(**answer["problem"]) if answer["problem"] else None
        if problem and "javascript" not in answer:
            raise problem
        return Script(javascript=answer["javascript"], mappings=answer["mappings"], problem=problem)

    def check_syntax(self, javascript: str) -> None:
        """Let the engine parse `javascript` as it will at each call, with what a call may use.

        Raises:
            SandboxError: as `FunctionPool.check_syntax` does.
        """
        try:
            self._pool.check_syntax(javascript, limits=Limits())
        finally:
            self._rest_when_idle()

    def close(self) -> None:
        """End the children; the compiler is of no use afterwards."""
        if self._rest:
            self._rest.cancel()
        self._pool.close_sync()

    def _rest_when_idle(self) -> None:
        if self._rest:
            self._rest.cancel()
        self._rest = threading.Timer(_IDLE_SECONDS, self._pool.end_idle)
        self._rest.daemon = True
        self._rest.start()


def refusal(message: str, *, line: int = 0, column: int = 0, hint: str = "") -> DefinitionError:
    """Return the error that tells an author what to mend, and where in their own source."""
    where = f"line {line} column {column}: " if line else ""
    return DefinitionError([Problem("function", f"{where}{message}", hint)])


def _what_was_too_much(error: SandboxError) -> str:
    """Say what of the source could not be handled; raise an error that any other source would have met too."""
    if error.code in ("unavailable", "crashed"):
        raise error
    if "call stack" in error.message:
        return NESTED_TOO_DEEPLY
    return f"the source cannot be compiled: {error.message}"
