from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.checking import check_feature
from integrations.types import Json, JsonObject
from tests.definitions.checking.integration import EVENT, contents, feature, lines, order

AT = "features/checkout/sequence[0]/events[0]"
_ANY: JsonObject = {"type": "function", "event": "any"}


def _check(*events: JsonObject, **changes: Any) -> list[tuple[str, str, str]]:
    """Return the problems of a feature of these events, with places below the first event."""
    found = lines(check_feature(feature(*events), contents(**changes)))
    return [(place.removeprefix(AT).removeprefix("/"), message, hint) for place, message, hint in found]


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (order(app="shpo"), ("app", 'unknown connected app "shpo"', 'did you mean "shop"?')),
        (order(event="odrer"), ("event", 'unknown action "odrer"', 'did you mean "order"?')),
        (
            {"type": "function", "event": "dubble"},
            ("event", 'unknown function "dubble"', 'did you mean "double"?'),
        ),
        ({"type": "feature", "event": "iner"}, ("event", 'unknown feature "iner"', 'did you mean "inner"?')),
        ({"type": "job", "event": "nitely"}, ("event", 'unknown job "nitely"', 'did you mean "nightly"?')),
        (
            {"type": "notification", "event": "maul:paid"},
            ("event", 'unknown notification "maul"', 'did you mean "mail"?'),
        ),
        (
            {"type": "notification", "event": "mail:piad"},
            ("event", 'unknown notification message "piad"', 'did you mean "paid"?'),
        ),
        (
            {"type": "notification", "event": "mail"},
            ("event", "names no message of the notification", 'write "mail:message"'),
        ),
        (
            {"type": "database_action", "database": "mian", "event": "find"},
            ("database", 'unknown database "mian"', 'did you mean "main"?'),
        ),
        (
            {"type": "database_action", "database": "main", "event": "fnd"},
            ("event", 'unknown database action "fnd"', 'did you mean "find"?'),
        ),
        ({**EVENT, "cache": "hurly"}, ("cache", 'unknown cache "hurly"', 'did you mean "hourly"?')),
        (
            {**_ANY, "cache": "hourly"},
            ("cache", 'cache "hourly" belongs to event "double" of sequence "main"', "make a cache for this event"),
        ),
        (
            {**_ANY, "rollback_input": {}},
            ("rollback_input", "is given without a rollback", "say in rollback which event undoes this one"),
        ),
    ],
)
def test_event_that_names_what_is_not_there_is_a_problem(event: JsonObject, problem: tuple[str, str, str]) -> None:
    assert _check(event) == [problem]


def test_event_of_an_integration_with_nothing_in_it_says_so() -> None:
    assert _check({"type": "function", "event": "x"}, functions={}) == [
        ("event", 'unknown function "x"', "there is no function yet")
    ]


def test_connected_app_whose_app_is_gone_is_a_problem() -> None:
    assert _check(order(), apps={}) == [("app", 'the app behind "shop" is not in the catalogue', "")]


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("$Secret{peper}", ('unknown secret "peper"', 'did you mean "pepper"?')),
        ("$Variable{shp}{region}", ('unknown connected app "shp"', 'did you mean "shop"?')),
        ("$Variable{shop}{regoin}", ('unknown variable "regoin" in connected app "shop"', 'did you mean "region"?')),
        ("$Constant{shop}{vresion}", ('unknown constant "vresion" in connected app "shop"', 'did you mean "version"?')),
        ("$Auth{usr}{token}", ('unknown auth "usr"', 'did you mean "user"?')),
        ("$Input{nmae}", ('unknown input field "nmae"', 'did you mean "name"?')),
        ("$Item{a}", ("there is no $Item here", "it belongs to an event with a for_each condition")),
        ("$Index", ("there is no $Index here", "it belongs to an event with a for_each condition")),
        ("$Response{a}", ("there is no $Response here", "it belongs to a fallback or a do_while")),
        ("$Default", ("there is no $Default here", "it stands for a declared field; $Default(a, b) takes arguments")),
    ],
)
def test_reference_to_what_is_not_there_is_a_problem(reference: str, problem: tuple[str, str]) -> None:
    values: JsonObject = {"params": {"id": "1"}, "headers": {"X": reference}, "body": {"amount": 1}}

    assert _check(order(input=values)) == [("input/headers/X", *problem)]


