"""Checks definitions against each other when they are saved: all problems at once, each with its place."""

from __future__ import annotations

from integrations.definitions.checking.bindings import check_connected_app, check_environment
from integrations.definitions.checking.features import check_feature, check_input
from integrations.definitions.checking.nouns import (
    check_app,
    check_cache,
    check_database,
    check_function,
    check_job,
    check_notification,
)
from integrations.definitions.checking.renaming import rename_references
from integrations.definitions.checking.uses import places_reading_secret, references_to

__all__ = [
    "check_app",
    "check_cache",
    "check_connected_app",
    "check_database",
    "check_environment",
    "check_feature",
    "check_function",
    "check_input",
    "check_job",
    "check_notification",
    "places_reading_secret",
    "references_to",
    "rename_references",
]
