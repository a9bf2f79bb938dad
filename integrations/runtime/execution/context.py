"""Opens the context that a claimed run executes in."""

from __future__ import annotations

import functools

from integrations import conf, models
from integrations.connectors.redaction import Redactor
from integrations.definitions.release import Release
from integrations.engine.context import Cancellation, Context, RunAbove, RunInfo
from integrations.runtime.execution.event_loop import EventLoop
from integrations.runtime.execution.ports.approvals import Approvals
from integrations.runtime.execution.ports.jobs import Jobs
from integrations.runtime.execution.ports.limits import Limits
from integrations.runtime.execution.ports.nested_runs import NestedRuns
from integrations.runtime.execution.ports.result_cache import ResultCache
from integrations.runtime.execution.recorder import RunRecorder
from integrations.runtime.history import checkpoints
from integrations.runtime.releases.revision_cache import Revision
from integrations.runtime.starting import credentials

#: Releases never change, so each process reads one only once.
_CACHED_RELEASES = 256


def open_for(
    run: models.Run, recorder: RunRecorder, cancellation: Cancellation, above: RunAbove, event_loop: EventLoop
) -> Context:
    """Return what the engine needs for this run; what is decrypted for it lives as long as the context.

    Raises:
        IntegrationsError: something that the run needs is gone or cannot be opened.
    """
    release = _release(run.release.digest)
    opened = credentials.open_for(run.environment, Revision.of(run.environment.integration))
    run.bindings = {tag: opened.bindings[tag].digest for tag in release.apps if tag in opened.bindings}
    return Context(
        run=RunInfo(
            id=str(run.pk),
            integration=release.integration,
            feature=release.feature.tag,
            environment_slug=run.environment.slug,
            environment_name=run.environment.env_name,
            created_at=run.created_at,
            depth=run.depth,
        ),
        release=release,
        input=run.input,
        bindings=opened.bindings,
        secrets=opened.secrets,
        actions=event_loop.actions,
        functions=event_loop.functions,
        recorder=recorder,
        redactor=Redactor(opened.texts),
        nested_runs=NestedRuns(run, release, recorder),
        result_cache=ResultCache(run, recorder),
        approvals=Approvals(run, recorder),
        jobs=Jobs(run, recorder),
        limits=Limits(event_loop.circuits, recorder),
        clock=event_loop.clock,
        checkpoints=checkpoints.of(run) if checkpoints.may_have(run) else {},
        failure=checkpoints.failure_of(run),
        cancellation=cancellation,
        above=above,
        output_cap_bytes=conf.output_cap_bytes(),
    )


@functools.lru_cache(maxsize=_CACHED_RELEASES)
def _release(digest: str) -> Release:
    return models.Release.objects.get(digest=digest).to_definition()
