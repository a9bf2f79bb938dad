from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.references import Literal, ObjectNode
from integrations.definitions.release import Release
from integrations.engine.graph import CyclicSequences
from integrations.engine.plan import PlannedMapping, UnavailableTarget
from integrations.engine.planner import plan
from integrations.errors import DefinitionError
from tests.engine.harness import action, function, release, sequence


def _input_of(released: Release) -> PlannedMapping:
    planned = plan(released).sequences["main"].events[0].input
    assert planned is not None
    return planned


def test_plan_of_equal_releases_is_made_once() -> None:
    first = release(sequence("main", action("create")))
    second = Release.parse(first.to_dict())

    assert first is not second
    assert plan(first) is plan(second)


def test_plan_of_another_release_is_another() -> None:
    assert plan(release(sequence("main", action("a")))) is not plan(release(sequence("main", action("b"))))


def test_plan_of_parents_in_a_loop_is_refused() -> None:
    with pytest.raises(
        CyclicSequences, match=r"the parents form a loop: (first → second → first|second → first → second)"
    ):
        plan(
            release(
                sequence("first", action("a"), parents=["second"]), sequence("second", action("b"), parents=["first"])
            )
        )


@pytest.mark.parametrize(
    ("released", "message"),
    [
        (release(sequence("s", action("a")), sequence("s", action("b"))), 'the sequence "s" appears twice'),
        (release(sequence("s", action("a"), action("a"))), 'the event "a" appears twice'),
        (release(sequence("s", action("a"), parents=["gone"])), 'unknown sequence "gone"'),
        (release(sequence("s", action("a", input={"body": "$Inptu{x}"}))), "Inptu"),
        (release(sequence("s", {**action("a"), "app": "shop"})), 'no action "a" of the app "shop"'),
        (release(sequence("s", action("a", input={"amount": 1}))), 'unknown field "amount"'),
    ],
)
def test_plan_of_what_publishing_would_refuse_is_refused(released: Release, message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        plan(released)


def test_plan_of_a_function_that_is_not_released_is_refused() -> None:
    whole = release(sequence("s", function("sum")))
    without = Release.parse({**whole.to_dict(), "functions": {}})

    with pytest.raises(DefinitionError, match='no function "sum"'):
        plan(without)


def test_same_event_twice_under_its_own_names_is_planned() -> None:
    planned = plan(release(sequence("s", action("a", name="one"), action("a", name="two"))))

    assert [each.event.tag for each in planned.sequences["s"].events] == ["one", "two"]


def test_flat_input_is_placed_by_the_fields_of_the_action() -> None:
    fields: dict[str, Any] = {
        "query": [{"key": "page", "type": "number"}],
        "body": [{"key": "name", "type": "string"}],
        "headers": [{"key": "X-Shop", "type": "string"}],
    }
    released = release(
        sequence("main", action("create", input={"page": 1, "name": "n", "X-Shop": "s"})), actions={"create": fields}
    )

    assert _input_of(released).template == ObjectNode(
        (
            ("query", ObjectNode((("page", Literal(1)),))),
            ("headers", ObjectNode((("X-Shop", Literal("s")),))),
            ("body", ObjectNode((("name", Literal("n")),))),
        )
    )


def test_default_is_the_default_of_its_field_and_data() -> None:
    fields = {"body": [{"key": "note", "type": "string", "defaultValue": "$Input{x}", "required": False}]}
    released = release(sequence("main", action("create", input={"note": "$Default"})), actions={"create": fields})

    assert _input_of(released).template == ObjectNode((("body", ObjectNode((("note", Literal("$Input{x}")),))),))


@pytest.mark.parametrize("kind", ["notification", "database_action"])
def test_event_that_nothing_runs_yet_is_planned_as_unavailable(kind: str) -> None:
    planned = plan(release(sequence("main", {"type": kind, "event": "x", "database": "d"})))

    assert planned.sequences["main"].events[0].target == UnavailableTarget(kind)
