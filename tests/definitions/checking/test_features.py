from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from integrations.definitions.checking import check_feature, check_input
from integrations.definitions.contents import Contents
from integrations.definitions.feature import Feature
from integrations.definitions.job import Job
from integrations.errors import InvalidInput, Problem
from integrations.types import Json, JsonObject
from tests.definitions.checking.integration import EVENT, contents, feature, lines, order
from tests.definitions.strategies import features

AT = "features/checkout/sequence[0]/events[0]"


def test_feature_that_uses_something_of_every_kind_has_no_problems() -> None:
    whole = feature(
        {**EVENT, "cache": "hourly"},
        order(
            name="place",
            input={
                "id": "$Sequence{main}{double}{result}-$Env{slug}",
                "amount": "$Sequence{main}{double}{result}",
                "lines": [{"sku": "$Variable{shop}{region}", "count": "$Default"}],
                "currency": "$Default",
            },
            condition={
                "subject": "$Input{amount}",
                "decision_type": "greater-than",
                "value": "$Constant{shop}{version}",
            },
            fallback=order(input={"params": {"id": "2"}, "body": {"amount": 1, "note": "$Response{message}"}}),
            rollback={"type": "action", "app": "shop", "event": "free"},
            rollback_input={"params": {"id": "$Response{id}"}, "headers": {"X": "$Auth{user}{token}"}},
        ),
        {
            "type": "action",
            "app": "shop",
            "event": "report",
            "input": {"day": '$Dateformat($Now, "YYYY")'},
        },
        {
            "type": "function",
            "event": "any",
            "name": "each",
            "condition": {"type": "for_each", "subject": "$Input{items}", "parallel": True},
            "input": {"sku": "$Item{sku}", "at": "$Index", "rows": "$Sequence{main}{report}{rows}{[0]}{anything}"},
        },
        {
            "type": "function",
            "event": "any",
            "name": "again",
            "condition": {"type": "do_while", "decision_type": "less-than", "value": 3},
            "input": {"last": "$Response{page}", "all": "$Sequence{main}{each}{[0]}{x}"},
        },
        {"type": "feature", "event": "inner", "input": {"a": "$Secret{pepper}"}},
        {"type": "notification", "event": "mail:paid", "input": {"name": "$Input{name}"}},
        {"type": "database_action", "database": "main", "event": "find", "input": {"id": "$Input{amount}"}},
        {"type": "job", "event": "nightly"},
        {"type": "wait", "event": "pause", "input": {"seconds": 1}},
        output={"total": "$Sequence{main}{place}", "calls": {"function": "double", "values": [1]}},
        deduplicate={"key": "$Input{name}", "window": 60},
    )

    assert lines(check_feature(whole, contents())) == []


def test_code_feature_has_its_fields_checked() -> None:
    code = Feature.parse(
        {
            "tag": "code",
            "language": "js",
            "function": "x",
            "input": [{"type": "number", "defaultValue": "1"}],
            "output": {"type": "object", "output_keys": {"a": {"type": "number", "sampleValue": "x"}}},
        }
    )

    assert [problem.place for problem in check_feature(code, contents())] == [
        "features/code/input[0]/defaultValue",
        "features/code/output/output_keys[0]/sampleValue",
    ]


def _sequences(**parents: list[str]) -> list[JsonObject]:
    return [
        {"sequence_tag": tag, "parents": [*above], "events": [{"type": "function", "event": "any"}]}
        for tag, above in parents.items()
    ]


@pytest.mark.parametrize(
    ("sequences", "expected"),
    [
        (
            [*_sequences(a=[]), *_sequences(a=[])],
            [("sequence[1]/sequence_tag", 'there is already a sequence "a"', "give each sequence a tag of its own")],
        ),
        (
            _sequences(first=[], second=["frist"]),
            [("sequence[1]/parents[0]", 'unknown sequence "frist"', 'did you mean "first"?')],
        ),
        (
            _sequences(a=["c"], b=["a"], c=["b"]),
            [("sequence[0]/parents", "the parents form a loop: a → c → b → a", "remove one of these parents")],
        ),
        (
            _sequences(a=["a"]),
            [("sequence[0]/parents", "the parents form a loop: a → a", "remove one of these parents")],
        ),
    ],
)
def test_sequences_that_cannot_be_put_in_order_are_problems(
    sequences: list[JsonObject], expected: list[tuple[str, str, str]]
) -> None:
    problems = check_feature(feature(sequence=sequences), contents())

    assert lines(problems) == [(f"features/checkout/{place}", message, hint) for place, message, hint in expected]


def test_event_of_the_same_name_twice_in_a_sequence_is_a_problem() -> None:
    problems = check_feature(feature(EVENT, EVENT, {**EVENT, "name": "again"}), contents())

    assert lines(problems) == [
        (
            "features/checkout/sequence[0]/events[1]",
            'there is already an event "double" in sequence "main"',
            "give it a name of its own in `name`",
        )
    ]