def test_auth_belongs_to_the_app_that_the_event_calls() -> None:
    assert _check({**_ANY, "input": {"x": "$Auth{user}{token}"}}) == [
        ("input/x", 'unknown auth "user"', "there are none")
    ]


def test_function_in_a_mapping_has_its_values_checked() -> None:
    call: JsonObject = {"function": "double", "values": ["$Input{name}", "a", "b"]}

    assert _check({**_ANY, "input": {"x": {"function": "dubble", "values": []}, "y": call}}) == [
        ("input/x/function", 'unknown function "dubble"', 'did you mean "double"?'),
        ("input/y/values", 'function "double" takes 1 to 2 values, here are 3', ""),
        ("input/y/values[0]", '"number" of function "double" is a whole number, here is text', ""),
    ]


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({}, [("input/body/amount", '"amount" is required', "")]),
        ({"amount": None}, [("input/body/amount", '"amount" is required', "")]),
        ({"amount": 0}, [("input/body/amount", "should be 1 or more", "")]),
        ({"amount": "1"}, [("input/body/amount", "should be a whole number of 64 bits", "")]),
        ({"amount": "$Input{name}"}, [("input/body/amount", "should be a whole number, here is text", "")]),
        ({"amount": "$Input{amount} EUR"}, [("input/body/amount", "should be a whole number, here is text", "")]),
        ({"amount": ["$Input{amount}"]}, [("input/body/amount", "should be a whole number, here is a list", "")]),
        ({"amount": "$Add($Input{amount}, 1)"}, []),
        ({"amount": "$Divide($Input{amount}, 2)"}, []),
        ({"amount": "$Uppercase($Input{name})"}, [("input/body/amount", "should be a whole number, here is text", "")]),
        (
            {"amount": "$Default"},
            [
                (
                    "input/body/amount",
                    "there is no $Default here",
                    "it stands for a declared field; $Default(a, b) takes arguments",
                )
            ],
        ),
        ({"amount": 1, "currency": None}, []),
        ({"amount": 1, "currency": "EURO"}, [("input/body/currency", "should have at most 3 characters", "")]),
        (
            {"amount": 1, "currency": "EUR$Input{amount}?"},
            [("input/body/currency", "should have at most 3 characters", "")],
        ),
        (
            {"amount": 1, "currency": "$Input{name}"},
            [("input/body/currency", 'should have at most 3 characters, "name" has at least 4', "")],
        ),
        (
            {"amount": 1, "curency": "EUR"},
            [("input/body/curency", 'unknown field "curency"', 'did you mean "currency"?')],
        ),
        ({"amount": 1, "lines": "$Input{items}"}, []),
        ({"amount": 1, "lines": "$Input{name}"}, [("input/body/lines", "should be a list, here is text", "")]),
        (
            {"amount": 1, "lines": [{"sku": 1}, {"sku": "$Input{flag}"}, {}]},
            [
                ("input/body/lines", "should have at most 2 items", ""),
                ("input/body/lines[0]/sku", "should be text", ""),
                ("input/body/lines[1]/sku", "should be text, here is true or false", ""),
                ("input/body/lines[2]/sku", '"sku" is required', ""),
            ],
        ),
        (
            {"amount": 1, "lines": ["$Input{name}", "$Input{items}{[0]}"]},
            [("input/body/lines[0]", "should be an object, here is text", "")],
        ),
    ],
)
def test_body_is_held_against_the_fields_of_the_action(body: JsonObject, problems: list[tuple[str, str, str]]) -> None:
    assert _check(order(input={"params": {"id": "1"}, "body": body})) == problems


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"id": "1", "amount": 1}, []),
        ({"amount": 1}, [("input/id", '"id" is required', "")]),
        (
            {"id": "1", "amuont": 1},
            [
                ("input/amuont", 'unknown field "amuont"', 'did you mean "amount"?'),
                ("input/amount", '"amount" is required', ""),
            ],
        ),
        (
            {"id": "1", "amount": 1, "note": "$Input{nmae}"},
            [
                (
                    "input/note",
                    '"note" is a field of query and body',
                    "write it inside its section, as in query: {note: …}",
                ),
                ("input/note", 'unknown input field "nmae"', 'did you mean "name"?'),
            ],
        ),
        (
            {"params": {"id": 1}, "body": "$Input{items}"},
            [
                ("input/params/id", "should be text", ""),
                ("input/body", "should be an object, here is a list", ""),
            ],
        ),
        ({"params": "$Input{items}", "body": {"amount": 1}}, [("input/params", "should be an object", "")]),
        (
            {"params": {"id": "1"}, "query": {"nto": 1}, "body": {"amount": 1}},
            [
                ("input/query/nto", 'unknown field "nto"', 'there are: "note"'),
            ],
        ),
        ({"function": "any", "values": []}, []),
    ],
)
def test_input_of_an_action_is_flat_or_in_sections(values: JsonObject, problems: list[tuple[str, str, str]]) -> None:
    assert _check(order(input=values)) == problems


