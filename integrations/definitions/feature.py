"""Features: typed operations, either code or a graph of sequences of events."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    JsonValue,
    PositiveInt,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic import Field as Constraint
from pydantic_core import PydanticCustomError

from integrations.definitions.base import Definition, Description, GivenJson, Many, Name, Tag
from integrations.definitions.field import Fields, Output
from integrations.definitions.function import Function, Language, Source
from integrations.definitions.rate_limit import RateLimit
from integrations.definitions.retry import RetryPolicy, Seconds

EventType = Literal["action", "function", "feature", "notification", "database_action", "job", "wait", "approval"]
Decision = Literal[
    "equals",
    "not-equals",
    "less-than",
    "greater-than",
    "less-than-or-equals",
    "greater-than-or-equals",
    "exists",
    "in",
    "matches",
]


def _parallelism(value: Any) -> Any:
    if isinstance(value, bool):
        return 10 if value else 1
    return value


class Condition(Definition):
    """Whether (`if`), how long (`do_while`) or over what (`for_each`) an event runs."""

    type: Literal["if", "do_while", "for_each"] = "if"
    #: A reference: what is decided on; a do_while takes the event's own last result, a for_each loops over this list.
    subject: JsonValue = None
    #: Compare the subject itself, or its length.
    decider: Literal["value", "length"] = "value"
    decision_type: Decision = "equals"
    value: JsonValue = None
    max_iterations: Annotated[int, Constraint(gt=0, le=100_000)] = 100
    #: How many iterations of a for_each run at once; 1 is in order, true means 10.
    parallel: Annotated[int, Constraint(ge=1, le=1_000), BeforeValidator(_parallelism)] = 1

    @model_validator(mode="after")
    def _name_a_subject(self) -> Self:
        if self.subject is None and self.type != "do_while":
            raise PydanticCustomError("subject", "subject is required for {type}", {"type": self.type})
        return self


class Event(Definition):
    """One thing that a sequence does. `event` is the tag of what is called."""

    type: EventType
    event: Annotated[str, StringConstraints(min_length=1, max_length=130)]
    #: Its own name when the same thing is called twice in a sequence; references use it in place of `event`.
    name: Tag | None = None
    #: Access tag of a connected app, for actions.
    app: Tag | None = None
    database: Tag | None = None
    #: A mapping with references; for an action `{params, query, headers, body}` or flat keys resolved by its fields.
    input: dict[str, JsonValue] = {}
    condition: Condition | None = None
    retries: Annotated[int, Constraint(ge=0, le=100)] | None = None
    retry: RetryPolicy | None = None
    allow_fail: bool = False
    timeout: Seconds | None = None
    cache: Tag | None = None
    #: Run in this event's place when it failed.
    fallback: Event | None = None
    #: Run, in reverse order, when a later event fails.
    rollback: Event | None = None
    rollback_input: dict[str, JsonValue] | None = None

    @property
    def tag(self) -> str:
        """What references and steps call this event."""
        return self.name or self.event

    @model_validator(mode="after")
    def _name_what_is_needed(self) -> Self:
        if self.type == "action" and self.app is None:
            raise PydanticCustomError("app", "app is required: the access tag of a connected app")
        if self.type == "database_action" and self.database is None:
            raise PydanticCustomError("database", "database is required: the tag of a database")
        return self


class Sequence(Definition):
    sequence_tag: Tag
    #: The sequences that must finish first.
    parents: Many[Tag] = ()
    events: Annotated[Many[Event], Constraint(min_length=1)]


class Deduplication(Definition):
    """Runs whose `key` (a mapping over `$Input`) is equal within `window` seconds are one run.

    The window begins with the run that was started, and counts however that run ends.
    """

    key: GivenJson
    window: Annotated[float, Constraint(gt=0, le=366 * 24 * 3600)]


class Feature(Definition):
    tag: Tag
    name: Name = ""
    description: Description = ""
    input_type: Literal["json"] = "json"
    input: Fields = ()
    language: Language | None = None
    function: Source | None = None
    sequence: Many[Sequence] = ()
    #: Code form: `{type, output_keys}`. Sequence form: a mapping of references.
    output: JsonValue = None
    #: False keeps only the run's result, for speed.
    store_event_results: bool = True
    timeout: Seconds | None = None
    #: How many runs may be running at once in each environment; one that waits for something does not count.
    concurrency: PositiveInt | None = None
    #: How many runs may begin in any period, in each environment.
    rate_limit: RateLimit | None = None
    deduplicate: Deduplication | None = None

    @field_validator("output")
    @classmethod
    def _normalize_code_output(cls, value: JsonValue, info: ValidationInfo) -> JsonValue:
        if info.data.get("function") is None or info.data.get("sequence") or value is None:
            return value
        return Output.model_validate(value).to_compact_dict()

    @model_validator(mode="after")
    def _be_code_or_sequence(self) -> Self:
        if bool(self.function) == bool(self.sequence):
            raise PydanticCustomError("form", "give either language and function, or sequence and output")
        if self.function and self.language is None:
            raise PydanticCustomError("language", "language is required beside function")
        if self.sequence and self.language is not None:
            raise PydanticCustomError("language", "language goes with function, not with sequence")
        return self

    @property
    def is_code(self) -> bool:
        return self.function is not None

    @property
    def code_output(self) -> Output:
        """What the code form returns; any value when it does not say."""
        return Output.parse(self.output) if isinstance(self.output, dict) else Output()

    @property
    def own_function(self) -> Function:
        """A code feature's own code, as the function that it is."""
        return Function(
            tag=self.tag,
            language=self.language or "js",
            function=self.function or "",
            input=self.input,
            output=self.code_output,
        )

    def sequence_named(self, tag: str) -> Sequence | None:
        return next((sequence for sequence in self.sequence if sequence.sequence_tag == tag), None)
