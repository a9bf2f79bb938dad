"""Turns everything that may go wrong with one event into the one value that is kept of it."""

from __future__ import annotations

from collections.abc import Callable

from integrations.engine.records import StepError
from integrations.engine.resolve_errors import ResolveError
from integrations.errors import ConnectorError, DefinitionError, IntegrationsError, SandboxError


class EventError(IntegrationsError):
    """The engine itself could not do what an event asks for; `code` as in `StepError`."""

    def __init__(self, message: str, *, code: str, retryable: bool = False) -> None:
        super().__init__(message)
        self.code, self.retryable = code, retryable


#: What definitions, inputs, results and the outside can do wrong. Anything else is a fault of this program.
FAILURES = (EventError, ConnectorError, SandboxError, ResolveError, DefinitionError)


def step_error(error: Exception, *, redact: Callable[[str], str]) -> StepError:
    """Return what is kept of one of `FAILURES`, without secrets."""
    return StepError(
        code=_code(error),
        message=redact(str(error)),
        retryable=bool(getattr(error, "retryable", False)),
        line=getattr(error, "line", None),
        column=getattr(error, "column", None),
    )


def _code(error: Exception) -> str:
    if isinstance(error, ResolveError):
        return str(getattr(error, "code", "unresolved"))
    if isinstance(error, DefinitionError):
        return "bad_input"
    return str(getattr(error, "code", "failed"))
