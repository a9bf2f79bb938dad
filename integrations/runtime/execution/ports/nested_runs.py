"""The runs that a run starts as its events: fulfils `engine.ports.NestedRuns`."""

from __future__ import annotations

import functools
from typing import Any

from integrations import models
from integrations.definitions.release import Release
from integrations.engine.failures import EventError
from integrations.engine.ports import NestedRun
from integrations.engine.records import RunError
from integrations.errors import InvalidInput
from integrations.runtime.db import clock
from integrations.runtime.dispatch import announcing
from integrations.runtime.execution.recorder import BELOW, RunRecorder
from integrations.runtime.lifecycle import run_tree
from integrations.runtime.limits import lanes
from integrations.runtime.releases import cutting
from integrations.runtime.replays import nested as nested_replays
from integrations.runtime.starting import checks
from integrations.types import JsonObject


class NestedRuns:
    """Asks and writes in the database's thread, while the run above is held."""

    def __init__(self, run: models.Run, release: Release, recorder: RunRecorder) -> None:
        self._run, self._release, self._recorder = run, release, recorder

    async def find(self, place: str) -> NestedRun | None:
        return await self._recorder.ask(lambda: self._found(place))

    async def start(self, place: str, *, feature: str, input: JsonObject) -> NestedRun:
        return await self._recorder.ask(lambda: self._found(place) or self._started(place, feature, input))

    async def cancel(self, place: str) -> None:
        await self._recorder.ask(lambda: self._cancelled(place), locks=BELOW)

    async def fail_all(self, error: RunError) -> bool:
        fail = functools.partial(run_tree.fail_nested, self._run.pk, error)
        return await self._recorder.ask(lambda: fail(now=clock.now()), locks=BELOW)

    def _found(self, place: str) -> NestedRun | None:
        nested = models.Run.objects.filter(parent=self._run, parent_step=place).first()
        return None if nested is None else _described(nested)

    def _started(self, place: str, feature: str, input: JsonObject) -> NestedRun:
        try:
            checks.refuse_large(input)
        except InvalidInput as error:
            raise EventError(error.message, code="input_too_large") from None
        above = self._run
        row, release = cutting.nested(self._release, feature, above.environment.integration)
        version = row.feature_version
        feature_id = version.feature_id if version else None
        start = nested_replays.start_of(above, place, release, input)
        nested = models.Run.objects.create(
            integration_id=above.integration_id,
            environment_id=above.environment_id,
            feature_id=feature_id,
            feature_version=version,
            release=row,
            parent=above,
            parent_step=place,
            depth=above.depth + 1,
            priority=above.priority,
            input=input,
            created_by_id=above.created_by_id,
            store_event_results=release.feature.store_event_results,
            due_at=clock.now(),
            **self._queueing(release, feature_id),
            **start.columns,
        )
        start.put(nested)
        announcing.announce([nested.pk])
        return _described(nested)

    def _queueing(self, release: Release, feature_id: int | None) -> dict[str, Any]:
        """Return where the nested run queues; a feature that is gone has no limits any more."""
        if feature_id is None:
            return {}
        return lanes.columns(release.feature, feature_id=feature_id, environment_id=self._run.environment_id)

    def _cancelled(self, place: str) -> None:
        for nested in models.Run.objects.filter(parent=self._run, parent_step=place).only("pk"):
            run_tree.cancel(nested.pk, now=clock.now())


def _described(run: models.Run) -> NestedRun:
    return NestedRun(
        id=str(run.pk),
        status=run.status,
        input=run.input,
        output=run.output,
        error=RunError(code=run.error_code, message=run.error_message, place=run.error_place)
        if run.error_code
        else None,
        created_at=run.created_at,
    )
