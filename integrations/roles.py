"""The groups that an installation starts with. What administrators change about them stays.

A later version may bring permissions that there were none of before; the groups that exist get those, and only those:
what an administrator has taken away was there before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import AppConfig
from django.apps import apps as current_apps
from django.contrib.auth.management import create_permissions
from django.db import DEFAULT_DB_ALIAS

_PARTS = ("appenvironment", "appaction", "appauth", "appvariable", "appconstant", "appwebhook")
_SETTINGS = ("appbinding", "notificationenvironment", "databaseenvironment")
_BUILT = (
    *("integration", "environment", "app", "connectedapp", "feature", "cache", "notification", "database", "job"),
    *_PARTS,
    *_SETTINGS,
)
_VERSIONS = ("functionversion", "featureversion", "release")
_HISTORY = ("run", "step", "runlog", "approval", "failuregroup", "slot", "freeze")
_WRITES = ("add", "change", "delete")


def _may(verbs: Iterable[str], models: Iterable[str]) -> Iterator[str]:
    models = tuple(models)
    return (f"{verb}_{model}" for verb in verbs for model in models)


_SEE = frozenset(_may(["view"], [*_BUILT, "function", "secret", *_VERSIONS, *_HISTORY]))
_JOBS = frozenset({"run_job", "pause_job", "freeze_environment"})
_RUN = _JOBS | frozenset(
    {"start_run", "cancel_run", "replay_run", "decide_approval", "view_bulkoperation", "manage_failuregroup"}
)
#: Whoever starts runs sees who is there to execute them.
_WATCH = frozenset({"view_worker"})
_TIDY = frozenset({"view_retentionrule", "view_pruning"})

#: Permission codenames by group. People see the integrations that they are members of, auditors all.
ROLES: dict[str, frozenset[str]] = {
    "Integration engineers": _SEE | _RUN | _WATCH | _TIDY | {*_may(_WRITES, [*_BUILT, "secret", "retentionrule"])},
    "Operators": _SEE | _RUN | _WATCH | _TIDY | {"change_job", "prune_run", "manage_dispatch"},
    "Code authors": _SEE | {"write_code", *_may(_WRITES, ["function", "feature"])},
    "Viewers": _SEE,
    "Auditors": _SEE | _WATCH | _TIDY | {"view_auditrecord", "view_every_integration"},
}


#: The permissions that there were before the migration that is going on, by database.
_known: dict[str, frozenset[str]] = {}


def note_permissions(
    sender: AppConfig, *, using: str = DEFAULT_DB_ALIAS, apps: Any = current_apps, **options: Any
) -> None:
    """Remember which permissions there are; connected to `pre_migrate`, while new ones do not exist yet."""
    try:
        permissions = apps.get_model("auth", "Permission").objects.using(using)
    except LookupError:
        return  # an empty database: no group is there either
    ours = permissions.filter(content_type__app_label=sender.label)
    _known[using] = frozenset(ours.values_list("codename", flat=True))


def create_groups(
    sender: AppConfig, *, using: str = DEFAULT_DB_ALIAS, apps: Any = current_apps, **options: Any
) -> None:
    """Create each group that does not exist, and give the others the permissions that are new since `note_permissions`.

    Connected to `post_migrate`, after which the permissions can exist.
    """
    known = _known.pop(using, None)
    try:
        group_model = apps.get_model("auth", "Group")
        permission_model = apps.get_model("auth", "Permission")
    except LookupError:
        return  # migrated back to before there were users
    create_permissions(sender, verbosity=0, using=using, apps=apps)
    permissions = permission_model.objects.using(using).filter(content_type__app_label=sender.label)
    new = permissions.none() if known is None else permissions.exclude(codename__in=known)
    groups = {group.name: group for group in group_model.objects.using(using).filter(name__in=ROLES)}
    for name, granted in sorted(ROLES.items()):
        if name in groups:
            groups[name].permissions.add(*new.filter(codename__in=granted))
        else:
            group_model.objects.using(using).create(name=name).permissions.set(permissions.filter(codename__in=granted))
