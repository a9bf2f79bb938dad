"""Mappings into trees: every form, every operator, every way to write one wrongly."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.definitions.references import (
    FunctionCall,
    Interpolation,
    ListNode,
    Literal,
    ObjectNode,
    Operator,
    Reference,
    ReferenceSyntaxError,
    Template,
    parse_template,
)
from integrations.errors import Problem
from integrations.types import Json

A = Reference("Input", ("a",))


def problems_of(value: Json, *, place: str = "") -> tuple[Problem, ...]:
    with pytest.raises(ReferenceSyntaxError) as caught:
        parse_template(value, place=place)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$Input", Reference("Input")),
        ("$Input{a}{b}{[0]}", Reference("Input", ("a", "b", 0))),
        ("$Input{[-1]}", Reference("Input", (-1,))),
        ("$Input{0}", Reference("Input", ("0",))),  # a key, not an index
        ("$Input{a b}{é}{$x}", Reference("Input", ("a b", "é", "$x"))),
        ('$Input{"a}b"}{"[0]"}{""}{"\\"q"}', Reference("Input", ("a}b", "[0]", "", '"q'))),
        ("$Sequence{pay}{charge}{data}{id}", Reference("Sequence", ("pay", "charge", "data", "id"))),
        ("$Auth{user_login}{data}{access_token}", Reference("Auth", ("user_login", "data", "access_token"))),
        ("$Variable{shop}{region}", Reference("Variable", ("shop", "region"))),
        ("$Constant{shop}{limit}", Reference("Constant", ("shop", "limit"))),
        ("$Secret{api-key}", Reference("Secret", ("api-key",))),
        ("$Env{slug}", Reference("Env", ("slug",))),
        ("$Run{id}", Reference("Run", ("id",))),
        ("$Now", Reference("Now")),
        ("$Default", Reference("Default")),
        ("$Item", Reference("Item")),
        ("$Item{a}", Reference("Item", ("a",))),
        ("$Index", Reference("Index")),
        ("$Response{a}", Reference("Response", ("a",))),
        ("$Size{$Input{a}}", Operator("Size", (A,))),
        ("$Length{ $Input{a} }", Operator("Length", (A,))),
        ('$Size{$Filter($Input{a}, ">", 1)}', Operator("Size", (Operator("Filter", (A, Literal(">"), Literal(1))),))),
    ],
)
def test_form_alone_is_one_node(text: str, expected: Template) -> None:
    assert parse_template(text) == expected


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("$Default($Input{a},1)", (A, Literal(1))),
        ("$Default( $Input{a} ,\n -1.5e3 )", (A, Literal(-1500.0))),
        ('$Default("a, b) \\" {", null)', (Literal('a, b) " {'), Literal(None))),
        ("$Default(true, false)", (Literal(True), Literal(False))),
        ("$Default([], {})", (ListNode(()), ObjectNode(()))),
        (
            '$Default([1, [$Input{a}]], {"k": $Input{a}})',
            (
                ListNode((Literal(1), ListNode((A,)))),
                ObjectNode((("k", A),)),
            ),
        ),
        ("$Default($Default($Input{a}, 1), 2)", (Operator("Default", (A, Literal(1))), Literal(2))),
        # A quoted text follows the rules of any other text.
        ('$Default("x $Input{a}", "$$5")', (Interpolation((Literal("x "), A)), Literal("$5"))),
        ('$Default("$Input{a}", 1)', (A, Literal(1))),
        ('$Default({"function": "f", "values": [$Input{a}]}, 1)', (FunctionCall("f", (A,)), Literal(1))),
    ],
)
def test_operator_arguments_are_references_operators_or_json(text: str, arguments: tuple[Template, ...]) -> None:
    assert parse_template(text) == Operator("Default", arguments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain {text}", "plain {text}"),
        ("$", "$"),
        ("$5 and 5$", "$5 and 5$"),
        ("$_ $ é$é", "$_ $ é$é"),
        ("$$", "$"),
        ("$$Input{a}", "$Input{a}"),
        ("$$$$", "$$"),
        ("$$$", "$$"),
    ],
)
def test_dollar_signs_without_a_name_are_text(text: str, expected: str) -> None:
    assert parse_template(text) == Literal(expected)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("id $Input{a}!", (Literal("id "), A, Literal("!"))),
        ("$Input{a}$Input{a}", (A, A)),
        ("$$$Input{a}", (Literal("$"), A)),
        ("$Input{a} ", (A, Literal(" "))),  # nothing is trimmed
        ("$Index2", (Reference("Index"), Literal("2"))),  # names are letters
        ("$Default (x)", (Reference("Default"), Literal(" (x)"))),
        ("n=$Size{$Input{a}}{b}", (Literal("n="), Operator("Size", (A,)), Literal("{b}"))),
    ],
)
def test_text_around_references_interpolates(text: str, parts: tuple[Template, ...]) -> None:
    assert parse_template(text) == Interpolation(parts)


def test_function_and_values_alone_are_a_call() -> None:
    assert parse_template({"function": "f", "values": ["$Input{a}", 1]}) == FunctionCall("f", (A, Literal(1)))
    assert isinstance(parse_template({"function": "f", "values": [], "more": 1}), ObjectNode)
    assert isinstance(parse_template({"function": "f"}), ObjectNode)


def test_literals_of_different_types_are_different() -> None:
    assert Literal(1) != Literal(True)
    assert Literal(1) != Literal(1.0)
    assert len({FunctionCall("f", (Literal(each),)) for each in (1, 1.0, True)}) == 3


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("$Inptu{a}", 'column 1: unknown name "$Inptu"', "did you mean $Input?"),
        ("$input{a}", 'column 1: unknown name "$input"', "did you mean $Input?"),
        ("ab $Squence{a}{b}", 'column 4: unknown name "$Squence"', "did you mean $Sequence?"),
        ("costs $USD", 'column 7: unknown name "$USD"', "write $$ for a dollar sign"),
        ("$Upercase($Input{a})", 'column 1: unknown name "$Upercase"', "did you mean $Uppercase?"),
        ("$Now{x}", "column 1: $Now takes no keys", ""),
        ("$Index{x}", "column 1: $Index takes no keys", ""),
        (
            "$Sequence{a}",
            "column 1: $Sequence takes at least 2 keys in braces, here are 1",
            "write $Sequence{sequence}{event}",
        ),
        (
            "$Sequence{[0]}{a}",
            "column 1: $Sequence takes names in its first braces, not an index",
            "write $Sequence{sequence}{event}",
        ),
        ("$Secret", "column 1: $Secret takes 1 key in braces, here are 0", "write $Secret{key}"),
        ("$Secret{a}{b}", "column 1: $Secret takes 1 key in braces, here are 2", "write $Secret{key}"),
        ("$Env{slg}", 'column 1: $Env has no key "slg"', 'did you mean "slug"?'),
        ("$Run{secret}", 'column 1: $Run has no key "secret"', 'there are: "feature", "id", "integration"'),
        ("$Input{a", 'column 7: this "{" is never closed', ""),
        ("$Input{}", "column 8: there is no key between the braces", 'write {""} for an empty key'),
        ("$Input{$Input{a}}", 'column 14: there is "{" inside a key', 'put a key that holds braces in quotes: {"a}b"}'),
        ('$Input{"a}', "column 8: this quote is never closed", 'put a key that holds braces in quotes: {"a}b"}'),
        ('$Input{"a"b}', 'column 11: there is "b" where "}" should be', "after a key in quotes"),
        (
            "$Input{[i]}",
            'column 8: "[i]" is not an index',
            'write a whole number, as in {[0]}; for a key that starts with a bracket {"[i]"}',
        ),
        ("$Size($Input{a})", "column 1: $Size takes braces, not parentheses", "write $Size{$Input{key}}"),
        ("$Size", "column 1: $Size needs a reference in braces", "write $Size{$Input{key}}"),
        ("$Length{name}", "column 9: $Length needs a reference in its braces", "write $Length{$Input{key}}"),
        ("$Size{$Input{a}", 'column 16: the text ends where "}" should be', "after the reference in $Size"),
        ("$Add (1, 2)", "column 1: $Add needs its arguments in parentheses", "write $Add(a, b, …)"),
        ("$Add(1, 2", 'column 10: the text ends where ")" should be', "after an argument of $Add"),
        ("$Add(1 2)", 'column 8: there is "2" where ")" should be', "after an argument of $Add"),
        ("$Add(1,, 2)", 'column 8: there is "," where an argument should be', ""),
        ("$Add(1, 2,)", 'column 11: there is ")" where an argument should be', ""),
        ("$Add($$, 2)", 'column 6: there is "$" where a name such as "$Input" should be', ""),
        (
            "$Concat(['a'], \"\")",
            "column 10: \"'a'\" is neither a value nor a reference",
            'write texts in double quotes: "text"',
        ),
        ("$Trim(Input{a})", 'column 7: "Input" is neither a value nor a reference', "did you mean $Input?"),
        ('$Trim("abc)', "column 7: this quote is never closed", ""),
        ("$Default({a: 1}, 2)", 'column 11: there is "a" where a key in double quotes should be', ""),
        ('$Default({"a": 1, "a": 2}, 2)', "column 10: a key appears twice in one object", ""),
        ("$Add(1, 1e999)", 'column 9: "1e999" is not a number: the number is not finite', ""),
        (
            "$Add(1, 9223372036854775808)",
            'column 9: "9223372036854775808" is not a number: an integer does not fit in 64 bits (send it as text)',
            "",
        ),
        ('$Trim("\\u0000")', "column 7: broken text in quotes: the text holds U+0000 or half of a surrogate pair", ""),
        # Number and types of arguments.
        ("$Add(1)", "column 1: $Add takes 2 or more arguments, here are 1", "write $Add(a, b, …)"),
        (
            "$Substring($Input{a})",
            "column 1: $Substring takes 2 or 3 arguments, here are 1",
            "write $Substring(text, start[, end])",
        ),
        ('$Add("1", 2)', "column 1: argument 1 of $Add (number) takes a number, here is text", "write $Add(a, b, …)"),
        (
            "$Add(true, 2)",
            "column 1: argument 1 of $Add (number) takes a number, here is true or false",
            "write $Add(a, b, …)",
        ),
        (
            "$Add(1, $Trim($Input{a}))",
            "column 1: argument 2 of $Add (number) takes a number, here is text",
            "write $Add(a, b, …)",
        ),
        (
            "$Pick($Input{a}, 1.5)",
            "column 1: argument 2 of $Pick (index) takes a whole number, here is a number",
            "write $Pick(list or text, index)",
        ),
        (
            "$Join([[1], 2])",
            "column 1: argument 1 of $Join (element) takes a list, here is a whole number",
            "write $Join([list, list])",
        ),
        (
            '$Filter($Input{a}, "=", 3)',
            'column 1: argument 2 of $Filter is an unknown comparison "="',
            'did you mean ">="?',
        ),
        (
            '$Find($Input{a}, "status", "contain", 3)',
            'column 1: argument 3 of $Find is an unknown comparison "contain"',
            'did you mean "contains"?',
        ),
        (
            "$Size{$Now}",
            "column 1: argument 1 of $Size (object or list) takes a list or an object, here is a whole number",
            "write $Size{$Input{key}}",
        ),
    ],
)
def test_text_written_wrongly_is_refused_with_column_and_hint(text: str, message: str, hint: str) -> None:
    assert problems_of(text) == (Problem("", message, hint),)


def test_all_problems_are_reported_with_their_places() -> None:
    value: Json = {"amount": "$Inptu{a}", "items": ["$Now{x}", {"id": "$Add($Foo{b}, $Bar(1), $Add(1))"}]}

    found = [(each.place, each.message) for each in problems_of(value, place="input/body")]

    assert found == [
        ("input/body/amount", 'column 1: unknown name "$Inptu"'),
        ("input/body/items[0]", "column 1: $Now takes no keys"),
        ("input/body/items[1]/id", 'column 6: unknown name "$Foo"'),
        ("input/body/items[1]/id", 'column 15: unknown name "$Bar"'),
        ("input/body/items[1]/id", "column 24: $Add takes 2 or more arguments, here are 1"),
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"function": "$Input{a}", "values": []}, 'the "function" of a function call is the tag of a function'),
        (
            {"function": "f", "values": "$Input{a}"},
            'the "values" of a function call are a list, in the order of its input fields',
        ),
    ],
)
def test_function_call_without_tag_or_list_is_refused(value: Json, message: str) -> None:
    assert problems_of(value, place="body") == (Problem("body", message),)


def test_column_inside_a_quoted_text_is_that_of_the_whole_text() -> None:
    assert problems_of('$Trim("ab $Foo")')[0].message == 'column 11: unknown name "$Foo"'
    assert problems_of('$Trim("\\n\\n $Foo")')[0].message == 'column 8: unknown name "$Foo"'  # where the quotes begin


def test_reference_has_a_bounded_number_of_keys() -> None:
    parse_template("$Input" + "{o}" * 100)

    [problem] = problems_of("$Input" + "{o}" * 5_000)

    assert problem.message == "column 307: a reference has at most 100 keys"


def nested(depth: int) -> str:
    return "$Add(1, " * depth + "1" + ")" * depth


@pytest.mark.parametrize("opening", ["$Add(", "$Default([", '$Default({"a": ', "$Size{", "$Add($Foo(", "$Default([[[["])
def test_endless_nesting_is_refused(opening: str) -> None:
    text = opening * (100_000 // len(opening))

    messages = [each.message for each in problems_of(text)]

    assert "nested more than 32 deep" in messages[-1]
    assert len(messages) <= 33


def test_nesting_is_bounded_at_32() -> None:
    parse_template(nested(32))

    assert "nested more than 32 deep" in problems_of(nested(33))[0].message


def test_quoted_texts_in_quoted_texts_count_as_nesting() -> None:
    text = '$Trim("'
    for _ in range(12):
        text = '$Trim("' + text.replace("\\", "\\\\").replace('"', '\\"')

    assert problems_of(text[:100_000])


def test_mapping_deeper_than_json_may_be_is_refused() -> None:
    value: Json = "x"
    for _ in range(5_000):
        value = [value]

    assert [each.message for each in problems_of(value)] == ["nested more than 64 deep"]


def test_mapping_of_too_many_nodes_is_refused_once() -> None:
    parse_template(["x"] * 1_999)

    found = problems_of(["$Input{a}$Input{b}"] * 100_000, place="body")

    assert [each.message for each in found] == ["the mapping holds more than 2,000 values and references"]


def test_text_that_is_too_long_is_refused() -> None:
    parse_template("x" * 100_000)

    assert problems_of({"a": "x" * 100_001}) == (Problem("a", "the text is longer than 100,000 characters"),)


@settings(max_examples=500, deadline=None)
@given(st.text() | st.text('$Input{}[]()"\\,0a -.eA', max_size=60))
def test_any_text_parses_or_is_refused(text: str) -> None:
    with suppress(ReferenceSyntaxError):
        assert parse_template(text) == parse_template(text)


def test_hundred_thousand_random_texts_parse_or_are_refused() -> None:
    chance = random.Random(20261124)
    pieces = ["$", "$$", "{", "}", "[0]", "(", ")", ",", '"', "\\", "a", " ", "1", "-", "true", "[", "]", ":", "é",
              "$Input", "$Add(", "$Size{", "$Now", "$Default", '{"function":"f","values":[', "$Filter("]  # fmt: skip

    refused = 0
    for _ in range(100_000):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 8)))
        try:
            parse_template(text)
        except ReferenceSyntaxError:
            refused += 1

    assert 0 < refused < 100_000
