"""What each kind of auth adds to a request, and where its tokens come from."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote_plus

from integrations import strict_json
from integrations.connectors.base import Binding
from integrations.connectors.http.errors import AuthFailed
from integrations.definitions import values as field_values
from integrations.definitions.app import App, Auth
from integrations.types import Json, JsonObject

SECTIONS: Final = ("params", "query", "headers", "body")
#: Kinds whose token is fetched from the API, so that a refused one is worth fetching again.
OAUTH2: Final = frozenset({"oauth2_client_credentials", "oauth2_refresh_token"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What an auth adds to each section of a request."""

    params: JsonObject = field(default_factory=dict, repr=False)
    query: JsonObject = field(default_factory=dict, repr=False)
    headers: JsonObject = field(default_factory=dict, repr=False)
    body: JsonObject = field(default_factory=dict, repr=False)
    #: The secrets by themselves, as an API may repeat them: without "Bearer", undecorated, not encoded.
    bare: tuple[str, ...] = field(default=(), repr=False)

    def secrets(self) -> tuple[str, ...]:
        """Return every text among them: none may be stored or shown."""
        return (*texts_in([self.params, self.query, self.headers, self.body]), *self.bare)


NOTHING: Final = Credentials()


def auth_of(app: App, auth_tag: str) -> Auth:
    """Return the app's auth of that tag.

    Raises:
        AuthFailed: the app has no such auth.
    """
    auth = app.auth(auth_tag)
    if auth is None:
        raise AuthFailed(f'app "{app.tag}" has no auth "{auth_tag}"')
    return auth


def static_credentials(auth: Auth, data: Json) -> Credentials:
    """Return what `basic`, `api_key` and `token_access` add; nothing for auths whose token is fetched."""
    if isinstance(data, str) and len(auth.needed_keys) == 1:
        data = {auth.needed_keys[0]: data}  # a text alone is the one value that the auth needs
    if auth.setup_type == "basic":
        return _basic(_flat(data))
    if auth.setup_type == "api_key":
        return _api_key(auth, _flat(data))
    if auth.setup_type == "token_access":
        return _placed_tokens(auth, data)
    return NOTHING


def bearer(token: Json) -> Credentials:
    """Return the header for an OAuth 2 token response. Source: RFC 6750 section 2.1."""
    if not isinstance(token, dict) or not has_access_token(token):
        raise AuthFailed("the token response has no access_token")
    access_token = str(token["access_token"])
    return Credentials(headers={"Authorization": f"Bearer {access_token}"}, bare=(access_token,))


def has_access_token(token: Json) -> bool:
    """Return whether this is an OAuth 2 token response. Source: RFC 6749 section 5.1."""
    access_token = token.get("access_token") if isinstance(token, dict) else None
    return isinstance(access_token, str) and access_token != ""


def token_form(auth: Auth, data: Json, *, replaced: Json = None) -> tuple[str, JsonObject]:
    """Return the Basic authorization and the form of an OAuth 2 token request.

    `replaced` is the token response that the next one takes the place of: a refresh token that it brought is used in
    place of the connection's own.

    Source: RFC 6749 sections 2.3.1, 4.4 and 6.
    """
    given = _flat(data)
    client_id, client_secret = _needed(given, "client_id"), _needed(given, "client_secret")
    form: JsonObject = {"scope": " ".join(auth.scopes)} if auth.scopes else {}
    if auth.setup_type == "oauth2_refresh_token":
        refresh_token = _refresh_token(replaced) or _needed(given, "refresh_token")
        form |= {"grant_type": "refresh_token", "refresh_token": refresh_token}
    else:
        form |= {"grant_type": "client_credentials"}
    return _basic_value(quote_plus(client_id), quote_plus(client_secret)), form


