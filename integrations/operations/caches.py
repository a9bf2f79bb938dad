"""Caches of an integration, and what they hold."""

from __future__ import annotations

from django.db import transaction

from integrations import models
from integrations.actors import Actor, require
from integrations.definitions import checking
from integrations.definitions.cache import Cache
from integrations.definitions.contents import Contents
from integrations.errors import Problem
from integrations.operations import _audit
from integrations.operations.saving.store import Store


class CacheStore(Store[models.Cache, Cache]):
    model = models.Cache
    shape = Cache
    kind = "cache"
    collection = "caches"

    def check(self, definition: Cache, contents: Contents) -> list[Problem]:
        return checking.check_cache(definition, contents)


store = CacheStore()
create, update, save, delete = store.create, store.update, store.save, store.delete
fetch, fetch_all = store.fetch, store.fetch_all


def clear(*, integration: models.Integration, tag: str, by: Actor) -> int:
    """Forget every result that the cache holds, in all environments, and return how many."""
    require(by, "change_cache", to="clear caches")
    cache = fetch(integration=integration, tag=tag, by=by)
    with transaction.atomic():
        entries = models.CacheEntry.objects.filter(cache=cache)
        # In the order in which workers lock them, or the two would wait for each other.
        list(entries.order_by("key").select_for_update().values_list("pk", flat=True))
        cleared, _ = entries.delete()
        _audit.write("clear", kind="cache", tag=tag, by=by, integration=integration, reason=f"{cleared} results")
    return cleared