@pytest.mark.parametrize(
    ("reference", "message", "hint"),
    [
        ("$Sequence{first}{any}", None, ""),
        ("$Sequence{frist}{any}", 'unknown sequence "frist"', 'did you mean "first"?'),
        ("$Sequence{beside}{any}", 'sequence "beside" need not have finished here', 'add "beside" to parents'),
        ("$Sequence{below}{any}", 'sequence "below" need not have finished here', 'add "below" to parents'),
        ("$Sequence{first}{ayn}", 'unknown event "ayn" in sequence "first"', 'did you mean "any"?'),
        ("$Sequence{own}{earlier}", None, ""),
        ("$Sequence{own}{any}", 'event "any" of sequence "own" has not run yet here', ""),
        ("$Sequence{own}{later}", 'event "later" of sequence "own" has not run yet here', ""),
        ("$Sequence{own}{earlir}", 'unknown event "earlir" in sequence "own"', 'did you mean "earlier"?'),
    ],
)
def test_reference_reaches_what_has_finished_and_nothing_else(reference: str, message: str | None, hint: str) -> None:
    call: JsonObject = {"type": "function", "event": "any"}
    own: list[Json] = [{**call, "name": "earlier"}, {**call, "input": {"x": reference}}, {**call, "name": "later"}]
    sequences = [
        *_sequences(first=[], between=["first"], beside=["first"]),
        {"sequence_tag": "own", "parents": ["between"], "events": own},
        *_sequences(below=["own"]),
    ]

    problems = check_feature(feature(sequence=sequences), contents())

    place = "features/checkout/sequence[3]/events[1]/input/x"
    assert lines(problems) == ([(place, message, hint)] if message else [])


def test_output_reaches_every_sequence() -> None:
    whole = feature(output={"a": "$Sequence{main}{double}{result}", "b": ["$Sequence{main}{triple}"], "c": "$Item"})

    assert lines(check_feature(whole, contents())) == [
        ("features/checkout/output/b[0]", 'unknown event "triple" in sequence "main"', 'there are: "double"'),
        ("features/checkout/output/c", "there is no $Item here", "it belongs to an event with a for_each condition"),
    ]


def test_deduplication_key_sees_the_input_only() -> None:
    whole = feature(deduplicate={"key": ["$Input{nam}", "$Sequence{main}{double}"], "window": 1})

    assert [problem.message for problem in check_feature(whole, contents())] == [
        'unknown input field "nam"',
        'unknown sequence "main"',
    ]


def _calls(tag: str, *called: str) -> Feature:
    events = [{"type": "feature", "event": name} for name in called] or [{"type": "function", "event": "any"}]
    return Feature.parse({"tag": tag, "sequence": [{"sequence_tag": "s", "events": events}]})


@pytest.mark.parametrize(
    ("others", "index", "loop"),
    [
        ([], 0, "feature a → feature a"),
        ([_calls("b", "c"), _calls("c", "a")], 0, "feature a → feature b → feature c → feature a"),
        ([_calls("b", "d"), _calls("d"), _calls("c", "c")], 1, "feature c → feature c"),
    ],
)
def test_nested_features_that_would_call_themselves_are_a_problem(others: list[Feature], index: int, loop: str) -> None:
    own = _calls("a", *(("b", "c") if others else ("a",)))

    problems = check_feature(own, contents(features={each.tag: each for each in others}))

    place = f"features/a/sequence[0]/events[{index}]/event"
    assert lines(problems) == [
        (place, f"would start each other in a loop: {loop}", "let one of them start something else")
    ]


@pytest.mark.parametrize("target", [None, {"type": "feature", "event": "again"}, {"type": "job", "event": "other"}])
def test_feature_that_would_start_itself_by_a_job_is_a_problem(target: JsonObject | None) -> None:
    event = {"type": "job", "event": "again"}
    own = Feature.parse({"tag": "again", "sequence": [{"sequence_tag": "s", "events": [event]}]})
    other = Job.parse({"tag": "other", "target": {"type": "feature", "event": "again"}})
    among = contents(jobs={"again": Job.parse({"tag": "again", "target": target}), "other": other})

    [problem] = check_feature(own, among)

    assert problem.place == "features/again/sequence[0]/events[0]/event"
    assert problem.message.startswith("would start each other in a loop: feature again → job again → ")


def test_nested_features_may_share_a_feature() -> None:
    others = {each.tag: each for each in (_calls("b", "d"), _calls("c", "d"), _calls("d"))}

    assert check_feature(_calls("a", "b", "c"), contents(features=others)) == []


def test_all_problems_are_reported_at_once_in_the_order_of_the_feature() -> None:
    whole = feature(
        {"type": "function", "event": "duble", "input": {}},
        order(input={"params": {}, "body": {"amount": "many", "currency": "EURO", "ammount": 1}}),
        order(name="again", app="shpo", cache="hurly"),
        output="$Sequence{mian}{x}",
        input={"amount": {"type": "number", "defaultValue": True}},
    )

    assert [problem.place for problem in check_feature(whole, contents(), place="here")] == [
        "here/input[0]/defaultValue",
        "here/sequence[0]/events[0]/event",
        "here/sequence[0]/events[1]/input/params/id",
        "here/sequence[0]/events[1]/input/body/amount",
        "here/sequence[0]/events[1]/input/body/currency",
        "here/sequence[0]/events[1]/input/body/ammount",
        "here/sequence[0]/events[2]/app",
        "here/sequence[0]/events[2]/cache",
        "here/output",
    ]


