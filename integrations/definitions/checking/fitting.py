"""Holds a mapping, before its references are resolved, against the fields that it will be checked by when it runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence

from integrations.definitions.field import Field
from integrations.definitions.references import (
    Interpolation,
    ListNode,
    Literal,
    ObjectNode,
    Reference,
    ReferenceSyntaxError,
    Scope,
    Template,
    check_references,
    json_types,
    parse_template,
    references_of,
    static_shape,
    static_type,
    type_words,
)
from integrations.definitions.values import check_value
from integrations.definitions.values.fields import missing_field, unknown_field
from integrations.definitions.wording import counted
from integrations.errors import Problem, join_place
from integrations.types import Json

#: Stands where a text could not be read, which is its problem already; told from a null by identity.
UNREADABLE = Literal(None)


def parse_readable(value: Json, *, place: str) -> tuple[Template, list[Problem]]:
    """Return the tree of a mapping with `UNREADABLE` in place of what cannot be read, and why it cannot."""
    try:
        return parse_template(value, place=place), []
    except ReferenceSyntaxError as error:
        return _readable_part(value), list(error.problems)


def check_members(
    fields: Sequence[Field],
    members: Mapping[str, Template],
    scope: Scope,
    *,
    place: str,
    allow_unknown: bool = False,
    supplied: Collection[str] = (),
) -> Iterator[Problem]:
    """Give every problem of an object's members: unknown and missing keys, references, types and lengths.

    `supplied` are keys that something else fills in.
    """
    known = {field.key: field for field in fields}
    for key, node in members.items():
        if key not in known and not allow_unknown:
            yield unknown_field(key, set(known), place)
        yield from check_node(known.get(key), node, scope, place=join_place(place, key))
    for field in fields:
        if field.required and field.defaultValue is None and field.key not in members and field.key not in supplied:
            yield missing_field(field.key, place)


def check_node(field: Field | None, node: Template, scope: Scope, *, place: str) -> Iterator[Problem]:
    """Give every problem of one value; `field` is None where anything may stand."""
    if node is UNREADABLE:
        return
    match node:
        case ObjectNode(members) if field is not None and field.type == "object" and field.fields:
            yield from check_members(field.fields, dict(members), scope, place=place)
        case ListNode(elements) if field is not None and field.type == "array":
            yield from _length_problems(field, len(elements), place)
            for index, element in enumerate(elements):
                yield from _check_element(field, element, scope, f"{place}[{index}]")
        case _:
            yield from check_references(node, _with_default(scope, field, node), place)
            if field is not None:
                yield from _type_problems(field, node, scope, place)


def literal_value(node: Template) -> tuple[bool, Json]:
    """Return whether a mapping holds no reference at all, and the value that it then stands for."""
    if node is UNREADABLE:
        return False, None
    match node:
        case Literal(value):
            return True, value
        case ListNode(elements):
            values = [literal_value(element) for element in elements]
            return all(plain for plain, _ in values), [value for _, value in values]
        case ObjectNode(members):
            pairs = {key: literal_value(member) for key, member in members}
            return all(plain for plain, _ in pairs.values()), {key: value for key, (_, value) in pairs.items()}
    return False, None


def _readable_part(value: Json) -> Template:
    try:
        return parse_template(value)
    except ReferenceSyntaxError:
        if not isinstance(value, dict) or value.keys() == {"function", "values"}:
            return UNREADABLE
        return ObjectNode(tuple((key, _readable_part(member)) for key, member in value.items()))


def _check_element(field: Field, element: Template, scope: Scope, place: str) -> Iterator[Problem]:
    if field.items is None and field.fields:
        if isinstance(element, ObjectNode):
            yield from check_members(field.fields, dict(element.members), scope, place=place)
            return
        yield from check_node(Field(key=field.key, type="object"), element, scope, place=place)
    else:
        yield from check_node(field.items, element, scope, place=place)


def _with_default(scope: Scope, field: Field | None, node: Template) -> Scope:
    """`$Default` means something only where a field with a default is filled."""
    if field is None or field.defaultValue is None:
        return scope
    if not any(isinstance(each, Reference) and each.root == "Default" for _, each in references_of(node)):
        return scope
    return dataclasses.replace(scope, field_default=True, default=field)


def _type_problems(field: Field, node: Template, scope: Scope, place: str) -> Iterator[Problem]:
    plain, value = literal_value(node)
    if plain:
        yield from _literal_problems(field, value, place)
        return
    expected, types = json_types(field), static_type(node, scope)
    if expected and types and not types & expected:
        yield Problem(place, f"should be {type_words(expected)}, here is {type_words(types)}")
    elif isinstance(node, Interpolation):
        yield from _text_length_problems(field, node, place)
    elif isinstance(node, Reference):
        yield from _source_problems(field, static_shape(node, scope), place)


def _literal_problems(field: Field, value: Json, place: str) -> Iterator[Problem]:
    if value is not None:
        yield from check_value(field, value, place=place)[1]
    elif field.required and field.defaultValue is None:
        yield Problem(place, f'"{field.key}" is required')


def _length_problems(field: Field, length: int, place: str) -> Iterator[Problem]:
    if length < field.minLength:
        yield Problem(place, f"should have at least {counted(field.minLength, 'item')}")
    if field.maxLength and length > field.maxLength:
        yield Problem(place, f"should have at most {counted(field.maxLength, 'item')}")


def _text_length_problems(field: Field, node: Interpolation, place: str) -> Iterator[Problem]:
    certain = sum(len(part.value) for part in node.parts if isinstance(part, Literal) and isinstance(part.value, str))
    if field.maxLength and certain > field.maxLength:
        yield Problem(place, f"should have at most {counted(field.maxLength, 'character')}")


def _source_problems(field: Field, source: object, place: str) -> Iterator[Problem]:
    """Give a length that cannot fit whatever the value: the shortest is too long, or the longest too short."""
    if not isinstance(source, Field) or source.type in ("number", "float", "double", "boolean", "object"):
        return
    noun = "item" if field.type == "array" else "character"
    if field.maxLength and source.minLength > field.maxLength:
        longest = counted(field.maxLength, noun)
        yield Problem(place, f'should have at most {longest}, "{source.key}" has at least {source.minLength}')
    if source.maxLength and source.maxLength < field.minLength:
        shortest = counted(field.minLength, noun)
        yield Problem(place, f'should have at least {shortest}, "{source.key}" has at most {source.maxLength}')
