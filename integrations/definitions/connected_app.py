"""Connected apps: apps that an integration uses, bound per environment."""

from __future__ import annotations

from typing import Self

from pydantic import JsonValue, model_validator
from pydantic_core import PydanticCustomError

from integrations.definitions.base import Definition, GivenJson, Many, Tag


class BoundVariable(Definition):
    key: str
    value: GivenJson


class BoundAuth(Definition):
    """Which of the app's auths is used, and what it is given: `{params, query, headers, body}`; sealed when stored."""

    auth_tag: Tag | None = None
    data: JsonValue = None


class Binding(Definition):
    """What a connected app is bound to in one environment of the integration."""

    app_env_slug: Tag
    integration_env_slug: str
    variables: Many[BoundVariable] = ()
    auth: BoundAuth = BoundAuth()


class ConnectedApp(Definition):
    access_tag: Tag
    #: The catalogue app; found from the access tag when left out (`orders:shop` or `orders` mean the app `orders`).
    app_tag: Tag | None = None
    envs: Many[Binding] = ()

    @model_validator(mode="after")
    def _one_binding_per_environment(self) -> Self:
        bound = [binding.integration_env_slug for binding in self.envs]
        twice = sorted({slug for slug in bound if bound.count(slug) > 1})
        if twice:
            raise PydanticCustomError("duplicate_env", 'envs: "{slug}" is bound twice', {"slug": twice[0]})
        return self

    def binding_for(self, env_slug: str) -> Binding | None:
        return next((binding for binding in self.envs if binding.integration_env_slug == env_slug), None)


def app_tag_candidates(access_tag: str) -> list[str]:
    """Return the app tags that an access tag may stand for, most specific first: `a:b:c` → `a:b:c`, `a:b`, `a`."""
    parts = access_tag.split(":")
    return [":".join(parts[:length]) for length in range(len(parts), 0, -1)]
