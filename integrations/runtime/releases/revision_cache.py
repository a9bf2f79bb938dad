"""Keeps what was read from the database while its integration does not change, for processes that start many runs."""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

from django.db import connection

from integrations import models

Value = TypeVar("Value")


class Revision(NamedTuple):
    """What every change of anything in an integration, or of an app that it connects, changes too."""

    integration_id: int
    revision: int
    updated_at: dt.datetime

    @classmethod
    def of(cls, integration: models.Integration) -> Revision:
        """Return the revision of an integration as it was loaded, which must have been just now."""
        return cls(integration.pk, integration.revision, integration.updated_at)

    @classmethod
    def current(cls, integration: models.Integration) -> Revision:
        """Return the integration's revision as it is in the database."""
        values = models.Integration.objects.filter(pk=integration.pk).values_list("revision", "updated_at").get()
        return cls(integration.pk, *values)


class RevisionCache(Generic[Value]):
    """The values that were used last, by key. A key has a revision, so a change makes a new key and nothing goes stale.

    Nothing decrypted may be kept here. `is_read=False` says that the values are worked out from their keys alone.
    """

    def __init__(self, *, most: int, is_read: bool = True) -> None:
        self._most, self._is_read = most, is_read
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, load: Callable[[], Value]) -> Value:
        """Return the value kept under `key`, or what `load` gives."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = load()
        if self._is_read and connection.in_atomic_block:
            return value  # which may yet be rolled back
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return value
