"""Tells `{"function": tag, "values": […]}` from any other object."""

from __future__ import annotations

from integrations.definitions.references.nodes import FunctionCall, ListNode, Literal, ObjectNode, Template

_KEYS = {"function", "values"}


def function_call_or_object(members: tuple[tuple[str, Template], ...]) -> tuple[FunctionCall | ObjectNode, str]:
    """Return the node of an object, and what is wrong with it or "".

    An object with exactly the keys `function` and `values` is a call, so it must have a tag and a list of values.
    """
    if {key for key, _ in members} != _KEYS:
        return ObjectNode(members), ""
    parts = dict(members)
    tag, values = parts["function"], parts["values"]
    if not (isinstance(tag, Literal) and isinstance(tag.value, str) and tag.value):
        return ObjectNode(members), 'the "function" of a function call is the tag of a function'
    if not isinstance(values, ListNode):
        return ObjectNode(members), 'the "values" of a function call are a list, in the order of its input fields'
    return FunctionCall(tag.value, values.elements), ""
