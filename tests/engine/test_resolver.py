"""Mappings resolved against values: typed results, missing values, and nothing ever evaluated."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.definitions.references import FunctionCall, Literal, Reference, parse_template
from integrations.engine import resolver
from integrations.engine.resolver import MissingValue, ResolveError, Values, collect, function_arguments, resolve
from integrations.errors import IntegrationsError
from integrations.types import Json
from tests.definitions.references.strategies import JSON_VALUES, TEMPLATES

VALUES = Values(
    input={
        "name": "Ada",
        "zero": 0,
        "no": False,
        "empty": "",
        "none": None,
        "ratio": 0.5,
        "list": [1, "two", [3]],
        "object": {"a b": {"0": "zero"}, "€": 1},
        "expands": "$Secret{key} $Input{name} $Add(1, 2) $$",
    },
    sequences={"pay": {"charge": {"data": {"id": 7}}, "empty": None}},
    auths={"login": {"data": {"token": "t0k"}}},
    variables={"shop": {"region": "eu"}},
    constants={"shop": {"limit": 10}},
    secrets={"key": "s3cret"},
    env={"slug": "dev", "name": "Development"},
    run={"id": "r1", "feature": "pay", "integration": "shop"},
    now_ms=1_772_698_026_045,
    item={"id": 1},
    index=3,
    response={"status": 200},
    default="fallback",
)


def resolved(value: Json, values: Values = VALUES) -> Json:
    return resolve(parse_template(value), values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$Input{name}", "Ada"),
        ("$Input{zero}", 0),
        ("$Input{no}", False),
        ("$Input{empty}", ""),
        ("$Input{none}", None),
        ("$Input{ratio}", 0.5),
        ("$Input{list}", [1, "two", [3]]),
        ("$Input{list}{[2]}{[0]}", 3),
        ("$Input{list}{[-3]}", 1),
        ("$Input{object}{a b}{0}", "zero"),
        ("$Input{object}{€}", 1),
        ("$Sequence{pay}{charge}{data}{id}", 7),
        ("$Auth{login}{data}{token}", "t0k"),
        ("$Variable{shop}{region}", "eu"),
        ("$Constant{shop}{limit}", 10),
        ("$Secret{key}", "s3cret"),
        ("$Env{slug}", "dev"),
        ("$Run{id}", "r1"),
        ("$Now", 1_772_698_026_045),
        ("$Item", {"id": 1}),
        ("$Item{id}", 1),
        ("$Index", 3),
        ("$Response{status}", 200),
        ("$Default", "fallback"),
        ("$Size{$Input{object}}", 2),
        ("$Length{$Input{name}}", 3),
        ("$Add($Input{zero}, $Multiply($Index, 2))", 6),
        ('$Dateformat($Now, "YYYY-MM-DD")', "2026-03-05"),
        ("", ""),
        ("$$Input{name}", "$Input{name}"),
    ],
)
def test_single_form_keeps_its_type(text: str, expected: Json) -> None:
    result = resolved(text)

    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi $Input{name}!", "Hi Ada!"),
        ("$Input{zero}$Input{no}$Input{none}|$Input{ratio}", "0false|0.5"),
        ("l=$Input{list} o=$Input{object}", 'l=[1,"two",[3]] o={"a b":{"0":"zero"},"€":1}'),
        ("$$$Input{zero} for $5", "$0 for $5"),
        ("Bearer $Auth{login}{data}{token}", "Bearer t0k"),
        ("/items/$Multiply($Input{ratio}, 10)", "/items/5"),
        ("n=$Multiply($Input{ratio}, 2e16)", "n=10000000000000000"),
    ],
)
def test_text_around_references_gives_text(text: str, expected: str) -> None:
    assert resolved(text) == expected


def test_mapping_keeps_its_shape() -> None:
    value: Json = {"a": ["$Input{zero}", {"b": "x$Index"}], "$Input{name}": None, "c": 1.0}

    assert resolved(value) == {"a": [0, {"b": "x3"}], "$Input{name}": None, "c": 1.0}


def test_two_resolutions_share_no_list_of_the_definition() -> None:
    template = parse_template({"tags": ["a"]})

    first, second = resolve(template, VALUES), resolve(template, VALUES)

    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first == second
    assert first["tags"] is not second["tags"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$Input{object}{x}{y}", '$Input{object}{x}{y}: $Input{object} has no key "x"; it has: "a b", "€"'),
        ("$Input{list}{[2]}{[1]}", "$Input{list}{[2]}{[1]}: $Input{list}{[2]} is a list of 1, so it has no index 1"),
        ("$Input{name}{x}", '$Input{name}{x}: $Input{name} is text, so it has no key "x"'),
        ("$Input{name}{[0]}", "$Input{name}{[0]}: $Input{name} is text, so it has no index 0"),
        ("$Input{none}{x}", '$Input{none}{x}: $Input{none} is null, so it has no key "x"'),
        ("$Input{zero}{[0]}", "$Input{zero}{[0]}: $Input{zero} is a number, so it has no index 0"),
        ("$Input{list}{[3]}", "$Input{list}{[3]}: $Input{list} is a list of 3, so it has no index 3"),
        (
            "$Input{list}{0}",
            '$Input{list}{0}: $Input{list} is a list of 3, so it has no key "0"; an index is written {[0]}',
        ),
        ("$Input{object}{[0]}", '$Input{object}{[0]}: $Input{object} has no index 0; it has: "a b", "€"'),
        ("$Sequence{ship}{send}", '$Sequence{ship}{send}: $Sequence has no key "ship"; it has: "pay"'),
        ("$Sequence{pay}{no}", '$Sequence{pay}{no}: $Sequence{pay} has no key "no"; it has: "charge", "empty"'),
        ("$Secret{other}", '$Secret{other}: $Secret has no key "other"; it has: "key"'),
    ],
)
def test_missing_path_names_what_is_there(text: str, message: str) -> None:
    with pytest.raises(MissingValue) as caught:
        resolved(text)

    assert str(caught.value) == message


def test_missing_value_names_its_place_in_the_mapping() -> None:
    with pytest.raises(MissingValue) as caught:
        resolved({"body": {"items": [1, '$Concat(["x", $Input{nope}], "")']}})

    assert caught.value.place == "body/items[1]"
    assert str(caught.value).startswith("body/items[1]: $Input{nope}: ")


@pytest.mark.parametrize("text", ["$Item", "$Item{id}", "$Index", "$Response{a}", "$Default"])
def test_form_outside_of_its_place_is_missing(text: str) -> None:
    with pytest.raises(MissingValue, match="there is none here"):
        resolved(text, Values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$Default($Input{nope}, 1)", 1),
        ("$Default($Input{none}, 1)", 1),
        ("$Default($Input{name}{x}, 1)", 1),
        ("$Default($Sequence{ship}{send}{id}, 1)", 1),
        ("$Default($Input{zero}, 1)", 0),
        ("$Default($Input{no}, 1)", False),
        ("$Default($Input{empty}, 1)", ""),
        ('$Default($Uppercase($Input{nope}), "X")', "X"),
        ("$Default($Pick($Input{list}, 9), 1)", 1),
        ('$Default($Find($Input{list}, "==", 9), 1)', 1),
        ("$Default($Default($Input{nope}, $Input{nope2}), 2)", 2),
        ("$Default($Input{name}, $Input{nope})", "Ada"),  # the second is not looked up
    ],
)
def test_default_stands_in_for_missing_and_null_only(text: str, expected: Json) -> None:
    result = resolved(text)

    assert result == expected
    assert type(result) is type(expected)


def test_default_does_not_hide_a_wrong_type() -> None:
    with pytest.raises(ResolveError, match="argument 1 of") as caught:
        resolved({"a": "$Default($Add($Input{name}, 1), 2)"})

    assert not isinstance(caught.value, MissingValue)
    assert caught.value.place == "a"


def test_values_are_never_read_as_references() -> None:
    """A text from a response being expanded is how secrets leave a system."""
    text = "$Secret{key} $Input{name} $Add(1, 2) $$"

    assert resolved("$Input{expands}") == text
    assert resolved("x $Input{expands}") == f"x {text}"
    assert resolved('$Concat([$Input{expands}, "$$"], "")') == f"{text}$"
    assert resolved({"a": ["$Input"]}) == {"a": [VALUES.input]}
    assert resolve(parse_template({"function": "f", "values": []}), VALUES, {FunctionCall("f", ()): text}) == text


@settings(deadline=None)
@given(JSON_VALUES, st.sampled_from(["$Input{x}", "$Item", "$Response", "$Sequence{s}{e}", "$Default($Input{x}, 1)"]))
def test_any_value_comes_through_unchanged(value: Json, text: str) -> None:
    values = Values(input={"x": value}, item=value, response=value, sequences={"s": {"e": value}})

    result = resolved(text, values)

    assert result is value or (value is None and result == 1)


@settings(max_examples=300, deadline=None)
@given(TEMPLATES, JSON_VALUES)
def test_any_template_resolves_or_raises_a_typed_error(template: object, value: Json) -> None:
    try:
        resolve(template, Values(input=value, item=value))  # type: ignore[arg-type]  # the strategy gives templates
    except IntegrationsError as error:
        assert isinstance(error, ResolveError)


def test_interpolation_of_endless_text_is_refused() -> None:
    values = Values(input={"x": "a" * 1_000_000})

    with pytest.raises(ResolveError, match="longer than 5,000,000"):
        resolved("$Input{x}" * 6, values)


def test_many_long_texts_in_one_mapping_are_refused() -> None:
    values = Values(input={"x": "a" * 4_000_000})

    with pytest.raises(ResolveError, match="more than 20,000,000"):
        resolved(["$Uppercase($Input{x})"] * 6, values)
    assert len(str(resolved(["$Input{x}"] * 6, values))) > 20_000_000  # looked up, not made


@pytest.mark.parametrize("name", ["__class__", "__init__", "keys", "items"])
def test_attributes_of_values_are_out_of_reach(name: str) -> None:
    for root in ("$Input", "$Item", "$Sequence{pay}", "$Input{name}", "$Input{list}"):
        with pytest.raises(MissingValue):
            resolved(f"{root}{{{name}}}{{x}}")


@pytest.mark.parametrize(
    "text",
    [
        "$Add($Input{k}, 1)",
        "$Pick($Input{k}, 99)",
        "$Input{k}{deeper}",
        "$Secret{other}",
        "$Size{$Input{k}}",
        '$Filter([$Input{k}], ">", 1)',
        "$Filter([1], $Input{k}, 1)",
        '$Filter([$Input{k}], "key", "==", 1)',
        '$Dateformat($Secret{key}, "YYYY")',
        '$Dateformat($Now, "YYYY", $Secret{key})',
    ],
)
def test_error_shows_no_value(text: str) -> None:
    values = Values(input={"k": "s3cret"}, secrets={"key": "s3cret"})

    with pytest.raises(ResolveError) as caught:
        resolved(text, values)

    assert "s3cret" not in str(caught.value)


def test_collect_names_what_must_be_fetched_first() -> None:
    inner: Json = {"function": "inner", "values": ["$Auth{login}{token}"]}
    value: Json = {"a": {"function": "outer", "values": [inner, "$Secret{key}"]}, "b": [inner, "x $Auth{other}{t}"]}

    needs = collect(parse_template(value))

    assert needs.auths == {"login", "other"}
    assert needs.secrets == {"key"}
    assert [call.tag for call in needs.function_calls] == ["inner", "outer"]


def test_function_arguments_are_resolved_with_inner_results() -> None:
    inner = FunctionCall("inner", (Literal(1),))
    outer = FunctionCall("outer", (inner, Reference("Input", ("name",))))

    assert function_arguments(outer, VALUES, {inner: [5]}) == [[5], "Ada"]
    assert resolve(outer, VALUES, {outer: "done"}) == "done"


def test_function_that_was_not_called_is_an_error() -> None:
    with pytest.raises(ResolveError, match='function "f" has not been called'):
        resolved({"function": "f", "values": []})


class RecordingFunctions:
    """Answers each call with the sum of its arguments and remembers it."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[Json]]] = []

    async def __call__(self, tag: str, arguments: list[Json]) -> Json:
        self.calls.append((tag, arguments))
        return sum(each for each in arguments if isinstance(each, int))


def resolved_calling(value: Json, functions: RecordingFunctions) -> Json:
    return asyncio.run(resolver.resolve_calling(parse_template(value), VALUES, call=functions))


def test_functions_are_called_innermost_first_and_once() -> None:
    functions = RecordingFunctions()
    inner: Json = {"function": "sum", "values": [1, 2]}

    result = resolved_calling({"a": {"function": "sum", "values": [inner, "$Index"]}, "b": inner}, functions)

    assert result == {"a": 6, "b": 3}
    assert functions.calls == [("sum", [1, 2]), ("sum", [3, 3])]


def test_function_with_missing_values_is_not_called_and_may_have_a_default() -> None:
    functions = RecordingFunctions()
    call = '{"function": "sum", "values": [$Input{nope}]}'

    assert resolved_calling(f"$Default({call}, 4)", functions) == 4
    with pytest.raises(MissingValue, match="nope"):
        resolved_calling({"a": {"function": "sum", "values": ["$Input{nope}"]}}, functions)
    assert functions.calls == []
