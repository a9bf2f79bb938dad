"""What the roles that an installation starts with may do, in the operations themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from integrations import models
from integrations.actors import SYSTEM, require, user_of
from integrations.errors import OperationRefused, PermissionRefused
from integrations.operations import apps, features, functions, integrations, runs, secrets
from integrations.roles import ROLES
from tests.scenes.scene import DOUBLE, SHOP, make_scene, person

pytestmark = pytest.mark.django_db

Operation = Callable[[models.Integration, Any], object]


def _start(integration: models.Integration, by: Any) -> object:
    feature, environment = models.Feature.objects.get(), models.Environment.objects.get()
    trigger = models.Run.Trigger.ADMIN
    return runs.start(feature=feature, environment=environment, input={"id": "1"}, by=by, trigger=trigger)


OPERATIONS: dict[str, Operation] = {
    "see": lambda integration, by: features.fetch(integration=integration, tag="look_up", by=by),
    "run": _start,
    "connect": lambda integration, by: apps.create(values={**SHOP, "tag": "other"}, by=by),
    "change a feature": lambda integration, by: features.update(
        integration=integration, tag="look_up", changes={"description": "x"}, by=by
    ),
    "write code": lambda integration, by: functions.create(
        integration=integration, values={**DOUBLE, "tag": "thrice"}, by=by
    ),
    "write a secret": lambda integration, by: secrets.put(integration=integration, key="token", value="hush", by=by),
    "change the members": lambda integration, by: integrations.set_members(row=integration, members=[], by=by),
}
MAY = {
    "Integration engineers": {"see", "run", "connect", "change a feature", "write a secret", "change the members"},
    "Operators": {"see", "run"},
    "Code authors": {"see", "change a feature", "write code"},
    "Viewers": {"see"},
    "Auditors": {"see"},
}


@pytest.mark.parametrize("group", sorted(ROLES))
def test_role_may_do_what_it_is_for_and_nothing_else(group: str) -> None:
    integration = make_scene()
    member = person(group=group, member_of=integration)

    allowed = set()
    for name, operation in OPERATIONS.items():
        try:
            operation(integration, member)
        except PermissionRefused:
            continue
        allowed.add(name)

    assert allowed == MAY[group]


def test_superuser_and_whoever_runs_the_server_may_do_everything() -> None:
    integration = make_scene()
    superuser = person()
    superuser.is_superuser = True
    superuser.save()

    for by in (superuser, SYSTEM):
        for operation in OPERATIONS.values():
            operation(integration, by)
        models.Function.objects.filter(tag="thrice").delete()
        models.App.objects.filter(tag="other").delete()


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_nobody_may_do_nothing(name: str) -> None:
    integration = make_scene()
    before = models.AuditRecord.objects.count()

    for by in (AnonymousUser(), person(member_of=integration)):
        with pytest.raises(OperationRefused):
            OPERATIONS[name](integration, by)

    assert models.AuditRecord.objects.count() == before


def test_refusal_names_what_was_wanted_and_what_is_missing() -> None:
    with pytest.raises(PermissionRefused) as caught:
        require(person(), "start_run", to="start runs")

    assert caught.value.message == 'you may not start runs; ask an administrator for the permission "start_run"'


def test_system_is_nobodys_user_row() -> None:
    user = person()

    assert (user_of(SYSTEM), user_of(user), str(SYSTEM)) == (None, user, "system")
