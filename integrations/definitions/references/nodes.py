"""The small tree that a mapping with references is parsed into.

Every node is frozen and hashable, so a tree can be shared between runs and a function call can be a dictionary key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str | None
#: A text is a key of an object, a whole number an index of a list (negative counts from the end).
Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A value that stands for itself."""

    value: Scalar

    # Python holds 1, 1.0 and True equal; as literals they are three different values, and a function called with one
    # must not get the result remembered for another.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, slots=True)
class Reference:
    """`$Input{a}{b}{[0]}` is `Reference("Input", ("a", "b", 0))`."""

    root: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Operator:
    """`$Add($Input{a}, 1)`; also `$Size{…}` and `$Length{…}`, which have one argument."""

    name: str
    arguments: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class Interpolation:
    """Text around references: text parts are literals, and at least one part is not."""

    parts: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class ListNode:
    elements: tuple[Template, ...]


@dataclass(frozen=True, slots=True)
class ObjectNode:
    #: Keys are plain text in which `$` means nothing.
    members: tuple[tuple[str, Template], ...]


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """`{"function": tag, "values": […]}`: the values are bound to the function's input fields in order."""

    tag: str
    values: tuple[Template, ...]


Template: TypeAlias = "Literal | Reference | Operator | Interpolation | ListNode | ObjectNode | FunctionCall"
