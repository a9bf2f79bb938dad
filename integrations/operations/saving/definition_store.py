"""Saving and deleting what has in common for every kind of definition, in an integration or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from integrations import models
from integrations.actors import Actor, require
from integrations.definitions.base import Definition, may_exist
from integrations.definitions.values.equality import json_equal
from integrations.errors import DefinitionError, InUse, NotFound, Problem, with_article
from integrations.operations import _audit
from integrations.operations._transactions import all_or_nothing
from integrations.types import JsonObject

#: A `models.DefinitionModel`.
Row = TypeVar("Row", bound=Any)
#: The definition that the row holds.
Shape = TypeVar("Shape", bound=Definition)


class DefinitionStore(Generic[Row, Shape]):
    """The operations on one kind of definition.

    Every write checks permission and definition first and then happens in one transaction with its audit record; a
    refused one leaves nothing behind.
    """

    model: ClassVar[type[Any]]
    shape: ClassVar[type[Any]]
    #: How messages and the audit call it.
    kind: ClassVar[str]
    #: The first part of every place: `features/<tag>/…`.
    collection: ClassVar[str]
    #: The field that names one among its kind.
    key: ClassVar[str] = "tag"

    # Queries

    def describe(self, row: Row) -> Shape:
        """Return the definition that the row holds, secrets masked."""
        definition: Shape = row.to_definition()
        return definition

    def problems(self, *, row: Row, definition: Shape) -> list[Problem]:
        """Return everything that speaks against `definition` in a new or stored row; `save` refuses for just these."""
        raise NotImplementedError

    def in_use(self, row: Row) -> Sequence[str]:
        """Return every place that refers to the row; `delete` refuses while there is one."""
        raise NotImplementedError

    # Writes

    def save(self, *, row: Row, definition: Shape, by: Actor, reason: str = "", publish: bool = False) -> Row:
        """Write `definition` to a new or stored row.

        One that says what is stored already, sealed values included, changes nothing and is not audited.

        Raises:
            DefinitionError: with every problem at its place.
            PermissionRefused
        """
        is_new = row.pk is None
        self._require("add" if is_new else "change", by, to=f"{'add' if is_new else 'change'} {self.collection}")
        self.authorize(row, definition, by)
        seen = self.revision(row)
        self._refuse(row, definition)
        before = None if is_new else row.to_definition()
        with all_or_nothing():
            if self.lock(row) != seen:
                # Another process was faster, so what was found a moment ago may not hold any more.
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
        with all_or_nothing():
            self.lock(row)
            places = self.in_use(row)
            if places:
                raise InUse(self.kind, tag, places)
            row.delete()
            integration = self.integration_of(row)
            _audit.write("delete", kind=self.kind, tag=tag, by=by, integration=integration, before=definition.to_dict())
            if integration is not None:
                integration.touch()

    # What a kind may have of its own

    def parse(self, values: JsonObject) -> Shape:
        """Return the definition that plain JSON describes.

        Raises:
            DefinitionError: with every problem at its place.
        """
        parsed: Shape = self.shape.parse(values, place=self.place_of(str(values.get(self.key, ""))))
        return parsed

    def authorize(self, row: Row, definition: Shape, by: Actor) -> None:
        """Raise PermissionRefused when this very change needs more than the model permission."""

    def write(self, row: Row, definition: Shape) -> None:
        """Store the definition; runs inside the transaction."""
        row.apply(definition)
        row.save()

    def rename(self, row: Row, old: str, new: str, *, by: Actor) -> None:
        """Rewrite every reference to `old`, or refuse; runs inside the transaction."""

    def integration_of(self, row: Row) -> models.Integration | None:
        """Return the integration that the row is a part of, or None for what is a part of none."""
        return None

    def audited_in(self, row: Row) -> models.Integration | None:
        """Return the integration whose audit records tell of the row's changes."""
        return self.integration_of(row)

    def revision(self, row: Row) -> int | None:
        """Return what changes with everything that `problems` reads, or None where nothing counts that."""
        return None

    def lock(self, row: Row) -> int | None:
        """Keep others from changing what `problems` reads until the transaction ends; return the revision."""
        return None

    def touch(self, row: Row) -> None:
        """Raise the revision of every integration that the changed row matters to."""

    # Parts

    def key_of(self, definition: Definition) -> str:
        return str(getattr(definition, self.key))

    def place_of(self, tag: str) -> str:
        return f"{self.collection}/{tag}" if tag else self.collection

    def find(self, rows: Any, tag: object) -> Row | None:
        """Return the one of that tag among `rows`."""
        found: Row | None = rows.with_definition().filter(**{self.key: tag}).first() if may_exist(tag) else None
        return found

    def known(self, rows: Any, tag: str) -> Row:
        """Return the one of that tag among `rows`.

        Raises:
            NotFound: naming those that exist.
        """
        found = self.find(rows, tag)
        if found is None:
            raise NotFound(self.kind, tag, list(rows.values_list(self.key, flat=True)))
        return found

    def _collisions(self, row: Row, definition: Shape, others: Any) -> list[Problem]:
        tag = self.key_of(definition)
        if others.exclude(pk=row.pk).filter(**{self.key: tag}).exists():
            return [Problem(f"{self.place_of(tag)}/{self.key}", f'there is already {with_article(self.kind)} "{tag}"')]
        return []

    def _refuse(self, row: Row, definition: Shape) -> None:
        problems = self.problems(row=row, definition=definition)
        if problems:
            raise DefinitionError(problems)

    def _put(self, row: Row, definition: Shape, before: Shape | None, *, by: Actor, reason: str) -> None:
        self.write(row, definition)
        if before is not None and self.key_of(before) != self.key_of(definition):
            self.rename(row, self.key_of(before), self.key_of(definition), by=by)
        after = row.to_definition()
        _audit.write(
            "change" if before else "add",
            kind=self.kind,
            tag=self.key_of(after),
            by=by,
            integration=self.audited_in(row),
            before=before.to_dict() if before else None,
            after=after.to_dict(),
            reason=reason,
        )
        self.touch(row)

    def _require(self, verb: str, by: Actor, *, to: str) -> None:
        require(by, f"{verb}_{self.model._meta.model_name}", to=to)
