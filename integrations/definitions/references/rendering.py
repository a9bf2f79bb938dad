"""Writes a tree back as the mapping that it was parsed from, in its one canonical spelling."""

from __future__ import annotations

import json
import re

from integrations.definitions.references.keys import render_path
from integrations.definitions.references.names import BRACED
from integrations.definitions.references.nodes import (
    FunctionCall,
    Interpolation,
    ListNode,
    Literal,
    ObjectNode,
    Operator,
    Reference,
    Template,
)
from integrations.types import Json

#: Dollar signs that would read as something else; the one at the end would join with what follows.
_MEANINGFUL_DOLLAR = re.compile(r"\$(?=[A-Za-z$]|\Z)")


def render_template(template: Template) -> Json:
    """Return the mapping as JSON; `parse_template` of it gives an equal tree."""
    match template:
        case Literal(value):
            return _escaped(value) if isinstance(value, str) else value
        case ListNode(elements):
            return [render_template(element) for element in elements]
        case ObjectNode(members):
            return {key: render_template(member) for key, member in members}
        case FunctionCall(tag, values):
            return {"function": tag, "values": [render_template(value) for value in values]}
        case _:
            return _form(template)


def render_text(template: Template) -> str:
    """Return one node as it stands in a text, for messages: `$Input{a}`."""
    return _form(template)


def _form(template: Template) -> str:
    match template:
        case Reference(root, path):
            return f"${root}{render_path(path)}"
        case Interpolation(parts):
            return "".join(_part(part) for part in parts)
        case Operator(name, (argument,)) if name in BRACED:
            return f"${name}{{{_argument(argument)}}}"
        case Operator(name, arguments):
            return f"${name}({_arguments(arguments)})"
        case _:
            return _argument(template)


def _part(part: Template) -> str:
    return _escaped(str(part.value)) if isinstance(part, Literal) else _form(part)


def _arguments(arguments: tuple[Template, ...]) -> str:
    return ", ".join(_argument(argument) for argument in arguments)


def _argument(template: Template) -> str:
    match template:
        case Literal(str() as text):
            return _quoted(_escaped(text))
        case Literal(value):
            return json.dumps(value)
        case Interpolation():
            return _quoted(_form(template))
        case ListNode(elements):
            return f"[{_arguments(elements)}]"
        case ObjectNode(members):
            return "{" + ", ".join(f"{_quoted(key)}: {_argument(member)}" for key, member in members) + "}"
        case FunctionCall(tag, values):
            return _argument(ObjectNode((("function", Literal(tag)), ("values", ListNode(values)))))
        case _:
            return _form(template)


def _escaped(text: str) -> str:
    return _MEANINGFUL_DOLLAR.sub("$$", text) if "$" in text else text


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
