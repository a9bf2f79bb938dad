"""Every example of the SDK's reference, turned into Python: snake_case methods, the same field names as keywords.

Three things differ from the reference's own text, each because it stands there for something of one's own. The slug
`IntegrationEnv` cannot be one (they are lower-case letters and digits), so it is `dev` here, and `stg` once updated.
`AppEnv`, `authTag` and `exampleKey` are names of a catalogue app, which is made first. The source `function code here`
stands for code, and so real code is used: what does not compile is refused when it is saved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations.builder import Ductape
from integrations.builder.integration import IntegrationBuilder
from integrations.definitions.base import Definition
from integrations.definitions.secrecy import KEPT
from integrations.errors import OperationRefused

FIELD: dict[str, Any] = {
    "sampleValue": "value",
    "description": "Sample input",
    "required": True,
    "maxLength": 100,
    "minLength": 1,
    "type": "string",
}
OUTPUT_FIELD: dict[str, Any] = {
    "sampleValue": "outputValue",
    "description": "Output description",
    "type": "string",
}


def test_integration(ductape: Ductape) -> None:
    integration_manager = ductape.get_integration_builder()

    created = integration_manager.create_integration(
        name="IntegrationName", description="Description of the integration", unique=True
    )
    assert (created.name, created.unique, created.own_tag) == ("IntegrationName", True, "integrationname")

    updated = integration_manager.update_integration(name="UpdatedIntegrationName", description="Updated description")
    assert (updated.name, updated.description) == ("UpdatedIntegrationName", "Updated description")

    assert integration_manager.fetch_integration() == updated
    assert ductape.get_integration_builder().initialize_integration("integrationname") == updated


def test_environments(builder: IntegrationBuilder) -> None:
    created = builder.create_env(
        env_name="Staging", slug="stg", description="Staging Environment", envs=[], auth={}, throw_error_if_exists=True
    )
    assert (created.slug, created.env_name, created.active) == ("stg", "Staging", True)

    updated = builder.update_env(
        "dev", env_name="Updated Development", description="Updated Development Environment Description"
    )
    assert (updated.slug, updated.env_name) == ("dev", "Updated Development")

    assert builder.fetch_envs() == [updated, created]
    assert builder.fetch_env("dev") == updated


def test_functions(builder: IntegrationBuilder) -> None:
    created = builder.create_function(
        tag="FunctionTag",
        language="js",
        function="(input) => input",
        input=[{"key": "a", "type": "string"}],
        output={"type": "object"},
        throw_error_if_exists=True,
    )
    assert created.input[0].key == "a"

    updated = builder.update_function(
        "FunctionTag",
        language="TypeScript",
        function="(input: { a: string }): number => input.a.length",
        input=[{"type": "string"}],
        output={"type": "number"},
    )
    assert (updated.language, updated.input[0].key, updated.output.type) == ("ts", "arg1", "number")

    assert builder.fetch_function("FunctionTag") == updated
    assert builder.fetch_functions() == [updated]


def test_caches(builder: IntegrationBuilder) -> None:
    created = builder.create_cache(
        tag="CacheTag",
        sequence_tag="SequenceTag",
        event_tag="EventTag",
        expiry=3600,
        period="years",
        throw_error_if_exists=True,
    )
    assert (created.expiry, created.period) == (3600, "years")

    updated = builder.update_cache(
        "CacheTag", sequence_tag="UpdatedSequenceTag", event_tag="UpdatedEventTag", expiry=7200, period="weeks"
    )
    assert (updated.sequence_tag, updated.event_tag, updated.expiry, updated.period) == (
        "UpdatedSequenceTag",
        "UpdatedEventTag",
        7200,
        "weeks",
    )

    assert builder.fetch_cache("CacheTag") == updated
    assert builder.fetch_caches() == [updated]


def test_apps(ductape: Ductape, builder: IntegrationBuilder) -> None:
    app = ductape.get_app_builder()
    app.create_app(app_name="App", tag="AppTag")
    for slug in ("AppEnv", "UpdatedAppEnv"):
        app.create_env(slug=slug, base_url="https://app.example")
    for key in ("exampleKey", "updatedKey"):
        app.create_variable(key=key, type="string", required=False)
    app.create_auth(tag="authTag", setup_type="token_access", tokens={"headers": {"X-Token": "string"}})
    builder.create_env(env_name="Staging", slug="stg", auth={})

    created = builder.add_app(
        access_tag="AppTag",
        envs=[
            {
                "app_env_slug": "AppEnv",
                "integration_env_slug": "dev",
                "variables": [{"key": "exampleKey", "value": "exampleValue"}],
                "auth": {"auth_tag": "authTag", "data": "data details"},
            },
        ],
        throw_error_if_exists=True,
    )
    assert created.envs[0].variables[0].value == "exampleValue"
    assert created.envs[0].auth.to_dict() == {"auth_tag": "authTag", "data": KEPT}

    updated = builder.update_app(
        "AppTag",
        envs=[
            {
                "app_env_slug": "UpdatedAppEnv",
                "integration_env_slug": "stg",
                "variables": [{"key": "updatedKey", "value": "updatedValue"}],
                "auth": {},
            },
        ],
    )
    (binding,) = updated.envs
    assert (binding.app_env_slug, binding.integration_env_slug, binding.auth.data) == ("UpdatedAppEnv", "stg", None)

    assert builder.fetch_app("AppTag") == updated
    assert builder.fetch_apps() == [updated]
    assert builder.create_app_access_tag("AppTag") == "AppTag:2"


def test_features(builder: IntegrationBuilder) -> None:
    created = builder.create_feature(
        tag="FeatureTag",
        language="js",
        function="featureFunction",
        input=[FIELD],
        output={"type": "string", "output_keys": [OUTPUT_FIELD]},
        throw_error_if_exists=True,
    )
    assert (created.input[0].key, created.input[0].maxLength) == ("arg1", 100)
    assert created.code_output.output_keys[0].sampleValue == "outputValue"

    updated = builder.update_feature(
        "FeatureTag",
        function="updatedFeatureFunction",
        input=[{**FIELD, "sampleValue": "updatedValue", "required": False, "maxLength": 150, "minLength": 5}],
        output={"type": "string", "output_keys": [{**OUTPUT_FIELD, "sampleValue": "updatedOutputValue"}]},
    )
    assert (updated.input[0].required, updated.input[0].minLength) == (False, 5)
    assert updated.language == "js"

    assert builder.fetch_feature("FeatureTag") == updated
    assert builder.fetch_features() == [updated]


@pytest.mark.parametrize("kind", ["notification", "database", "job"])
def test_notifications_databases_and_jobs(kind: str, builder: IntegrationBuilder) -> None:
    name = kind.capitalize()

    def method(verb: str) -> Callable[..., Any]:
        called: Callable[..., Any] = getattr(builder, f"{verb}_{kind}")
        return called

    created = method("create")(tag=f"{name}Tag", throw_error_if_exists=True)
    assert created.tag == f"{name}Tag"

    updated = method("update")(f"{name}Tag", tag=f"Updated{name}Tag")
    assert updated.tag == f"Updated{name}Tag"

    assert method("fetch")(f"Updated{name}Tag") == updated
    assert getattr(builder, f"fetch_{kind}s")() == [updated]


def test_job_that_names_nothing_to_run_is_refused(builder: IntegrationBuilder) -> None:
    builder.create_job(tag="JobTag")

    with pytest.raises(OperationRefused, match='job "JobTag" names no environment; give one'):
        builder.run_job("JobTag", input={})
    assert builder.run_jobs() == []


def test_everything_that_comes_back_is_frozen(builder: IntegrationBuilder) -> None:
    given: list[Definition] = [
        builder.fetch_integration(),
        builder.fetch_env("dev"),
        builder.create_notification(tag="n"),
        builder.create_function(tag="f", language="js", function="() => 1"),
    ]

    for definition in given:
        with pytest.raises(Exception, match="frozen"):
            definition.tag = "other"  # type: ignore[attr-defined]  # that it has none to set is the point
