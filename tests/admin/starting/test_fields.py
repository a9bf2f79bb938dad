from __future__ import annotations

from typing import Any

import pytest
from django.forms import Form, ValidationError

from integrations.admin.starting.fields import LEFT_OUT, ValueField, value_field
from integrations.definitions.field import Field
from integrations.types import Json


def field(kind: str, **rest: Any) -> ValueField:
    return value_field(Field.parse({"key": "a", "type": kind, **rest}))


def box(shown: ValueField, initial: Any = None) -> str:
    """Return the HTML of the field's box."""
    form = Form()
    form.fields["a"] = shown
    form.initial = {"a": initial}
    return str(form["a"])


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("string", "lamp", "lamp"),
        ("string", " two  spaces ", " two  spaces "),
        ("string", "a\r\nb", "a\nb"),
        ("numberstring", "007.50", "007.50"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
        ("number", "0", 0),
        ("number", "-3", -3),
        ("number", " 12 ", 12),
        ("number", "9007199254740993", 9_007_199_254_740_993),
        ("number", "1e3", 1000.0),
        ("float", "0", 0),
        ("float", "24.5", 24.5),
        ("float", ".5", 0.5),
        ("object", '{"a": [1, null]}', {"a": [1, None]}),
        ("array", "[]", []),
    ],
)
def test_box_with_a_value_gives_it_as_json(kind: str, text: str, expected: Json) -> None:
    given = field(kind).clean(text)

    assert given == expected
    assert type(given) is type(expected)


@pytest.mark.parametrize("text", ["three", "1,5", "1e999", "0x10", "١٢", "nan", "Infinity", "1" * 5_000])
def test_box_without_a_number_hands_on_the_text(text: str) -> None:
    assert field("number").clean(text) == text


@pytest.mark.parametrize("kind", ["string", "numberstring", "uuid", "number", "float", "array", "object", "boolean"])
def test_empty_box_of_an_optional_value_leaves_it_out(kind: str) -> None:
    assert field(kind, required=False).clean("") is LEFT_OUT


def test_empty_box_of_a_value_with_a_default_leaves_it_out() -> None:
    assert field("string", defaultValue="x").clean("") is LEFT_OUT


def test_empty_box_of_a_required_text_is_the_empty_text() -> None:
    assert field("string").clean("") == ""


@pytest.mark.parametrize("limits", [{"minLength": 1}, {"pattern": "^a"}, {"format": "email"}])
def test_empty_box_of_a_required_text_that_may_not_be_empty_leaves_it_out(limits: dict[str, Any]) -> None:
    assert field("string", **limits).clean("") is LEFT_OUT


@pytest.mark.parametrize(("sent", "expected"), [(True, True), (False, False)])
def test_checkbox_of_a_required_boolean_gives_both(sent: bool, expected: bool) -> None:
    assert field("boolean").clean(sent) is expected


@pytest.mark.parametrize(("sent", "expected"), [("true", True), ("false", False), ("", LEFT_OUT)])
def test_select_of_an_optional_boolean_has_three_states(sent: str, expected: object) -> None:
    assert field("boolean", required=False).clean(sent) is expected


@pytest.mark.parametrize(("sent", "expected"), [("0", 0), ('"0"', "0"), ('""', ""), ("false", False), ("null", None)])
def test_select_keeps_choices_apart(sent: str, expected: Json) -> None:
    choices = field("string", enum=["x"]).shape.model_copy(update={"enum": (0, "0", "", False, None)})

    given = value_field(choices).clean(sent)

    assert given == expected
    assert type(given) is type(expected)


def test_select_hands_on_what_is_no_choice() -> None:
    assert field("string", enum=["x"]).clean('"y"') == '"y"'


@pytest.mark.parametrize("text", ["{", '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100, '"\\u0000"'])
def test_box_with_refused_json_says_why(text: str) -> None:
    with pytest.raises(ValidationError):
        field("object").clean(text)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (field("number", minimum=1, maximum=9), ('type="number"', 'step="1"', 'min="1"', 'max="9"', "required")),
        (field("float", required=False), ('type="number"', 'step="any"')),
        (field("string", minLength=2, maxLength=40), ('minlength="2"', 'maxlength="40"', 'type="text"')),
        (field("string", maxLength=1000), ("<textarea", 'maxlength="1000"')),
        (field("string", pattern="^[a-z]+$"), ('pattern=".*(?:^[a-z]+$).*"',)),
        (field("string", format="email"), ('type="email"',)),
        (field("string", format="date"), ('type="date"',)),
        (field("string", sampleValue="lamp"), ('placeholder="for example lamp"',)),
        (field("number", defaultValue=0), ('placeholder="default: 0"',)),
        (field("boolean"), ('type="checkbox"',)),
        (field("boolean", defaultValue=False), ("<select", "Default: false")),
        (field("boolean", required=False), ("<select", "Not given")),
        (field("string", enum=["a", ""]), ("<select", "Choose…", "(empty text)", "required")),
        (field("array"), ('data-editor="json"', 'data-place-prefix="input/a"')),
    ],
)
def test_box_has_what_the_field_says(shown: ValueField, expected: tuple[str, ...]) -> None:
    html = box(shown)

    assert [text for text in expected if text not in html] == []


@pytest.mark.parametrize("pattern", ["(?i)abc", r"\pL", "[[:alpha:]]", "[a&&b]", r"\Aabc\z"])
def test_pattern_that_browsers_read_otherwise_is_left_to_the_server(pattern: str) -> None:
    assert "pattern=" not in box(value_field(_text(pattern)))


def test_text_that_may_be_empty_is_not_required_by_the_browser() -> None:
    assert "required" not in box(field("string"))


@pytest.mark.parametrize(
    ("shown", "value", "expected"),
    [
        (field("string"), "x", True),
        (field("string"), "two\nlines", False),
        (field("string", maxLength=500), "two\nlines", True),
        (field("string"), 5, False),
        (field("number"), 0, True),
        (field("number"), "0", False),
        (field("number"), True, False),
        (field("number"), "many", False),
        (field("boolean"), False, True),
        (field("boolean"), "false", False),
        (field("boolean", required=False), False, True),
        (field("string", required=False), "", False),
        (field("string", enum=["a"]), "b", False),
        (field("array"), [1], True),
        (field("array"), "no list", True),
    ],
)
def test_field_can_show_what_its_box_gives_back(shown: ValueField, value: Json, expected: bool) -> None:
    assert shown.can_show(value) is expected


def _text(pattern: str) -> Field:
    return Field.parse({"key": "a", "type": "string"}).model_copy(update={"pattern": pattern})
