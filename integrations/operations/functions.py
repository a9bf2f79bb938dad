"""Functions of an integration: saved once they compile, and published as immutable versions."""

from __future__ import annotations

from typing import Any

from integrations import models
from integrations.definitions import checking
from integrations.definitions.contents import Contents
from integrations.definitions.function import Function
from integrations.errors import Problem
from integrations.operations.saving.published_store import PublishedStore
from integrations.runtime.releases.compiling import code_problems, compiled


class FunctionStore(PublishedStore[models.Function, Function]):
    model = models.Function
    shape = Function
    kind = "function"
    collection = "functions"

    def check(self, definition: Function, contents: Contents) -> list[Problem]:
        return [*checking.check_function(definition), *code_problems(definition, self.place_of(definition.tag))]

    def frozen(self, definition: Function) -> dict[str, Any]:
        return {"javascript": compiled(definition)}


store = FunctionStore()
create, update, save, delete = store.create, store.update, store.save, store.delete
fetch, fetch_all, publish = store.fetch, store.fetch_all, store.publish
