"""Builds integrations: the SDK's `IntegrationBuilder`, method by method."""

from __future__ import annotations

from typing import Any

from integrations import models
from integrations.actors import Actor
from integrations.builder.approvals import Approval
from integrations.builder.approvals import describe as describe_approval
from integrations.builder.bulk import BulkMethods
from integrations.builder.jobs import JobMethods
from integrations.builder.runs import RunMethods
from integrations.definitions.cache import Cache
from integrations.definitions.connected_app import ConnectedApp
from integrations.definitions.database import Database
from integrations.definitions.environment import Environment
from integrations.definitions.feature import Feature
from integrations.definitions.function import Function
from integrations.definitions.integration import Integration
from integrations.definitions.job import Job
from integrations.definitions.notification import Notification
from integrations.errors import OperationRefused
from integrations.operations import (
    approvals,
    caches,
    connected_apps,
    databases,
    environments,
    features,
    functions,
    integrations,
    jobs,
    notifications,
)
from integrations.operations.saving.store import Shape, Store


class IntegrationBuilder(RunMethods, BulkMethods, JobMethods):
    """Describes one integration after the other.

    Keywords are the field names of the definitions. What is created, updated or fetched comes back as a frozen
    definition whose `to_dict()` can be passed back in. Creating what exists returns it unchanged, or raises
    AlreadyExists with `throw_error_if_exists=True`. Every method that writes raises DefinitionError with all problems
    at their places, and then nothing is written; one that names something raises NotFound with what exists. What an
    `update_…` method changes is its first argument, by position, so that the keyword `tag` can say the new tag.
    """

    def __init__(self, *, user: Actor) -> None:
        self._user = user
        self._tag: str | None = None

    # Integration

    def create_integration(self, **fields: Any) -> Integration:
        """Create an integration (`name` and `description` are required) and open it.

        Without `unique=True` on either side, the name of an existing integration opens that one.
        """
        return self._opened(integrations.create(values=fields, by=self._user))

    def update_integration(self, **changes: Any) -> Integration:
        return self._opened(integrations.update(tag=self._open_tag, changes=changes, by=self._user))

    def initialize_integration(self, tag: str) -> Integration:
        """Open the integration of that tag."""
        return self._opened(integrations.fetch(tag=tag, by=self._user))

    def fetch_integration(self) -> Integration:
        return self.initialize_integration(self._open_tag)

    # Environments

    def create_env(self, *, throw_error_if_exists: bool = False, **fields: Any) -> Environment:
        """Create an environment: `env_name`, `slug` and `auth` (which may be `{}`) are required."""
        return self._create(environments.store, fields, throw_error_if_exists)

    def update_env(self, slug: str, /, **changes: Any) -> Environment:
        return self._update(environments.store, slug, changes)

    def fetch_env(self, slug: str) -> Environment:
        return self._fetch(environments.store, slug)

    def fetch_envs(self) -> list[Environment]:
        return self._fetch_all(environments.store)

    # Functions

    def create_function(self, *, throw_error_if_exists: bool = False, publish: bool = True, **fields: Any) -> Function:
        """Create a function and publish it: `tag`, `language` and `function` (the source) are required."""
        return self._create(functions.store, fields, throw_error_if_exists, publish=publish)

    def update_function(self, tag: str, /, *, publish: bool = True, **changes: Any) -> Function:
        return self._update(functions.store, tag, changes, publish=publish)

    def fetch_function(self, tag: str) -> Function:
        return self._fetch(functions.store, tag)

    def fetch_functions(self) -> list[Function]:
        return self._fetch_all(functions.store)

    # Caches

    def create_cache(self, *, throw_error_if_exists: bool = False, **fields: Any) -> Cache:
        """Create a cache: `tag`, `sequence_tag`, `event_tag`, `expiry` and `period` are required."""
        return self._create(caches.store, fields, throw_error_if_exists)

    def update_cache(self, tag: str, /, **changes: Any) -> Cache:
        return self._update(caches.store, tag, changes)

    def fetch_cache(self, tag: str) -> Cache:
        return self._fetch(caches.store, tag)

    def fetch_caches(self) -> list[Cache]:
        return self._fetch_all(caches.store)

    def clear_cache(self, tag: str) -> int:
        """Forget every result that the cache holds, and return how many."""
        return caches.clear(integration=self._open, tag=tag, by=self._user)

    # Notifications

    def create_notification(self, *, throw_error_if_exists: bool = False, **fields: Any) -> Notification:
        """Create a notification: `tag` is required."""
        return self._create(notifications.store, fields, throw_error_if_exists)

    def update_notification(self, tag: str, /, **changes: Any) -> Notification:
        return self._update(notifications.store, tag, changes)

    def fetch_notification(self, tag: str) -> Notification:
        return self._fetch(notifications.store, tag)

    def fetch_notifications(self) -> list[Notification]:
        return self._fetch_all(notifications.store)

    # Connected apps

    def create_app_access_tag(self, app_tag: str) -> str:
        """Return an access tag for that catalogue app which this integration does not use yet."""
        return connected_apps.create_access_tag(integration=self._open, app_tag=app_tag, by=self._user)

    def add_app(self, *, throw_error_if_exists: bool = False, **fields: Any) -> ConnectedApp:
        """Connect an app: `access_tag` is required, `envs` binds it per environment."""
        return self._create(connected_apps.store, fields, throw_error_if_exists)

    def update_app(self, access_tag: str, /, **changes: Any) -> ConnectedApp:
        return self._update(connected_apps.store, access_tag, changes)

    def fetch_app(self, access_tag: str) -> ConnectedApp:
        return self._fetch(connected_apps.store, access_tag)

    def fetch_apps(self) -> list[ConnectedApp]:
        return self._fetch_all(connected_apps.store)

    # Features

    def create_feature(self, *, throw_error_if_exists: bool = False, publish: bool = True, **fields: Any) -> Feature:
        """Create a feature and publish it: `tag`, and `language` with `function`, or `sequence` with `output`.

        `publish=False` saves a draft, which may use what this release cannot run yet.
        """
        return self._create(features.store, fields, throw_error_if_exists, publish=publish)

    def update_feature(self, tag: str, /, *, publish: bool = True, **changes: Any) -> Feature:
        return self._update(features.store, tag, changes, publish=publish)

    def fetch_feature(self, tag: str) -> Feature:
        return self._fetch(features.store, tag)

    def fetch_features(self) -> list[Feature]:
        return self._fetch_all(features.store)

    # Databases

    def create_database(self, *, throw_error_if_exists: bool = False, **fields: Any) -> Database:
        """Create a database: `tag` is required."""
        return self._create(databases.store, fields, throw_error_if_exists)

    def update_database(self, tag: str, /, **changes: Any) -> Database:
        return self._update(databases.store, tag, changes)

    def fetch_database(self, tag: str) -> Database:
        return self._fetch(databases.store, tag)

    def fetch_databases(self) -> list[Database]:
        return self._fetch_all(databases.store)

    # Jobs

    def create_job(self, *, throw_error_if_exists: bool = False, **fields: Any) -> Job:
        """Create a job: `tag` is required; its target is the feature of the same tag unless `target` says otherwise."""
        return self._create(jobs.store, fields, throw_error_if_exists)

    def update_job(self, tag: str, /, **changes: Any) -> Job:
        return self._update(jobs.store, tag, changes)

    def fetch_job(self, tag: str) -> Job:
        return self._fetch(jobs.store, tag)

    def fetch_jobs(self) -> list[Job]:
        return self._fetch_all(jobs.store)

    # Approvals

    def fetch_approvals(self) -> list[Approval]:
        """Return what may be decided now, on this user's behalf, in this integration; what waits longest first."""
        rows = approvals.open_for(by=self._user).for_integration(self._open)
        return [describe_approval(row) for row in rows]

    def decide_approval(self, run_id: str, event: str, decision: str, reason: str = "") -> Approval:
        """Decide what a run waits for: `decision` is `approved` or `rejected`. The run goes on from there.

        Raises:
            NotFound: the run does not wait for that event.
            PermissionRefused: another approver must decide.
            OperationRefused: it is decided already, or has expired.
        """
        found = approvals.fetch_open(integration=self._open, run_id=run_id, event=event, by=self._user)
        row = approvals.decide(approval=found, decision=decision, reason=reason, by=self._user)
        approvals.resume(row)
        return describe_approval(row)

    # Parts

    def _create(
        self, store: Store[Any, Shape], fields: dict[str, Any], throw_error_if_exists: bool, *, publish: bool = False
    ) -> Shape:
        row = store.create(
            integration=self._open,
            values=fields,
            by=self._user,
            throw_error_if_exists=throw_error_if_exists,
            publish=publish,
        )
        return store.describe(row)

    def _update(self, store: Store[Any, Shape], tag: str, changes: dict[str, Any], *, publish: bool = False) -> Shape:
        row = store.update(integration=self._open, tag=tag, changes=changes, by=self._user, publish=publish)
        return store.describe(row)

    def _fetch(self, store: Store[Any, Shape], tag: str) -> Shape:
        return store.describe(store.fetch(integration=self._open, tag=tag, by=self._user))

    def _fetch_all(self, store: Store[Any, Shape]) -> list[Shape]:
        return [store.describe(row) for row in store.fetch_all(integration=self._open, by=self._user)]

    def _opened(self, row: models.Integration) -> Integration:
        self._tag = row.tag
        return row.to_definition()

    @property
    def _open(self) -> models.Integration:
        """Return the open integration as it is now, if the user may still see it."""
        return integrations.fetch(tag=self._open_tag, by=self._user)

    @property
    def _open_tag(self) -> str:
        if self._tag is None:
            raise OperationRefused("no integration is open: call create_integration or initialize_integration first")
        return self._tag
