"""Who may see what: the one filter that pages, API, search, counts and exports go through."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, Self, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model, covariant=True)

SEE_EVERY_INTEGRATION = "integrations.view_every_integration"


class Viewer(Protocol):
    """What of a user decides; also fulfilled by whoever acts without a user row."""

    @property
    def pk(self) -> Any: ...

    @property
    def is_active(self) -> bool: ...

    def has_perm(self, perm: str, /) -> bool: ...


class ScopedQuerySet(models.QuerySet[Row]):
    """Rows that belong to an integration, directly or through others."""

    #: The lookups that lead from the row to its integration.
    INTEGRATION: ClassVar[str] = "integration"
    MEMBERS: ClassVar[str] = "integration__members"

    def for_integration(self, integration: models.Model) -> Self:
        return self.filter(**{self.INTEGRATION: integration.pk})

    def visible_to(self, viewer: Viewer) -> Self:
        """Return the rows of integrations that `viewer` may see. Unknown and inactive people see nothing."""
        if sees_every_integration(viewer):
            return self.all()
        if not is_known(viewer):
            return self.none()
        # Someone is a member once, so the join repeats no row.
        return self.filter(**{self.MEMBERS: viewer.pk})

    def with_definition(self) -> Self:
        """Return the rows with all that `to_definition` reads, in a fixed number of queries."""
        return self.all()


def sees_every_integration(viewer: Viewer) -> bool:
    return viewer.is_active and viewer.has_perm(SEE_EVERY_INTEGRATION)


def is_known(viewer: Viewer) -> bool:
    """Return whether `viewer` can be a member; a None id in a filter would match integrations without members."""
    return viewer.is_active and viewer.pk is not None
