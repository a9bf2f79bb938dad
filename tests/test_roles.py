from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import DEFAULT_DB_ALIAS

from integrations import roles

pytestmark = pytest.mark.django_db
CONFIG = apps.get_app_config("integrations")


def test_groups_after_migrating_have_every_permission_of_their_role() -> None:
    granted = {
        group.name: frozenset(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()
    }

    assert granted == roles.ROLES


def test_create_groups_again_keeps_what_administrators_changed() -> None:
    viewers = Group.objects.get(name="Viewers")
    viewers.permissions.set(Permission.objects.filter(codename="view_run"))

    roles.create_groups(CONFIG)

    assert list(viewers.permissions.values_list("codename", flat=True)) == ["view_run"]


def test_create_groups_where_one_is_missing_adds_it() -> None:
    Group.objects.get(name="Viewers").delete()

    roles.create_groups(CONFIG)

    granted = Group.objects.get(name="Viewers").permissions.values_list("codename", flat=True)
    assert set(granted) == roles.ROLES["Viewers"]


def _migrate() -> None:
    """Do what `migrate` does when there is nothing to migrate."""
    emit_pre_migrate_signal(verbosity=0, interactive=False, db=DEFAULT_DB_ALIAS)
    emit_post_migrate_signal(verbosity=0, interactive=False, db=DEFAULT_DB_ALIAS)


def _granted(name: str) -> set[str]:
    return set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))


def test_migrate_gives_existing_groups_the_permissions_that_are_new() -> None:
    Permission.objects.filter(codename="manage_dispatch").delete()
    before = _granted("Operators")

    _migrate()

    assert _granted("Operators") == before | {"manage_dispatch"} == roles.ROLES["Operators"]
    assert _granted("Viewers") == roles.ROLES["Viewers"]


def test_migrate_gives_nothing_back_that_an_administrator_took_away() -> None:
    operators = Group.objects.get(name="Operators")
    operators.permissions.set(Permission.objects.filter(codename="view_run"))
    operators.permissions.add(Permission.objects.get(codename="add_group"))
    Permission.objects.filter(codename="manage_dispatch").delete()

    _migrate()
    _migrate()

    assert _granted("Operators") == {"view_run", "add_group", "manage_dispatch"}


def test_create_groups_without_knowing_what_was_before_gives_existing_groups_nothing() -> None:
    Permission.objects.filter(codename="manage_dispatch").delete()

    roles.create_groups(CONFIG)

    assert "manage_dispatch" not in _granted("Operators")


@pytest.mark.parametrize(
    ("codename", "groups"),
    [
        ("write_code", {"Code authors"}),
        ("view_auditrecord", {"Auditors"}),
        ("view_every_integration", {"Auditors"}),
        ("start_run", {"Integration engineers", "Operators"}),
        ("change_secret", {"Integration engineers"}),
    ],
)
def test_sensitive_permission_belongs_to_few(codename: str, groups: set[str]) -> None:
    assert {name for name, granted in roles.ROLES.items() if codename in granted} == groups
