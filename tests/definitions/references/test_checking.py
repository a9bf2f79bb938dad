"""Names in scope, out of reach and unknown; known types that do not fit."""

from __future__ import annotations

import pytest

from integrations.definitions.field import Field
from integrations.definitions.references import (
    FunctionShape,
    KnownShape,
    Scope,
    check_references,
    parse_template,
    static_shape,
    static_type,
)
from integrations.errors import Problem
from integrations.types import Json

CUSTOMER = Field.parse(
    {
        "key": "customer",
        "type": "object",
        "fields": [
            {"key": "email", "type": "string"},
            {
                "key": "orders",
                "type": "array",
                "items": {"type": "object", "fields": [{"key": "id", "type": "number"}]},
            },
        ],
    }
)
SCOPE = Scope(
    input_fields={
        "customer": CUSTOMER,
        "amount": KnownShape(key="amount", type="number"),
        "rate": KnownShape(key="rate", type="float"),
        "extra": KnownShape(key="extra", type="object"),
        "tags": KnownShape(key="tags", type="array"),
        "paid": KnownShape(key="paid", type="boolean"),
    },
    sequences={"pay": {"charge": None, "total": KnownShape(key="total", type="object", fields=(CUSTOMER,))}},
    unreachable_sequences=frozenset({"ship"}),
    later_events=frozenset({("pay", "refund")}),
    auths=frozenset({"user_login"}),
    variables={"shop": {"region": KnownShape(key="region", type="string")}},
    constants={"shop": {"limit": None}},
    secrets=("api_key",),
    functions={
        "sum": FunctionShape(
            inputs=(KnownShape(key="a", type="number"), KnownShape(key="b", type="number")),
            required=1,
            output=KnownShape(type="number"),
        )
    },
)


def check(value: Json, scope: Scope = SCOPE) -> list[Problem]:
    return check_references(parse_template(value), scope, "body")


@pytest.mark.parametrize(
    "value",
    [
        "$Input",
        "$Input{customer}{orders}{[0]}{id}",
        "$Input{extra}{anything}{[1]}",
        "$Input{tags}{[0]}{anything}",
        "$Sequence{pay}{charge}{anything}",
        "$Sequence{pay}{total}{customer}{email}",
        "$Auth{user_login}{data}{access_token}",
        "$Variable{shop}{region}",
        "$Constant{shop}{limit}{deeper}",
        "Bearer $Secret{api_key} $Env{slug} $Run{id} $Now",
        {"function": "sum", "values": ["$Input{amount}", None]},
        {"function": "sum", "values": ["$Sequence{pay}{charge}"]},
        "$Add($Input{amount}, $Input{rate}, $Sequence{pay}{charge})",
        '$Filter($Input{tags}, $Input{customer}{email}, "==", 1)',
    ],
)
def test_names_in_scope_are_no_problem(value: Json) -> None:
    assert check(value) == []


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ("$Input{amuont}", 'unknown input field "amuont"', 'did you mean "amount"?'),
        ("$Input{[0]}", "the input is an object, so it has no index 0", "write {0} for the key"),
        ("$Input{customer}{emial}", 'unknown field "emial" in "customer"', 'did you mean "email"?'),
        ("$Input{customer}{[0]}", '"customer" is an object, so it has no index 0', "write {0} for the key"),
        ("$Input{customer}{orders}{id}", '"orders" is a list, so it has no key "id"', "write an index: {[0]}"),
        ("$Input{customer}{orders}{[0]}{nr}", 'unknown field "nr" in "item"', 'there are: "id"'),
        ("$Input{customer}{email}{x}", '"email" is text, so there is no key "x" in it', ""),
        ("$Input{amount}{[0]}", '"amount" is a whole number, so there is no index 0 in it', ""),
        ("$Sequence{pya}{charge}", 'unknown sequence "pya"', 'did you mean "pay"?'),
        ("$Sequence{pay}{chrage}", 'unknown event "chrage" in sequence "pay"', 'did you mean "charge"?'),
        ("$Sequence{pay}{total}{custmer}", 'unknown field "custmer" in "total"', 'did you mean "customer"?'),
        ("$Sequence{ship}{send}", 'sequence "ship" need not have finished here', 'add "ship" to parents'),
        ("$Sequence{pay}{refund}", 'event "refund" of sequence "pay" has not run yet here', ""),
        ("$Auth{login}", 'unknown auth "login"', 'did you mean "user_login"?'),
        ("$Variable{shp}{region}", 'unknown connected app "shp"', 'did you mean "shop"?'),
        ("$Variable{shop}{zone}", 'unknown variable "zone" in connected app "shop"', 'there are: "region"'),
        ("$Constant{shop}{limits}", 'unknown constant "limits" in connected app "shop"', 'did you mean "limit"?'),
        ("$Secret{apikey}", 'unknown secret "apikey"', 'did you mean "api_key"?'),
        ("$Item{a}", "there is no $Item here", "it belongs to an event with a for_each condition"),
        ("$Index", "there is no $Index here", "it belongs to an event with a for_each condition"),
        ("$Response", "there is no $Response here", "it belongs to a fallback or a do_while"),
        ("$Default", "there is no $Default here", "it stands for a declared field; $Default(a, b) takes arguments"),
        (
            "$Add($Input{customer}{email}, 1)",
            "argument 1 of $Add (number) takes a number, here is text",
            "write $Add(a, b, …)",
        ),
    ],
)
def test_name_out_of_scope_is_a_problem_with_a_hint(value: Json, message: str, hint: str) -> None:
    assert check(value) == [Problem("body", message, hint)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            {"function": "smu", "values": []},
            Problem("body/function", 'unknown function "smu"', 'did you mean "sum"?'),
        ),
        (
            {"function": "sum", "values": []},
            Problem("body/values", 'function "sum" takes 1 to 2 values, here are 0'),
        ),
        (
            {"function": "sum", "values": [1, 2, 3]},
            Problem("body/values", 'function "sum" takes 1 to 2 values, here are 3'),
        ),
        (
            {"function": "sum", "values": [1, "$Input{customer}{email}"]},
            Problem("body/values[1]", '"b" of function "sum" is a whole number, here is text'),
        ),
        (
            {"function": "sum", "values": [None, 1]},
            Problem("body/values[0]", '"a" of function "sum" is a whole number, here is null'),
        ),
    ],
)
def test_function_call_that_does_not_fit_is_a_problem(value: Json, expected: Problem) -> None:
    assert check(value) == [expected]


