"""Builds one valid row of each kind; a test names only what it is about."""

from __future__ import annotations

from tests.factories.app import AppBindingFactory, AppEnvironmentFactory, AppFactory, ConnectedAppFactory
from tests.factories.audit_record import AuditRecordFactory
from tests.factories.feature import FeatureFactory, FeatureVersionFactory, ReleaseFactory
from tests.factories.function import FunctionFactory, FunctionVersionFactory
from tests.factories.integration import EnvironmentFactory, IntegrationFactory, SecretFactory
from tests.factories.kinds import CacheFactory, DatabaseFactory, JobFactory, NotificationFactory
from tests.factories.run import RunFactory, RunLogFactory, StepFactory
from tests.factories.user import UserFactory

__all__ = [
    "AppBindingFactory",
    "AppEnvironmentFactory",
    "AppFactory",
    "AuditRecordFactory",
    "CacheFactory",
    "ConnectedAppFactory",
    "DatabaseFactory",
    "EnvironmentFactory",
    "FeatureFactory",
    "FeatureVersionFactory",
    "FunctionFactory",
    "FunctionVersionFactory",
    "IntegrationFactory",
    "JobFactory",
    "NotificationFactory",
    "ReleaseFactory",
    "RunFactory",
    "RunLogFactory",
    "SecretFactory",
    "StepFactory",
    "UserFactory",
]
