"""Databases of an integration."""

from __future__ import annotations

from integrations import models
from integrations.definitions import checking
from integrations.definitions.contents import Contents
from integrations.definitions.database import Database
from integrations.errors import Problem
from integrations.operations.saving.store import Store


class DatabaseStore(Store[models.Database, Database]):
    model = models.Database
    shape = Database
    kind = "database"
    collection = "databases"

    def check(self, definition: Database, contents: Contents) -> list[Problem]:
        return checking.check_database(definition, contents)

    def write(self, row: models.Database, definition: Database) -> None:
        super().write(row, definition)
        row.apply_environments(definition)


store = DatabaseStore()
create, update, save, delete = store.create, store.update, store.save, store.delete
fetch, fetch_all = store.fetch, store.fetch_all