def test_every_problem_has_its_own_place() -> None:
    found = check({"a": "$Input{x} $Secret{y}", "b": [{"function": "sum", "values": ["$Item"]}]})

    assert [each.place for each in found] == ["body/a", "body/a", "body/b[0]/values[0]"]


def test_suggestion_for_a_very_long_name_lists_what_exists() -> None:
    found = check("$Secret{" + "api_key" * 1_000 + "}")

    assert found[0].hint == 'there are: "api_key"'


def test_declared_type_that_is_unknown_allows_anything_below() -> None:
    scope = Scope(input_fields={"any": KnownShape(key="any")})

    assert check("$Input{any}{x}{[0]}", scope) == []


def test_nothing_declared_allows_any_input() -> None:
    assert check("$Input{anything}{[0]}", Scope()) == []
    assert check("$Secret{x}", Scope()) == [Problem("body", 'unknown secret "x"', "there are none")]


def test_loop_response_and_default_are_allowed_where_they_mean_something() -> None:
    scope = Scope(in_loop=True, item=CUSTOMER, has_response=True, field_default=True)

    assert check("$Item{email} $Index $Response{x} $Default", scope) == []
    assert check("$Item{nope}", scope)[0].message == 'unknown field "nope" in "customer"'


@pytest.mark.parametrize(
    ("value", "types"),
    [
        (None, {"null"}),
        (True, {"boolean"}),
        (1, {"integer"}),
        (1.5, {"number"}),
        ("x", {"string"}),
        ([1], {"array"}),
        ({"a": 1}, {"object"}),
        ("x $Input{amount}", {"string"}),
        ("$Input", {"object"}),
        ("$Input{amount}", {"integer"}),
        ("$Input{rate}", {"integer", "number"}),
        ("$Input{paid}", {"boolean"}),
        ("$Input{customer}{orders}", {"array"}),
        ("$Input{customer}{orders}{[0]}{id}", {"integer"}),
        ("$Input{extra}{x}", None),
        ("$Input{unknown}", None),
        ("$Sequence{pay}{charge}", None),
        ("$Variable{shop}{region}", {"string"}),
        ("$Secret{api_key}", {"string"}),
        ("$Now", {"integer"}),
        ("$Env{slug}", {"string"}),
        ("$Add($Input{amount}, 1)", {"integer"}),
        ("$Add($Input{rate}, 1)", {"integer", "number"}),
        ("$Divide(4, 2)", {"integer", "number"}),
        ("$Concat($Input{tags}, $Input{customer}{email})", {"string"}),
        ('$Split("a", ",")', {"array"}),
        ("$Size{$Input{tags}}", {"integer"}),
        ("$Pick($Input{customer}{email}, 0)", {"string"}),
        ("$Pick($Input{tags}, 0)", None),
        ('$Filter($Input{tags}, "==", 1)', {"array"}),
        ('$Find($Input{tags}, "==", 1)', None),
        ("$Default($Input{amount}, null)", {"integer", "null"}),
        ('$Default($Input{amount}, "none")', {"integer", "string"}),
        ("$Default($Sequence{pay}{charge}, 1)", None),
        ({"function": "sum", "values": [1]}, {"integer"}),
        ({"function": "other", "values": [1]}, None),
    ],
)
def test_static_type_is_what_is_known(value: Json, types: set[str] | None) -> None:
    assert static_type(parse_template(value), SCOPE) == types


def test_static_shape_is_the_declared_field_of_a_single_reference() -> None:
    assert static_shape(parse_template("$Input{customer}"), SCOPE) == CUSTOMER
    assert static_shape(parse_template("$Input{nope}"), SCOPE) is None
    assert static_shape(parse_template("x $Input{customer}"), SCOPE) is None
