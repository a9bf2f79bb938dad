"""What is stored: one noun a file. Rows know their constraints, their definition and who may see them."""

from __future__ import annotations

from integrations.models.app import App
from integrations.models.app_parts import AppAction, AppAuth, AppConstant, AppEnvironment, AppVariable, AppWebhook
from integrations.models.approval import Approval, ApprovalQuerySet
from integrations.models.audit_record import AuditRecord
from integrations.models.base import DefinitionModel, PartModel
from integrations.models.bulk_operation import BulkItem, BulkOperation
from integrations.models.cache import Cache
from integrations.models.cache_entry import CacheEntry
from integrations.models.circuit import Circuit
from integrations.models.connected_app import AppBinding, ConnectedApp
from integrations.models.database import Database, DatabaseEnvironment
from integrations.models.environment import Environment
from integrations.models.failure_group import FailureGroup
from integrations.models.feature import Feature, FeatureVersion
from integrations.models.freeze import Freeze
from integrations.models.frozen import RowIsFrozen
from integrations.models.function import Function, FunctionVersion
from integrations.models.integration import Integration
from integrations.models.job import Job
from integrations.models.lane import Lane
from integrations.models.notification import Notification, NotificationEnvironment
from integrations.models.pruning import Pruning
from integrations.models.rate_budget import RateBudget
from integrations.models.release import Release
from integrations.models.retention_rule import RetentionRule
from integrations.models.run import Run
from integrations.models.run_log import RunLog
from integrations.models.secret import Secret
from integrations.models.slot import Slot
from integrations.models.start_key import StartKey
from integrations.models.step import NO_ITERATION, Step
from integrations.models.system_state import SystemState
from integrations.models.worker import Worker

__all__ = [
    "NO_ITERATION",
    "App",
    "AppAction",
    "AppAuth",
    "AppBinding",
    "AppConstant",
    "AppEnvironment",
    "AppVariable",
    "AppWebhook",
    "Approval",
    "ApprovalQuerySet",
    "AuditRecord",
    "BulkItem",
    "BulkOperation",
    "Cache",
    "CacheEntry",
    "Circuit",
    "ConnectedApp",
    "Database",
    "DatabaseEnvironment",
    "DefinitionModel",
    "Environment",
    "FailureGroup",
    "Feature",
    "FeatureVersion",
    "Freeze",
    "Function",
    "FunctionVersion",
    "Integration",
    "Job",
    "Lane",
    "Notification",
    "NotificationEnvironment",
    "PartModel",
    "Pruning",
    "RateBudget",
    "Release",
    "RetentionRule",
    "RowIsFrozen",
    "Run",
    "RunLog",
    "Secret",
    "Slot",
    "StartKey",
    "Step",
    "SystemState",
    "Worker",
]
