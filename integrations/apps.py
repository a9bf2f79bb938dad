"""Django's handle on this package."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Integrations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations import roles  # needs the app registry, which is full only now

        post_migrate.connect(roles.create_groups, sender=self, dispatch_uid="integrations.roles.create_groups")
