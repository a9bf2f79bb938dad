"""What the planner makes of a release: everything that a run needs and that does not change between runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from integrations.definitions.app import Action, App
from integrations.definitions.feature import Condition, Event, Feature
from integrations.definitions.field import Field, Output
from integrations.definitions.references import Template
from integrations.engine.resolver import Needs, collect
from integrations.engine.retry import RetryRules
from integrations.types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionTarget:
    access_tag: str
    app: App
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionTarget:
    javascript: str
    #: None: the input goes in as it is (a code feature's, which its front door has checked).
    fields: tuple[Field, ...] | None
    output: Output


@dataclass(frozen=True, slots=True, kw_only=True)
class NestedTarget:
    feature: Feature
    #: Of its release: whatever changes its results changes this.
    digest: str
    #: Of the apps that it reaches.
    access_tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovalTarget:
    """Nothing is called; somebody decides."""


@dataclass(frozen=True, slots=True)
class JobEventTarget:
    """A job, which is looked up when it starts."""

    tag: str


@dataclass(frozen=True, slots=True)
class WaitTarget:
    """Nothing is called; time passes."""


@dataclass(frozen=True, slots=True)
class UnavailableTarget:
    """A type of event that is defined, but that nothing runs yet."""

    type: str


Target: TypeAlias = (
    ActionTarget | FunctionTarget | NestedTarget | ApprovalTarget | JobEventTarget | WaitTarget | UnavailableTarget
)


@dataclass(frozen=True, slots=True)
class PlannedMapping:
    """A parsed mapping with what it needs from outside."""

    template: Template
    needs: Needs

    @classmethod
    def of(cls, template: Template) -> PlannedMapping:
        return cls(template, collect(template))

    @property
    def is_secret(self) -> bool:
        """Whether it reads values that must not be shown, however short they are."""
        return bool(self.needs.secrets or self.needs.auths)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCondition:
    condition: Condition
    #: None: the event's own last result (a do_while).
    subject: PlannedMapping | None
    #: The subject as it is written, for reasons.
    written: str
    value: PlannedMapping


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEvent:
    """One event, its fallback or its rollback."""

    event: Event
    target: Target
    #: None: the run's input as it is.
    input: PlannedMapping | None
    condition: PlannedCondition | None
    retry: RetryRules
    fallback: PlannedEvent | None = None
    rollback: PlannedEvent | None = None

    @property
    def may_fail(self) -> bool:
        """Whether the run goes on when this event, and whatever stands in for it, failed."""
        return self.event.allow_fail or (self.fallback is not None and self.fallback.may_fail)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSequence:
    tag: str
    events: tuple[PlannedEvent, ...]
    #: How many sequences must finish first.
    parent_count: int
    #: Those that wait for this one, by tag.
    children: tuple[str, ...]

    def event(self, tag: str) -> PlannedEvent | None:
        return next((planned for planned in self.events if planned.event.tag == tag), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    #: By tag, each after its parents.
    sequences: Mapping[str, PlannedSequence]
    #: None: the output is null, or a code feature's own result.
    output: PlannedMapping | None
    #: By tag, for function calls in mappings.
    functions: Mapping[str, FunctionTarget] = field(default_factory=dict)
    #: By access tag and key.
    constants: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    #: The sequence and event whose result is the output of a code feature.
    result_of: tuple[str, str] | None = None
