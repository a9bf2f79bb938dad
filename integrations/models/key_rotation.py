"""Seals stored secrets anew with the key that seals now, so that an old key can be given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models, transaction

from integrations import sealing
from integrations.models.fields import SealedField
from integrations.models.sealed import SealedModel


@dataclass(frozen=True, slots=True)
class SealedColumn:
    #: A SealedModel.
    model: Any
    name: str

    def __str__(self) -> str:
        return f"{self.model._meta.object_name}.{self.name}"

    def rows(self) -> models.QuerySet[Any]:
        """Return the rows that have something sealed there, loading as little as resealing needs."""
        rows: models.QuerySet[Any] = self.model.objects.exclude(**{self.name: ""}).only("pk", "seal_id", self.name)
        return rows


@dataclass(slots=True)
class Progress:
    """What became of one column's tokens so far."""

    column: SealedColumn
    resealed: int = 0
    #: Why tokens did not open; they stay as they are.
    broken: list[str] = field(default_factory=list)


def sealed_columns() -> Iterator[SealedColumn]:
    """Yield every sealed column of the application."""
    for model in apps.get_app_config("integrations").get_models():
        if issubclass(model, SealedModel):
            names = [column.name for column in model._meta.concrete_fields if isinstance(column, SealedField)]
            yield from (SealedColumn(model, name) for name in names)


def tokens_by_key(column: SealedColumn) -> Counter[str]:
    """Return how many of the column's tokens each key id sealed; "?" stands for what is no token."""
    tokens = column.rows().values_list(column.name, flat=True).iterator()
    return Counter(sealing.key_id_of(token) or "?" for token in tokens)


def rotate(column: SealedColumn, *, batch_size: int) -> Progress:
    """Seal anew what an older key sealed. Stopped halfway, the next call does the rest.

    Each batch is a transaction of its own. A token that was replaced meanwhile is left alone.
    """
    progress, last = Progress(column), 0
    ring = sealing.keyring()
    while batch := list(column.rows().filter(pk__gt=last).order_by("pk")[:batch_size]):
        with transaction.atomic():
            for row in batch:
                _reseal(row, ring, progress)
        last = batch[-1].pk
    return progress


def _reseal(row: SealedModel, ring: sealing.Keyring, progress: Progress) -> None:
    name = progress.column.name
    old = getattr(row, name)
    if not ring.needs_rotation(old):
        return
    identity = row.seal_identity(name)
    try:
        new = ring.seal(ring.open(old, identity=identity), identity=identity)
    except sealing.SealBroken as error:
        progress.broken.append(error.message)
        return
    rows = progress.column.model.objects.filter(pk=row.pk, **{name: old})
    progress.resealed += rows.update(**{name: new})
