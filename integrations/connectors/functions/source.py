"""Checks what an author wrote and turns it into the one script form that the pool runs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from integrations.connectors.functions.limits import MEBIBYTE, Limits
from integrations.connectors.functions.pool import FunctionPool
from integrations.connectors.functions.shared import shared_pool
from integrations.errors import DefinitionError, Problem, SandboxError

Language = Literal["js", "ts"]

LONGEST_SOURCE = 200_000
_HERE = Path(__file__).parent
_LIMITS = Limits(time_seconds=10, memory_bytes=64 * MEBIBYTE, output_bytes=4_000_000)
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledFunction:
    """A function that parsed; what a published version freezes."""

    #: A script whose value is an async function of `input`. Its lines are the author's own.
    javascript: str
    language: Language
    #: Of language and source, in hex.
    sha256: str


def compile_function(source: str, language: Language, *, pool: FunctionPool | None = None) -> CompiledFunction:
    """Check `source` and return it ready to run; TypeScript loses its types.

    `source` is a function of `input` (expression, declaration or default export), a body that uses `input`, or an
    expression. Without a `return` or an export, the last function declared is the one that is called. It runs in strict
    mode, as modules do, in one of `pool`'s child processes, by default this process's own.

    Raises:
        DefinitionError: place `function`; the message starts with the author's line and column.
        SandboxError: `unavailable`, no child process can be had.
    """
    text = _checked_text(source)
    pool = pool or shared_pool()
    candidates = _candidates(text, language, pool)
    javascript = _first_readable(candidates, pool)
    digest = hashlib.sha256(f"{language}\0{source}".encode()).hexdigest()
    return CompiledFunction(javascript=javascript, language=language, sha256=digest)


def _checked_text(source: str) -> str:
    if len(source) > LONGEST_SOURCE:
        raise _refused(f"the source is longer than {LONGEST_SOURCE} characters")
    if _UNUSABLE.search(source):
        raise _refused("the source holds U+0000 or half of a surrogate pair")
    # The engine counts \\n only; every other way to end a line becomes one.
    return re.sub("\r\n|[\r\u2028\u2029]", "\n", source)


def _candidates(text: str, language: Language, pool: FunctionPool) -> list[dict[str, Any]]:
    """Return the scripts that `text` may mean: `[{javascript, problem}]`."""
    try:
        result = pool.call_sync(_compiler(), {"source": text, "language": language}, limits=_LIMITS)
    except SandboxError as error:
        raise _refused(f"the source cannot be compiled: {_about_the_source(error)}") from error
    answer = cast("dict[str, Any]", result.value)
    if "problem" in answer:
        raise _refused(**answer["problem"])
    return cast("list[dict[str, Any]]", answer["candidates"])


@cache
def _compiler() -> str:
    """Return the compiler as a script for the pool: user text is never parsed outside the sandbox."""
    vendored = (_HERE / "vendor" / "sucrase.js").read_text(encoding="utf-8")
    return f"{vendored}\n{(_HERE / 'compiler.js').read_text(encoding='utf-8')}"


def _first_readable(candidates: list[dict[str, Any]], pool: FunctionPool) -> str:
    """Return the first script that the engine can parse; of the errors, the one that got furthest is the author's."""
    errors: list[SandboxError] = []
    for candidate in candidates:
        try:
            pool.check_syntax(candidate["javascript"])
        except SandboxError as error:
            errors.append(_about_the_source(error))
            continue
        if candidate["problem"]:
            raise _refused(**candidate["problem"])
        return cast("str", candidate["javascript"])
    raise _unreadable(max(errors, key=_place))


def _place(error: SandboxError) -> tuple[float, int]:
    # An error without a line lies behind the author's last.
    return (error.line or float("inf"), error.column or 0)


def _about_the_source(error: SandboxError) -> SandboxError:
    """Return `error`, or raise it if another source would have met it too."""
    if error.code in ("unavailable", "crashed"):
        raise error
    return error


def _unreadable(error: SandboxError) -> DefinitionError:
    if error.code != "syntax":
        return _refused(f"the source cannot be read: {error}")
    if error.line is None:
        return _refused("the source ends too early", hint="a bracket, brace or parenthesis is not closed")
    return _refused(error.message.removeprefix("SyntaxError: "), line=error.line, column=error.column)


def _refused(message: str, *, line: int | None = None, column: int | None = None, hint: str = "") -> DefinitionError:
    where = f"line {line} column {column}: " if line else ""
    return DefinitionError([Problem("function", f"{where}{message}", hint)])
