"""Every kind of definition can be added, changed and deleted, by those who may, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations import models
from tests import factories
from tests.admin import pages
from tests.admin.conftest import logged_in, member


@dataclass(frozen=True, kw_only=True)
class Noun:
    """How a kind is filled in, and how badly."""

    model: type[Any]
    make: Callable[..., Any]
    added: dict[str, Any]
    changed: dict[str, Any]
    key: str = "tag"
    #: Changes with the boxes where each must show an error.
    bad: list[tuple[dict[str, Any], set[str]]] = field(default_factory=list)
    #: Whether it belongs to an integration.
    scoped: bool = True

    @property
    def name(self) -> str:
        return str(self.model._meta.model_name)


NOUNS = [
    Noun(
        model=models.Environment,
        make=factories.EnvironmentFactory,
        key="slug",
        added={"env_name": "Production", "slug": "prd", "auth": '{"headers": {"X-Api-Key": "hunter2"}}'},
        changed={"description": "Where customers are"},
        bad=[
            ({"slug": "Not A Slug", "env_name": "P", "auth": "[1]"}, {"slug", "env_name", "auth"}),
            ({"slug": "", "auth": '{"a": NaN}'}, {"slug", "auth"}),
        ],
    ),
    Noun(
        model=models.Cache,
        make=factories.CacheFactory,
        added={"tag": "rates", "sequence_tag": "fetch", "event_tag": "get", "expiry": "5", "period": "mins"},
        changed={"expiry": "10"},
        bad=[
            ({"tag": "no tag", "sequence_tag": "9", "expiry": "0"}, {"tag", "sequence_tag", "expiry"}),
            ({"expiry": "many"}, {"expiry"}),
        ],
    ),
    Noun(
        model=models.Notification,
        make=factories.NotificationFactory,
        added={"tag": "paid", "messages": '[{"tag": "mail", "channel": "email", "body": "Thanks"}]'},
        changed={"name": "Paid"},
        bad=[
            ({"tag": "1", "messages": '[{"tag": "mail", "channel": "pigeon"}]'}, {"tag", "messages"}),
            ({"messages": '[{"tag": "m", "channel": "sms", "body": "$Input{nothing}"}]'}, {"messages"}),
        ],
    ),
    Noun(
        model=models.Database,
        make=factories.DatabaseFactory,
        added={"tag": "orders", "actions": '[{"tag": "all", "operation": "query", "sql": "SELECT 1"}]'},
        changed={"type": "sqlite"},
        bad=[({"tag": "", "actions": '[{"tag": "all", "operation": "query"}]'}, {"tag", "actions"})],
    ),
    Noun(
        model=models.Job,
        make=factories.JobFactory,
        added={"tag": "nightly"},
        changed={"retries": "3", "paused": "on"},
        bad=[
            ({"tag": "-", "when": "cron", "cron": "* * *", "start_at": "soon"}, {"tag", "start_at"}),
            ({"when": "cron", "cron": "0 0 31 2 *"}, {"cron", "environment", "target"}),
            ({"when": "every", "every": "0"}, {"every"}),
            ({"retries": "101", "priority": "1000"}, {"retries", "priority"}),
            ({"target": '{"type": "feature", "event": "nothing"}'}, {"target"}),
        ],
    ),
    Noun(
        model=models.Function,
        make=factories.FunctionFactory,
        added={"tag": "total", "language": "ts", "function": "(input: {a: number}) => input.a"},
        changed={"description": "Adds up"},
        bad=[
            ({"tag": "?", "function": "(input) => {", "input": '[{"key": "a", "type": "txt"}]'}, {"tag", "input"}),
            ({"function": "(input) => {"}, {"function"}),
            ({"output": '{"type": "object", "output_key": []}'}, {"output"}),
        ],
    ),
    Noun(
        model=models.Feature,
        make=factories.FeatureFactory,
        added={"tag": "charge", "kind": "code", "language": "js", "function": "(input) => input"},
        changed={"name": "Charge a customer", "timeout": "30"},
        bad=[
            ({"tag": "a b", "kind": "code", "function": ""}, {"tag"}),
            ({"input": "[1]", "rate_limit": '{"limit": 0, "period": 1}'}, {"input", "rate_limit"}),
        ],
    ),
    Noun(
        model=models.ConnectedApp,
        make=factories.ConnectedAppFactory,
        key="access_tag",
        added={"access_tag": "orders"},
        changed={"access_tag": "orders:backup"},
        bad=[({"access_tag": "a b"}, {"access_tag"})],
    ),
    Noun(
        model=models.App,
        make=factories.AppFactory,
        added={"app_name": "Orders", "tag": "orders_api"},
        changed={"description": "Ours"},
        bad=[({"tag": "a b", "retries": '{"max": 1000}'}, {"tag", "retries"})],
        scoped=False,
    ),
    Noun(
        model=models.Integration,
        make=factories.IntegrationFactory,
        added={"name": "Returns", "description": "Sends goods back"},
        changed={"description": "Keeps orders in step"},
        bad=[({"name": "", "tag": "a b"}, {"name", "tag"})],
        scoped=False,
    ),
]

every_noun = pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
scoped_nouns = pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun.scoped], ids=lambda noun: noun.name)


@every_noun
def test_noun_filled_in_is_added(page: Client, integration: models.Integration, noun: Noun) -> None:
    response = pages.send(page, pages.add_url(noun.model), **_added(noun, integration))

    assert response.status_code == 302, pages.errors(response)
    row = noun.model.objects.get(**{noun.key: _key(noun)})
    assert models.AuditRecord.objects.filter(action="add", tag=_key(noun)).exists()
    assert not noun.scoped or row.integration == integration


@every_noun
def test_noun_changed_is_stored(page: Client, integration: models.Integration, noun: Noun) -> None:
    row = _made(noun, integration)

    response = pages.send(page, pages.change_url(row), **noun.changed)

    assert response.status_code == 302, pages.errors(response)
    assert models.AuditRecord.objects.filter(action="change").exists()
    sent = pages.filled_in(page, pages.change_url(row))
    assert {name: _plain(sent[name]) for name in noun.changed} == {n: _plain(v) for n, v in noun.changed.items()}


@every_noun
def test_noun_sent_back_as_it_is_changes_nothing(page: Client, integration: models.Integration, noun: Noun) -> None:
    row = _made(noun, integration)
    before = row.to_definition()

    response = pages.send(page, pages.change_url(row))

    assert response.status_code == 302, pages.errors(response)
    assert noun.model.objects.get(pk=row.pk).to_definition() == before


@every_noun
def test_noun_deleted_is_gone(page: Client, integration: models.Integration, noun: Noun) -> None:
    row = _made(noun, integration)

    response = page.post(pages.delete_url(row), {"post": "yes"})

    assert response.status_code == 302
    assert not noun.model.objects.filter(pk=row.pk).exists()
    assert models.AuditRecord.objects.filter(action="delete").exists()


@every_noun
def test_nouns_deleted_together_are_gone(page: Client, integration: models.Integration, noun: Noun) -> None:
    rows = [_made(noun, integration), _made(noun, integration)]
    chosen = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}

    page.post(pages.list_url(noun.model), chosen)

    assert not noun.model.objects.filter(pk__in=[row.pk for row in rows]).exists()


@pytest.mark.parametrize(
    ("noun", "boxes", "expected"),
    [
        pytest.param(noun, boxes, wrong, id=f"{noun.name}-{'-'.join(sorted(wrong))}")
        for noun in NOUNS
        for boxes, wrong in noun.bad
    ],
)
def test_noun_filled_in_badly_shows_every_problem_at_its_box(
    page: Client, integration: models.Integration, noun: Noun, boxes: dict[str, Any], expected: set[str]
) -> None:
    row = _made(noun, integration)
    before = row.to_definition()

    response = pages.send(page, pages.change_url(row), **boxes)

    assert set(pages.errors(response)) == expected, pages.errors(response)
    assert noun.model.objects.get(pk=row.pk).to_definition() == before
    assert not models.AuditRecord.objects.exists()


@scoped_nouns
def test_noun_of_a_taken_tag_is_refused(page: Client, integration: models.Integration, noun: Noun) -> None:
    taken = _key(noun)
    _made(noun, integration, **{noun.key: taken})

    response = pages.send(page, pages.add_url(noun.model), **_added(noun, integration))

    assert "there is already a" in pages.errors(response)[noun.key][0]


@scoped_nouns
def test_noun_of_others_is_nowhere(page: Client, noun: Noun) -> None:
    foreign = noun.make()

    assert page.get(pages.change_url(foreign)).status_code == 404
    assert page.post(pages.change_url(foreign), {}).status_code == 404
    assert page.post(pages.delete_url(foreign), {"post": "yes"}).status_code == 404
    assert str(getattr(foreign, noun.key)) not in pages.text(page.get(pages.list_url(noun.model)))
    assert noun.model.objects.filter(pk=foreign.pk).exists()


@scoped_nouns
def test_noun_added_to_the_integration_of_others_is_refused(page: Client, noun: Noun) -> None:
    foreign = factories.IntegrationFactory.create()

    response = pages.send(page, pages.add_url(noun.model), **_added(noun, foreign))

    assert "integration" in pages.errors(response)
    assert not noun.model.objects.filter(integration=foreign).exists()


@every_noun
def test_noun_opened_by_a_viewer_is_only_shown(integration: models.Integration, noun: Noun) -> None:
    viewer = logged_in(member(integration, "Viewers"))
    row = _made(noun, integration)

    assert viewer.get(pages.list_url(noun.model)).status_code == 200
    assert viewer.get(pages.change_url(row)).status_code == 200
    assert viewer.get(pages.add_url(noun.model)).status_code == 403
    assert viewer.post(pages.change_url(row), {}).status_code == 403
    assert viewer.post(pages.delete_url(row), {"post": "yes"}).status_code == 403


@every_noun
def test_noun_opened_without_permission_is_refused(integration: models.Integration, noun: Noun) -> None:
    nobody = logged_in(member(integration))

    for url in (pages.list_url(noun.model), pages.add_url(noun.model), pages.change_url(_made(noun, integration))):
        assert nobody.get(url).status_code == 403


@every_noun
def test_stale_form_is_refused(page: Client, integration: models.Integration, noun: Noun) -> None:
    row = _made(noun, integration)
    stale = pages.filled_in(page, pages.change_url(row), **noun.changed)
    pages.send(page, pages.change_url(row), **{noun.key: "elses"})
    now = noun.model.objects.get(pk=row.pk).to_definition()

    response = page.post(pages.change_url(row), stale)

    assert "Someone else changed this" in pages.errors(response)[""][0]
    assert noun.model.objects.get(pk=row.pk).to_definition() == now


@every_noun
def test_list_of_many_costs_as_many_queries_as_one(page: Client, integration: models.Integration, noun: Noun) -> None:
    _made(noun, integration)
    few = _queries(page, pages.list_url(noun.model))
    for _ in range(4):
        _made(noun, integration)

    assert _queries(page, pages.list_url(noun.model)) == few


@every_noun
def test_empty_list_says_what_belongs_there(engineer: User, page: Client, noun: Noun) -> None:
    noun.model.objects.all().delete()

    shown = pages.text(page.get(pages.list_url(noun.model)))

    assert f"No {noun.model._meta.verbose_name_plural} yet" in shown


def _queries(page: Client, url: str) -> int:
    page.get(url)  # content types and the like are cached after the first
    with CaptureQueriesContext(connection) as captured:
        page.get(url)
    return len(captured)


def _made(noun: Noun, integration: models.Integration, **values: Any) -> Any:
    if noun.model is models.Integration:
        row = noun.make(**values)
        row.members.set(integration.members.all())
        return row
    return noun.make(integration=integration, **values) if noun.scoped else noun.make(**values)


def _added(noun: Noun, integration: models.Integration) -> dict[str, Any]:
    added = dict(noun.added)
    if noun.scoped:
        added["integration"] = integration.pk
    if noun.model is models.ConnectedApp:
        app = models.App.objects.filter(tag="orders").first() or factories.AppFactory.create(tag="orders")
        added["app"] = app.pk
    return added


def _key(noun: Noun) -> str:
    return str(noun.added.get(noun.key) or "returns")


def _plain(value: Any) -> str:
    return str(value).removesuffix(".0")
