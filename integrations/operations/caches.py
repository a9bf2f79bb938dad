"""Caches of an integration."""

from __future__ import annotations

from integrations import models
from integrations.definitions import checking
from integrations.definitions.cache import Cache
from integrations.definitions.contents import Contents
from integrations.errors import Problem
from integrations.operations._store import Store


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
