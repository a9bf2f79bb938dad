from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.app import App
from integrations.definitions.checking import check_connected_app, check_environment
from integrations.definitions.connected_app import ConnectedApp
from integrations.definitions.environment import Environment
from integrations.types import Json, JsonObject
from tests.definitions.checking.integration import BINDING, contents, lines

_AT = "connected_apps/shop/envs[0]"

#: What is changed in a binding that is right, and what is wrong with it then.
_BROKEN: list[tuple[JsonObject, list[tuple[str, str, str]]]] = [
    ({}, []),
    (
        {"app_env_slug": "sandbux"},
        [("app_env_slug", 'app "shop" has no environment "sandbux"', 'did you mean "sandbox"?')],
    ),
    ({"app_env_slug": "closed"}, [("app_env_slug", 'environment "closed" of app "shop" is inactive', "")]),
    ({"variables": []}, [("variables/region", '"region" is required', "")]),
    (
        {
            "variables": [
                {"key": "region", "value": 1},
                {"key": "regoin", "value": "x"},
                {"key": "region", "value": "[sealed]"},
            ]
        },
        [
            ("variables[0]/value", "should be text", ""),
            ("variables[1]/key", 'unknown variable "regoin"', 'did you mean "region"?'),
            ("variables[2]/key", 'the variable "region" is set twice', ""),
        ],
    ),
    ({"auth": {}}, []),
    ({"auth": {"auth_tag": "usr"}}, [("auth/auth_tag", 'unknown auth "usr"', 'did you mean "user"?')]),
    (
        {"auth": {"auth_tag": "user", "data": {"usr": "u"}}},
        [("auth/data/usr", 'unknown field "usr"', 'did you mean "user"?')],
    ),
    ({"auth": {"auth_tag": "user", "data": {"body": {"user": "[sealed]"}}}}, []),
    ({"auth": {"auth_tag": "key", "data": {"X-Key": "[sealed]"}}}, []),
    ({"auth": {"auth_tag": "key", "data": {"headers": {"X-Key": "s3cret"}}}}, []),
    (
        {"auth": {"auth_tag": "key", "data": {"headers": {"Other": "x"}}}},
        [("auth/data/X-Key", '"X-Key" is required', "")],
    ),
    ({"auth": {"auth_tag": "key", "data": "a text"}}, []),
    ({"auth": {"auth_tag": "key"}}, [("auth/data/X-Key", '"X-Key" is required', "")]),
    (
        {"auth": {"auth_tag": "key", "data": ["a", "list"]}},
        [("auth/data", 'does not say what of the auth "key" it is', 'write {"X-Key": "…"}')],
    ),
    (
        {"auth": {"auth_tag": "user", "data": "a text"}},
        [("auth/data", 'does not say what of the auth "user" it is', "write an object of what the auth takes")],
    ),
]


@pytest.mark.parametrize(("changes", "problems"), _BROKEN)
def test_binding_of_a_connected_app_fits_its_app(changes: JsonObject, problems: list[tuple[str, str, str]]) -> None:
    connected = ConnectedApp.parse({"access_tag": "shop", "envs": [{**BINDING, **changes}]})

    found = lines(check_connected_app(connected, contents()))

    assert found == [(f"{_AT}/{place}", message, hint) for place, message, hint in problems]


@pytest.mark.parametrize(("changes", "problems"), _BROKEN)
def test_binding_seen_from_the_environment_fits_its_app(
    changes: JsonObject, problems: list[tuple[str, str, str]]
) -> None:
    binding: dict[str, Json] = {**BINDING, **changes, "access_tag": "shop"}
    del binding["integration_env_slug"]
    environment = Environment.parse({"env_name": "Dev", "slug": "dev", "auth": {}, "envs": [binding]})

    found = lines(check_environment(environment, contents()))

    assert found == [(f"environments/dev/envs[0]/{place}", message, hint) for place, message, hint in problems]


def test_binding_in_an_unknown_environment_is_a_problem() -> None:
    connected = ConnectedApp.parse({"access_tag": "shop", "envs": [{**BINDING, "integration_env_slug": "dve"}]})

    assert lines(check_connected_app(connected, contents())) == [
        (f"{_AT}/integration_env_slug", 'unknown environment "dve"', 'did you mean "dev"?')
    ]


def test_connected_app_without_its_app_is_a_problem() -> None:
    connected = ConnectedApp.parse({"access_tag": "shop"})

    assert lines(check_connected_app(connected, contents(apps={}), place="here")) == [
        ("here/access_tag", "the app behind it is not in the catalogue", "")
    ]


def test_environment_binding_an_unknown_app_or_one_app_twice_is_a_problem() -> None:
    bound: list[Json] = [
        {"access_tag": tag, "app_env_slug": "sandbox", "variables": BINDING["variables"]}
        for tag in ("shpo", "shop", "shop")
    ]
    environment = Environment.parse({"env_name": "Dev", "slug": "dev", "auth": {}, "envs": bound})

    assert lines(check_environment(environment, contents())) == [
        ("environments/dev/envs[0]/access_tag", 'unknown connected app "shpo"', 'did you mean "shop"?'),
        ("environments/dev/envs[2]/access_tag", '"shop" is bound twice', ""),
    ]


@pytest.mark.parametrize(
    ("setup", "data", "missing"),
    [
        ({"setup_type": "basic"}, {"username": "u"}, ["password"]),
        ({"setup_type": "oauth2_client_credentials"}, {"client_id": "c"}, ["client_secret"]),
        ({"setup_type": "oauth2_refresh_token"}, {"body": {"client_id": "c"}}, ["client_secret", "refresh_token"]),
        ({"setup_type": "api_key"}, {"X-Api-Key": "k"}, []),
        ({"setup_type": "api_key"}, {"api_key": "k"}, []),
        ({"setup_type": "api_key"}, {"key": "k"}, ["X-Api-Key"]),
        ({"setup_type": "api_key", "key_name": "token"}, {}, ["token"]),
        ({"setup_type": "basic"}, {}, ["username", "password"]),
    ],
)
def test_auth_data_holds_what_its_kind_of_auth_needs(setup: JsonObject, data: JsonObject, missing: list[str]) -> None:
    auth: JsonObject = {"tag": "a", "token_url": "https://example.com/token", **setup}
    app = App.parse(
        {"app_name": "S", "tag": "shop", "envs": [{"slug": "p", "base_url": "https://a.b"}], "auths": [auth]}
    )
    binding: dict[str, Any] = {
        "app_env_slug": "p",
        "integration_env_slug": "dev",
        "auth": {"auth_tag": "a", "data": data},
    }
    connected = ConnectedApp.parse({"access_tag": "shop", "envs": [binding]})

    problems = check_connected_app(connected, contents(apps={"shop": app}))

    assert [problem.place for problem in problems] == [f"{_AT}/auth/data/{key}" for key in missing]
