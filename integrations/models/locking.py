"""Rows that are created when they are first needed, and locked while they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models

Row = TypeVar("Row", bound=models.Model, covariant=True)


class LockingQuerySet(models.QuerySet[Row]):
    def lock_or_create(self, *, defaults: Mapping[str, Any] | None = None, **lookup: Any) -> Row:
        """Return the row that `lookup` finds, locked until the transaction ends; create it if it is missing.

        Another process may create it at the same time, or housekeeping may delete it: then it is looked up again.
        """
        rows = self.filter(**lookup)
        while (row := rows.select_for_update().first()) is None:
            self.bulk_create([self.model(**lookup, **(defaults or {}))], ignore_conflicts=True)
        return row