def test_texts_that_cannot_be_read_are_problems_beside_all_others() -> None:
    whole = feature(order(input={"params": {"id": "$Inptu{a}"}, "body": {"amount": "$Input{a", "note": "$Input{nam}"}}))

    assert [(problem.place, problem.message) for problem in check_feature(whole, contents())] == [
        (f"{AT}/input/params/id", 'column 1: unknown name "$Inptu"'),
        (f"{AT}/input/body/amount", 'column 7: this "{" is never closed'),
        (f"{AT}/input/body/note", 'unknown input field "nam"'),
    ]


@pytest.mark.parametrize("missing", [True, False])
def test_environment_without_a_binding_that_can_be_called_is_a_problem(*, missing: bool) -> None:
    binding: Json = {"app_env_slug": "closed", "integration_env_slug": "dev"}
    shop = contents().connected_apps["shop"].changed({"envs": [] if missing else [binding]})
    whole = feature(order(), order(name="again"))

    problems = check_feature(whole, contents(connected_apps={"shop": shop}))

    unbound = (
        f"{AT}/app",
        'environment "dev" has no binding for the connected app "shop"',
        'bind "shop" in "dev", or make the environment inactive',
    )
    closed = (f"{AT}/app", 'environment "dev": environment "closed" of app "shop" is inactive', "")
    assert lines(problems) == [unbound if missing else closed]


def test_variable_needs_a_binding_and_a_constant_none() -> None:
    shop = contents().connected_apps["shop"].changed({"envs": []})
    reads: JsonObject = {"type": "function", "event": "any", "input": {"v": "$Constant{shop}{version}"}}

    without = check_feature(feature(reads), contents(connected_apps={"shop": shop}))
    reads["input"] = {"v": "$Variable{shop}{region}"}
    problems = check_feature(feature(reads), contents(connected_apps={"shop": shop}))

    assert without == []
    assert [problem.place for problem in problems] == [f"{AT}/input/v"]


def test_binding_seen_from_the_environment_counts() -> None:
    shop = contents().connected_apps["shop"].changed({"envs": []})
    dev = contents().environments["dev"].changed({"envs": [{"access_tag": "shop", "app_env_slug": "sandbox"}]})

    found = check_feature(feature(order()), contents(connected_apps={"shop": shop}, environments={"dev": dev}))

    assert found == []


def test_feature_without_declared_input_may_read_anything_of_it() -> None:
    whole = feature({"type": "function", "event": "any", "input": {"x": "$Input{whatever}{[0]}"}}, input=[])

    assert check_feature(whole, contents()) == []


def test_long_chain_of_sequences_is_checked_in_well_under_a_second() -> None:
    count = 5_000
    sequences = [
        {
            "sequence_tag": f"s{number}",
            "parents": [f"s{number - 1}"] if number else [],
            "events": [{"type": "wait", "event": "w", "input": {"x": "$Sequence{s0}{w}{a}"} if number else {}}],
        }
        for number in range(count)
    ]
    whole = feature(sequence=sequences, output=f"$Sequence{{s{count - 1}}}{{w}}")

    started = time.process_time()
    problems = check_feature(whole, Contents(tag="demo"))

    assert problems == []
    assert time.process_time() - started < 5  # about 0.4 s; a quadratic check takes minutes


def test_problems_of_a_hopeless_feature_are_cut_off() -> None:
    sequences = _sequences(**{f"s{number}": ["nobody"] for number in range(300)})

    assert len(check_feature(feature(sequence=sequences), contents())) == 100


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(features)
def test_any_feature_is_checked_without_raising(any_feature: Feature) -> None:
    for problem in check_feature(any_feature, contents()):
        assert problem.place.startswith(f"features/{any_feature.tag}")
        assert problem.message


def test_input_of_a_run_has_defaults_and_places() -> None:
    line: Json = {"price": "number", "count": {"type": "number", "defaultValue": 1}}
    order_field: JsonObject = {"type": "object", "fields": {"lines": {"type": "array", "fields": line}}}
    whole = feature(input={"order": order_field, "dry": {"type": "boolean", "defaultValue": False}})

    assert check_input(whole, {"order": {"lines": [{"price": 1}]}}) == {
        "order": {"lines": [{"price": 1, "count": 1}]},
        "dry": False,
    }
    with pytest.raises(InvalidInput) as caught:
        check_input(whole, {"order": {"lines": [{"price": "1"}]}, "more": 1})
    assert [problem.place for problem in caught.value.problems] == ["input/more", "input/order/lines[0]/price"]


@pytest.mark.parametrize("values", [[], "text", None, 1])
def test_input_of_a_run_that_is_no_object_is_refused(values: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_input(feature(input=[]), values)

    assert caught.value.problems == (Problem("input", "should be an object"),)


def test_feature_without_declared_input_takes_any_object() -> None:
    assert check_input(feature(input=[]), {"a": [1]}) == {"a": [1]}
