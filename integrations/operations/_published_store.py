"""What functions and features have in common: what is saved is a draft, what runs is a published version."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction

from integrations.operations import _audit
from integrations.operations._store import Row, Shape, Store
from integrations.operations.actors import Actor, require, user_of


class PublishedStore(Store[Row, Shape]):
    """A store whose rows have versions. What runs is the latest version, never the draft."""

    version_model: ClassVar[type[Any]]

    def authorize(self, row: Row, definition: Shape, by: Actor) -> None:
        """Changing source needs the code-execution grant, a permission of its own."""
        source = getattr(definition, "function", None)
        if source is not None and source != (row.function if row.pk else None):
            require(by, "write_code", to="write code")

    def publish(self, *, row: Row, by: Actor, reason: str = "") -> Any:
        """Return the latest version, made now if what is saved differs from it.

        Raises:
            NotAvailableYet: it uses what this release cannot run yet; says what and where.
        """
        require(by, f"change_{self.model._meta.model_name}", to=f"publish {self.collection}")
        definition = row.to_definition()
        frozen = self.frozen(definition)
        latest = row.latest_version()
        if latest is not None and latest.to_definition() == definition:
            return latest
        with transaction.atomic():
            version = self.version_model.objects.create(
                **{self.kind: row},
                number=latest.number + 1 if latest else 1,
                definition=definition.to_compact_dict(),
                created_by=user_of(by),
                reason=reason,
                **frozen,
            )
            self._note(row, version, by=by, reason=reason)
        return version

    def frozen(self, definition: Shape) -> dict[str, Any]:
        """Return what a version holds beside the definition.

        Raises:
            NotAvailableYet: this release cannot run it.
        """
        raise NotImplementedError

    def _note(self, row: Row, version: Any, *, by: Actor, reason: str) -> None:
        after = {"version": version.number}
        _audit.write(
            "publish", kind=self.kind, tag=row.tag, by=by, integration=row.integration, after=after, reason=reason
        )
        row.integration.touch()
