"""Rows that are written once: versions, releases and the audit record."""

from __future__ import annotations

from typing import Any, Never

from django.db import models

from integrations.errors import OperationRefused


class RowIsFrozen(OperationRefused):
    """It was written once and for all."""

    def __init__(self, row_or_model: models.Model | type[models.Model]) -> None:
        super().__init__(f"a stored {row_or_model._meta.verbose_name} never changes")


class FrozenRows:
    """Stands before the queryset that it keeps from updating."""

    model: Any

    def update(self, **kwargs: Any) -> Never:
        raise RowIsFrozen(self.model)


class FrozenModel(models.Model):
    """Refuses to be saved a second time. Django's own SET_NULL of a foreign key still reaches it, as it must."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise RowIsFrozen(self)
        super().save(*args, **kwargs)
