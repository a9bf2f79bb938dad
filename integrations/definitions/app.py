"""Apps: third-party or internal APIs in the catalogue, with what they offer and how they are called."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Discriminator, JsonValue, StringConstraints, model_validator
from pydantic import Field as Constraint
from pydantic import Tag as UnionTag
from pydantic_core import PydanticCustomError

from integrations.definitions.base import Definition, Description, GivenJson, Many, Name, Tag
from integrations.definitions.cache import Period
from integrations.definitions.effects import Effect, effect_of_method
from integrations.definitions.field import Field, Fields
from integrations.definitions.rate_limit import RateLimit
from integrations.definitions.retry import RetryPolicy

RequestType = Literal["json", "form", "multipart", "text", "xml"]
_REQUEST_TYPES = {
    "application/json": "json",
    "urlencoded": "form",
    "url-encoded": "form",
    "application/x-www-form-urlencoded": "form",
    "form-data": "multipart",
    "multipart/form-data": "multipart",
    "text/plain": "text",
    "application/xml": "xml",
    "text/xml": "xml",
}
#: A name, international ones too, or an address; what it leads to is checked when it is connected to.
_HOST = re.compile(r"[\w.:-]+")
_ALLOWED = re.compile(r"(?:\[(?P<bracketed>[^][]*)\]|(?P<plain>[^:]*|[^:]*:[^:]*:.*))(?::(?P<port>\d{1,5}))?")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|//")


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _request_type(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    lowered = value.strip().lower()
    return _REQUEST_TYPES.get(lowered, lowered)


def _checked_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PydanticCustomError("url", "should be an http or https URL such as https://api.example.com")
    if parts.username or parts.password:
        raise PydanticCustomError("url", "holds a user or password; use an auth instead")
    if not _HOST.fullmatch(parts.hostname):
        raise PydanticCustomError("url", "has no proper host; references and placeholders are not read here")
    return value


def _checked_host(value: str) -> str:
    match = _ALLOWED.fullmatch(value)
    host = (match["bracketed"] or match["plain"]) if match else ""
    port = int(match["port"] or 443) if match else 0
    if not _HOST.fullmatch(host.removeprefix("*.")) or not 1 <= port <= 65535:
        raise PydanticCustomError(
            "host",
            "should be a host such as uploads.example.com, or *.example.com for all below, with :8443 behind it for an"
            " odd port",
        )
    return value


def _path_below(value: str) -> str:
    if _ABSOLUTE.match(value):
        raise PydanticCustomError("path", "should be a path below the base URL, such as /v1/orders/:id")
    return value


def _body_form(value: Any) -> str:
    """Tell JSON Schema from the mapping form of fields, whose values are never plain text under `type`."""
    is_schema = isinstance(value, dict) and ("$schema" in value or isinstance(value.get("type"), str))
    return "«schema»" if is_schema else "«fields»"


BaseUrl = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_checked_url)]
#: Fields, or a JSON Schema (an object with `$schema` or a `type`).
Body = Annotated[
    Annotated[Fields, UnionTag("«fields»")] | Annotated[dict[str, JsonValue], UnionTag("«schema»")],
    Discriminator(_body_form),
]
Method = Annotated[Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], BeforeValidator(_upper)]
KindOfRequest = Annotated[RequestType, BeforeValidator(_request_type)]


class AppEnvironment(Definition):
    slug: Tag
    env_name: Name = ""
    base_url: BaseUrl
    request_type: KindOfRequest = "json"
    active: bool = True
    #: Hosts beside the base URL's own that this environment's secrets may be sent to; `*.example.com` is a wildcard.
    #: Ports 80 and 443 may be reached at each, and one more that is written behind it: `uploads.example.com:8443`.
    allowed_hosts: Many[Annotated[str, StringConstraints(max_length=253), AfterValidator(_checked_host)]] = ()
    #: What the API allows; all integrations share it, since all of them call the same API.
    rate_limit: RateLimit | None = None

    @property
    def hosts(self) -> tuple[str, ...]:
        return (urlsplit(self.base_url).hostname or "", *self.allowed_hosts)


class Response(Definition):
    status_code: Annotated[int, Constraint(ge=100, le=599)]
    success: bool = True
    description: Description = ""
    #: A sample, or a JSON Schema under `schema`, that the body is checked against.
    sample: JsonValue = None
    body: Body = ()


class Action(Definition):
    """One API call that an app offers."""

    tag: Tag
    name: Name = ""
    description: Description = ""
    method: Method
    #: Path below the base URL, with `:id` or `{id}` for params.
    resource: Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_path_below)]
    request_type: KindOfRequest | None = None
    params: Fields = ()
    query: Fields = ()
    headers: Fields = ()
    body: Body = ()
    responses: Many[Response] = ()
    pagination: dict[str, JsonValue] | None = None
    #: Whether calling twice is the same as calling once; by its method when left out.
    idempotent: bool | None = None
    #: What calling it does to the outside, for replays; by its method when left out.
    effect: Effect | None = None

    @property
    def body_fields(self) -> tuple[Field, ...]:
        return self.body if isinstance(self.body, tuple) else ()

    @property
    def body_schema(self) -> dict[str, JsonValue] | None:
        return self.body if isinstance(self.body, dict) else None

    @property
    def is_idempotent(self) -> bool:
        """Source of the default: RFC 9110 section 9.2.2."""
        return self.method not in ("POST", "PATCH") if self.idempotent is None else self.idempotent

    @property
    def own_effect(self) -> Effect:
        return self.effect or effect_of_method(self.method)


class TokenPlacement(Definition):
    """Where the tokens of a `token_access` auth go in each request: the fields that the connection supplies."""

    params: Fields = ()
    query: Fields = ()
    headers: Fields = ()
    body: Fields = ()


class Auth(Definition):
    """One way of authenticating with an app."""

    tag: Tag
    name: Name = ""
    description: Description = ""
    setup_type: Literal[
        "token_access", "credential_access", "basic", "api_key", "oauth2_client_credentials", "oauth2_refresh_token"
    ]
    tokens: TokenPlacement = TokenPlacement()
    #: credential_access: the action that returns a token.
    action_tag: Tag | None = None
    #: credential_access: how many `period`s a token is good for.
    expiry: Annotated[int, Constraint(gt=0, le=1_000_000_000)] | None = None
    period: Period = "secs"
    #: api_key: where the key goes, and under which name.
    placement: Literal["header", "query"] = "header"
    key_name: str = "X-Api-Key"
    #: oauth2: where tokens are fetched, and for what.
    token_url: BaseUrl | None = None
    scopes: Many[str] = ()

    @property
    def needed_keys(self) -> tuple[str, ...]:
        """The keys that a connection's auth data must hold; a credential_access auth needs its action's input."""
        match self.setup_type:
            case "basic":
                return ("username", "password")
            case "api_key":
                return (self.key_name,)
            case "oauth2_client_credentials":
                return ("client_id", "client_secret")
            case "oauth2_refresh_token":
                return ("client_id", "client_secret", "refresh_token")
            case "token_access":
                placed = (self.tokens.params, self.tokens.query, self.tokens.headers, self.tokens.body)
                fields = [field for section in placed for field in section]
                return tuple(field.key for field in fields if field.required and field.defaultValue is None)
        return ()

    @model_validator(mode="after")
    def _name_the_token_source(self) -> Self:
        if self.setup_type == "credential_access" and self.action_tag is None:
            raise PydanticCustomError("action_tag", "action_tag is required: the action that returns a token")
        if self.setup_type.startswith("oauth2") and self.token_url is None:
            raise PydanticCustomError("token_url", "token_url is required for {type}", {"type": self.setup_type})
        return self


class Constant(Definition):
    key: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    value: GivenJson
    description: Description = ""


class Webhook(Definition):
    tag: Tag
    name: Name = ""
    description: Description = ""
    method: Literal["POST", "PUT", "GET"] = "POST"
    sample: JsonValue = None


class App(Definition):
    app_name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    tag: Tag
    description: Description = ""
    status: Literal["draft", "private", "public"] = "draft"
    envs: Many[AppEnvironment] = ()
    actions: Many[Action] = ()
    auths: Many[Auth] = ()
    #: What whoever connects the app supplies.
    variables: Fields = ()
    constants: Many[Constant] = ()
    retries: RetryPolicy = RetryPolicy()
    webhooks: Many[Webhook] = ()

    @model_validator(mode="after")
    def _name_each_part_once(self) -> Self:
        for kind, tags in self._tags():
            twice = sorted({tag for tag in tags if tags.count(tag) > 1})
            if twice:
                raise PydanticCustomError("duplicate", '{kind}: "{tag}" appears twice', {"kind": kind, "tag": twice[0]})
        return self

    def _tags(self) -> list[tuple[str, list[str]]]:
        return [
            ("envs", [env.slug for env in self.envs]),
            ("actions", [action.tag for action in self.actions]),
            ("auths", [auth.tag for auth in self.auths]),
            ("constants", [constant.key for constant in self.constants]),
            ("webhooks", [webhook.tag for webhook in self.webhooks]),
        ]

    def action(self, tag: str) -> Action | None:
        return next((action for action in self.actions if action.tag == tag), None)

    def auth(self, tag: str) -> Auth | None:
        return next((auth for auth in self.auths if auth.tag == tag), None)

    def env(self, slug: str) -> AppEnvironment | None:
        return next((env for env in self.envs if env.slug == slug), None)