@pytest.mark.parametrize("name", ["Forwarded", "X-Forwarded-For", "x_forwarded_host", "X-Real-IP", "Host", "TE", "a b"])
def test_header_that_cannot_be_set_is_a_problem(name: str) -> None:
    values: JsonObject = {"params": {"id": "1"}, "headers": {name: "$Input{name}", "X-Own": "1"}, "body": {"amount": 1}}

    ((place, message, _),) = _check(order(input=values))

    assert place == f"input/headers/{name}"
    assert "cannot be set" in message or "not allowed there" in message


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"id": "1"}, []),
        ({"params": {"id": "1"}}, []),
        ({"params": {}}, [("input/params/id", '"id" is required', "")]),
        (
            {"params": {"id": "1", "page": 2}},
            [
                (
                    "input/params/page",
                    'the resource does not name "page", so it would not be sent',
                    'write {page} where it goes in "resource", or give it in query',
                )
            ],
        ),
    ],
)
def test_params_that_are_not_declared_have_a_place_in_the_resource(
    values: JsonObject, problems: list[tuple[str, str, str]]
) -> None:
    assert _check({**order(input=values), "event": "free"}) == problems


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"day": "$Now"}, []),
        ({"body": {"day": "$Input{name}", "more": 1}}, []),
        ({"body": {"day": 1}}, [("input/body/day", 'this is not of type "string"', "")]),
        (
            {"body": {"more": "$Input{nme}"}},
            [
                ("input/body/more", 'unknown input field "nme"', 'did you mean "name"?'),
                ("input/body/day", '"day" is required', ""),
            ],
        ),
        ({}, [("input/day", '"day" is required', "")]),
        ({"body": "$Input{items}{[0]}"}, []),
    ],
)
def test_body_is_held_against_the_schema_of_the_action(
    values: JsonObject, problems: list[tuple[str, str, str]]
) -> None:
    assert _check({"type": "action", "app": "shop", "event": "report", "input": values}) == problems


def test_placeholder_in_the_resource_needs_a_value() -> None:
    event: JsonObject = {"type": "action", "app": "shop", "event": "free"}

    assert _check({**event, "input": {}}) == [("input/id", '"id" is required', "")]
    assert _check({**event, "input": {"id": 1}}) == []


def test_required_field_that_an_auth_supplies_may_be_left_out() -> None:
    app = contents().apps["shop"]
    described: Any = app.to_compact_dict()
    described["actions"][3]["headers"] = {"X-Key": "string", "X-Other": "string"}
    changed = {"shop": app.parse(described)}

    event: JsonObject = {"type": "action", "app": "shop", "event": "free", "input": {"id": 1}}

    assert _check(event, apps=changed) == [("input/X-Other", '"X-Other" is required', "")]