def with_refresh_token(token: Json, *, replaced: Json) -> Json:
    """Return the token response with the refresh token that is good from now on.

    A server may give a new one with each response, and then the one before is void; if it gives none, that one stays.
    It is kept in memory with the token: a new process begins with the connection's own again.

    Source: RFC 6749 section 6.
    """
    earlier = _refresh_token(replaced)
    if not isinstance(token, dict) or _refresh_token(token) or not earlier:
        return token
    return {**token, "refresh_token": earlier}


def oauth2_expiry(token: Json, *, now: dt.datetime) -> dt.datetime | None:
    """Return when the token response says that it ends.

    Source: RFC 6749 section 5.1; some write the number as text, and older ones call it `expires`.
    """
    seconds = token.get("expires_in", token.get("expires")) if isinstance(token, dict) else None
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdecimal():
        seconds = int(seconds[:12])
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < 10**9:
        return None
    return now + dt.timedelta(seconds=seconds)


def token_key(app: App, auth: Auth, binding: Binding) -> str:
    """Return the name under which a token is kept: another URL, other data or another way to fetch it is another."""
    login = app.action(auth.action_tag) if auth.action_tag else None
    parts: Json = [
        binding.base_url,
        binding.access_tag,
        binding.auth_data,
        auth.to_compact_dict(),
        login.to_compact_dict() if login else None,
    ]
    return hashlib.sha256(strict_json.canonical(parts).encode()).hexdigest()


def texts_in(value: Json) -> Iterator[str]:
    """Yield every text within `value`, keys left out."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, (dict, list)):
            pending.extend(item.values() if isinstance(item, dict) else item)


def sectioned(data: Json) -> Mapping[str, Json] | None:
    """Return `data` when it is written as `{params, query, headers, body}`, else None."""
    if isinstance(data, dict) and data and all(key in SECTIONS for key in data):
        return data
    return None


def _refresh_token(token: Json) -> str | None:
    refresh_token = token.get("refresh_token") if isinstance(token, dict) else None
    return refresh_token if isinstance(refresh_token, str) and refresh_token else None


def _basic(given: Mapping[str, Json]) -> Credentials:
    username, password = _needed(given, "username"), _needed(given, "password")
    return Credentials(headers={"Authorization": _basic_value(username, password)}, bare=(password,))


def _basic_value(user: str, password: str) -> str:
    """Source: RFC 7617 section 2."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _api_key(auth: Auth, given: Mapping[str, Json]) -> Credentials:
    key: Json = given.get(auth.key_name, given.get("api_key"))
    if not isinstance(key, str):
        raise AuthFailed(f'auth "{auth.tag}" needs "api_key" in the connection\'s auth data')
    return (
        Credentials(query={auth.key_name: key})
        if auth.placement == "query"
        else Credentials(headers={auth.key_name: key})
    )


def _placed_tokens(auth: Auth, data: Json) -> Credentials:
    """Return the data in its own sections, or where the auth's token fields say that flat keys go."""
    given = sectioned(data) or _by_fields(auth, _flat(data))
    for key in auth.needed_keys:
        _needed(_flat(data), key)
    placed = {section: _decorated(auth, section, given.get(section)) for section in SECTIONS}
    return Credentials(**placed, bare=tuple(texts_in(dict(given))))


def _by_fields(auth: Auth, given: Mapping[str, Json]) -> dict[str, Json]:
    return {
        section: {item.key: given[item.key] for item in getattr(auth.tokens, section) if item.key in given}
        for section in SECTIONS
    }


def _decorated(auth: Auth, section: str, values: Json) -> JsonObject:
    return field_values.decorate(getattr(auth.tokens, section), values if isinstance(values, dict) else {})


def _flat(data: Json) -> dict[str, Json]:
    """Return the data's own keys; for sectioned data those of all its sections together."""
    parts = sectioned(data)
    if parts is None:
        return data if isinstance(data, dict) else {}
    return {key: value for part in parts.values() if isinstance(part, dict) for key, value in part.items()}


def _needed(given: Mapping[str, Json], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str):
        raise AuthFailed(f'the connection\'s auth data has no "{key}"')
    return value
