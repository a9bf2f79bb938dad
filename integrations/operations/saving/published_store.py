"""What functions and features have in common: what is saved is a draft, what runs is a published version."""

from __future__ import annotations

from typing import Any

from integrations.actors import Actor, require
from integrations.operations.saving import versions
from integrations.operations.saving.store import Row, Shape, Store


class PublishedStore(Store[Row, Shape]):
    """A store whose rows have versions. What runs is the latest version, never the draft."""

    def authorize(self, row: Row, definition: Shape, by: Actor) -> None:
        """Changing source needs the code-execution grant, a permission of its own."""
        code = _code(definition)
        if code is not None and code != (_code(row.to_definition()) if row.pk else None):
            require(by, "write_code", to="write code")

    def publish(self, *, row: Row, by: Actor, reason: str = "") -> Any:
        """Return the latest version, made now if what is saved differs from it.

        Raises:
            NotAvailableYet: it uses what this release cannot run yet; says what and where.
        """
        require(by, f"change_{self.model._meta.model_name}", to=f"publish {self.collection}")
        return versions.freeze(row, by=by, reason=reason, **self.frozen(row.to_definition()))

    def frozen(self, definition: Shape) -> dict[str, Any]:
        """Return what a version holds beside the definition.

        Raises:
            NotAvailableYet: this release cannot run it.
        """
        raise NotImplementedError


def _code(definition: Any) -> tuple[str, str] | None:
    """Return language and source; None for a feature made of sequences."""
    return None if definition.function is None else (definition.language, definition.function)
