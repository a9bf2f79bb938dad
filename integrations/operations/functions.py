"""Functions of an integration: saved once they compile, and published as immutable versions."""

from __future__ import annotations

from typing import Any

from integrations import models
from integrations.connectors.functions.source import compile_function
from integrations.definitions import checking
from integrations.definitions.contents import Contents
from integrations.definitions.function import Function
from integrations.errors import DefinitionError, NotAvailableYet, Problem
from integrations.operations.published_store import PublishedStore


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


def compiled(definition: Function) -> str:
    """Return the JavaScript of a function.

    Raises:
        NotAvailableYet: nothing runs its language yet.
    """
    if definition.language == "python":
        raise NotAvailableYet(
            f"functions/{definition.tag}/language: python is stored, but this release cannot run it yet"
        )
    return compile_function(definition.function, definition.language).javascript


def code_problems(definition: Function, place: str) -> list[Problem]:
    """Return why the source does not compile; a language that nothing runs yet is refused when it is published."""
    if definition.language == "python":
        return []
    try:
        compile_function(definition.function, definition.language)
    except DefinitionError as error:
        return [problem.under(place) for problem in error.problems]
    return []
