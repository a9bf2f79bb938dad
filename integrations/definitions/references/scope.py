"""What a mapping may refer to, where it stands, and what is known of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from integrations.definitions.references.names import suggestion
from integrations.definitions.references.nodes import Path, Reference
from integrations.definitions.references.shapes import FunctionShape, KnownShape, Shape, UnknownName, descend

#: Two levels of names, such as sequences and their events; a shape where one is known.
Names: TypeAlias = Mapping[str, Mapping[str, "Shape | None"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The names that are visible from one mapping."""

    #: None: any key (a feature without declared input).
    input_fields: Mapping[str, Shape] | None = None
    #: Sequences that have finished before, and this one up to here, with their events' results.
    sequences: Names = field(default_factory=dict)
    #: Sequences that exist, but that no path of `parents` leads to.
    unreachable_sequences: frozenset[str] = frozenset()
    #: (sequence, event) that exist but run here or later.
    later_events: frozenset[tuple[str, str]] = frozenset()
    #: Of the app that this event calls.
    auths: Collection[str] = ()
    #: By access tag.
    variables: Names = field(default_factory=dict)
    constants: Names = field(default_factory=dict)
    secrets: Collection[str] = ()
    functions: Mapping[str, FunctionShape] = field(default_factory=dict)
    #: Whether `$Item` and `$Index` mean something here, and what an item looks like.
    in_loop: bool = False
    item: Shape | None = None
    #: Whether `$Response` means something here.
    has_response: bool = False
    response: Shape | None = None
    #: Whether `$Default` means something here.
    field_default: bool = False
    default: Shape | None = None


def shape_of(reference: Reference, scope: Scope) -> Shape | None:
    """Return what is known of the value that a reference reads, or None.

    Raises:
        UnknownName: there is no such name in scope, with a hint of what there is.
    """
    reader = _READERS.get(reference.root)
    return reader(reference.path, scope) if reader else None


def _input(path: Path, scope: Scope) -> Shape | None:
    if scope.input_fields is None or not path:
        return KnownShape(type="object") if not path else None
    name = path[0]
    if isinstance(name, int):
        raise UnknownName(f"the input is an object, so it has no index {name}", f"write {{{name}}} for the key")
    if name not in scope.input_fields:
        raise UnknownName(f'unknown input field "{name}"', suggestion(name, scope.input_fields))
    return descend(scope.input_fields[name], path[1:])


def _sequence(path: Path, scope: Scope) -> Shape | None:
    sequence, event = str(path[0]), str(path[1])
    if sequence in scope.unreachable_sequences and sequence not in scope.sequences:
        raise UnknownName(f'sequence "{sequence}" need not have finished here', f'add "{sequence}" to parents')
    if (sequence, event) in scope.later_events:
        raise UnknownName(f'event "{event}" of sequence "{sequence}" has not run yet here')
    return _two_levels(path, scope.sequences, kinds=("sequence", "event"))


def _variable(path: Path, scope: Scope) -> Shape | None:
    return _two_levels(path, scope.variables, kinds=("connected app", "variable"))


def _constant(path: Path, scope: Scope) -> Shape | None:
    return _two_levels(path, scope.constants, kinds=("connected app", "constant"))


def _auth(path: Path, scope: Scope) -> None:
    _must_exist("auth", str(path[0]), scope.auths)


def _secret(path: Path, scope: Scope) -> Shape:
    _must_exist("secret", str(path[0]), scope.secrets)
    return _STRING


def _item(path: Path, scope: Scope) -> Shape | None:
    if not scope.in_loop:
        raise UnknownName("there is no $Item here", "it belongs to an event with a for_each condition")
    return descend(scope.item, path)


def _index(_path: Path, scope: Scope) -> Shape:
    if not scope.in_loop:
        raise UnknownName("there is no $Index here", "it belongs to an event with a for_each condition")
    return _WHOLE


def _response(path: Path, scope: Scope) -> Shape | None:
    if not scope.has_response:
        raise UnknownName("there is no $Response here", "it belongs to a fallback or a do_while")
    return descend(scope.response, path)


def _default(_path: Path, scope: Scope) -> Shape | None:
    if not scope.field_default:
        raise UnknownName("there is no $Default here", "it stands for a declared field; $Default(a, b) takes arguments")
    return scope.default


def _two_levels(path: Path, names: Names, *, kinds: tuple[str, str]) -> Shape | None:
    outer, inner = str(path[0]), str(path[1])
    _must_exist(kinds[0], outer, names)
    if inner not in names[outer]:
        raise UnknownName(f'unknown {kinds[1]} "{inner}" in {kinds[0]} "{outer}"', suggestion(inner, names[outer]))
    return descend(names[outer][inner], path[2:])


def _must_exist(kind: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise UnknownName(f'unknown {kind} "{name}"', suggestion(name, known))


_STRING = KnownShape(type="string")
_WHOLE = KnownShape(type="number")
_READERS = {
    "Input": _input,
    "Sequence": _sequence,
    "Auth": _auth,
    "Variable": _variable,
    "Constant": _constant,
    "Secret": _secret,
    "Env": lambda _path, _scope: _STRING,
    "Run": lambda _path, _scope: _STRING,
    "Now": lambda _path, _scope: _WHOLE,
    "Item": _item,
    "Index": _index,
    "Response": _response,
    "Default": _default,
}
