"""The admin: one noun a file. Django imports this package to find them."""

from __future__ import annotations

from integrations.admin import (
    app,
    approval,
    audit_record,
    bulk_operation,
    cache,
    connected_app,
    database,
    environment,
    failure_group,
    feature,
    function,
    integration,
    notification,
    retention_rule,
    secret,
    users,
    worker,
)
from integrations.admin.jobs import job
from integrations.admin.runs import run

__all__ = [
    "app",
    "approval",
    "audit_record",
    "bulk_operation",
    "cache",
    "connected_app",
    "database",
    "environment",
    "failure_group",
    "feature",
    "function",
    "integration",
    "job",
    "notification",
    "retention_rule",
    "run",
    "secret",
    "users",
    "worker",
]
