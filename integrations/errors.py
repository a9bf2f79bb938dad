"""Every error that this package raises on purpose, as one tree.

    IntegrationsError
    ├─ DefinitionError        what someone wrote is wrong               400, or errors on the form
    │  └─ InvalidInput        a run's input, or a JSON text at the door
    ├─ OperationRefused       right request, wrong time or person       409
    │  ├─ NotFound            404; names what exists
    │  ├─ AlreadyExists       409
    │  ├─ InUse               409; lists the places that refer to it
    │  ├─ PermissionRefused   403
    │  ├─ Busy                429; the queue is full, try again later
    │  └─ NotAvailableYet     501; stored and checked, but nothing runs it yet
    ├─ ConnectorError         the outside said no, `.retryable`         kept on the step
    └─ SandboxError           a function threw or ran out               kept on the step

Narrower classes live beside the code that raises them. Messages name the tag and the place and never hold a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong with what someone wrote."""

    #: Where, as a path: `features/deploy_auction/sequence[1]/events[0]/input/body/amount`. "" is the whole document.
    place: str
    #: What is wrong, as a sentence without a full stop at its end.
    message: str
    #: What to do about it, or "".
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text} ({self.hint})" if self.hint else text

    def under(self, prefix: str) -> Problem:
        """Return this problem with its place below `prefix`."""
        return Problem(join_place(prefix, self.place), self.message, self.hint)

    def to_dict(self) -> dict[str, str]:
        return {"place": self.place, "message": self.message, "hint": self.hint}


def join_place(prefix: str, place: str) -> str:
    """Return `place` below `prefix`; an index such as `[0]` is glued on, a name follows a slash."""
    if not prefix or not place:
        return prefix or place
    return f"{prefix}{place}" if place.startswith("[") else f"{prefix}/{place}"


def with_article(noun: str) -> str:
    """Return `a cache`, `an app`."""
    return f"{'an' if noun[0] in 'aeio' else 'a'} {noun}"


def readable(name: object) -> str:
    """Return the beginning of a name that somebody handed in, as a text that can be printed and sent."""
    return str(name)[:100].encode("utf-8", "backslashreplace").decode()


class IntegrationsError(Exception):
    """Something that this package refused or could not do."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])

    @property
    def message(self) -> str:
        return str(self)


class DefinitionError(IntegrationsError):
    """What someone wrote is wrong: carries every problem found, each with its place."""

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = [Problem("", problems)]
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InvalidInput(DefinitionError):
    """The values that were handed in do not fit what is asked for."""


class OperationRefused(IntegrationsError):
    """The request is well formed, but not now or not by this person."""


class NotFound(OperationRefused):
    """There is nothing of that name; `existing` names what there is instead, where that can be told."""

    def __init__(self, kind: str, name: str, existing: Sequence[str] | None = None) -> None:
        self.kind, self.name, self.existing = kind, name, tuple(existing or ())
        message = f'there is no {kind} "{readable(name)}"'
        super().__init__(message if existing is None else f"{message}; {_others(self.existing)}")


def _others(names: Sequence[str]) -> str:
    listed = ", ".join(f'"{each}"' for each in sorted(names)[:20])
    return f"there are: {listed}" if listed else "there are none yet"


class AlreadyExists(OperationRefused):
    """Something of that name exists already."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f'there is already {with_article(kind)} "{name}"')


class InUse(OperationRefused):
    """Something else refers to it; `places` says where."""

    def __init__(self, kind: str, name: str, places: Sequence[str]) -> None:
        self.kind, self.name, self.places = kind, name, tuple(places)
        super().__init__(f'{kind} "{name}" is used in: ' + ", ".join(self.places))


class PermissionRefused(OperationRefused):
    """You may not do this."""


class Busy(OperationRefused):
    """The queue is full, and this integration has its fair share of it."""

    def __init__(self, *, queued: int, cap: int, retry_after_seconds: int) -> None:
        self.queued, self.cap, self.retry_after_seconds = queued, cap, retry_after_seconds
        super().__init__(
            f"the queue is full: {queued} runs are unfinished, where {cap} is the cap; "
            f"try again in {retry_after_seconds} seconds"
        )


class NotAvailableYet(OperationRefused):
    """It is stored and checked, but this release cannot run it yet."""


class ConnectorError(IntegrationsError):
    """The outside world said no, or said nothing.

    `code` is a short stable word for grouping (`connect_timeout`, `http_503`); `retryable` says whether the same call
    may work later; `retry_after_seconds` is what the other side asked for.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: str,
        retryable: bool = False,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds


class SandboxError(IntegrationsError):
    """A function threw, or ran out of what it was allowed.

    `code` is one of `threw`, `timeout`, `memory`, `output`, `syntax`, `crashed`, `unavailable`; `line` and `column`
    are 1-based places in the author's own source where known; `logs` is what the function had logged until then.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: str,
        line: int | None = None,
        column: int | None = None,
        stack: str = "",
        logs: Sequence[object] = (),
    ) -> None:
        super().__init__(message)
        self.code, self.line, self.column, self.stack = code, line, column, stack
        self.logs = tuple(logs)

    @property
    def retryable(self) -> bool:
        """The same code on the same input fails again, unless the child process died of something else."""
        return self.code == "crashed"