@pytest.mark.parametrize(
    ("event", "problems"),
    [
        ({**EVENT, "input": {}}, [("input/number", '"number" is required', "")]),
        (
            {**EVENT, "input": {"number": "$Input{name}"}},
            [("input/number", "should be a whole number, here is text", "")],
        ),
        (
            {**EVENT, "input": {"number": 1, "nmber": 1}},
            [("input/nmber", 'unknown field "nmber"', 'did you mean "number"?')],
        ),
        ({**_ANY, "input": {"whatever": 1}}, []),
        ({"type": "feature", "event": "inner", "input": {"a": 1}}, [("input/a", "should be text", "")]),
        ({"type": "feature", "event": "inner"}, [("input/a", '"a" is required', "")]),
        ({"type": "notification", "event": "mail:paid"}, [("input/name", '"name" is required', "")]),
        (
            {"type": "database_action", "database": "main", "event": "find", "input": {"id": "$Input{name}"}},
            [("input/id", "should be a whole number, here is text", "")],
        ),
    ],
)
def test_input_is_held_against_what_is_called(event: JsonObject, problems: list[tuple[str, str, str]]) -> None:
    assert _check(event) == problems


@pytest.mark.parametrize(
    ("first", "reference", "problem"),
    [
        (EVENT, "$Sequence{main}{double}{result}", ("should be text, here is a whole number", "")),
        (
            EVENT,
            "$Sequence{main}{double}{reslt}",
            ('unknown field "reslt" in "the result of double"', 'did you mean "result"?'),
        ),
        ({"type": "function", "event": "list", "name": "double"}, "$Sequence{main}{double}{[0]}{sku}", None),
        (
            {"type": "function", "event": "list", "name": "double"},
            "$Sequence{main}{double}{sku}",
            ('"the result of list" is a list, so it has no key "sku"', "write an index: {[0]}"),
        ),
        ({**_ANY, "name": "double"}, "$Sequence{main}{double}{anything}{[3]}", None),
        (order(name="double"), "$Sequence{main}{double}{total}", ("should be text, here is a whole number", "")),
        (
            order(name="double"),
            "$Sequence{main}{double}{toal}",
            ('unknown field "toal" in "the response of order"', 'did you mean "total"?'),
        ),
        (order(name="double", fallback=EVENT), "$Sequence{main}{double}{toal}", None),
        (
            {"type": "feature", "event": "inner", "name": "double", "input": {"a": "b"}},
            "$Sequence{main}{double}{x}",
            None,
        ),
    ],
)
def test_result_of_an_earlier_event_has_the_shape_that_it_declares(
    first: JsonObject, reference: str, problem: tuple[str, str] | None
) -> None:
    second: JsonObject = {"type": "feature", "event": "inner", "input": {"a": reference}}

    found = lines(check_feature(feature(first, second), contents()))

    place = "features/checkout/sequence[0]/events[1]/input/a"
    assert found == ([(place, *problem)] if problem else [])


def test_fallback_and_rollback_are_events_with_places_of_their_own() -> None:
    event = order(
        fallback={"type": "function", "event": "dubble", "cache": "x", "fallback": order(app="shpo", input={})},
        rollback={**EVENT, "input": {"number": "$Response{total}", "label": "$Sequence{main}{order}{id}"}},
    )

    assert _check(event) == [
        ("fallback/event", 'unknown function "dubble"', 'did you mean "double"?'),
        ("fallback/cache", 'unknown cache "x"', 'there are: "hourly"'),
        ("fallback/fallback/app", 'unknown connected app "shpo"', 'did you mean "shop"?'),
    ]


def test_rollback_of_a_fallback_sees_what_has_run_before_its_event() -> None:
    undo: JsonObject = {**EVENT, "input": {"number": "$Sequence{main}{list}{[0]}{sku}", "label": "$Response{x}"}}
    first: JsonObject = {"type": "function", "event": "list"}
    last = order(fallback={**_ANY, "rollback": {**undo, "rollback": {**_ANY, "input": {"x": "$Index"}}}})

    assert [(place.partition("/events")[2], message) for place, message, _ in _check(first, _ANY, last)] == [
        ("[2]/fallback/rollback/input/number", "should be a whole number, here is text"),
        ("[2]/fallback/rollback/rollback/input/x", "there is no $Index here"),
    ]


