"""Forms of a catalogue app and its parts."""

from __future__ import annotations

from typing import Any

from django import forms

from integrations.admin.forms.base import DefinitionForm
from integrations.admin.forms.fields import TAG_HELP, JsonField, choice_field
from integrations.admin.forms.parts import PartForm
from integrations.definitions.app import Auth, RequestType, Webhook
from integrations.definitions.cache import Period
from integrations.definitions.effects import Effect
from integrations.definitions.field import FieldType
from integrations.types import JsonObject


class AppForm(DefinitionForm):
    SHAPE = ("app_name", "tag", "description", "status", "retries")

    retries = JsonField(
        label="Retry policy",
        empty={},
        place="retries",
        rows=5,
        help_text='{"max": 3, "policy": {"503": {"available": 2, "lag": 500}}}, lag in milliseconds. When left empty, '
        "408, 429, 5xx and connection errors count as worth a retry; other 4xx never are.",
    )

    class Meta:
        labels = {"app_name": "Name"}
        help_texts = {"app_name": "Such as “Order service”.", "tag": TAG_HELP}


class AppEnvironmentForm(PartForm):
    SHAPE = ("slug", "env_name", "base_url", "request_type", "active", "allowed_hosts", "rate_limit")

    request_type = choice_field(RequestType, label="Requests are sent as")
    allowed_hosts = JsonField(
        empty=[],
        rows=3,
        place="allowed_hosts",
        help_text='Hosts besides the base URL\'s own that secrets may go to: ["uploads.example.com", "*.example.org"].'
        " A port besides 80 and 443 is written behind one: uploads.example.com:8443.",
    )

    rate_limit = JsonField(
        place="rate_limit",
        rows=3,
        help_text='Calls that the API allows, all integrations together: 100 a minute is {"limit": 100, "period": 60}.',
    )

    class Meta:
        labels = {"env_name": "Name", "base_url": "Base URL"}
        help_texts = {"slug": "Such as live or sandbox.", "base_url": "https://api.example.com/v2"}


class AppActionForm(PartForm):
    SHAPE = (
        *("tag", "name", "description", "method", "resource", "request_type", "params", "query", "headers", "body"),
        *("responses", "pagination", "idempotent", "effect"),
    )

    request_type = choice_field(RequestType, blank="As the environment says", label="Request is sent as")
    params = JsonField(empty=[], place="params", rows=4, help_text='In the path: [{"key": "id", "type": "string"}].')
    query = JsonField(empty=[], place="query", rows=4, help_text="Fields after the question mark.")
    headers = JsonField(empty=[], place="headers", rows=4, help_text='[{"key": "Authorization", "type": "string"}].')
    body = JsonField(empty=[], place="body", help_text="A list of fields, or a JSON Schema (an object with “type”).")
    responses = JsonField(
        empty=[],
        place="responses",
        rows=5,
        help_text='[{"status_code": 201, "success": true, "body": [{"key": "id", "type": "string"}]}]. Answers are '
        "checked against them.",
    )
    pagination = JsonField(place="pagination", rows=3)
    effect = choice_field(Effect, blank="Goes by the method", label="What calling it does")

    class Meta:
        labels = {"resource": "Path", "idempotent": "Calling twice does no harm"}
        help_texts = {
            "tag": TAG_HELP,
            "resource": "Below the base URL, with :id or {id} for params: /v1/orders/:id.",
            "idempotent": "Unknown goes by the method: POST and PATCH are not, all others are.",
            "effect": "Replays ask before they do a write again, and leave alone what cannot be undone. By the method: "
            "GET, HEAD and OPTIONS read, DELETE cannot be undone, all others write.",
        }


class AppAuthForm(PartForm):
    SHAPE = (
        *("tag", "name", "description", "setup_type", "tokens", "action_tag", "expiry", "period", "placement"),
        *("key_name", "token_url", "scopes"),
    )

    tokens = JsonField(
        empty={},
        place="tokens",
        rows=5,
        help_text='Tokens: where they go. {"headers": [{"key": "X-Api-Key", "type": "string"}]}. Whoever connects '
        "the app supplies the values.",
    )
    period = choice_field(Period, label="Unit")
    placement = choice_field(Auth.model_fields["placement"].annotation, label="API key goes into the")
    scopes = JsonField(empty=[], place="scopes", rows=3, help_text='OAuth 2: ["orders.read", "orders.write"].')

    class Meta:
        labels = {
            "setup_type": "Kind",
            "action_tag": "Token action",
            "expiry": "Token is good for",
            "key_name": "API key's name",
            "token_url": "Token URL",
        }
        help_texts = {
            "tag": f"{TAG_HELP} Mappings read the token by $Auth{{tag}}.",
            "action_tag": "Credentials: the tag of the action that returns a token.",
            "expiry": "Credentials: fetched anew after this time; empty keeps it until it is refused.",
            "token_url": "OAuth 2: https://login.example.com/oauth/token",
        }


class AppVariableForm(PartForm):
    SHAPE = ("key", "type", "required", "description")

    type = choice_field(FieldType)
    rules = JsonField(
        empty={},
        place="",
        rows=4,
        help_text='The rest of the field: {"minLength": 3, "enum": ["eu", "us"], "defaultValue": "eu"}.',
    )

    class Meta:
        help_texts = {"key": "Such as region. Mappings read it by $Variable{access_tag}{key}."}

    def given(self) -> JsonObject:
        rules = self.cleaned_data.get("rules")
        return {**(rules if isinstance(rules, dict) else {}), **super().given()}

    def field_of(self, place: str) -> str | None:
        return super().field_of(place) or "rules"

    def clean_rules(self) -> Any:
        rules = self.cleaned_data["rules"]
        if not isinstance(rules, dict):
            raise forms.ValidationError("should be an object")
        return rules


class AppConstantForm(PartForm):
    SHAPE = ("key", "value", "description")

    value = JsonField(place="value", rows=3, help_text='Any JSON but null: "EUR", 20, true, {"a": 1}.')

    class Meta:
        help_texts = {"key": "Such as currency. Mappings read it by $Constant{access_tag}{key}."}


class AppWebhookForm(PartForm):
    SHAPE = ("tag", "name", "description", "method", "sample")

    method = choice_field(Webhook.model_fields["method"].annotation)
    sample = JsonField(place="sample", rows=5, help_text="What the app sends, as an example.")

    class Meta:
        help_texts = {"tag": TAG_HELP}
