"""What the integration builder does with many runs at once: retry, cancel or replay all that a filter means."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integrations import models
from integrations.actors import Actor
from integrations.operations import bulk, replays

Kind = bulk.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkProgress:
    """How far a bulk operation is.

    `status` is `running`, `succeeded` (for `done` of them), `cancelled` (stopped) or `failed` (refused, all of it).
    """

    operation_id: str
    kind: str
    status: str
    total: int
    done: int
    #: Left as they were; the page of the operation says why.
    failed: int
    #: Why it ended before all was done, or with nothing done, or "".
    message: str


class BulkMethods:
    """The methods of the builder that take a filter in place of a run's id. Each returns at once; workers carry it out.

    A filter is any of the keywords of `RunFilter`: `status` (one, or a list), `feature`, `env`, `job`, `error_code`,
    `since` and `until`. Runs in no state for it are left out: only those that failed are retried. Each method raises:

        DefinitionError: there is no reason, or no such keyword, status or choice.
        NotFound: there is no such feature, environment or job.
        OperationRefused: no run is meant, none of them is in a state for it, or they are too many at once.
    """

    if TYPE_CHECKING:
        _user: Actor

        @property
        def _open(self) -> models.Integration: ...

    def retry_runs(self, *, reason: str, **filter: Any) -> BulkProgress:
        """Retry each run as `retry_run` does."""
        return self._bulk(Kind.RETRY, reason, filter)

    def cancel_runs(self, *, reason: str, **filter: Any) -> BulkProgress:
        """Cancel each run as `cancel_run` does."""
        return self._bulk(Kind.CANCEL, reason, filter)

    def replay_runs(
        self,
        *,
        reason: str,
        version: replays.Version = "original",
        start: str = replays.BEGINNING,
        writes: replays.Choice = "again",
        **filter: Any,
    ) -> BulkProgress:
        """Replay each run as `replay_run` does, with its own input; `writes` is for all that can be undone."""
        return self._bulk(Kind.REPLAY, reason, filter, version=version, start=start, writes=writes)

    def bulk_progress(self, operation_id: str) -> BulkProgress:
        """Return how far one of this user's bulk operations is."""
        return _progress(bulk.fetch(operation_id=operation_id, by=self._user))

    def stop_bulk(self, operation_id: str) -> BulkProgress:
        """Leave undone what a bulk operation has not done yet.

        Raises:
            OperationRefused: it is over.
        """
        return _progress(bulk.stop(bulk.fetch(operation_id=operation_id, by=self._user), by=self._user))

    def _bulk(self, kind: bulk.Kind, reason: str, filter: dict[str, Any], **options: Any) -> BulkProgress:
        said = {name: _as_json(value) for name, value in filter.items()}
        operation = bulk.start_matching(
            kind=kind, integration=self._open, filter=said, by=self._user, reason=reason, **options
        )
        return _progress(operation)


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value


def _progress(operation: models.BulkOperation) -> BulkProgress:
    return BulkProgress(
        operation_id=str(operation.pk),
        # Plain text: what was just made still holds members of an enumeration.
        kind=str(operation.kind),
        status=str(operation.status),
        total=operation.total,
        done=operation.done,
        failed=operation.failed,
        message=operation.message,
    )