def test_rollback_is_given_its_rollback_input_in_place_of_its_own() -> None:
    event = order(rollback={**EVENT, "input": {}}, rollback_input={"number": "$Response{id}", "more": 1})

    assert _check(event) == [
        ("rollback_input/number", "should be a whole number, here is text", ""),
        ("rollback_input/more", 'unknown field "more"', 'there are: "label", "number"'),
    ]


def test_loop_knows_its_item_and_nothing_after_it_does() -> None:
    loop: JsonObject = {
        "type": "feature",
        "event": "inner",
        "condition": {"type": "for_each", "subject": "$Input{items}"},
        "input": {"a": "$Item{sk}"},
    }
    numbers: JsonObject = {**loop, "name": "n", "input": {"a": "$Index"}}
    after: JsonObject = {**_ANY, "input": {"x": "$Index"}}

    assert _check(loop, numbers, after) == [
        ("input/a", 'unknown field "sk" in "item"', 'did you mean "sku"?'),
        ("features/checkout/sequence[0]/events[1]/input/a", "should be text, here is a whole number", ""),
        (
            "features/checkout/sequence[0]/events[2]/input/x",
            "there is no $Index here",
            "it belongs to an event with a for_each condition",
        ),
    ]


def test_do_while_sees_its_own_last_result() -> None:
    event: JsonObject = {
        **EVENT,
        "condition": {"type": "do_while", "subject": "$Response{reslt}", "decision_type": "exists"},
        "input": {"number": "$Response{result}", "label": "$Response{result}"},
    }

    assert _check(event) == [
        ("condition/subject", 'unknown field "reslt" in "the result of double"', 'did you mean "result"?'),
        ("input/label", "should be text, here is a whole number", ""),
    ]


def test_loop_over_a_list_leaves_a_list_behind() -> None:
    loop: JsonObject = {
        **EVENT,
        "condition": {"type": "for_each", "subject": "$Input{items}"},
        "input": {"number": "$Index"},
    }
    reads = {"right": "$Sequence{main}{double}{[0]}{result}", "wrong": "$Sequence{main}{double}{result}"}

    assert _check(loop, {**_ANY, "input": {**reads}}) == [
        (
            "features/checkout/sequence[0]/events[1]/input/wrong",
            '"the results of double" is a list, so it has no key "result"',
            "write an index: {[0]}",
        )
    ]


