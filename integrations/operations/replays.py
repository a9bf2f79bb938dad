"""Replays: another run for one that has ended, with chosen input, version and start, and a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.db import transaction

from integrations import conf, models, strict_json
from integrations.actors import Actor, require, user_of
from integrations.definitions import checking
from integrations.definitions.release import Release
from integrations.errors import InvalidInput, OperationRefused, Problem
from integrations.operations import _audit, _free_text, runs, workers
from integrations.runtime.dispatch import announcing
from integrations.runtime.history import lineage as history_lineage
from integrations.runtime.history.lineage import Attempt
from integrations.runtime.limits import lanes
from integrations.runtime.limits.queue_cap import QUEUE_CAP
from integrations.runtime.releases import cutting
from integrations.runtime.releases.revision_cache import Revision
from integrations.runtime.replays import attempt_lock, planning
from integrations.runtime.replays import choices as replay_choices
from integrations.runtime.replays.planning import BEGINNING, FAILURE, Choice, EventPlan, Plan, Write
from integrations.runtime.schedules import job_starts
from integrations.runtime.starting import checks
from integrations.types import Json, JsonObject

__all__ = ["BEGINNING", "FAILURE", "Attempt", "Choice", "EventPlan", "Plan", "Preview", "Version", "Write"]

#: The release that the run was on, or the latest versions of everything.
Version = Literal["original", "latest"]

Status = models.Run.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a replay would do."""

    release_row: models.Release
    release: Release
    plan: Plan
    #: The input in the form that the release takes; None where it is looked at only when the replay starts.
    values: JsonObject | None = None


def preview(
    run: models.Run,
    *,
    by: Actor,
    version: Version = "original",
    start: str = BEGINNING,
    writes: Mapping[str, Choice] | None = None,
) -> Preview:
    """Return what a replay would do, with all that stands in its way in `plan.problems`.

    `start` is `beginning`, `failure` (behind all that has finished) or `sequence/event`. `writes` says by place what
    becomes of what any attempt has written: `again` or `take_over`. Of what is not in it, all before the start and all
    that cannot be undone is taken over, and the rest is done again.

    Raises:
        PermissionRefused
        NotFound: no event at `start`.
        InvalidInput: there is no such choice, or nothing was written where `writes` says what becomes of it.
        OperationRefused: the run has not ended, nor has another attempt, or there is no such version any more.
        DefinitionError: what a job has started is not there any more, or takes another input by now.
    """
    return _preview(run, by=by, version=version, start=start, writes=writes or {})


def has_latest(run: models.Run) -> bool:
    """Return whether a run can be replayed on the latest version of what it executed."""
    return run.feature is not None or run.release.is_of_no_feature


def replay(
    run: models.Run,
    *,
    by: Actor,
    reason: str,
    input: Json = None,
    version: Version = "original",
    start: str = BEGINNING,
    writes: Mapping[str, Choice] | None = None,
    other_writes: Choice = "again",
    newest: str = "",
) -> models.Run:
    """Return a new queued run; `input` None is the one that the run had. See `preview` for the choices.

    `other_writes` is for those that `writes` does not name, that can be undone and that the replay comes to. `newest`
    is the id of the newest attempt that whoever asks has seen, if that matters.

    Raises:
        what `preview` raises, and
        InvalidInput: the reason is missing, the input does not fit, or a result cannot be taken over.
        OperationRefused: all writes are to be taken over, and it is not known what these are; or there is a newer
            attempt than `newest`.
        DefinitionError: the environment lacks what the feature needs.
        Busy: the queue is full.
    """
    with transaction.atomic():
        attempt_lock.take(run)
        found = _preview(
            run, by=by, version=version, start=start, writes=writes or {}, others=other_writes, input=input
        )
        if newest and str(found.plan.newest) != newest:
            raise OperationRefused(f"run {found.plan.newest} is a newer attempt; look at what it has done first")
        if other_writes == "take_over":
            _refuse_blind(found.plan)
        choices: JsonObject = {"version": version, "start": start, "input": "same" if input is None else "edited"}
        return _start(run, found, input=input, reason=reason, by=by, verb="replay", choices=choices)


def retry(run: models.Run, *, by: Actor, reason: str) -> models.Run:
    """Return a new queued run that goes on where this one failed, with its input and its version.

    What any attempt wrote is not written again. Raises:
        what `replay` raises, and
        OperationRefused: it has succeeded, or a later attempt has; or what was written is not known.
    """
    require(by, "replay_run", to="replay runs")
    if run.status == Status.SUCCEEDED:
        raise OperationRefused(f"run {run.pk} has succeeded; replay it to do it once more")
    with transaction.atomic():
        attempt_lock.take(run)
        attempt_lock.refuse_done(run)
        found = _preview(run, by=by, version="original", start=FAILURE, writes={}, keep_writes=True)
        _refuse_blind(found.plan)
        return _start(run, found, input=None, reason=reason, by=by, verb="retry", choices={})


