"""Features and functions: drafts, versions, the code-execution grant, and renaming across references."""

from __future__ import annotations

from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import DefinitionError, NotAvailableYet, PermissionRefused
from integrations.operations import caches, connected_apps, features, functions
from integrations.types import Json, JsonObject
from tests.scenes.scene import DOUBLE, FEATURE, everything_but, last_audit, make_integration, make_scene, person, put

pytestmark = pytest.mark.django_db

GREET: dict[str, Any] = {"tag": "greet", "language": "js", "function": "() => 'hello'"}
WORKING = "(input) => input.n * 2"


def numbers(row: Any) -> list[int]:
    return list(row.versions.order_by("number").values_list("number", flat=True))


# -- Versions ---------------------------------------------------------------------------------------------------------


def test_publish_freezes_what_is_saved_with_who_and_why() -> None:
    integration = make_integration()
    author = person(*everything_but(), member_of=integration)
    row = put(integration, "functions", **DOUBLE)
    assert numbers(row) == []

    version = functions.publish(row=row, by=author, reason="First try")

    assert (version.number, version.created_by, version.reason) == (1, author, "First try")
    assert version.to_definition() == row.to_definition()
    assert "input" in version.javascript
    audit = last_audit()
    assert (audit.action, audit.kind, audit.tag, audit.reason) == ("publish", "function", "double", "First try")


def test_publish_of_what_has_not_changed_is_the_same_version() -> None:
    row = put(make_integration(), "functions", publish=True, **DOUBLE)
    audits = models.AuditRecord.objects.count()

    again = functions.publish(row=row, by=SYSTEM)

    assert again.number == 1
    assert models.AuditRecord.objects.count() == audits


@pytest.mark.parametrize(("first", "second"), [(0, False), (1, True), (1, 1.5), ("", None)])
def test_value_of_another_type_is_a_change_worth_a_version_and_written_down(first: Json, second: Json) -> None:
    integration = make_scene()
    options: Any = {"integration": integration, "tag": "look_up", "by": SYSTEM, "publish": True}
    row = features.update(changes={"output": {"value": first}}, **options)

    features.update(changes={"output": {"value": second}}, **options)

    assert numbers(row) == [1, 2, 3]
    assert last_audit().action == "publish"
    changed = models.AuditRecord.objects.filter(action="change").latest("pk")
    assert changed.changes.keys() == {"output"}


def test_versions_are_numbered_and_earlier_ones_stay() -> None:
    integration = make_integration()
    row = put(integration, "functions", publish=True, **DOUBLE)

    for source in ("(input) => input.n * 3", "(input) => input.n * 4"):
        changes: JsonObject = {"function": source}
        functions.update(integration=integration, tag="double", changes=changes, by=SYSTEM, publish=True)

    assert numbers(row) == [1, 2, 3]
    assert row.versions.get(number=1).to_definition().function == WORKING


@pytest.mark.parametrize(("store", "values"), [(functions, DOUBLE), (features, GREET)])
def test_publish_takes_the_permission_to_change(store: Any, values: dict[str, Any]) -> None:
    row = put(make_integration(), store.store.collection, **values)

    with pytest.raises(PermissionRefused):
        store.publish(row=row, by=person(*everything_but(f"change_{store.store.kind}")))
    store.publish(row=row, by=person(f"change_{store.store.kind}"))

    assert numbers(row) == [1]


def test_create_that_cannot_be_published_stores_nothing() -> None:
    integration = make_integration()

    with pytest.raises(NotAvailableYet, match="functions/later/language: python"):
        put(integration, "functions", publish=True, tag="later", language="python", function="return 1")

    assert not models.Function.objects.exists()
    put(integration, "functions", tag="later", language="python", function="return 1")
    assert models.Function.objects.count() == 1


