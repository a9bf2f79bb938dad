from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Permission

from integrations import models
from tests import factories

pytestmark = pytest.mark.django_db


def _rows_of_every_kind() -> list[Any]:
    """Return one row of each kind, all in one integration."""
    run = factories.RunFactory.create(running=True)
    integration = run.integration
    connected = factories.ConnectedAppFactory.create(integration=integration)
    notification = factories.NotificationFactory.create(integration=integration)
    database = factories.DatabaseFactory.create(integration=integration)
    function = factories.FunctionFactory.create(integration=integration)
    return [
        integration,
        run.environment,
        run.feature,
        run.feature_version,
        run,
        factories.StepFactory.create(run=run),
        factories.RunLogFactory.create(run=run),
        connected,
        factories.AppBindingFactory.create(connected_app=connected, environment=run.environment),
        notification,
        notification.environments.create(environment=run.environment),
        database,
        database.environments.create(environment=run.environment),
        function,
        factories.FunctionVersionFactory.create(function=function),
        factories.CacheFactory.create(integration=integration),
        factories.JobFactory.create(integration=integration),
        factories.SecretFactory.create(integration=integration),
        factories.AuditRecordFactory.create(integration=integration),
    ]


def _seen_by(viewer: Any, rows: list[Any]) -> list[Any]:
    return [row for row in rows if type(row).objects.visible_to(viewer).filter(pk=row.pk).exists()]


def test_member_sees_everything_of_the_integration_and_nothing_of_others() -> None:
    member = factories.UserFactory.create()
    rows, foreign = _rows_of_every_kind(), _rows_of_every_kind()
    rows[0].members.add(member)

    assert _seen_by(member, rows) == rows
    assert _seen_by(member, foreign) == []


class Nobody:
    """Someone who acts without a user row and without permissions."""

    pk = None
    is_active = True

    def has_perm(self, perm: str, /) -> bool:
        return False


@pytest.mark.parametrize("viewer", [Nobody(), AnonymousUser()], ids=["nobody", "anonymous"])
def test_viewer_without_a_user_row_sees_nothing(viewer: Any) -> None:
    rows = _rows_of_every_kind()

    assert _seen_by(viewer, rows) == []


def test_user_with_view_permission_but_no_membership_sees_nothing() -> None:
    user = factories.UserFactory.create()
    user.user_permissions.add(Permission.objects.get(codename="view_integration"))

    assert _seen_by(user, _rows_of_every_kind()) == []


def test_user_with_the_global_permission_sees_everything() -> None:
    user = factories.UserFactory.create()
    user.user_permissions.add(Permission.objects.get(codename="view_every_integration"))
    rows = _rows_of_every_kind()

    assert _seen_by(user, rows) == rows


def test_superuser_sees_everything() -> None:
    rows = _rows_of_every_kind()

    assert _seen_by(factories.UserFactory.create(is_superuser=True), rows) == rows


@pytest.mark.parametrize("is_superuser", [True, False])
def test_inactive_user_sees_nothing(is_superuser: bool) -> None:
    user = factories.UserFactory.create(is_active=False, is_superuser=is_superuser)
    rows = _rows_of_every_kind()
    rows[0].members.add(user)

    assert _seen_by(user, rows) == []


def test_several_members_do_not_repeat_rows() -> None:
    one, other = factories.UserFactory.create_batch(2)
    function = factories.FunctionFactory.create()
    function.integration.members.add(one, other)

    assert list(models.Function.objects.visible_to(one)) == [function]


def test_for_integration_leaves_out_others() -> None:
    function, _ = factories.FunctionFactory.create_batch(2)

    assert list(models.Function.objects.for_integration(function.integration)) == [function]


def test_catalogue_is_seen_by_everyone_who_is_active() -> None:
    app = factories.AppFactory.create()

    assert list(models.App.objects.visible_to(factories.UserFactory.create())) == [app]
    assert not models.App.objects.visible_to(AnonymousUser()).exists()
