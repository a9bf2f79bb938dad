"""What creating, changing, renaming and deleting has in common for every kind of definition in an integration."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from integrations import models
from integrations.actors import Actor
from integrations.definitions import checking
from integrations.definitions.contents import Contents
from integrations.errors import AlreadyExists, Problem
from integrations.operations import _transactions
from integrations.operations.saving import renaming
from integrations.operations.saving.definition_store import DefinitionStore, Row, Shape
from integrations.runtime.releases.contents import contents_of
from integrations.types import JsonObject

__all__ = ["Row", "Shape", "Store"]


class Store(DefinitionStore[Row, Shape]):
    """The operations on one kind of definition of an integration. A noun's module subclasses it for what is its own.

    The rows have an `integration`; no common base says so, since each names its reverse side itself. Every write is
    checked against everything else in the integration, and raises its revision.
    """

    # Queries

    def fetch(self, *, integration: models.Integration, tag: str, by: Actor) -> Row:
        """Return the one of that tag.

        Raises:
            NotFound: naming those that exist.
        """
        self._require("view", by, to=f"see {self.collection}")
        return self.known(self._rows(integration), tag)

    def fetch_all(self, *, integration: models.Integration, by: Actor) -> list[Row]:
        """Return all of this kind, by tag."""
        self._require("view", by, to=f"see {self.collection}")
        return list(self._rows(integration).with_definition().order_by(self.key))

    def problems(self, *, row: Row, definition: Shape) -> list[Problem]:
        before = None if row.pk is None else row.to_definition()
        contents = self.replaced(contents_of(row.integration), before, definition)
        kept = self.kept_problems(row, definition)
        others = self._rows(row.integration)
        return [*self._collisions(row, definition, others), *self.check(definition, contents), *kept]

    def in_use(self, row: Row) -> Sequence[str]:
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
        existing = self.find(self._rows(integration), tag)
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

    # What a kind may have of its own

    def check(self, definition: Shape, contents: Contents) -> list[Problem]:
        """Return everything that is wrong with `definition` among `contents`, which holds it already."""
        return []

    def kept_problems(self, row: Row, definition: Shape) -> list[Problem]:
        """Return every sealed value that `definition` means to keep, but that is not stored."""
        return []

    def places_in_use(self, row: Row, contents: Contents) -> Sequence[str]:
        return checking.references_to(contents, self.kind, self.key_of(row.to_definition()))

    def replaced(self, contents: Contents, before: Shape | None, definition: Shape) -> Contents:
        """Return the contents as they will be once `definition` stands in the place of `before`."""
        members: Mapping[str, Any] = getattr(contents, self.collection)
        kept = {key: value for key, value in members.items() if before is None or key != self.key_of(before)}
        changed: dict[str, Any] = {self.collection: {**kept, self.key_of(definition): definition}}
        return dataclasses.replace(contents, **changed)

    # The integration around it

    def rename(self, row: Row, old: str, new: str, *, by: Actor) -> None:
        renaming.rewrite(row.integration, kind=self.kind, old=old, new=new, by=by)

    def integration_of(self, row: Row) -> models.Integration:
        integration: models.Integration = row.integration
        return integration

    def revision(self, row: Row) -> int:
        return _transactions.revision_of(row.integration)

    def lock(self, row: Row) -> int:
        return _transactions.lock(row.integration)

    def touch(self, row: Row) -> None:
        row.integration.touch()

    def _rows(self, integration: models.Integration) -> Any:
        return self.model.objects.for_integration(integration)
