"""Notifications of an integration."""

from __future__ import annotations

from integrations import models
from integrations.definitions import checking
from integrations.definitions.contents import Contents
from integrations.definitions.notification import Notification
from integrations.errors import Problem
from integrations.operations.saving.store import Store


class NotificationStore(Store[models.Notification, Notification]):
    model = models.Notification
    shape = Notification
    kind = "notification"
    collection = "notifications"

    def check(self, definition: Notification, contents: Contents) -> list[Problem]:
        return checking.check_notification(definition, contents)

    def write(self, row: models.Notification, definition: Notification) -> None:
        super().write(row, definition)
        row.apply_environments(definition)


store = NotificationStore()
create, update, save, delete = store.create, store.update, store.save, store.delete
fetch, fetch_all = store.fetch, store.fetch_all
