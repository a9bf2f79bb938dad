"""What creating, changing, renaming and deleting has in common for every kind of definition in an integration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from integrations import models
from integrations.actors import Actor, require
from integrations.definitions import checking
from integrations.definitions.base import Definition, may_exist
from integrations.definitions.contents import Contents
from integrations.definitions.values.equality import json_equal
from integrations.errors import AlreadyExists, DefinitionError, InUse, NotFound, Problem, with_article
from integrations.operations import _audit
from integrations.operations._transactions import all_or_nothing, lock, revision_of
from integrations.operations.saving import renaming
from integrations.runtime.releases.contents import contents_of
from integrations.types import JsonObject

#: A `models.DefinitionModel` with an `integration`; no common base says so, since each names its reverse side itself.
Row = TypeVar("Row", bound=Any)
#: The definition that the row holds.
Shape = TypeVar("Shape", bound=Definition)


class Store(Generic[Row, Shape]):
    """The operations on one kind of definition. A noun's module subclasses it for what is its own.

    Every write checks permission and definition first and then happens in one transaction with its audit record and the
    new revision of the integration; a refused one leaves nothing behind.
    """

    model: ClassVar[type[Any]]
    shape: ClassVar[type[Any]]
    #: How messages and the audit call it.
    kind: ClassVar[str]
    #: The first part of every place: `features/<tag>/…`.
    collection: ClassVar[str]
    #: The field that names one within its integration.
    key: ClassVar[str] = "tag"

    # Queries

    def fetch(self, *, integration: models.Integration, tag: str, by: Actor) -> Row:
        """Return the one of that tag.

        Raises:
            NotFound: naming those that exist.
        """
        self._require("view", by, to=f"see {self.collection}")
        row = self._find(integration, tag)
        if row is None:
            raise NotFound(self.kind, tag, self._keys(integration))
        return row

    def fetch_all(self, *, integration: models.Integration, by: Actor) -> list[Row]:
        """Return all of this kind, by tag."""
        self._require("view", by, to=f"see {self.collection}")
        return list(self._rows(integration).order_by(self.key))

    def describe(self, row: Row) -> Shape:
        """Return the definition that the row holds, secrets masked."""
        definition: Shape = row.to_definition()
        return definition

    def problems(self, *, row: Row, definition: Shape) -> list[Problem]:
        """Return everything that speaks against `definition` in a new or stored row; `save` refuses for just these."""
        before = None if row.pk is None else row.to_definition()
        contents = self.replaced(contents_of(row.integration), before, definition)
        kept = self.kept_problems(row, definition)
        return [*self._collisions(row, definition), *self.check(definition, contents), *kept]

    def in_use(self, row: Row) -> Sequence[str]:
        """Return every place that refers to the row; `delete` refuses while there is one."""
        return self.places_in_use(row, contents_of(row.integration))

    # Writes

    def create(
        self,
        *,
        integration: models.Integration,
        values: JsonObject,
        by: Actor,
        throw_error_if_exists: bool = False,
        publish: bool = False,
    ) -> Row:
        """Return the new row that `values` (the definition as JSON) describe, or the existing one unchanged.

        Raises:
            DefinitionError: with every problem at its place.
            AlreadyExists: `throw_error_if_exists` and there is one of that tag.
            PermissionRefused
        """
        self._require("add", by, to=f"add {self.collection}")
        tag = str(values.get(self.key, ""))
        existing = self._find(integration, tag)
        if existing is not None and throw_error_if_exists:
            raise AlreadyExists(self.kind, tag)
        if existing is not None:
            return existing
        definition = self.parse(values)
        return self.save(row=self.model(integration=integration), definition=definition, by=by, publish=publish)

    def update(
        self, *, integration: models.Integration, tag: str, changes: JsonObject, by: Actor, publish: bool = False
    ) -> Row:
        """Return the row with `changes` (some of the definition's fields) made; a changed tag is a rename."""
        row = self.fetch(integration=integration, tag=tag, by=by)
        definition = row.to_definition().changed(dict(changes), place=self.place_of(tag))
        return self.save(row=row, definition=definition, by=by, publish=publish)

    def save(self, *, row: Row, definition: Shape, by: Actor, reason: str = "", publish: bool = False) -> Row:
        """Write `definition` to a new or stored row, after checking it against everything else in the integration.

        One that says what is stored already, sealed values included, changes nothing and is not written down.
        """
        is_new = row.pk is None
        self._require("add" if is_new else "change", by, to=f"{'add' if is_new else 'change'} {self.collection}")
        self.authorize(row, definition, by)
        seen = revision_of(row.integration)
        self._refuse(row, definition)
        before = None if is_new else row.to_definition()
        with all_or_nothing():
            if lock(row.integration) != seen:
                # Someone else was faster, so what was found a moment ago may not hold any more.
                self._refuse(row, definition)
            if before is None or not json_equal(before.to_dict(), definition.to_dict()):
                self._put(row, definition, before, by=by, reason=reason)
            if publish:
                self.publish(row=row, by=by, reason=reason)
        return row

    def publish(self, *, row: Row, by: Actor, reason: str = "") -> Any:
        """Freeze what is saved as a version; for the kinds that have versions."""

    def delete(self, *, row: Row, by: Actor) -> None:
        """Delete the row.

        Raises:
            InUse: with every place that refers to it.
        """
        self._require("delete", by, to=f"delete {self.collection}")
        definition = row.to_definition()
        tag = self.key_of(definition)
        integration = row.integration
        with all_or_nothing():
            lock(integration)
            places = self.in_use(row)
            if places:
                raise InUse(self.kind, tag, places)
            row.delete()
            _audit.write("delete", kind=self.kind, tag=tag, by=by, integration=integration, before=definition.to_dict())
            integration.touch()

    # What a kind may have of its own

    def parse(self, values: JsonObject) -> Shape:
        parsed: Shape = self.shape.parse(values, place=self.place_of(str(values.get(self.key, ""))))
        return parsed

    def authorize(self, row: Row, definition: Shape, by: Actor) -> None:
        """Raise PermissionRefused when this very change needs more than the model permission."""

    def check(self, definition: Shape, contents: Contents) -> list[Problem]:
        """Return everything that is wrong with `definition` among `contents`, which holds it already."""
        return []

    def kept_problems(self, row: Row, definition: Shape) -> list[Problem]:
        """Return every sealed value that `definition` means to keep, but that is not stored."""
        return []

    def write(self, row: Row, definition: Shape) -> None:
        """Store the definition; runs inside the transaction."""
        row.apply(definition)
        row.save()

    def rename(self, integration: models.Integration, old: str, new: str, *, by: Actor) -> None:
        """Rewrite every reference to `old`; runs inside the transaction."""
        renaming.rewrite(integration, kind=self.kind, old=old, new=new, by=by)

    def places_in_use(self, row: Row, contents: Contents) -> Sequence[str]:
        return checking.references_to(contents, self.kind, self.key_of(row.to_definition()))

    # Parts

    def key_of(self, definition: Definition) -> str:
        return str(getattr(definition, self.key))

    def place_of(self, tag: str) -> str:
        return f"{self.collection}/{tag}" if tag else self.collection

    def replaced(self, contents: Contents, before: Shape | None, definition: Shape) -> Contents:
        """Return the contents as they will be once `definition` stands in the place of `before`."""
        members: Mapping[str, Any] = getattr(contents, self.collection)
        kept = {key: value for key, value in members.items() if before is None or key != self.key_of(before)}
        changed: dict[str, Any] = {self.collection: {**kept, self.key_of(definition): definition}}
        return dataclasses.replace(contents, **changed)

    def _find(self, integration: models.Integration, tag: str) -> Row | None:
        found: Row | None = self._rows(integration).filter(**{self.key: tag}).first() if may_exist(tag) else None
        return found

    def _rows(self, integration: models.Integration) -> Any:
        return self.model.objects.for_integration(integration).with_definition()

    def _keys(self, integration: models.Integration) -> list[str]:
        return list(self.model.objects.for_integration(integration).values_list(self.key, flat=True))

    def _collisions(self, row: Row, definition: Shape) -> list[Problem]:
        tag = self.key_of(definition)
        others = self.model.objects.for_integration(row.integration).exclude(pk=row.pk)
        if others.filter(**{self.key: tag}).exists():
            return [Problem(f"{self.place_of(tag)}/{self.key}", f'there is already {with_article(self.kind)} "{tag}"')]
        return []

    def _refuse(self, row: Row, definition: Shape) -> None:
        problems = self.problems(row=row, definition=definition)
        if problems:
            raise DefinitionError(problems)

    def _put(self, row: Row, definition: Shape, before: Shape | None, *, by: Actor, reason: str) -> None:
        self.write(row, definition)
        if before is not None and self.key_of(before) != self.key_of(definition):
            self.rename(row.integration, self.key_of(before), self.key_of(definition), by=by)
        self._finish("change" if before else "add", row, before, by=by, reason=reason)

    def _finish(self, verb: str, row: Row, before: Shape | None, *, by: Actor, reason: str) -> None:
        after = row.to_definition()
        _audit.write(
            verb,
            kind=self.kind,
            tag=self.key_of(after),
            by=by,
            integration=row.integration,
            before=before.to_dict() if before else None,
            after=after.to_dict(),
            reason=reason,
        )
        row.integration.touch()

    def _require(self, verb: str, by: Actor, *, to: str) -> None:
        require(by, f"{verb}_{self.model._meta.model_name}", to=to)
