"""Checks what an author wrote and turns it into the one script form that the pool runs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from integrations.connectors.functions.compiler import NESTED_TOO_DEEPLY, Compiler, Language, refusal
from integrations.connectors.functions.shared import shared_compiler
from integrations.connectors.functions.source_map import with_map
from integrations.errors import DefinitionError, SandboxError

LONGEST_SOURCE = 200_000
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledFunction:
    """A function that parsed; what a published version freezes."""

    #: A script whose value is an async function of `input`. Its lines are the author's own, or it carries their map.
    javascript: str
    language: Language
    #: Of language and source, in hex.
    sha256: str


def compile_function(source: str, language: Language, *, compiler: Compiler | None = None) -> CompiledFunction:
    """Check `source` and return it ready to run; TypeScript loses its types.

    `source` is a function of `input` (expression, declaration or default export), a body that uses `input`, or an
    expression. Without a `return` or an export, the last function declared is the one that is called. It runs in strict
    mode, as modules do. It is compiled by `compiler`, by default this process's own.

    Raises:
        DefinitionError: place `function`; the message starts with the author's line and column.
        SandboxError: `unavailable`, no child process can be had.
    """
    text = _checked_text(source)
    compiler = compiler or shared_compiler()
    script = compiler.compile(text, language)
    javascript = with_map(script.javascript, script.mappings)
    _check_readable(javascript, compiler, is_whole=script.mappings is not None)
    if script.problem:
        raise script.problem
    digest = hashlib.sha256(f"{language}\0{source}".encode()).hexdigest()
    return CompiledFunction(javascript=javascript, language=language, sha256=digest)


def _checked_text(source: str) -> str:
    if len(source) > LONGEST_SOURCE:
        raise refusal(f"the source is longer than {LONGEST_SOURCE} characters")
    if _UNUSABLE.search(source):
        raise refusal("the source holds U+0000 or half of a surrogate pair")
    # In literals too, as the language itself reads them.
    return source.replace("\r\n", "\n").replace("\r", "\n")


def _check_readable(javascript: str, compiler: Compiler, *, is_whole: bool) -> None:
    """Let the engine parse the script; `is_whole` says that no bracket is open in it."""
    try:
        compiler.check_syntax(javascript)
    except SandboxError as error:
        if error.code in ("unavailable", "crashed"):
            raise
        raise _unreadable(error, is_whole=is_whole) from None


def _unreadable(error: SandboxError, *, is_whole: bool) -> DefinitionError:
    if "call stack" in error.message:
        return refusal(NESTED_TOO_DEEPLY)
    if error.code != "syntax":
        return refusal(f"the source cannot be read: {error}")
    if error.line is None and not is_whole:
        return refusal("the source ends too early", hint="a bracket, brace or parenthesis is not closed")
    return refusal(error.message.removeprefix("SyntaxError: "), line=error.line or 0, column=error.column or 0)