@pytest.mark.parametrize(
    ("collection", "values", "place"),
    [
        ("functions", {**DOUBLE, "function": "(input) => {"}, "functions/double/function"),
        ("functions", {**DOUBLE, "language": "ts", "function": "let a: = 1"}, "functions/double/function"),
        ("features", {**GREET, "function": "=>"}, "features/greet/function"),
    ],
)
def test_source_that_does_not_compile_is_refused_at_its_place(
    collection: str, values: dict[str, Any], place: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        put(make_integration(), collection, **values)

    assert [problem.place for problem in caught.value.problems] == [place]


# -- Code is a grant of its own ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("store", "values"), [(functions, DOUBLE), (features, GREET)])
def test_code_takes_the_grant_to_write_it(store: Any, values: dict[str, Any]) -> None:
    integration = make_integration()
    engineer = person(*everything_but("write_code"), member_of=integration)

    with pytest.raises(PermissionRefused, match="you may not write code"):
        store.create(integration=integration, values=values, by=engineer)
    put(integration, store.store.collection, **values)
    for changes in ({"function": "() => 1"}, {"language": "ts"}):
        with pytest.raises(PermissionRefused, match="write_code"):
            store.update(integration=integration, tag=values["tag"], changes=changes, by=engineer)

    row = store.update(integration=integration, tag=values["tag"], changes={"description": "Fine"}, by=engineer)
    assert row.description == "Fine"


def test_feature_of_sequences_takes_no_grant() -> None:
    integration = make_scene()
    engineer = person(*everything_but("write_code"), member_of=integration)

    row = features.create(integration=integration, values={**FEATURE, "tag": "other"}, by=engineer, publish=True)

    assert numbers(row) == [1]


# -- Renaming ----------------------------------------------------------------------------------------------------------


def test_renamed_function_is_followed_by_features_that_call_it() -> None:
    integration = make_scene()
    put(integration, "features", tag="draft", sequence=FEATURE["sequence"], output={}, input=FEATURE["input"])

    functions.update(integration=integration, tag="double", changes={"tag": "twice"}, by=SYSTEM)

    for row in models.Feature.objects.all():
        event = row.to_definition().sequence[0].events[1]
        # Results are referred to by the name that the event had.
        assert (event.event, event.tag) == ("twice", "double")
    published, draft = models.Feature.objects.get(tag="look_up"), models.Feature.objects.get(tag="draft")
    assert (numbers(published), numbers(draft)) == ([1, 2], [])
    assert published.latest_version().reason == "function double is now called twice"  # type: ignore[union-attr]


def test_rename_publishes_what_runs_and_leaves_a_draft_a_draft() -> None:
    integration = make_scene()
    features.update(integration=integration, tag="look_up", changes={"description": "Not ready yet"}, by=SYSTEM)

    functions.update(integration=integration, tag="double", changes={"tag": "twice"}, by=SYSTEM)

    row = models.Feature.objects.get()
    latest = row.latest_version()
    assert latest is not None
    assert (latest.number, latest.to_definition().description) == (2, "")
    assert latest.to_definition().sequence[0].events[1].event == "twice"
    assert row.to_definition().description == "Not ready yet"


def test_renamed_connected_app_and_cache_are_followed() -> None:
    integration = make_scene()
    put(integration, "caches", tag="brief", sequence_tag="fetch", event_tag="get_order", expiry=5, period="mins")
    events = [
        {
            "type": "action",
            "event": "get_order",
            "app": "shop",
            "cache": "brief",
            "input": {"params": {"id": "$Constant{shop}{currency}"}},
        }
    ]
    put(integration, "features", tag="uses", sequence=[{"sequence_tag": "fetch", "events": events}], output={})

    connected_apps.update(integration=integration, tag="shop", changes={"access_tag": "store"}, by=SYSTEM)
    caches.update(integration=integration, tag="brief", changes={"tag": "short"}, by=SYSTEM)

    event = models.Feature.objects.get(tag="uses").to_definition().sequence[0].events[0]
    assert (event.app, event.cache) == ("store", "short")
    assert event.input == {"params": {"id": "$Constant{store}{currency}"}}


def test_renamed_feature_is_followed_by_jobs_and_features() -> None:
    integration = make_scene()
    put(integration, "jobs", tag="look_up")
    put(integration, "jobs", tag="nightly", target={"type": "feature", "event": "look_up"})
    outer = [{"sequence_tag": "s", "events": [{"type": "feature", "event": "look_up", "input": {"id": "1"}}]}]
    put(integration, "features", tag="outer", sequence=outer, output={})

    features.update(integration=integration, tag="look_up", changes={"tag": "find"}, by=SYSTEM)

    targets = {job.tag: job.to_definition().own_target.event for job in models.Job.objects.all()}
    assert targets == {"look_up": "find", "nightly": "find"}
    assert models.Feature.objects.get(tag="outer").to_definition().sequence[0].events[0].event == "find"


def test_rename_that_breaks_off_leaves_every_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    integration = make_scene()

    def break_off(*_args: Any, **_kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(functions.store, "touch", break_off)
    with pytest.raises(KeyboardInterrupt):
        functions.update(integration=integration, tag="double", changes={"tag": "twice"}, by=SYSTEM)

    assert models.Function.objects.get().tag == "double"
    assert models.Feature.objects.get().to_definition().sequence[0].events[1].event == "double"
    assert models.FeatureVersion.objects.count() == 1
