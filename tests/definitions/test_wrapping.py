"""Features made of an action, a function or a job, for jobs to start."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.app import App
from integrations.definitions.connected_app import ConnectedApp
from integrations.definitions.contents import Contents
from integrations.definitions.function import Function
from integrations.definitions.job import Job, JobTarget
from integrations.definitions.releasing import unavailable
from integrations.definitions.wrapping import not_yet, wrap
from integrations.errors import DefinitionError, InvalidInput

SHOP = App.parse(
    {
        "app_name": "Shop",
        "tag": "shop",
        "actions": [{"tag": "put", "method": "PUT", "resource": "/orders/:id", "body": {"n": "number"}}],
    }
)
DOUBLE = Function.parse(
    {"tag": "double", "language": "js", "function": "(input) => input.n * 2", "input": {"n": "number"}}
)
CONTENTS = Contents(
    tag="orders",
    connected_apps={"shop": ConnectedApp(access_tag="shop")},
    apps={"shop": SHOP},
    functions={"double": DOUBLE},
    jobs={"nightly": Job(tag="nightly")},
)


def target(type: Any, event: str, **more: Any) -> JobTarget:
    return JobTarget(type=type, event=event, **more)


def test_function_becomes_a_feature_that_takes_what_it_takes() -> None:
    wrapped = wrap(target("function", "double"), {"n": 3}, CONTENTS)

    (event,) = wrapped.feature.sequence[0].events
    assert wrapped.input == {"n": 3}
    assert wrapped.feature.input == DOUBLE.input
    assert (event.type, event.event, event.input) == ("function", "double", {"n": "$Input{n}"})
    assert wrapped.feature.output == "$Sequence{main}{double}"
    assert unavailable(wrapped.feature) == []


def test_action_gets_its_flat_input_in_sections() -> None:
    wrapped = wrap(target("action", "put", app="shop"), {"id": "A-7", "n": 1}, CONTENTS)

    (event,) = wrapped.feature.sequence[0].events
    assert wrapped.input == {"params": {"id": "A-7"}, "body": {"n": 1}}
    assert event.app == "shop"
    assert event.input == {"params": {"id": "$Input{params}{id}"}, "body": {"n": "$Input{body}{n}"}}


def test_job_is_started_by_a_job_event() -> None:
    wrapped = wrap(target("job", "nightly"), {"any {key}": "$Now"}, CONTENTS)

    (event,) = wrapped.feature.sequence[0].events
    assert (event.type, event.input) == ("job", {"any {key}": '$Input{"any {key}"}'})


def test_inputs_with_the_same_keys_share_a_feature() -> None:
    one, other = (wrap(target("function", "double"), {"n": n}, CONTENTS).feature for n in (1, 2))

    assert one == other


def test_input_that_the_target_does_not_take_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidInput) as refused:
        wrap(target("action", "put", app="shop"), {"id": "A-7", "n": "many"}, CONTENTS)

    assert [problem.place for problem in refused.value.problems] == ["input/body/n"]


@pytest.mark.parametrize(
    ("gone", "place"),
    [
        (target("function", "treble"), "target/event"),
        (target("action", "get", app="shop"), "target/event"),
        (target("action", "put", app="shp"), "target/app"),
        (target("action", "put"), "target/app"),
        (target("job", "weekly"), "target/event"),
    ],
)
def test_target_that_is_gone_is_refused_with_its_place(gone: JobTarget, place: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        wrap(gone, {}, CONTENTS)

    assert [problem.place for problem in refused.value.problems] == [place]


@pytest.mark.parametrize("type", ["notification", "database_action"])
def test_target_that_nothing_runs_yet_is_named(type: str) -> None:
    assert [problem.place for problem in not_yet(target(type, "x"))] == ["target/type"]
    assert not_yet(target("function", "double")) == []