@pytest.mark.parametrize(
    ("condition", "problems"),
    [
        ({"subject": "$Input{nme}"}, [("condition/subject", 'unknown input field "nme"', 'did you mean "name"?')]),
        (
            {"subject": "$Input{amount}", "value": "$Input{nme}"},
            [
                ("condition/value", 'unknown input field "nme"', 'did you mean "name"?'),
            ],
        ),
        (
            {"subject": "$Inptu{a}"},
            [
                (
                    "condition/subject",
                    'column 1: unknown name "$Inptu"',
                    "did you mean $Input?",
                )
            ],
        ),
        ({"subject": "$Input{amount}", "value": 1.5}, []),
        ({"subject": "$Input{amount}", "value": None}, []),
        (
            {"subject": "$Input{amount}", "value": "1"},
            [("condition/value", "is text, but the subject is a whole number", "")],
        ),
        ({"subject": "$Input{name}", "decision_type": "less-than", "value": "m"}, []),
        (
            {"subject": "$Input{flag}", "decision_type": "less-than", "value": 1},
            [
                ("condition/subject", "should be text or a number, here is true or false", ""),
                ("condition/value", "is a whole number, but the subject is true or false", ""),
            ],
        ),
        (
            {"subject": "$Input{amount}", "decision_type": "greater-than"},
            [
                ("condition/value", "should be text or a number, here is null", ""),
            ],
        ),
        ({"subject": "$Input{name}", "decision_type": "exists"}, []),
        ({"subject": "$Input{name}", "decision_type": "in", "value": ["a", "b"]}, []),
        ({"subject": "$Input{name}", "decision_type": "in", "value": "$Input{items}"}, []),
        (
            {"subject": "$Input{name}", "decision_type": "in", "value": "ab"},
            [
                ("condition/value", "should be a list, here is text", ""),
            ],
        ),
        ({"subject": "$Input{name}", "decision_type": "matches", "value": "^a"}, []),
        ({"subject": "$Input{name}", "decision_type": "matches", "value": "$Input{name}"}, []),
        (
            {"subject": "$Input{name}", "decision_type": "matches", "value": "(a"},
            [
                ("condition/value", "is not an RE2 pattern: missing ): (a", ""),
            ],
        ),
        (
            {"subject": "$Input{amount}", "decision_type": "matches", "value": 1},
            [
                ("condition/subject", "should be text, here is a whole number", ""),
                ("condition/value", "should be text, here is a whole number", ""),
            ],
        ),
        ({"subject": "$Input{name}", "decider": "length", "value": 3}, []),
        (
            {"subject": "$Input{amount}", "decider": "length", "value": "3"},
            [
                ("condition/subject", "should be text or a list or an object, here is a whole number", ""),
                ("condition/value", "is text, but the subject is a whole number", ""),
            ],
        ),
        (
            {"type": "for_each", "subject": "$Input{name}"},
            [("condition/subject", "should be a list, here is text", "")],
        ),
        ({"type": "for_each", "subject": [1, 2]}, []),
        (
            {"type": "for_each", "subject": "$Item"},
            [
                ("condition/subject", "there is no $Item here", "it belongs to an event with a for_each condition"),
            ],
        ),
        ({"type": "do_while", "value": 3}, []),
    ],
)
def test_condition_compares_what_can_be_compared(condition: JsonObject, problems: list[tuple[str, str, str]]) -> None:
    assert _check({**_ANY, "condition": condition}) == problems


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ({"params": {"id": "$Nope"}, "body": {"amount": "$Nope"}}, ["params/id", "body/amount"]),
        ({"id": "$Nope", "amount": 1, "lines": ["$Nope"]}, ["id", "lines[0]"]),
        ({"params": {"id": "1"}, "body": "$Nope"}, ["body"]),
    ],
)
def test_text_that_cannot_be_read_causes_no_second_problem_of_its_own(values: JsonObject, places: list[str]) -> None:
    assert [place for place, _, _ in _check(order(input=values))] == [f"input/{place}" for place in places]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("$Input{tags}", 'should have at most 2 items, "tags" has at least 3'),
        ("$Input{few}", None),
        ("$Input{short}", 'should have at least 2 items, "short" has at most 1'),
    ],
)
def test_list_that_can_never_have_the_right_length_is_a_problem(source: str, message: str | None) -> None:
    items: JsonObject = {"type": "array", "items": {"type": "string"}}
    target = contents().functions["any"].changed({"input": {"rows": {**items, "minLength": 2, "maxLength": 2}}})
    whole = feature(
        {**_ANY, "input": {"rows": source}},
        input={"tags": {**items, "minLength": 3}, "few": {**items, "maxLength": 2}, "short": {**items, "maxLength": 1}},
    )

    found = check_feature(whole, contents(functions={"any": target}))

    assert [problem.message for problem in found] == ([message] if message else [])


def test_list_that_is_written_out_must_have_the_right_length() -> None:
    items: JsonObject = {"type": "array", "items": {"type": "string"}, "minLength": 2}
    target = contents().functions["any"].changed({"input": {"rows": items}})

    assert _check({**_ANY, "input": {"rows": ["$Input{name}"]}}, functions={"any": target}) == [
        ("input/rows", "should have at least 2 items", "")
    ]


@pytest.mark.parametrize("value", [0, False, ""])
def test_condition_takes_empty_values_as_values(value: Json) -> None:
    subject = {int: "$Input{amount}", bool: "$Input{flag}", str: "$Input{name}"}[type(value)]

    assert _check({**_ANY, "condition": {"subject": subject, "value": value}}) == []
