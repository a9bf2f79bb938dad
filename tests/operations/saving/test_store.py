"""What all kinds of definitions have in common, kind by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import AlreadyExists, DefinitionError, InUse, NotFound, PermissionRefused
from integrations.operations import _audit
from tests.scenes.scene import SHOP, STORES, everything_but, last_audit, make_app, make_integration, person, put

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Kind:
    collection: str
    model: Any
    values: dict[str, Any]
    change: dict[str, Any]
    #: A definition with two things wrong, and where.
    wrong: dict[str, Any]
    places: tuple[str, str]
    key: str = "tag"

    def __str__(self) -> str:
        return self.collection

    @property
    def store(self) -> Any:
        return STORES[self.collection]

    @property
    def name(self) -> str:
        return str(self.values[self.key])

    @property
    def codename(self) -> str:
        return str(self.model._meta.model_name)


KINDS = (
    Kind(
        "environments",
        models.Environment,
        {"env_name": "Staging", "slug": "stg", "auth": {}},
        {"description": "Like production"},
        {"env_name": "S", "slug": "stg", "auth": "none"},
        ("environments/stg/env_name", "environments/stg/auth"),
        key="slug",
    ),
    Kind(
        "functions",
        models.Function,
        {"tag": "one", "language": "js", "function": "() => 1"},
        {"function": "() => 2"},
        {"tag": "one", "language": "cobol", "function": ""},
        ("functions/one/language", "functions/one/function"),
    ),
    Kind(
        "caches",
        models.Cache,
        {"tag": "brief", "sequence_tag": "fetch", "event_tag": "get_order", "expiry": 5, "period": "mins"},
        {"expiry": 6},
        {"tag": "brief", "sequence_tag": "fetch", "event_tag": "get_order", "expiry": 0, "period": "moons"},
        ("caches/brief/expiry", "caches/brief/period"),
    ),
    Kind(
        "notifications",
        models.Notification,
        {"tag": "alert"},
        {"name": "Alert"},
        {"tag": "alert", "nam": "Alert", "messages": [{"tag": "m", "channel": "pigeon"}]},
        ("notifications/alert/messages[0]/channel", "notifications/alert/nam"),
    ),
    Kind(
        "connected_apps",
        models.ConnectedApp,
        {"access_tag": "shop"},
        {"app_tag": "depot"},
        {
            "access_tag": "shop",
            "envs": [
                {"app_env_slug": "liv", "integration_env_slug": "dev"},
                {"app_env_slug": "live", "integration_env_slug": "prd"},
            ],
        },
        ("connected_apps/shop/envs[0]/app_env_slug", "connected_apps/shop/envs[1]/integration_env_slug"),
        key="access_tag",
    ),
    Kind(
        "features",
        models.Feature,
        {"tag": "greet", "language": "js", "function": "() => 'hello'"},
        {"description": "Says hello"},
        {
            "tag": "greet",
            "sequence": [{"sequence_tag": "s", "events": [{"type": "function", "event": "gone"}]}],
            "output": {"a": "$Sequence{s}{other}"},
        },
        ("features/greet/sequence[0]/events[0]/event", "features/greet/output/a"),
    ),
    Kind(
        "databases",
        models.Database,
        {"tag": "stock"},
        {"type": "sqlite"},
        {"tag": "stock", "type": "papyrus", "actions": [{"tag": "a", "operation": "query"}]},
        ("databases/stock/type", "databases/stock/actions[0]"),
    ),
    Kind(
        "jobs",
        models.Job,
        {"tag": "nightly"},
        {"paused": True},
        {"tag": "nightly", "env": "prd", "target": {"event": "gone"}},
        ("jobs/nightly/env", "jobs/nightly/target/event"),
    ),
)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


@pytest.fixture
def integration() -> models.Integration:
    """It has the environment `dev`, and the catalogue has the apps `shop` and `depot`."""
    make_app()
    make_app({**SHOP, "tag": "depot"})
    integration = make_integration()
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    return integration


def state(integration: models.Integration) -> tuple[int, int, list[int]]:
    """Return what a refused operation leaves as it is."""
    integration.refresh_from_db()
    counts = [kind.model.objects.count() for kind in KINDS]
    return models.AuditRecord.objects.count(), integration.revision, counts


@each_kind
def test_create_stores_what_it_returns_and_writes_it_down(kind: Kind, integration: models.Integration) -> None:
    member = person(*everything_but(), member_of=integration)
    revision = integration.revision

    row = kind.store.create(integration=integration, values=kind.values, by=member)

    stored = kind.store.describe(kind.store.fetch(integration=integration, tag=kind.name, by=member))
    assert kind.store.describe(row) == stored
    assert kind.values.items() <= stored.to_dict().items()
    audit = last_audit()
    assert (audit.action, audit.kind, audit.tag, audit.by, audit.integration) == (
        "add",
        kind.store.kind,
        kind.name,
        member,
        integration,
    )
    assert audit.changes[kind.key] == {"from": None, "to": kind.name}
    integration.refresh_from_db()
    assert integration.revision > revision


@each_kind
def test_create_of_what_exists_returns_it_unchanged_or_raises(kind: Kind, integration: models.Integration) -> None:
    first = put(integration, kind.collection, **kind.values)
    before = state(integration)

    again = put(integration, kind.collection, **{**kind.values, **kind.change})

    assert again.pk == first.pk
    assert kind.store.describe(again) == kind.store.describe(first)
    with pytest.raises(AlreadyExists, match=f'there is already an? {kind.store.kind} "{kind.name}"'):
        kind.store.create(integration=integration, values=kind.values, by=SYSTEM, throw_error_if_exists=True)
    assert state(integration) == before


@each_kind
def test_update_changes_what_is_named_and_writes_down_only_that(kind: Kind, integration: models.Integration) -> None:
    put(integration, kind.collection, **kind.values)

    row = kind.store.update(integration=integration, tag=kind.name, changes=kind.change, by=SYSTEM)

    described = kind.store.describe(row).to_dict()
    assert {**kind.values, **kind.change}.items() <= described.items()
    assert (
        kind.store.describe(kind.store.fetch(integration=integration, tag=kind.name, by=SYSTEM)).to_dict() == described
    )
    assert last_audit().action == "change"
    assert last_audit().changes.keys() <= kind.change.keys()


@each_kind
def test_update_to_what_is_there_already_changes_nothing(kind: Kind, integration: models.Integration) -> None:
    row = put(integration, kind.collection, **kind.values)
    before = state(integration)

    kind.store.update(integration=integration, tag=kind.name, changes=kind.store.describe(row).to_dict(), by=SYSTEM)

    assert state(integration) == before


@each_kind
def test_rename_leaves_nothing_under_the_old_name(kind: Kind, integration: models.Integration) -> None:
    put(integration, kind.collection, **kind.values)
    new = "qa2" if kind.key == "slug" else "shop:two"

    row = kind.store.update(integration=integration, tag=kind.name, changes={kind.key: new}, by=SYSTEM)

    assert getattr(kind.store.describe(row), kind.key) == new
    with pytest.raises(NotFound) as caught:
        kind.store.fetch(integration=integration, tag=kind.name, by=SYSTEM)
    assert new in caught.value.existing


@each_kind
def test_rename_to_a_name_that_is_taken_is_refused(kind: Kind, integration: models.Integration) -> None:
    other = "qa2" if kind.key == "slug" else "shop:two"
    put(integration, kind.collection, **kind.values)
    put(integration, kind.collection, **{**kind.values, kind.key: other})
    before = state(integration)

    with pytest.raises(DefinitionError) as caught:
        kind.store.update(integration=integration, tag=kind.name, changes={kind.key: other}, by=SYSTEM)

    assert [problem.place for problem in caught.value.problems] == [f"{kind.collection}/{other}/{kind.key}"]
    assert state(integration) == before


@each_kind
def test_same_name_in_another_integration_is_another(kind: Kind, integration: models.Integration) -> None:
    other = make_integration("Another one")
    put(integration, kind.collection, **kind.values)

    put(other, kind.collection, **kind.values)

    assert kind.model.objects.for_integration(other).count() == 1
    assert [row.integration for row in kind.store.fetch_all(integration=other, by=SYSTEM)] == [other]


@each_kind
def test_delete_removes_it_and_writes_down_what_it_was(kind: Kind, integration: models.Integration) -> None:
    row = put(integration, kind.collection, **kind.values)

    kind.store.delete(row=row, by=SYSTEM)

    assert not kind.model.objects.for_integration(integration).filter(**{kind.key: kind.name}).exists()
    audit = last_audit()
    assert (audit.action, audit.kind, audit.tag, audit.by) == ("delete", kind.store.kind, kind.name, None)
    assert audit.changes[kind.key] == {"from": kind.name, "to": None}


@each_kind
def test_all_problems_come_at_once_and_nothing_is_stored(kind: Kind, integration: models.Integration) -> None:
    before = state(integration)

    with pytest.raises(DefinitionError) as caught:
        put(integration, kind.collection, **kind.wrong)

    assert tuple(problem.place for problem in caught.value.problems) == kind.places
    assert state(integration) == before


@each_kind
def test_each_verb_takes_its_own_permission_and_no_other(kind: Kind, integration: models.Integration) -> None:
    code = {"write_code"} if kind.collection in ("functions", "features") else set()

    def may(verb: str) -> list[Any]:
        wanted = {f"{verb}_{kind.codename}", *(code if verb in ("add", "change") else ())}
        needs_view = {f"view_{kind.codename}"} if verb == "change" else set()
        return [
            person(*wanted, *needs_view, member_of=integration),
            person(*everything_but(f"{verb}_{kind.codename}"), member_of=integration),
        ]

    adder, no_adder = may("add")
    with pytest.raises(PermissionRefused):
        kind.store.create(integration=integration, values=kind.values, by=no_adder)
    row = kind.store.create(integration=integration, values=kind.values, by=adder)

    viewer, no_viewer = may("view")
    with pytest.raises(PermissionRefused):
        kind.store.fetch(integration=integration, tag=kind.name, by=no_viewer)
    with pytest.raises(PermissionRefused):
        kind.store.fetch_all(integration=integration, by=no_viewer)
    assert kind.store.fetch(integration=integration, tag=kind.name, by=viewer) == row

    changer, no_changer = may("change")
    with pytest.raises(PermissionRefused, match=f'the permission "change_{kind.codename}"'):
        kind.store.update(integration=integration, tag=kind.name, changes=kind.change, by=no_changer)
    row = kind.store.update(integration=integration, tag=kind.name, changes=kind.change, by=changer)

    deleter, no_deleter = may("delete")
    with pytest.raises(PermissionRefused):
        kind.store.delete(row=row, by=no_deleter)
    kind.store.delete(row=row, by=deleter)


@each_kind
def test_inactive_superuser_may_do_nothing(kind: Kind, integration: models.Integration) -> None:
    someone = person()
    someone.is_superuser, someone.is_active = True, False
    someone.save()

    with pytest.raises(PermissionRefused):
        kind.store.create(integration=integration, values=kind.values, by=someone)


@each_kind
def test_write_that_breaks_off_leaves_nothing(
    kind: Kind, integration: models.Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = put(integration, kind.collection, **kind.values)
    before, described = state(integration), kind.store.describe(row)

    def break_off(*_args: Any, **_kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_audit, "write", break_off)
    with pytest.raises(KeyboardInterrupt):
        kind.store.update(integration=integration, tag=kind.name, changes=kind.change, by=SYSTEM)
    with pytest.raises(KeyboardInterrupt):
        kind.store.delete(row=kind.store.fetch(integration=integration, tag=kind.name, by=SYSTEM), by=SYSTEM)

    assert state(integration) == before
    assert kind.store.describe(kind.store.fetch(integration=integration, tag=kind.name, by=SYSTEM)) == described


@each_kind
def test_what_was_fetched_can_be_passed_back_in(kind: Kind, integration: models.Integration) -> None:
    row = put(integration, kind.collection, **kind.values)
    plain = kind.store.describe(row).to_dict()

    again = kind.store.update(integration=integration, tag=kind.name, changes=plain, by=SYSTEM)

    assert kind.store.describe(again).to_dict() == plain
    kind.store.delete(row=again, by=SYSTEM)
    assert kind.store.describe(put(integration, kind.collection, **plain)).to_dict() == plain


def test_someone_else_was_faster_with_the_same_tag(
    integration: models.Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = STORES["caches"]
    values = KINDS[2].values
    check = store.problems
    checks = 0

    def check_then_lose_the_race(**arguments: Any) -> Any:
        nonlocal checks
        checks += 1
        found = check(**arguments)
        if checks == 1:
            put(integration, "caches", **values)
        return found

    monkeypatch.setattr(store, "problems", check_then_lose_the_race)
    with pytest.raises(DefinitionError, match='there is already a cache "brief"'):
        put(integration, "caches", **values)

    assert models.Cache.objects.count() == 1


# -- In use ----------------------------------------------------------------------------------------------------------


def _event(**fields: Any) -> dict[str, Any]:
    return {"tag": "user", "sequence": [{"sequence_tag": "s", "events": [fields]}], "output": {}}


@pytest.mark.parametrize(
    ("collection", "values", "feature", "places"),
    [
        (
            "functions",
            KINDS[1].values,
            _event(type="function", event="one"),
            ["features/user/sequence[0]/events[0]/event"],
        ),
        (
            "caches",
            {**KINDS[2].values, "sequence_tag": "s", "event_tag": "one"},
            _event(type="function", event="one", cache="brief"),
            ["features/user/sequence[0]/events[0]/cache"],
        ),
        (
            "connected_apps",
            {"access_tag": "shop", "envs": [{"app_env_slug": "live", "integration_env_slug": "dev"}]},
            _event(type="action", event="get_order", app="shop", input={"params": {"id": "$Constant{shop}{currency}"}}),
            ["features/user/sequence[0]/events[0]/app", "features/user/sequence[0]/events[0]/input/params/id"],
        ),
        (
            "features",
            KINDS[5].values,
            _event(type="feature", event="greet"),
            ["features/user/sequence[0]/events[0]/event"],
        ),
    ],
)
def test_what_is_in_use_is_not_deleted(
    collection: str, values: dict[str, Any], feature: dict[str, Any], places: list[str], integration: models.Integration
) -> None:
    if collection == "caches":
        put(integration, "functions", **KINDS[1].values)
    row = put(integration, collection, **values)
    put(integration, "features", **feature)
    before = state(integration)

    with pytest.raises(InUse) as caught:
        STORES[collection].delete(row=row, by=SYSTEM)

    assert list(caught.value.places) == places
    assert state(integration) == before


def test_environment_that_is_named_somewhere_is_not_deleted(integration: models.Integration) -> None:
    environment = models.Environment.objects.get()
    put(integration, "jobs", tag="nightly", env="dev")
    put(integration, "notifications", tag="alert", envs=[{"slug": "dev"}])
    put(integration, "databases", tag="stock", envs=[{"slug": "dev", "connection_url": "sqlite:///stock"}])

    with pytest.raises(InUse) as caught:
        STORES["environments"].delete(row=environment, by=SYSTEM)

    assert list(caught.value.places) == [
        "jobs/nightly/env",
        "notifications/alert/envs[0]/slug",
        "databases/stock/envs[0]/slug",
    ]
