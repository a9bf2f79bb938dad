"""Visits the nodes of a tree, and makes changed copies of it: what checking, renaming and planning need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from integrations.definitions.references.nodes import (
    FunctionCall,
    Interpolation,
    ListNode,
    Literal,
    ObjectNode,
    Operator,
    Path,
    Reference,
    Template,
)
from integrations.errors import join_place

#: What a change to a tree may replace.
Pointer: TypeAlias = Reference | FunctionCall


def walk(template: Template, place: str = "") -> Iterator[tuple[str, Template]]:
    """Give every node with its place, parents before children; inside a text the place is that of the text."""
    yield place, template
    in_text = isinstance(template, Operator | Interpolation)
    for below, child in _children(template, place):
        for where, node in walk(child, below):
            yield (place if in_text else where), node


def references_of(template: Template, place: str = "") -> Iterator[tuple[str, Pointer]]:
    """Give every reference and function call with its place, in the order in which they are written."""
    for where, node in walk(template, place):
        if isinstance(node, Reference | FunctionCall):
            yield where, node


def replace_references(template: Template, change: Callable[[Pointer], Pointer]) -> Template:
    """Return the tree with every reference and function call replaced by what `change` makes of it.

    A call's values are changed before the call itself.
    """

    def changed(children: tuple[Template, ...]) -> tuple[Template, ...]:
        return tuple(replace_references(child, change) for child in children)

    match template:
        case Literal():
            return template
        case Reference():
            return change(template)
        case FunctionCall(tag, values):
            return change(FunctionCall(tag, changed(values)))
        case Operator(name, arguments):
            return Operator(name, changed(arguments))
        case Interpolation(parts):
            return Interpolation(changed(parts))
        case ListNode(elements):
            return ListNode(changed(elements))
        case ObjectNode(members):
            return ObjectNode(tuple((key, replace_references(each, change)) for key, each in members))


def rename_path(template: Template, *, root: str, old: Path, new: Path) -> Template:
    """Return the tree with references to `old` (the first keys behind `root`) pointing at `new` instead.

    `rename_path(tree, root="Sequence", old=("pay", "charge"), new=("pay", "bill"))` follows an event's new name.
    """

    def change(pointer: Pointer) -> Pointer:
        if isinstance(pointer, Reference) and pointer.root == root and pointer.path[: len(old)] == old:
            return Reference(root, new + pointer.path[len(old) :])
        return pointer

    return replace_references(template, change)


def rename_function(template: Template, *, old: str, new: str) -> Template:
    """Return the tree with calls of the function `old` calling `new`."""

    def change(pointer: Pointer) -> Pointer:
        if isinstance(pointer, FunctionCall) and pointer.tag == old:
            return FunctionCall(new, pointer.values)
        return pointer

    return replace_references(template, change)


def _children(template: Template, place: str) -> Iterator[tuple[str, Template]]:
    match template:
        case ObjectNode(members):
            yield from ((join_place(place, key), member) for key, member in members)
        case ListNode(elements):
            yield from ((f"{place}[{index}]", element) for index, element in enumerate(elements))
        case FunctionCall(_, values):
            yield from ((f"{join_place(place, 'values')}[{index}]", each) for index, each in enumerate(values))
        case Operator(_, arguments):
            yield from ((place, argument) for argument in arguments)
        case Interpolation(parts):
            yield from ((place, part) for part in parts)
