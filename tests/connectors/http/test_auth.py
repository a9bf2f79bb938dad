from __future__ import annotations

import base64
import dataclasses
import datetime as dt
from typing import Any

import pytest

from integrations.connectors.base import Binding
from integrations.connectors.http import auth as auths
from integrations.connectors.http.errors import AuthFailed
from integrations.definitions.app import App, Auth
from integrations.types import Json

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CLIENT: dict[str, Json] = {"client_id": "console", "client_secret": "s:e/c"}
BINDING = Binding(access_tag="shop", app_env_slug="live", base_url="https://a.example", hosts=("a.example",))


def auth(setup_type: str, **fields: Any) -> Auth:
    return Auth.parse({"tag": "login", "setup_type": setup_type, **fields})


def oauth2(setup_type: str = "oauth2_client_credentials", **fields: Any) -> Auth:
    return auth(setup_type, token_url="https://a.example/token", **fields)


TOKENS = {
    "headers": [{"key": "Authorization", "type": "string", "decorator": "Bearer ", "decoratorPosition": "prepend"}],
    "query": {"account": "string"},
    "body": {"signature": "string"},
    "params": {"tenant": "string"},
}


@pytest.mark.parametrize(
    "data",
    [
        {"Authorization": "abcd", "account": "7", "signature": "xyz", "tenant": "acme"},
        {
            "headers": {"Authorization": "abcd"},
            "query": {"account": "7"},
            "body": {"signature": "xyz"},
            "params": {"tenant": "acme"},
        },
    ],
)
def test_token_access_places_flat_and_sectioned_data_alike_and_decorates_it(data: Json) -> None:
    added = auths.static_credentials(auth("token_access", tokens=TOKENS), data)

    assert added.headers == {"Authorization": "Bearer abcd"}
    assert (added.query, added.body, added.params) == ({"account": "7"}, {"signature": "xyz"}, {"tenant": "acme"})
    assert {"Bearer abcd", "abcd", "xyz"} <= set(added.secrets())


def test_token_access_sends_sectioned_data_that_no_field_declares() -> None:
    added = auths.static_credentials(auth("token_access"), {"headers": {"X-Token": "abcd"}})

    assert added.headers == {"X-Token": "abcd"}


def test_token_access_leaves_out_flat_keys_that_no_field_declares() -> None:
    assert auths.static_credentials(auth("token_access"), {"token": "abcd"}).headers == {}


@pytest.mark.parametrize(
    "data", [{"username": "ann", "password": "pä:ss"}, {"body": {"username": "ann", "password": "pä:ss"}}]
)
def test_basic_encodes_user_and_password(data: Json) -> None:
    added = auths.static_credentials(auth("basic"), data)

    scheme, _, encoded = str(added.headers["Authorization"]).partition(" ")
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", "ann:pä:ss")
    assert "pä:ss" in added.secrets()


@pytest.mark.parametrize("data", [{"api_key": "abcd"}, {"X-Api-Key": "abcd"}, {"headers": {"X-Api-Key": "abcd"}}])
def test_api_key_goes_into_its_header(data: Json) -> None:
    assert auths.static_credentials(auth("api_key"), data).headers == {"X-Api-Key": "abcd"}


def test_api_key_goes_into_the_query_under_its_name() -> None:
    added = auths.static_credentials(auth("api_key", placement="query", key_name="key"), {"api_key": "abcd"})

    assert (added.query, added.headers) == ({"key": "abcd"}, {})


@pytest.mark.parametrize(
    ("setup_type", "data", "missing"),
    [
        ("basic", {"username": "ann"}, "password"),
        ("basic", None, "username"),
        ("basic", {"username": "ann", "password": 1234}, "password"),
        ("api_key", {}, "api_key"),
        ("api_key", ["abcd"], "api_key"),
    ],
)
def test_missing_data_is_named_and_nothing_of_it_shown(setup_type: str, data: Json, missing: str) -> None:
    with pytest.raises(AuthFailed) as caught:
        auths.static_credentials(auth(setup_type), data)

    assert f'"{missing}"' in caught.value.message
    assert "1234" not in caught.value.message


def test_auths_whose_token_is_fetched_add_nothing_by_themselves() -> None:
    assert auths.static_credentials(auth("credential_access", action_tag="login"), {"a": "b"}) == auths.NOTHING


