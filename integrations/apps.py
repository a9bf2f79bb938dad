"""Django's handle on this package."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Integrations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These need the app registry, which is full only now.
        from integrations import roles
        from integrations.runtime.retention import disk

        pre_migrate.connect(roles.note_permissions, sender=self, dispatch_uid="integrations.roles.note_permissions")
        post_migrate.connect(roles.create_groups, sender=self, dispatch_uid="integrations.roles.create_groups")
        pre_migrate.connect(disk.allow_shrinking, sender=self, dispatch_uid="integrations.disk.allow_shrinking")
