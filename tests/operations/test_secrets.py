from __future__ import annotations

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import DefinitionError, InUse, PermissionRefused
from integrations.operations import secrets
from tests.factories.integration import EnvironmentFactory
from tests.scenes.scene import everything_but, last_audit, make_integration, person, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def integration() -> models.Integration:
    return make_integration()


@pytest.fixture
def environment(integration: models.Integration) -> models.Environment:
    return EnvironmentFactory.create(integration=integration, slug="dev")


def in_effect(environment: models.Environment) -> dict[str, str]:
    return {row.key: row.open_value() for row in models.Secret.objects.in_effect(environment)}


def test_put_seals_the_value_and_writes_down_that_it_was_set(integration: models.Integration) -> None:
    member = person("add_secret", member_of=integration)

    row = secrets.put(integration=integration, key="token", value="hush-hush", by=member, description="Of the shop")

    assert row.open_value() == "hush-hush"
    assert "hush" not in row.sealed_value
    audit = last_audit()
    assert (audit.action, audit.kind, audit.tag, audit.by) == ("add", "secret", "token", member)
    assert audit.changes == {"environment": {"from": None, "to": "every environment"}}
    assert row.updated_by == member


def test_put_again_replaces_the_value_and_keeps_the_description(integration: models.Integration) -> None:
    first = secrets.put(integration=integration, key="token", value="first", by=SYSTEM, description="Of the shop")

    second = secrets.put(integration=integration, key="token", value="second", by=SYSTEM)

    assert (second.pk, second.open_value(), second.description) == (first.pk, "second", "Of the shop")
    assert last_audit().action == "change"


def test_value_of_the_environment_comes_before_that_for_all(
    integration: models.Integration, environment: models.Environment
) -> None:
    secrets.put(integration=integration, key="token", value="everywhere", by=SYSTEM)
    secrets.put(integration=integration, key="token", value="here", by=SYSTEM, environment=environment)
    other = EnvironmentFactory.create(integration=integration, slug="prd")

    assert in_effect(environment) == {"token": "here"}
    assert in_effect(other) == {"token": "everywhere"}


@pytest.mark.parametrize(
    ("key", "value", "places"),
    [
        ("", "hush", ["secrets/key"]),
        ("two words", "", ["secrets/key", "secrets/value"]),
        ("token\n", "hush", ["secrets/key"]),
        ("token\x00", "hush", ["secrets/key"]),
        ("token", "", ["secrets/value"]),
        ("token", "pin", ["secrets/value"]),
        ("token", "   pin   ", ["secrets/value"]),
        ("token", "x" * 100_001, ["secrets/value"]),
    ],
)
def test_put_refuses_what_is_no_key_or_no_value(
    key: str, value: str, places: list[str], integration: models.Integration
) -> None:
    with pytest.raises(DefinitionError) as caught:
        secrets.put(integration=integration, key=key, value=value, by=SYSTEM)

    assert [problem.place for problem in caught.value.problems] == places
    assert not models.Secret.objects.exists()


@pytest.mark.parametrize("value", ["half a pair \ud800", "zero \x00"])
def test_put_refuses_a_value_that_cannot_be_stored(value: str, integration: models.Integration) -> None:
    with pytest.raises(DefinitionError) as caught:
        secrets.put(integration=integration, key="token", value=value, by=SYSTEM)

    assert [problem.place for problem in caught.value.problems] == ["secrets/value"]


def test_put_for_the_environment_of_another_integration_is_refused(integration: models.Integration) -> None:
    foreign = EnvironmentFactory.create()

    with pytest.raises(DefinitionError, match="secrets/environment: this environment belongs to another"):
        secrets.put(integration=integration, key="token", value="hush", by=SYSTEM, environment=foreign)

    assert not models.Secret.objects.exists()


def test_describe_keeps_the_value(integration: models.Integration) -> None:
    row = secrets.put(integration=integration, key="token", value="hush", by=SYSTEM)

    secrets.describe(row=row, description="Of the shop", by=SYSTEM)

    row.refresh_from_db()
    assert (row.description, row.open_value()) == ("Of the shop", "hush")
    assert last_audit().changes == {"description": {"from": "", "to": "Of the shop"}}


def test_delete_of_the_last_value_that_something_reads_is_refused(
    integration: models.Integration, environment: models.Environment
) -> None:
    everywhere = secrets.put(integration=integration, key="token", value="everywhere", by=SYSTEM)
    here = secrets.put(integration=integration, key="token", value="here", by=SYSTEM, environment=environment)
    put(integration, "functions", tag="one", language="js", function="() => 1")
    events = [{"type": "function", "event": "one", "input": {"key": "$Secret{token}"}}]
    put(integration, "features", tag="reads", sequence=[{"sequence_tag": "s", "events": events}], output={})

    secrets.delete(row=everywhere, by=SYSTEM)
    assert last_audit().action == "delete"
    with pytest.raises(InUse, match=r"features/reads/sequence\[0\]/events\[0\]/input/key"):
        secrets.delete(row=here, by=SYSTEM)

    assert models.Secret.objects.get() == here


def test_each_verb_takes_its_own_permission(integration: models.Integration) -> None:
    row = secrets.put(integration=integration, key="token", value="hush", by=person("add_secret"))

    with pytest.raises(PermissionRefused):
        secrets.put(integration=integration, key="other", value="hush", by=person(*everything_but("add_secret")))
    with pytest.raises(PermissionRefused):
        secrets.put(integration=integration, key="token", value="mine", by=person(*everything_but("change_secret")))
    with pytest.raises(PermissionRefused):
        secrets.describe(row=row, description="x", by=person(*everything_but("change_secret")))
    with pytest.raises(PermissionRefused):
        secrets.delete(row=row, by=person(*everything_but("delete_secret")))

    secrets.describe(row=row, description="x", by=person("change_secret"))
    secrets.delete(row=row, by=person("delete_secret"))
    assert not models.Secret.objects.exists()
