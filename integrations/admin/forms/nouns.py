"""Forms of integrations, environments, caches and jobs: one definition, no rows below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from integrations import models
from integrations.admin.forms.base import DefinitionForm
from integrations.admin.forms.fields import TAG_HELP, SecretJsonField
from integrations.types import JsonObject


class IntegrationForm(DefinitionForm):
    SHAPE = ("name", "tag", "description", "unique")

    class Meta:
        labels = {"unique": "Unique name"}
        help_texts = {
            "name": "What people call it, such as “Order sync”.",
            "tag": f"{TAG_HELP} Made from the name when left empty.",
            "description": "What it is for, and who asks for it.",
            "unique": "Refuse a second integration of this name. Otherwise creating the name again opens this one.",
            "members": "Who may see it, besides those who see every integration.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "tag" in self.fields:
            self.fields["tag"].required = False

    def given(self) -> JsonObject:
        # The description is required, but may be empty.
        return {"description": "", **super().given()}


class EnvironmentForm(DefinitionForm):
    KEY = "slug"
    SHAPE = ("env_name", "slug", "description", "active", "auth")
    ALIASES = {"envs": "auth"}

    auth = SecretJsonField(
        label="Default authentication data",
        empty={},
        place="auth",
        help_text='Used by connected apps that have none of their own here: {"headers": {"X-Api-Key": "…"}}. Values '
        'are write-only: "[sealed]" keeps the stored one. A text that is just $Secret{key} reads that secret.',
    )

    class Meta:
        labels = {"env_name": "Name", "active": "Active"}
        help_texts = {
            "env_name": "Such as “Production”.",
            "slug": "2 to 16 lower-case letters and digits, a letter first; three is the custom: dev, stg, prd.",
            "active": "An inactive environment starts no run. What is queued there waits until it is active again.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["auth"] = self.instance.auth_shape

    def values(self) -> JsonObject:
        """Return the definition with its bindings as they are: those are edited on their connected apps."""
        kept = {} if self.is_new else {"envs": self.instance.to_definition().to_dict().get("envs", [])}
        return {"auth": {}, **super().values(), **kept}


class CacheForm(DefinitionForm):
    SHAPE = ("tag", "name", "description", "sequence_tag", "event_tag", "expiry", "period")

    class Meta:
        labels = {"sequence_tag": "Sequence", "event_tag": "Event", "expiry": "Keep for", "period": "Unit"}
        help_texts = {
            "tag": TAG_HELP,
            "sequence_tag": "The tag of the sequence whose event is cached.",
            "event_tag": "The event in it (its own name where it has one). Only its successful results are kept.",
            "expiry": "A whole number above 0.",
        }


if TYPE_CHECKING:
    _ModelChoiceField = forms.ModelChoiceField[models.Environment]
else:
    # Django's own class takes no type arguments.
    _ModelChoiceField = forms.ModelChoiceField


class EnvironmentChoice(_ModelChoiceField):
    """Names the integration, too: the same slug is in most of them."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.integration.tag} / {obj.slug}"