def go_on(run: models.Run) -> models.Run:
    """Have a new run executed: by a worker where one is there, else in this process."""
    return run if workers.is_worker_there() else runs.execute(run, patience_seconds=conf.PAGE_PATIENCE_SECONDS)


def lineage(run: models.Run) -> list[Attempt]:
    """Return the attempts of which `run` is one, each behind the one that it replays; long values stay unread.

    Of more than 200 those that led to `run`, and the newest.
    """
    return history_lineage.tree_of(run)


def _preview(
    run: models.Run,
    *,
    by: Actor,
    version: Version,
    start: str,
    writes: Mapping[str, Choice],
    others: Choice = "again",
    keep_writes: bool = False,
    input: Json = None,
) -> Preview:
    require(by, "replay_run", to="replay runs")
    replay_choices.check(version=version, start=start, writes=writes, others=others)
    if not run.is_final:
        raise OperationRefused(f"run {run.pk} is still {run.status}; wait until it has ended, or cancel it")
    attempt_lock.require_all_ended(run)
    (row, release), values = _released(run, version, input)
    plan = planning.plan(run, release, start=start, choices=writes, others=others, keep_writes=keep_writes)
    replay_choices.check_places(writes, plan)
    return Preview(release_row=row, release=release, plan=plan, values=values)


def _refuse_blind(plan: Plan) -> None:
    """Do nothing unless it is not known what attempts have written, so that none of it can be left as it is."""
    if plan.unknown_writes:
        raise OperationRefused(f"{plan.unknown_writes}; replay it from the beginning if all of that may be done again")


def _released(
    run: models.Run, version: Version, input: Json
) -> tuple[tuple[models.Release, Release], JsonObject | None]:
    if version == "original":
        return (run.release, run.release.to_definition()), None
    if run.feature is not None:
        return cutting.current(run.feature, Revision.current(run.integration)), None
    if not has_latest(run):
        raise OperationRefused("there is no later version: the feature was deleted")
    return job_starts.as_now(run, _given(run, input))


def _start(
    run: models.Run, found: Preview, *, input: Json, reason: str, by: Actor, verb: str, choices: JsonObject
) -> models.Run:
    environment, release = run.environment, found.release
    if not environment.active:
        raise OperationRefused(f'environment "{environment.slug}" is inactive; activate it to start runs in it')
    problems = [*([] if reason.strip() else [Problem("reason", "say why")]), *found.plan.problems]
    if problems:
        raise InvalidInput(problems)
    values = _values(run, found, input)
    reason = _free_text.without_secrets(reason, run.integration)
    checks.require_bindings(environment, release.apps)
    with transaction.atomic():
        QUEUE_CAP.admit(run.integration_id)
        row = _write(run, found, values, reason=reason, by=by)
        planning.put(row, found.plan.step_ids)
        announcing.announce([row.pk])
        made: JsonObject = {"run": str(row.pk), **choices}
        made |= {f"writes/{write.place}": write.choice for write in found.plan.writes}
        _audit.write(verb, kind="run", tag=str(run.pk), by=by, integration=run.integration, after=made, reason=reason)
    return row


def _values(run: models.Run, found: Preview, input: Json) -> JsonObject:
    """Return the input of the replay; that of the run itself was checked when it started, against its own version."""
    if input is None and found.release_row.pk == run.release_id:
        same: JsonObject = run.input
        return same
    values = found.values
    if values is None:
        values = checking.check_input(found.release.feature, _given(run, input))
    checks.refuse_unfit(values, run.environment, Revision.current(run.integration))
    return values


def _given(run: models.Run, input: Json) -> JsonObject:
    """Return the input that was handed in, or the run's own.

    Raises:
        InvalidInput: it is not an object.
    """
    given: Json = run.input if input is None else strict_json.check(input, place="input")
    if not isinstance(given, dict):
        raise InvalidInput([Problem("input", "should be an object")])
    return given


def _write(run: models.Run, found: Preview, values: JsonObject, *, reason: str, by: Actor) -> models.Run:
    feature = found.release.feature
    # The limits are the feature's as it is now, whichever version runs.
    latest = run.feature.latest_version() if run.feature else None
    limits = latest.to_definition() if latest else feature
    lane = lanes.columns(limits, feature_id=run.feature_id, environment_id=run.environment_id) if run.feature_id else {}
    return models.Run.objects.create(
        integration_id=run.integration_id,
        environment=run.environment,
        feature=run.feature,
        release=found.release_row,
        feature_version_id=found.release_row.feature_version_id,
        # Without the nominal time: to the schedule it is a run by hand.
        job_id=run.job_id,
        replay_of=run,
        replay_reason=reason,
        nested_from=dict(found.plan.nested_from),
        trigger=models.Run.Trigger.REPLAY,
        input=values,
        priority=run.priority,
        created_by=user_of(by),
        store_event_results=feature.store_event_results,
        **lane,
    )
