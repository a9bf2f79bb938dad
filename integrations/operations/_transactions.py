"""Transactions of operations: checked before, locked while written, and refused when someone else was faster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from integrations import models
from integrations.errors import NotFound, OperationRefused


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Write everything in the block or nothing.

    Raises:
        OperationRefused: someone else wrote something between the check and this, which the database does not allow
            beside it.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise OperationRefused("something was changed at the same time, so nothing was saved; try again") from error


def revision_of(integration: models.Integration) -> int:
    """Return the revision now: equal ones mean that nothing in the integration has changed in between.

    Raises:
        NotFound: it was deleted.
    """
    return _revision(integration, models.Integration.objects.all())


def lock(integration: models.Integration) -> int:
    """Keep everyone else from changing anything in the integration until the transaction ends; return its revision.

    SQLite needs no lock for that: a transaction that writes is alone from its start.
    """
    return _revision(integration, models.Integration.objects.select_for_update())


def _revision(integration: models.Integration, rows: QuerySet[models.Integration]) -> int:
    revision = rows.filter(pk=integration.pk).values_list("revision", flat=True).first()
    if revision is None:
        raise NotFound("integration", integration.tag)
    return revision
