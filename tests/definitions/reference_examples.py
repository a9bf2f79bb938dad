"""The examples of the reference document, as JSON; comments in them stand for what may be left empty."""

from __future__ import annotations

from typing import Any

from integrations.definitions.base import Definition
from integrations.definitions.cache import Cache
from integrations.definitions.connected_app import ConnectedApp
from integrations.definitions.database import Database
from integrations.definitions.environment import Environment
from integrations.definitions.feature import Feature
from integrations.definitions.function import Function
from integrations.definitions.integration import Integration
from integrations.definitions.job import Job
from integrations.definitions.notification import Notification
from integrations.types import JsonObject

_INPUT: JsonObject = {
    "sampleValue": "value",
    "description": "Sample input",
    "required": True,
    "maxLength": 100,
    "minLength": 1,
    "type": "string",
}
_OUTPUT_KEY: JsonObject = {"sampleValue": "outputValue", "description": "Output description", "type": "string"}
_BINDING: JsonObject = {
    "app_env_slug": "AppEnv",
    "integration_env_slug": "IntegrationEnv",
    "variables": [{"key": "exampleKey", "value": "exampleValue"}],
    "auth": {"auth_tag": "authTag", "data": "data details"},
}

CREATED: list[tuple[type[Definition], dict[str, Any]]] = [
    (Integration, {"name": "IntegrationName", "description": "Description of the integration", "unique": True}),
    (
        Environment,
        {"env_name": "Development", "slug": "dev", "description": "Development Environment", "envs": [], "auth": {}},
    ),
    (Function, {"tag": "FunctionTag", "language": "js", "function": "function code here", "input": [], "output": {}}),
    (
        Cache,
        {"tag": "CacheTag", "sequence_tag": "SequenceTag", "event_tag": "EventTag", "expiry": 3600, "period": "years"},
    ),
    (Notification, {"tag": "NotificationTag"}),
    (ConnectedApp, {"access_tag": "AppTag", "envs": [_BINDING]}),
    (
        Feature,
        {
            "tag": "FeatureTag",
            "language": "js",
            "function": "featureFunction",
            "input": [_INPUT],
            "output": {"type": "string", "output_keys": [_OUTPUT_KEY]},
        },
    ),
    (Database, {"tag": "DatabaseTag"}),
    (Job, {"tag": "JobTag"}),
]

CHANGED: list[tuple[type[Definition], dict[str, Any]]] = [
    (Integration, {"name": "UpdatedIntegration", "description": "Updated description"}),
    (Environment, {"env_name": "Updated Development", "description": "Updated Development Environment Description"}),
    (
        Function,
        {
            "language": "TypeScript",
            "function": "updated function code here",
            "input": [{"type": "string"}],
            "output": {"type": "string"},
        },
    ),
    (
        Cache,
        {"sequence_tag": "UpdatedSequenceTag", "event_tag": "UpdatedEventTag", "expiry": 7200, "period": "weeks"},
    ),
    (Notification, {"tag": "UpdatedNotificationTag"}),
    (
        ConnectedApp,
        {
            "envs": [
                {
                    "app_env_slug": "UpdatedAppEnv",
                    "integration_env_slug": "UpdatedIntegrationEnv",
                    "variables": [{"key": "updatedKey", "value": "updatedValue"}],
                    "auth": {},
                }
            ]
        },
    ),
    (
        Feature,
        {
            "function": "updatedFeatureFunction",
            "input": [{**_INPUT, "sampleValue": "updatedValue", "required": False, "maxLength": 150, "minLength": 5}],
            "output": {"type": "string", "output_keys": [{**_OUTPUT_KEY, "sampleValue": "updatedOutputValue"}]},
        },
    ),
    (Database, {"tag": "UpdatedDatabaseTag"}),
    (Job, {"tag": "UpdatedJobTag"}),
]
