"""The form of a secret: its value goes in and never comes out."""

from __future__ import annotations

from typing import Any

from integrations import models
from integrations.actors import Actor
from integrations.admin.forms.base import DefinitionForm
from integrations.admin.forms.fields import SecretField
from integrations.admin.forms.widgets import SecretInput
from integrations.errors import Problem
from integrations.operations import secrets


class SecretForm(DefinitionForm):
    KEY = "key"

    value = SecretField(max_length=secrets.MAX_CHARACTERS)

    class Meta:
        help_texts = {
            "key": "Definitions read it by $Secret{key}. A letter, then letters, digits and _ . : - (64 at most).",
            "environment": "Where it holds. One for a single environment wins over one for all.",
            "description": "What it opens and where to renew it. Shown to everyone who sees the integration.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "value" in self.fields:
            self.fields["value"].widget = SecretInput(is_set=not self.is_new)
            self.fields[
                "value"
            ].help_text = "Sealed when it is saved. It can be replaced, but never be read again here."

    def stored_revision(self) -> str:
        return str(self.instance.updated_at.isoformat())

    def _check(self) -> None:
        if self.is_new and self.can_be_checked:
            self.show(self._new_problems())

    def _new_problems(self) -> list[Problem]:
        key, value = self.cleaned_data.get("key", ""), self.cleaned_data.get("value", "")
        environment = self.cleaned_data.get("environment")
        found = [
            Problem(each.place.removeprefix("secrets/"), each.message, each.hint)
            for each in secrets.problems(key=key, value=value)
        ]
        if environment is not None and environment.integration_id != self.instance.integration_id:
            found.append(Problem("environment", "this environment belongs to another integration"))
        rows = models.Secret.objects.for_integration(self.instance.integration).filter(key=key, environment=environment)
        if rows.exists():
            found.append(Problem("key", "there is already a secret of this key here", "open it to replace its value"))
        return found

    def store(self, row: models.Secret, *, by: Actor) -> None:
        """Write what was filled in; an empty value keeps the stored one."""
        description = self.cleaned_data["description"]
        if not self.cleaned_data["value"]:
            secrets.describe(row=row, description=description, by=by)
            return
        environment = row.environment if row.pk else self.cleaned_data["environment"]
        stored = secrets.put(
            integration=row.integration,
            environment=environment,
            key=row.key if row.pk else self.cleaned_data["key"],
            value=self.cleaned_data["value"],
            description=description,
            by=by,
        )
        row.pk, row.key, row.environment = stored.pk, stored.key, stored.environment
