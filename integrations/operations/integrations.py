"""Creating, changing, opening and deleting integrations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from integrations import models
from integrations.actors import Actor, require, user_of
from integrations.definitions.base import Definition, may_exist
from integrations.definitions.integration import Integration
from integrations.errors import AlreadyExists, NotFound, Problem
from integrations.operations import _audit
from integrations.operations._transactions import all_or_nothing
from integrations.operations.saving.definition_store import DefinitionStore
from integrations.types import JsonObject

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class IntegrationStore(DefinitionStore[models.Integration, Integration]):
    model = models.Integration
    shape = Integration
    kind = "integration"
    collection = "integrations"

    def problems(self, *, row: models.Integration, definition: Integration) -> list[Problem]:
        others = models.Integration.objects.exclude(pk=row.pk)
        problems = []
        if others.filter(tag=definition.own_tag).exists():
            problems.append(Problem("integrations/tag", f'the tag "{definition.own_tag}" is taken', "give another tag"))
        same_name = others.named(definition.name)
        if same_name.exists() and (definition.unique or same_name.filter(unique=True).exists()):
            problems.append(Problem("integrations/name", f'there is already an integration "{definition.name}"'))
        return problems

    def in_use(self, row: models.Integration) -> list[str]:
        """Return what keeps an integration from being deleted: its history would be deleted with it."""
        runs = models.Run.objects.filter(integration=row).count()
        return [f"{runs} runs in its history"] if runs else []

    def write(self, row: models.Integration, definition: Integration) -> None:
        is_new = row.pk is None
        super().write(row, definition)
        if is_new and row.created_by is not None:
            row.members.add(row.created_by)

    def key_of(self, definition: Definition) -> str:
        assert isinstance(definition, Integration)  # noqa: S101 (for the type checker)
        return definition.own_tag

    def place_of(self, tag: str) -> str:
        """Return what places of an integration's own fields start with; those of its contents have no prefix."""
        return self.collection

    def audited_in(self, row: models.Integration) -> models.Integration:
        return row

    def touch(self, row: models.Integration) -> None:
        row.touch()


store = IntegrationStore()
parse, save, delete = store.parse, store.save, store.delete


def fetch(*, tag: str, by: Actor) -> models.Integration:
    """Return the integration of that tag; one that `by` may not see answers like a missing one.

    Raises:
        NotFound: naming those that `by` may see.
        PermissionRefused
    """
    require(by, "view_integration", to="see integrations")
    visible = models.Integration.objects.visible_to(by)
    integration = visible.filter(tag=tag).first() if may_exist(tag) else None
    if integration is None:
        raise NotFound("integration", tag, list(visible.values_list("tag", flat=True)))
    return integration


def fetch_all(*, by: Actor) -> list[models.Integration]:
    require(by, "view_integration", to="see integrations")
    return list(models.Integration.objects.visible_to(by).order_by("name"))


def create(*, values: JsonObject, by: Actor) -> models.Integration:
    """Return the new integration, or the existing one of that name when neither of the two is `unique`.

    Raises:
        AlreadyExists: the name is taken and one of the two is `unique`, or it is taken by one that `by` may not see.
    """
    require(by, "add_integration", to="add integrations")
    definition = store.parse(values)
    namesakes = models.Integration.objects.named(definition.name)
    if namesakes.exists():
        return _opened(namesakes, definition, by)
    return save(row=models.Integration(created_by=user_of(by)), definition=definition, by=by)


def update(*, tag: str, changes: JsonObject, by: Actor) -> models.Integration:
    row = fetch(tag=tag, by=by)
    definition = row.to_definition().changed(dict(changes), place=f"integrations/{tag}")
    return save(row=row, definition=definition, by=by)


def set_members(*, row: models.Integration, members: Iterable[User], by: Actor) -> None:
    """Make just these the people who may see the integration, beside those who see every one."""
    require(by, "change_integration", to="change the members of integrations")
    before = _member_names(row)
    with all_or_nothing():
        row.members.set(members)
        after = _member_names(row)
        if after != before:
            _audit.write("change", kind="integration", tag=row.tag, by=by, integration=row, before=before, after=after)


def _member_names(row: models.Integration) -> JsonObject:
    names = row.members.order_by("username").values_list("username", flat=True)
    return {"members": list(names)}


def _opened(namesakes: QuerySet[models.Integration], definition: Integration, by: Actor) -> models.Integration:
    visible = models.Integration.objects.visible_to(by).filter(pk__in=namesakes.values("pk")).order_by("pk").first()
    if visible is None or definition.unique or visible.unique:
        raise AlreadyExists("integration", definition.name)
    return visible
