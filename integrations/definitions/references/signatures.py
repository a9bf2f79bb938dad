"""Whether a reference has the keys, and an operator the arguments, that the tables in `names` ask for."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.definitions.references.names import ANY, OPERATORS, ROOTS, Parameter, Root, suggestion, type_words
from integrations.definitions.references.nodes import ListNode, Literal, Operator, Reference, Template
from integrations.definitions.references.scope import Scope
from integrations.definitions.references.static_types import static_type
from integrations.errors import Problem

#: For what can be said before any names are known.
NOTHING_KNOWN = Scope(in_loop=True, has_response=True, field_default=True)


def reference_problems(reference: Reference) -> Iterator[Problem]:
    """Give what is wrong with the number and kind of a reference's keys (at place "")."""
    name, root, path = reference.root, ROOTS[reference.root], reference.path
    if root.most == 0 and path:
        yield Problem("", f"${name} takes no keys")
    elif not root.least <= len(path) <= (len(path) if root.most is None else root.most):
        keys = "1 key" if root.least == 1 else f"{root.least} keys"
        at_least = "at least " if root.most is None else ""
        yield Problem("", f"${name} takes {at_least}{keys} in braces, here are {len(path)}", f"write {root.usage}")
    elif any(isinstance(key, int) for key in path[: root.named]):
        yield Problem("", f"${name} takes names in its first braces, not an index", f"write {root.usage}")
    else:
        yield from _fixed_key_problems(name, root, str(path[0]) if path else "")


def _fixed_key_problems(name: str, root: Root, key: str) -> Iterator[Problem]:
    if root.keys and key not in root.keys:
        yield Problem("", f'${name} has no key "{key}"', suggestion(key, root.keys))


def operator_problems(operator: Operator, scope: Scope = NOTHING_KNOWN) -> Iterator[Problem]:
    """Give what is wrong with the number and the known types of an operator's arguments (at place "")."""
    form = OPERATORS[operator.name]
    parameters = form.parameters_for(len(operator.arguments))
    if parameters is None:
        given = len(operator.arguments)
        yield Problem("", f"${operator.name} takes {form.counts} arguments, here are {given}", f"write {form.usage}")
        return
    for number, (parameter, argument) in enumerate(zip(parameters, operator.arguments, strict=True), start=1):
        for message, hint in _argument_problems(parameter, argument, scope):
            yield Problem("", f"argument {number} of ${operator.name} {message}", hint or f"write {form.usage}")


def _argument_problems(parameter: Parameter, argument: Template, scope: Scope) -> Iterator[tuple[str, str]]:
    types = static_type(argument, scope)
    if types is not None and not types & parameter.types:
        yield f"({parameter.name}) takes {type_words(parameter.types)}, here is {type_words(types)}", ""
    elif parameter.choices and isinstance(argument, Literal) and argument.value not in parameter.choices:
        yield f'is an unknown {parameter.name} "{argument.value}"', suggestion(str(argument.value), parameter.choices)
    elif parameter.elements != ANY and isinstance(argument, ListNode):
        for element in argument.elements:
            yield from _argument_problems(Parameter(name="element", types=parameter.elements), element, scope)
