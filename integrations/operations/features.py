"""Features of an integration: saved when every reference in them holds, and published as immutable versions."""

from __future__ import annotations

from typing import Any

from integrations import models
from integrations.definitions import checking, releasing
from integrations.definitions.contents import Contents
from integrations.definitions.feature import Feature
from integrations.errors import NotAvailableYet, Problem
from integrations.operations.saving.published_store import PublishedStore
from integrations.runtime.releases.compiling import code_problems


class FeatureStore(PublishedStore[models.Feature, Feature]):
    model = models.Feature
    shape = Feature
    kind = "feature"
    collection = "features"

    def check(self, definition: Feature, contents: Contents) -> list[Problem]:
        problems = checking.check_feature(definition, contents)
        if definition.is_code:
            return [*problems, *code_problems(definition.own_function, self.place_of(definition.tag))]
        return problems

    def frozen(self, definition: Feature) -> dict[str, Any]:
        unavailable = releasing.unavailable(definition)
        if unavailable:
            raise NotAvailableYet("\n".join(map(str, unavailable)))
        return {}


store = FeatureStore()
create, update, save, delete = store.create, store.update, store.save, store.delete
fetch, fetch_all, publish = store.fetch, store.fetch_all, store.publish
