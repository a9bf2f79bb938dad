"""Turns what a child process replied, which is not trusted, into a result or a `SandboxError`."""

from __future__ import annotations

import re
from typing import Any

from integrations import strict_json
from integrations.connectors.base import FunctionResult, LogLine
from integrations.connectors.functions.limits import MEBIBYTE, Limits
from integrations.connectors.functions.stack import author_frames, format_stack
from integrations.errors import InvalidInput, SandboxError

LOG_LEVELS = ("debug", "info", "log", "warn", "error")
_CODES = ("threw", "timeout", "memory", "output", "syntax")
_LONGEST_MESSAGE = 2_000
_UNDEFINED_NAME = re.compile(r"^'?([\w$]+)'? is not defined$")

_PURE = "functions are pure: JSON in, JSON out"
_NO_NETWORK = f"{_PURE}; call an app's action in an earlier event and pass its result in"
_NO_TIMERS = f"{_PURE}; to wait, use a `wait` event"
_NO_MODULES = f"{_PURE}, and hold all the code that they need"
_NO_HOST = f"{_PURE}; pass what is needed in as input"
HINTS = {
    **dict.fromkeys(("fetch", "XMLHttpRequest", "WebSocket", "axios"), _NO_NETWORK),
    **dict.fromkeys(("setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval"), _NO_TIMERS),
    **dict.fromkeys(("require", "module", "exports"), _NO_MODULES),
    **dict.fromkeys(("process", "Deno", "Bun", "window", "document", "localStorage", "std", "os"), _NO_HOST),
    **dict.fromkeys(("Intl", "URL", "URLSearchParams", "Buffer", "TextEncoder", "TextDecoder", "crypto"),
                    "it is not part of the language itself, which is all that functions have"),
}  # fmt: skip


def result_of(reply: dict[str, Any], *, javascript: str, limits: Limits, duration_ms: float) -> FunctionResult:
    """Return what the function returned.

    Raises:
        SandboxError: it threw or ran out of something, or what it returned is not JSON that can be stored.
    """
    logs = logs_of(reply)
    if "json" not in reply:
        raise _failure(reply, javascript=javascript, limits=limits, logs=logs)
    try:
        value = strict_json.loads(str(reply["json"]), limits=strict_json.Limits(max_bytes=limits.output_bytes))
    except InvalidInput as error:
        raise SandboxError(f"the result cannot be used: {error}", code="output", logs=logs) from None
    return FunctionResult(value=value, logs=logs, duration_ms=duration_ms)


def logs_of(reply: dict[str, Any]) -> tuple[LogLine, ...]:
    """Return the well-formed lines; the child has bounded them, and the length of all that it said is bounded."""
    lines = reply.get("logs")
    if not isinstance(lines, list):
        return ()
    return tuple(LogLine(line[0], line[1]) for line in lines if _is_log_line(line))


def _is_log_line(line: object) -> bool:
    return isinstance(line, list) and len(line) == 2 and line[0] in LOG_LEVELS and isinstance(line[1], str)


def _failure(reply: dict[str, Any], *, javascript: str, limits: Limits, logs: tuple[LogLine, ...]) -> SandboxError:
    code = reply.get("code")
    if code not in _CODES:
        return SandboxError("the function's process gave no usable answer", code="crashed", logs=logs)
    name, message, stack = (str(reply.get(key, "")) for key in ("name", "message", "stack"))
    frames = author_frames(stack, javascript=javascript)
    if message == "not a function" and frames:
        message = f"{frames[0].word or 'this'} is not a function"
    return SandboxError(
        _message(code, name=name, message=message, limits=limits),
        code=code,
        line=frames[0].line if frames else None,
        column=frames[0].column if frames else None,
        stack=format_stack(frames),
        logs=logs,
    )


def _message(code: str, *, name: str, message: str, limits: Limits) -> str:
    if code == "timeout":
        return timeout_message(limits)
    if code == "memory":
        needed = f"the function needed more than {limits.memory_bytes / MEBIBYTE:g} MiB of memory"
        return f"{needed}, or threw null" if message == "null" else needed
    text = f"{name}: {message}" if name and code != "output" else message
    shortened = text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"
    hint = _hint(message)
    return f"{shortened} ({hint})" if hint else shortened


def _hint(message: str) -> str:
    undefined = _UNDEFINED_NAME.match(message)
    return HINTS.get(undefined[1], "") if undefined else ""


def timeout_message(limits: Limits) -> str:
    return f"the function ran longer than {limits.time_seconds:g} s"
