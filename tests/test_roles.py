from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

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
