"""What an app is made of: its environments, actions, auths, variables, constants and webhooks."""

from __future__ import annotations

from django.db import models

from integrations.definitions.app import Action, Auth, Constant, Webhook
from integrations.definitions.app import AppEnvironment as AppEnvironmentDefinition
from integrations.definitions.field import Field
from integrations.models.base import PartModel
from integrations.models.fields import ExactJSONField, TagField
from integrations.types import JsonObject


class AppEnvironment(PartModel[AppEnvironmentDefinition]):
    DEFINITION = AppEnvironmentDefinition
    COLUMNS = ("slug", "env_name", "base_url", "request_type", "active", "allowed_hosts", "rate_limit")
    KEY = "slug"

    app = models.ForeignKey("integrations.App", on_delete=models.CASCADE, related_name="environments")
    slug = TagField()
    env_name = models.CharField(max_length=200, blank=True, default="")
    base_url = models.CharField(max_length=2_000)
    request_type = models.CharField(max_length=16, default="json")
    active = models.BooleanField(default=True)
    allowed_hosts = ExactJSONField(default=list, blank=True)
    #: `{limit, period}` for all integrations together; None is no limit.
    rate_limit = ExactJSONField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app", "slug"], name="app_environment_slug_unique")]

    def __str__(self) -> str:
        return self.slug


class AppAction(PartModel[Action]):
    """One API call that the app offers."""

    DEFINITION = Action
    COLUMNS = (
        "tag",
        "name",
        "description",
        "method",
        "resource",
        "request_type",
        "params",
        "query",
        "headers",
        "body",
        "responses",
        "pagination",
        "idempotent",
        "effect",
    )

    class Method(models.TextChoices):
        GET = "GET", "GET"
        HEAD = "HEAD", "HEAD"
        POST = "POST", "POST"
        PUT = "PUT", "PUT"
        PATCH = "PATCH", "PATCH"
        DELETE = "DELETE", "DELETE"
        OPTIONS = "OPTIONS", "OPTIONS"

    class Effect(models.TextChoices):
        READ = "read", "It only reads"
        WRITE = "write", "It writes"
        IRREVERSIBLE = "irreversible", "It cannot be undone"

    app = models.ForeignKey("integrations.App", on_delete=models.CASCADE, related_name="actions")
    tag = TagField()
    name = models.CharField(max_length=200, blank=True, default="")
    description = models.TextField(blank=True, default="")
    method = models.CharField(max_length=8, choices=Method)
    resource = models.CharField(max_length=2_000)
    #: "" takes the app environment's.
    request_type = models.CharField(max_length=16, blank=True, default="")
    params = ExactJSONField(default=list, blank=True)
    query = ExactJSONField(default=list, blank=True)
    headers = ExactJSONField(default=list, blank=True)
    #: A list of fields, or a JSON Schema.
    body = ExactJSONField(default=list, blank=True)
    responses = ExactJSONField(default=list, blank=True)
    pagination = ExactJSONField(null=True, blank=True)
    #: None goes by the method.
    idempotent = models.BooleanField(null=True, blank=True)
    #: "" goes by the method.
    effect = models.CharField(max_length=16, choices=Effect, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app", "tag"], name="app_action_tag_unique")]

    def __str__(self) -> str:
        return self.tag


class AppAuth(PartModel[Auth]):
    """One way of authenticating with the app; the secrets themselves are the connections'."""

    DEFINITION = Auth
    COLUMNS = (
        "tag",
        "name",
        "description",
        "setup_type",
        "tokens",
        "action_tag",
        "expiry",
        "period",
        "placement",
        "key_name",
        "token_url",
        "scopes",
    )

    class SetupType(models.TextChoices):
        TOKEN_ACCESS = "token_access", "Tokens"
        CREDENTIAL_ACCESS = "credential_access", "Credentials for an action that returns a token"
        BASIC = "basic", "User and password"
        API_KEY = "api_key", "API key"
        OAUTH2_CLIENT_CREDENTIALS = "oauth2_client_credentials", "OAuth 2 client credentials"
        OAUTH2_REFRESH_TOKEN = "oauth2_refresh_token", "OAuth 2 refresh token"

    app = models.ForeignKey("integrations.App", on_delete=models.CASCADE, related_name="auths")
    tag = TagField()
    name = models.CharField(max_length=200, blank=True, default="")
    description = models.TextField(blank=True, default="")
    setup_type = models.CharField(max_length=32, choices=SetupType)
    tokens = ExactJSONField(default=dict, blank=True)
    action_tag = TagField(blank=True, default="")
    expiry = models.PositiveIntegerField(null=True, blank=True)
    period = models.CharField(max_length=8, default="secs")
    placement = models.CharField(max_length=8, default="header")
    key_name = models.CharField(max_length=200, default="X-Api-Key")
    token_url = models.CharField(max_length=2_000, blank=True, default="")
    scopes = ExactJSONField(default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app", "tag"], name="app_auth_tag_unique")]

    def __str__(self) -> str:
        return self.tag


class AppVariable(PartModel[Field]):
    """A value that whoever connects the app supplies."""

    DEFINITION = Field
    COLUMNS = ("key", "type", "required", "description")
    KEY = "key"

    app = models.ForeignKey("integrations.App", on_delete=models.CASCADE, related_name="variables")
    key = models.CharField(max_length=200)
    type = models.CharField(max_length=16)
    required = models.BooleanField(default=True)
    description = models.TextField(blank=True, default="")
    #: The rest of the field: lengths, bounds, enum, default, …
    rules = ExactJSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app", "key"], name="app_variable_key_unique")]

    def __str__(self) -> str:
        return self.key

    # Mutators

    def apply(self, definition: Field) -> None:
        super().apply(definition)
        plain = definition.to_compact_dict()
        self.rules = {name: value for name, value in plain.items() if name not in self.COLUMNS}

    # Queries

    def describe(self) -> JsonObject:
        return {**self.rules, **super().describe()}


class AppConstant(PartModel[Constant]):
    DEFINITION = Constant
    COLUMNS = ("key", "value", "description")
    KEY = "key"

    app = models.ForeignKey("integrations.App", on_delete=models.CASCADE, related_name="constants")
    key = models.CharField(max_length=200)
    value = ExactJSONField()
    description = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app", "key"], name="app_constant_key_unique")]

    def __str__(self) -> str:
        return self.key


class AppWebhook(PartModel[Webhook]):
    DEFINITION = Webhook
    COLUMNS = ("tag", "name", "description", "method", "sample")

    app = models.ForeignKey("integrations.App", on_delete=models.CASCADE, related_name="webhooks")
    tag = TagField()
    name = models.CharField(max_length=200, blank=True, default="")
    description = models.TextField(blank=True, default="")
    method = models.CharField(max_length=8, default="POST")
    sample = ExactJSONField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app", "tag"], name="app_webhook_tag_unique")]

    def __str__(self) -> str:
        return self.tag