def test_client_credentials_form_and_authorization() -> None:
    authorization, form = auths.token_form(oauth2(scopes=["read", "write"]), CLIENT)

    # The parts are form-encoded before they are joined, so that a colon in them ends nothing.
    assert base64.b64decode(authorization.removeprefix("Basic ")).decode() == "console:s%3Ae%2Fc"
    assert form == {"scope": "read write", "grant_type": "client_credentials"}


@pytest.mark.parametrize(
    ("replaced", "expected"),
    [
        (None, "first"),
        ({"access_token": "a"}, "first"),
        ({"access_token": "a", "refresh_token": ""}, "first"),
        ({"access_token": "a", "refresh_token": "second"}, "second"),
    ],
)
def test_refresh_token_is_the_last_one_that_was_given(replaced: Json, expected: str) -> None:
    data: dict[str, Json] = {**CLIENT, "refresh_token": "first"}

    _, form = auths.token_form(oauth2("oauth2_refresh_token"), data, replaced=replaced)

    assert form == {"grant_type": "refresh_token", "refresh_token": expected}


def test_refresh_token_stays_when_a_response_brings_no_other() -> None:
    first: Json = {"access_token": "a", "refresh_token": "second"}

    assert auths.with_refresh_token({"access_token": "b"}, replaced=first) == {
        "access_token": "b",
        "refresh_token": "second",
    }
    assert auths.with_refresh_token({"access_token": "b", "refresh_token": "third"}, replaced=first) == {
        "access_token": "b",
        "refresh_token": "third",
    }
    assert auths.with_refresh_token({"access_token": "b"}, replaced=None) == {"access_token": "b"}


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (3600, 3600),
        (0.5, 0.5),
        ("3600", 3600),
        (0, 0),
        (-1, None),
        (True, None),
        ("soon", None),
        (10**9, None),
        (None, None),
    ],
)
def test_expiry_that_a_token_response_names(given: Json, seconds: float | None) -> None:
    ends = auths.oauth2_expiry({"access_token": "a", "expires_in": given}, now=NOW)

    assert ends == (None if seconds is None else NOW + dt.timedelta(seconds=seconds))


@pytest.mark.parametrize("token", [None, "text", {}, {"access_token": None}, {"access_token": ""}, {"error": "no"}])
def test_bearer_needs_an_access_token(token: Json) -> None:
    assert not auths.has_access_token(token)
    with pytest.raises(AuthFailed, match="no access_token"):
        auths.bearer(token)


def test_bearer_is_secret_with_and_without_its_scheme() -> None:
    assert set(auths.bearer({"access_token": "abcd"}).secrets()) == {"Bearer abcd", "abcd"}


def test_credentials_do_not_print_what_is_bare() -> None:
    assert repr(auths.bearer({"access_token": "hunter22"})) == "Credentials()"


def test_unknown_auth_is_named() -> None:
    app = App.parse({"app_name": "Shop", "tag": "shop"})

    with pytest.raises(AuthFailed, match='app "shop" has no auth "login"'):
        auths.auth_of(app, "login")


def _app(**login: Any) -> App:
    action = {"tag": "login", "method": "POST", "resource": "/login", **login}
    auth_values = {"tag": "login", "setup_type": "credential_access", "action_tag": "login"}
    return App.parse({"app_name": "Shop", "tag": "shop", "actions": [action], "auths": [auth_values]})


@pytest.mark.parametrize(
    ("app", "changes"),
    [
        (_app(), {"base_url": "https://b.example"}),
        (_app(), {"auth_data": {"password": "other"}}),
        (_app(), {"access_tag": "shop:2"}),
        (_app(resource="/v2/login"), {}),
    ],
)
def test_token_belongs_to_one_login_at_one_place_with_one_set_of_data(app: App, changes: dict[str, Any]) -> None:
    first = auths.token_key(_app(), _app().auths[0], BINDING)

    assert auths.token_key(app, app.auths[0], dataclasses.replace(BINDING, **changes)) != first
    assert auths.token_key(_app(), _app().auths[0], BINDING) == first


def test_texts_in_finds_every_text_at_any_depth() -> None:
    deep: Json = "bottom"
    for _ in range(5_000):
        deep = [deep]

    assert sorted(auths.texts_in({"a": "x", "b": [1, {"c": "y"}, None]})) == ["x", "y"]
    assert list(auths.texts_in(deep)) == ["bottom"]
