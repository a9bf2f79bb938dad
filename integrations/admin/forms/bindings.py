"""Rows for one environment each: what a connected app is bound to, and settings of notifications and databases."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from integrations import models
from integrations.admin.forms.base import DefinitionForm, head
from integrations.admin.forms.fields import TAG_HELP, JsonField, SecretField, SecretJsonField
from integrations.admin.forms.parts import PartForm
from integrations.admin.forms.widgets import SecretInput
from integrations.definitions.app import App
from integrations.definitions.field import Field
from integrations.definitions.secrecy import KEPT
from integrations.types import Json, JsonObject

_TEXTS = ("string", "numberstring", "uuid")


class ConnectedAppForm(DefinitionForm):
    KEY = "access_tag"
    SHAPE = ("access_tag",)
    ALIASES = {"app_tag": "app"}

    class Meta:
        labels = {"access_tag": "Access tag"}
        help_texts = {
            "app": "The app of the catalogue. What it is bound to in each environment comes next.",
            "access_tag": "What the integration calls it: the app's tag, or that with a part of its own, such as "
            "orders:backup.",
        }

    def values(self) -> JsonObject:
        app: models.App | None = self.cleaned_data.get("app") if self.is_new else self.instance.app
        return {**super().values(), **({"app_tag": app.tag} if app else {})}


class BindingForm(PartForm):
    ALIASES = {"app_env_slug": "app_environment", "integration_env_slug": "environment"}

    #: The catalogue app, told by the inline.
    app: ClassVar[App]

    auth_tag = forms.ChoiceField(required=False, label="Auth", widget=UnfoldAdminSelectWidget())
    auth_data = SecretJsonField(
        label="Authentication data",
        place="data",
        rows=5,
        help_text='What the auth is given: {"headers": {"X-Api-Key": "…"}}, or the input of its token action. Values '
        'are write-only: "[sealed]" keeps the stored one; empty takes the environment\'s. $Secret{key} reads a secret.',
    )

    class Meta:
        labels = {"app_environment": "App's environment"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "auth_tag" in self.fields:
            choices = [("", "None"), *((auth.tag, f"{auth.tag} ({auth.setup_type})") for auth in self.app.auths)]
            self.fields["auth_tag"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField, see above
        self.initial["auth_data"] = self.instance.auth_shape
        for variable in self.instance.variables:
            self.initial[variable_name(variable["key"])] = variable["value"]

    def given(self) -> JsonObject:
        environment, app_environment = (self.cleaned_data.get(name) for name in ("environment", "app_environment"))
        auth_tag, data = self.cleaned_data.get("auth_tag"), self.cleaned_data.get("auth_data")
        slugs: JsonObject = {
            "integration_env_slug": environment.slug if environment else None,
            "app_env_slug": app_environment.slug if app_environment else None,
        }
        given = {name: slug for name, slug in slugs.items() if slug}
        return {**given, "variables": self._variables(), "auth": {"auth_tag": auth_tag or None, "data": data}}

    def _variables(self) -> list[Json]:
        values = ((each.key, self.cleaned_data.get(variable_name(each.key))) for each in self.app.variables)
        return [{"key": key, "value": value} for key, value in values if value not in (None, "")]

    def field_of(self, place: str) -> str | None:
        name, index, rest = head(place)
        if name == "auth":
            return "auth_tag" if head(rest)[0] == "auth_tag" else "auth_data"
        if name == "variables":
            return self._variable_at(index, rest)
        return super().field_of(place)

    def _variable_at(self, index: int | None, rest: str) -> str | None:
        """Return the field of a variable that was given by its number, or that is missed by its key."""
        given = self._variables()
        entry = given[index] if index is not None and index < len(given) else None
        name = variable_name(str(entry["key"]) if isinstance(entry, dict) else head(rest)[0])
        return name if name in self.fields else None


def variable_name(key: str) -> str:
    return f"variable_{key}"


def variable_field(variable: Field) -> forms.Field:
    """Return the form's field for a variable of the app: a box for a text, an editor for anything else."""
    label = f"Variable {variable.key}"
    if variable.type in _TEXTS:
        widget = UnfoldAdminTextInputWidget()
        return forms.CharField(label=label, required=False, strip=False, widget=widget, help_text=variable.description)
    help_text = f"JSON of type {variable.type}. {variable.description}"
    return JsonField(label=label, place="value", rows=3, help_text=help_text)


class NotificationForm(DefinitionForm):
    SHAPE = ("tag", "name", "description", "messages")

    messages = JsonField(
        empty=[],
        place="messages",
        rows=14,
        help_text='[{"tag": "paid", "channel": "email", "subject": "Order $Input{id}", "body": "Thank you", "input": '
        '[{"key": "id", "type": "string"}]}]. Channels: email, callback, sms, push. Sent as tag:message.',
    )

    class Meta:
        help_texts = {"tag": TAG_HELP}


class NotificationEnvironmentForm(PartForm):
    ALIASES = {"slug": "environment"}

    settings = SecretJsonField(
        label="Channel settings",
        empty={},
        place="",
        help_text='{"email": {"to": "ops@example.com"}, "callback": {"url": "https://hooks.example.com/x"}}. Values '
        'are write-only: "[sealed]" keeps the stored one.',
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["settings"] = self.instance.settings_shape

    def given(self) -> JsonObject:
        settings, environment = self.cleaned_data.get("settings"), self.cleaned_data.get("environment")
        slug: JsonObject = {"slug": environment.slug} if environment else {}
        return {**(settings if isinstance(settings, dict) else {}), **slug}

    def field_of(self, place: str) -> str | None:
        return super().field_of(place) or "settings"

    def clean_settings(self) -> Any:
        settings = self.cleaned_data["settings"]
        if not isinstance(settings, dict):
            raise forms.ValidationError("should be an object")
        return settings


class DatabaseForm(DefinitionForm):
    SHAPE = ("tag", "name", "description", "type", "actions")

    actions = JsonField(
        empty=[],
        place="actions",
        rows=14,
        help_text='[{"tag": "open_orders", "operation": "query", "sql": "SELECT id FROM orders WHERE state = :state", '
        '"input": [{"key": "state", "type": "string"}], "row_limit": 100}]. Or “table” and “template” for “sql”.',
    )

    class Meta:
        help_texts = {"tag": TAG_HELP}


class DatabaseEnvironmentForm(PartForm):
    ALIASES = {"slug": "environment"}

    connection_url = SecretField(
        label="Connection URL", help_text="postgresql://user:password@host:5432/name. Sealed; it is never shown again."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "connection_url" in self.fields:
            self.fields["connection_url"].widget = SecretInput(is_set=self.instance.pk is not None)

    def given(self) -> JsonObject:
        url, environment = self.cleaned_data.get("connection_url"), self.cleaned_data.get("environment")
        slug: JsonObject = {"slug": environment.slug} if environment else {}
        kept: JsonObject = {"connection_url": KEPT} if self.instance.pk is not None else {}
        return {**slug, **kept, **({"connection_url": url} if url else {})}
