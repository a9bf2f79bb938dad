"""One step as the engine handles it: an event in one iteration and role, and what only its own references read."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from integrations import strict_json
from integrations.engine.plan import PlannedEvent
from integrations.engine.records import Role, StepError, StepKey
from integrations.engine.resolver import MISSING, MaybeJson
from integrations.types import Json

#: Namespace of idempotency keys, so that they cannot meet anyone else's.
_NAMESPACE = uuid.UUID("7d1d9d0c-56a7-4c02-9b0e-3d2a2f4f6c11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    planned: PlannedEvent
    key: StepKey
    #: Whether the run goes on when this step fails for good.
    may_fail: bool = False
    item: MaybeJson = MISSING
    index: int | None = None
    response: MaybeJson = MISSING
    #: 1 for the event itself or its first fallback, 2 for the fallback of that, …
    depth: int = 1
    #: Of a fallback: the messages of the failures that it stands in after, the latest first.
    stands_in_after: tuple[str, ...] = ()
    #: Of a rollback: what it undoes and why, for its records.
    cause: str = ""

    @classmethod
    def of(cls, planned: PlannedEvent, *, sequence: str) -> Step:
        key = StepKey(sequence=sequence, event=planned.event.tag)
        return cls(planned=planned, key=key, may_fail=planned.may_fail)

    def iteration(self, index: int, *, item: MaybeJson = MISSING, response: MaybeJson = MISSING) -> Step:
        """Return this event's step in one iteration of its loop."""
        key = StepKey(sequence=self.key.sequence, event=self.key.event, iteration=index, role=self.key.role)
        return replace(self, key=key, item=item, index=index, response=response)

    def fallback(self, error: StepError) -> Step | None:
        """Return the step that runs in this one's place when it failed; `$Response{error}{code}` says with what."""
        fallback = self.planned.fallback
        if fallback is None:
            return None
        is_first = self.key.role == "event"
        depth = 1 if is_first else self.depth + 1
        event = self.tag if depth == 1 else f"{self.tag}~{depth}"
        role: Role = "fallback" if is_first else self.key.role
        key = StepKey(sequence=self.key.sequence, event=event, role=role)
        response: Json = {"error": {"code": error.code, "message": error.message}}
        return Step(
            planned=fallback,
            key=key,
            may_fail=self.may_fail,
            response=response,
            depth=depth,
            stands_in_after=(error.message, *self.stands_in_after),
            cause=self.cause,
        )

    def rollback(self, result: Json, *, since: str) -> Step | None:
        """Return the step that undoes this finished one, `since` something happened; `$Response` is its result."""
        rollback = self.planned.rollback
        if rollback is None:
            return None
        key = StepKey(sequence=self.key.sequence, event=self.tag, role="rollback")
        return Step(planned=rollback, key=key, response=result, cause=f"undoes {self.key.place(1)}, since {since}")

    @property
    def tag(self) -> str:
        """The tag of the event that this step belongs to, whichever fallback it is."""
        return self.key.event.partition("~")[0]

    @property
    def what_follows(self) -> str:
        """What it means for the run when this step fails for good, as a sentence, or ""."""
        fallback = self.planned.fallback
        if fallback is not None:
            return f'falls back to {fallback.event.type} "{fallback.event.tag}"'
        return "allowed to fail: the run goes on without its result" if self.may_fail else ""

    def failure(self, message: str) -> str:
        """Return how a run tells that this step failed: a fallback says which it is, and what had failed before it."""
        if not self.stands_in_after:
            return message
        event = self.planned.event
        of = f"{self.key.sequence}/{self.tag}" + (" rollback" if self.key.role == "rollback" else "")
        before = "; ".join(self.stands_in_after)
        return f'fallback {event.type} "{event.tag}" of {of} failed: {message}; it stood in after: {before}'

    def idempotency_key(self, run_id: str) -> str:
        """Return what an outside call of this step carries: the same for every attempt, and after a restart."""
        key = self.key
        name = strict_json.dumps([run_id, key.sequence, key.event, key.iteration, key.role])
        return str(uuid.uuid5(_NAMESPACE, name))
