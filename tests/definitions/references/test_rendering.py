"""Trees back into mappings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from integrations.definitions.references import (
    FunctionCall,
    ListNode,
    Literal,
    ObjectNode,
    Template,
    parse_template,
    references_of,
    render_template,
    render_text,
)
from integrations.types import Json
from tests.definitions.references.strategies import JSON_VALUES, TEMPLATES


def plain(template: Template) -> Json:
    """Return the value of a tree of literals."""
    match template:
        case Literal(value):
            return value
        case ListNode(elements):
            return [plain(element) for element in elements]
        case ObjectNode(members):
            return {key: plain(member) for key, member in members}
    raise AssertionError(template)


def has_dollar_or_call(value: Json) -> bool:
    if isinstance(value, dict):
        return set(value) == {"function", "values"} or any(map(has_dollar_or_call, value.values()))
    if isinstance(value, list):
        return any(map(has_dollar_or_call, value))
    return isinstance(value, str) and "$" in value


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("$Input{a}", "$Input{a}"),
        ('$Input{"a"}{"x}"}{[00]}', '$Input{a}{"x}"}{[0]}'),
        ("$5 for $$5", "$5 for $5"),
        ("$$Input", "$$Input"),
        ("$", "$$"),
        ("$$$Input{a}", "$$$Input{a}"),
        ('$Concat( ["$Input{a}" ,"b c$"],"")', '$Concat([$Input{a}, "b c$$"], "")'),
        ('$Default({"a":[1.0,true,null]},"é\\n")', '$Default({"a": [1.0, true, null]}, "é\\n")'),
        ("$Size{ $Input{a} }", "$Size{$Input{a}}"),
    ],
)
def test_template_renders_in_its_canonical_spelling(text: str, canonical: str) -> None:
    assert render_template(parse_template(text)) == canonical


def test_function_call_renders_as_it_was_written() -> None:
    value: Json = {"function": "f", "values": ["$Input{a}", {"b": 1}]}

    assert render_template(parse_template(value)) == value


@settings(max_examples=500, deadline=None)
@given(TEMPLATES)
def test_rendered_template_parses_to_an_equal_tree(template: Template) -> None:
    rendered = render_template(template)

    assert parse_template(rendered) == template
    assert render_template(parse_template(rendered)) == rendered


@settings(max_examples=500, deadline=None)
@given(JSON_VALUES)
def test_json_without_dollar_signs_stands_for_itself(value: Json) -> None:
    if has_dollar_or_call(value):
        return

    template = parse_template(value)

    assert plain(template) == value
    assert render_template(template) == value
    assert list(references_of(template)) == []


def test_call_inside_an_operator_renders_as_an_object() -> None:
    template = parse_template('$Default({"function": "f", "values": [1]}, 0)')

    assert render_template(template) == '$Default({"function": "f", "values": [1]}, 0)'
    assert any(isinstance(each, FunctionCall) for _, each in references_of(template))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("$Input{a}{[0]}", "$Input{a}{[0]}"),
        ("x $Input{a}", "x $Input{a}"),
        ("x", '"x"'),
        ([1, {"function": "f", "values": []}], '[1, {"function": "f", "values": []}]'),
    ],
)
def test_any_node_renders_as_one_text_for_messages(value: Json, text: str) -> None:
    assert render_text(parse_template(value)) == text
