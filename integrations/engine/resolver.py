"""Looks up the values that a parsed mapping points at.

Resolution has two halves. `collect` says what must be awaited first: token responses, secrets, function results. Then
`resolve` only looks things up, and never reads a value as a reference: what comes from an input or a response stays
what it is, whatever dollar signs are in it.

Values that a mapping points at are handed on, not copied; treat them as frozen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter
from typing import Any, Final, TypeAlias, TypeVar

from integrations.definitions.references import (
    FunctionCall,
    Interpolation,
    ListNode,
    Literal,
    ObjectNode,
    Operator,
    Reference,
    Template,
    references_of,
    render_text,
)
from integrations.engine import operators
from integrations.engine.comparisons import type_word
from integrations.engine.resolve_errors import MissingValue, ResolveError
from integrations.engine.truncated import Truncated
from integrations.types import Json, JsonObject

__all__ = [
    "MISSING",
    "MissingValue",
    "Needs",
    "ResolveError",
    "Values",
    "collect",
    "function_arguments",
    "resolve",
    "resolve_calling",
]


class _Missing(Enum):
    MISSING = "missing"


#: What a value is when there is none; null is a value.
MISSING: Final = _Missing.MISSING
MaybeJson: TypeAlias = "Json | _Missing"

_Made = TypeVar("_Made")
#: Text that one mapping may make out of its values.
MAX_MADE_TEXT = 20_000_000  # code points

FunctionResults: TypeAlias = Mapping[FunctionCall, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What references read, during one event. Every mapping may look its values up lazily."""

    input: Json = field(default_factory=dict)
    #: Results by sequence and event; a skipped event is absent.
    sequences: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    #: Token responses by auth tag, of the app that this event calls.
    auths: Mapping[str, Json] = field(default_factory=dict)
    #: By access tag and key.
    variables: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    constants: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    secrets: Mapping[str, Json] = field(default_factory=dict)
    #: `slug`, `name`.
    env: Mapping[str, Json] = field(default_factory=dict)
    #: `id`, `feature`, `integration`.
    run: Mapping[str, Json] = field(default_factory=dict)
    now_ms: int = 0
    item: MaybeJson = MISSING
    index: int | _Missing = MISSING
    response: MaybeJson = MISSING
    default: MaybeJson = MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What must be fetched before a mapping can be resolved."""

    auths: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    #: Each once, and those whose results are another's values before that other.
    function_calls: tuple[FunctionCall, ...] = ()


def collect(template: Template) -> Needs:
    """Return what a mapping needs from outside."""
    pointers = [pointer for _, pointer in references_of(template)]
    roots = [(each.root, str(each.path[0])) for each in pointers if isinstance(each, Reference) and each.path]
    calls = [each for each in pointers if isinstance(each, FunctionCall)]
    return Needs(
        auths=frozenset(tag for root, tag in roots if root == "Auth"),
        secrets=frozenset(key for root, key in roots if root == "Secret"),
        # Parents are walked before their children, so backwards the innermost come first.
        function_calls=tuple(dict.fromkeys(reversed(calls))),
    )


def resolve(template: Template, values: Values, function_results: FunctionResults | None = None) -> Json:
    """Return the mapping with every reference replaced by its value; one that is a whole text keeps its type.

    Raises:
        MissingValue: a reference points at nothing, and no `$Default` catches it.
        ResolveError: an operator cannot work with its values. Both name the place, never a value.
    """
    return _Resolver(values, function_results or {}).resolve(template)


def function_arguments(
    call: FunctionCall, values: Values, function_results: FunctionResults | None = None
) -> list[Json]:
    """Return what a function is to be called with, in the order of its input fields. Raises as `resolve` does."""
    return _Resolver(values, function_results or {}).arguments_of(call)


async def resolve_calling(
    template: Template, values: Values, *, call: Callable[[str, list[Json]], Awaitable[Json]]
) -> Json:
    """Await the functions that a mapping calls, innermost first, each once, and return the resolved mapping.

    A function whose values are missing is not called: `$Default` may catch that, else resolving says so.
    """
    results: dict[FunctionCall, Json] = {}
    for needed in collect(template).function_calls:
        try:
            arguments = function_arguments(needed, values, results)
        except MissingValue:
            continue
        results[needed] = await call(needed.tag, arguments)
    return resolve(template, values, results)


class _Resolver:
    """Walks one tree with one set of values."""

    __slots__ = ("made", "results", "values")

    def __init__(self, values: Values, results: FunctionResults) -> None:
        self.values = values
        self.results = results
        #: Characters of text made so far by operators and interpolation, anywhere in the mapping.
        self.made = 0

    def resolve(self, template: Template) -> Json:
        return _VISITORS[type(template)](self, template)

    def literal(self, node: Literal) -> Json:
        return node.value

    def reference(self, node: Reference) -> Json:
        value = self.find(node)
        if value is MISSING:
            raise _nothing_there(node, self.values)
        return value

    def find(self, node: Reference) -> MaybeJson:
        """Return what a reference reads, or MISSING, without the cost of saying what is there instead."""
        value = _ROOT_READERS[node.root](self.values)
        for step in node.path:
            # A text can be indexed too, but a reference never points into one: that is what $Pick is for.
            if type(value) is str:
                return MISSING
            try:
                value = value[step]
            except (LookupError, TypeError):
                return MISSING
        if type(value) is Truncated:
            value.refuse()
        return value  # type: ignore[no-any-return]  # the readers and the steps give Json

    def interpolation(self, node: Interpolation) -> str:
        return self.counted(operators.concatenate(operators.to_text(self.resolve(part)) for part in node.parts))

    def operator(self, node: Operator) -> Json:
        try:
            if node.name == "Default":
                return self.default(*node.arguments)
            return self.counted(operators.apply(node.name, [self.resolve(argument) for argument in node.arguments]))
        except ResolveError as error:
            error.place = ""  # an operator is within one text, so the place is that of the text
            raise

    def counted(self, value: _Made) -> _Made:
        """Return the value, refusing texts that are too long together, each of which would be allowed."""
        if isinstance(value, str):
            self.made += len(value)
            if self.made > MAX_MADE_TEXT:
                raise ResolveError(f"the mapping would make more than {MAX_MADE_TEXT:,} characters of text")
        return value

    def default(self, preferred: Template, fallback: Template) -> Json:
        """Return the fallback where the preferred value is missing or null; 0, false and "" are values."""
        try:
            value = self.find(preferred) if isinstance(preferred, Reference) else self.resolve(preferred)
        except MissingValue:
            value = None
        return self.resolve(fallback) if value is None or value is MISSING else value

    def elements(self, node: ListNode) -> Json:
        return [self._at(f"[{index}]", element) for index, element in enumerate(node.elements)]

    def members(self, node: ObjectNode) -> JsonObject:
        resolved: JsonObject = {}
        for key, member in node.members:
            try:
                resolved[key] = _VISITORS[type(member)](self, member)
            except ResolveError as error:
                error.move_under(key)
                raise
        return resolved

    def function_call(self, node: FunctionCall) -> Json:
        if node in self.results:
            return self.results[node]
        self.arguments_of(node)  # raises MissingValue when that is why it was not called
        raise ResolveError(f'function "{node.tag}" has not been called')

    def arguments_of(self, node: FunctionCall) -> list[Json]:
        return [self._at(f"values[{index}]", value) for index, value in enumerate(node.values)]

    def _at(self, place: str, template: Template) -> Json:
        try:
            return self.resolve(template)
        except ResolveError as error:
            error.move_under(place)
            raise


_VISITORS: dict[type, Callable[[_Resolver, Any], Json]] = {
    Literal: _Resolver.literal,
    Reference: _Resolver.reference,
    Interpolation: _Resolver.interpolation,
    Operator: _Resolver.operator,
    ListNode: _Resolver.elements,
    ObjectNode: _Resolver.members,
    FunctionCall: _Resolver.function_call,
}

_ROOT_READERS: dict[str, Callable[[Values], Any]] = {
    "Input": attrgetter("input"),
    "Sequence": attrgetter("sequences"),
    "Auth": attrgetter("auths"),
    "Variable": attrgetter("variables"),
    "Constant": attrgetter("constants"),
    "Secret": attrgetter("secrets"),
    "Env": attrgetter("env"),
    "Run": attrgetter("run"),
    "Now": attrgetter("now_ms"),
    "Item": attrgetter("item"),
    "Index": attrgetter("index"),
    "Response": attrgetter("response"),
    "Default": attrgetter("default"),
}


def _nothing_there(reference: Reference, values: Values) -> MissingValue:
    """Return an error that names the first key that is not there, and what is there instead."""
    holder, depth = _ROOT_READERS[reference.root](values), 0
    if holder is MISSING:
        return MissingValue(f"{render_text(reference)}: there is none here")
    while not isinstance(holder, str):
        try:
            holder = holder[reference.path[depth]]
        except (LookupError, TypeError):
            break
        depth += 1
    key = reference.path[depth]
    where = render_text(Reference(reference.root, reference.path[:depth]))
    return MissingValue(f"{render_text(reference)}: {where} {_lacks(holder, key)}")


def _lacks(holder: Any, key: str | int) -> str:
    wanted = f"index {key}" if isinstance(key, int) else f'key "{key}"'
    if isinstance(holder, Mapping):
        return f"has no {wanted}; {_keys_of(holder)}"
    if isinstance(holder, list):
        hint = "" if isinstance(key, int) else "; an index is written {[0]}"
        return f"is a list of {len(holder)}, so it has no {wanted}{hint}"
    return f"is {type_word(holder)}, so it has no {wanted}"


def _keys_of(holder: Mapping[str, Json]) -> str:
    names = [f'"{key[:80]}"' for key in sorted(holder)[:20]]
    return f"it has: {', '.join(names)}" if names else "it is empty"
