from __future__ import annotations

from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import (
    _free_text,
    bulk,
    connected_apps,
    failure_groups,
    freezes,
    jobs,
    replays,
    runs,
    secrets,
)
from integrations.runtime.queue import claiming
from integrations.types import JsonObject
from tests.factories import RunFactory
from tests.scenes.scene import bound, last_audit, make_scene, put

pytestmark = pytest.mark.django_db

TYPED = "it was hush-hush"
KEPT = "it was [redacted]"


@pytest.fixture
def integration() -> models.Integration:
    integration = make_scene()
    secrets.put(integration=integration, key="key", value="hush-hush", by=SYSTEM)
    return integration


def start(integration: models.Integration) -> models.Run:
    return runs.start(
        feature=integration.features.get(),
        environment=integration.environments.get(),
        input={"id": "A-1"},
        by=SYSTEM,
        trigger=models.Run.Trigger.ADMIN,
    )


def end(run: models.Run) -> models.Run:
    """End it as a deadly run ends."""
    for _ in range(claiming.LAST_CRASH):
        claimed = claiming.claim_one(run.pk, worker="tester")
        assert claimed is not None
        claiming.crashed(claimed, evidence="lost", now=claimed.created_at)
    run.refresh_from_db()
    return run


# Wherever something is typed


def test_reason_for_cancelling_is_kept_without_secrets(integration: models.Integration) -> None:
    runs.cancel(run=start(integration), by=SYSTEM, reason=TYPED)

    assert last_audit().reason == KEPT


def test_reason_for_a_replay_is_kept_without_secrets(integration: models.Integration) -> None:
    replay = replays.replay(end(start(integration)), by=SYSTEM, reason=TYPED)

    assert (replay.replay_reason, last_audit().reason) == (KEPT, KEPT)


def test_reason_and_filter_of_a_bulk_operation_are_kept_without_secrets(integration: models.Integration) -> None:
    start(integration)

    operation = bulk.start(
        kind=bulk.Kind.CANCEL, runs=models.Run.objects.all(), by=SYSTEM, reason=TYPED, description='with "hush-hush"'
    )

    assert (operation.reason, operation.description) == (KEPT, 'with "[redacted]"')
    assert last_audit().reason == KEPT
    assert "hush" not in str(last_audit().changes)


def test_reason_for_a_freeze_is_kept_without_secrets(integration: models.Integration) -> None:
    freeze = freezes.freeze(environment=integration.environments.get(), by=SYSTEM, reason=TYPED)

    assert (freeze.reason, last_audit().reason) == (KEPT, KEPT)


def test_reason_for_pausing_a_job_is_kept_without_secrets(integration: models.Integration) -> None:
    job = put(integration, "jobs", tag="look_up", env="dev", input={"id": "A-1"})

    jobs.pause(jobs=[job], by=SYSTEM, reason=TYPED)

    assert last_audit().reason == KEPT


def test_note_on_a_failure_group_is_kept_without_secrets(integration: models.Integration) -> None:
    end(start(integration))
    group = models.FailureGroup.objects.get()

    failure_groups.change(group, assigned_to=None, snoozed_until=None, note=TYPED, by=SYSTEM)

    assert group.note == KEPT
    assert "hush" not in str(last_audit().changes)


# What counts as a secret


def test_secret_of_another_environment_and_of_a_binding_is_taken_out(integration: models.Integration) -> None:
    prd = put(integration, "environments", env_name="Production", slug="prd", auth={})
    secrets.put(integration=integration, key="key", value="of production", environment=prd, by=SYSTEM)
    auth: JsonObject = {"auth_tag": "key", "data": {"api_key": "of a binding"}}
    connected_apps.store.update(
        integration=integration, tag="shop", changes={"envs": [bound("dev", auth=auth)]}, by=SYSTEM
    )

    text = _free_text.without_secrets("hush-hush, of production, of a binding, $Secret{key}", integration)

    assert text == "[redacted], [redacted], [redacted], $Secret{key}"


def test_reference_to_a_secret_in_a_binding_is_none(integration: models.Integration) -> None:
    auth: JsonObject = {"auth_tag": "key", "data": {"api_key": "$Secret{gone}"}}
    secrets.put(integration=integration, key="gone", value="not for long", by=SYSTEM)
    connected_apps.store.update(
        integration=integration, tag="shop", changes={"envs": [bound("dev", auth=auth)]}, by=SYSTEM
    )
    models.Secret.objects.filter(key="gone").delete()

    assert _free_text.without_secrets("$Secret{gone} has no value, hush-hush", integration) == (
        "$Secret{gone} has no value, [redacted]"
    )


def test_nothing_is_kept_and_nothing_is_held_up_where_a_secret_does_not_open(
    integration: models.Integration, caplog: pytest.LogCaptureFixture
) -> None:
    models.Secret.objects.update(sealed_value="v1.gone.AAAA")
    run = RunFactory.create(integration=integration, environment=integration.environments.get())

    cancelled = runs.cancel(run=run, by=SYSTEM, reason=TYPED)

    assert cancelled.status == "cancelled"
    assert last_audit().reason == "[redacted]"
    assert "hush" not in caplog.text


def test_empty_remark_opens_nothing(integration: models.Integration, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert _free_text.without_secrets("  ", integration) == ""
