"""Creating, changing, opening and deleting integrations."""

from __future__ import annotations

from django.db import transaction

from integrations import models
from integrations.definitions.integration import Integration
from integrations.errors import AlreadyExists, DefinitionError, InUse, NotFound, Problem
from integrations.operations import _audit
from integrations.operations.actors import Actor, require, user_of
from integrations.types import JsonObject


def fetch(*, tag: str, by: Actor) -> models.Integration:
    """Return the integration of that tag; one that `by` may not see answers like a missing one.

    Raises:
        NotFound: naming those that `by` may see.
    """
    visible = models.Integration.objects.visible_to(by)
    integration = visible.filter(tag=tag).first()
    if integration is None:
        raise NotFound("integration", tag, list(visible.values_list("tag", flat=True)))
    return integration


def fetch_all(*, by: Actor) -> list[models.Integration]:
    return list(models.Integration.objects.visible_to(by).order_by("name"))


def create(*, values: JsonObject, by: Actor) -> models.Integration:
    """Return the new integration, or the existing one of that name when neither of the two is `unique`.

    Raises:
        AlreadyExists: the name is taken and one of the two is `unique`, or it is taken by one that `by` may not see.
    """
    require(by, "add_integration", to="add integrations")
    definition = Integration.parse(values, place="integrations")
    existing = models.Integration.objects.named(definition.name).first()
    if existing is not None:
        return _opened(existing, definition, by)
    return save(row=models.Integration(created_by=user_of(by)), definition=definition, by=by)


def update(*, tag: str, changes: JsonObject, by: Actor) -> models.Integration:
    row = fetch(tag=tag, by=by)
    definition = row.to_definition().changed(dict(changes), place=f"integrations/{tag}")
    return save(row=row, definition=definition, by=by)


def save(*, row: models.Integration, definition: Integration, by: Actor) -> models.Integration:
    """Write `definition` to a new or stored row.

    Raises:
        DefinitionError: the tag or the name is taken.
    """
    is_new = row.pk is None
    require(by, "add_integration" if is_new else "change_integration", to="change integrations")
    problems = _collisions(row, definition)
    if problems:
        raise DefinitionError(problems)
    before = None if is_new else row.to_definition().to_dict()
    with transaction.atomic():
        row.apply(definition)
        row.save()
        if is_new and row.created_by is not None:
            row.members.add(row.created_by)
        _audit.write(
            "add" if is_new else "change",
            kind="integration",
            tag=row.tag,
            by=by,
            integration=row,
            before=before,
            after=row.to_definition().to_dict(),
        )
        row.touch()
    return row


def delete(*, row: models.Integration, by: Actor) -> None:
    """Delete an integration with all that it defines.

    Raises:
        InUse: it has runs; their history would go with it.
    """
    require(by, "delete_integration", to="delete integrations")
    runs = models.Run.objects.filter(integration=row).count()
    if runs:
        raise InUse("integration", row.tag, [f"{runs} runs in its history"])
    before = row.to_definition().to_dict()
    with transaction.atomic():
        tag = row.tag
        row.delete()
        _audit.write("delete", kind="integration", tag=tag, by=by, before=before)


def _opened(existing: models.Integration, definition: Integration, by: Actor) -> models.Integration:
    visible = models.Integration.objects.visible_to(by).filter(pk=existing.pk).exists()
    if definition.unique or existing.unique or not visible:
        raise AlreadyExists("integration", definition.name)
    return existing


def _collisions(row: models.Integration, definition: Integration) -> list[Problem]:
    others = models.Integration.objects.exclude(pk=row.pk)
    problems = []
    if others.filter(tag=definition.own_tag).exists():
        problems.append(Problem("integrations/tag", f'the tag "{definition.own_tag}" is taken', "give another tag"))
    same_name = others.named(definition.name)
    if same_name.exists() and (definition.unique or same_name.filter(unique=True).exists()):
        problems.append(Problem("integrations/name", f'there is already an integration "{definition.name}"'))
    return problems
