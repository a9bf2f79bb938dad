from __future__ import annotations

from integrations.definitions.function import Function
from integrations.definitions.values import decorate
from integrations.types import Json


def test_decorators_are_added_around_texts_at_every_depth_and_nowhere_else() -> None:
    fields = Function.parse(
        {
            "tag": "f",
            "language": "js",
            "function": "x",
            "input": {
                "token": {"type": "string", "decorator": "Bearer ", "decoratorPosition": "prepend"},
                "unit": {"type": "string", "decorator": " kg"},
                "plain": "string",
                "nested": {"type": "object", "fields": {"in": {"type": "string", "decorator": "!"}}},
                "list": {"type": "array", "items": {"type": "string", "decorator": "?"}},
                "rows": {"type": "array", "fields": {"in": {"type": "string", "decorator": "#"}}},
            },
        }
    ).input
    values: dict[str, Json] = {
        "token": "abc",
        "unit": "",
        "plain": "p",
        "nested": {"in": "a", "more": "b"},
        "list": ["x", 1],
        "rows": [{"in": "r"}, 2],
        "unknown": "u",
    }

    assert decorate(fields, values) == {
        "token": "Bearer abc",
        "unit": " kg",
        "plain": "p",
        "nested": {"in": "a!", "more": "b"},
        "list": ["x?", 1],
        "rows": [{"in": "r#"}, 2],
        "unknown": "u",
    }


def test_null_is_sent_undecorated() -> None:
    fields = Function.parse(
        {"tag": "f", "language": "js", "function": "x", "input": {"a": {"type": "string", "decorator": "!"}}}
    ).input

    assert decorate(fields, {"a": None}) == {"a": None}
