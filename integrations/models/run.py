"""Runs: one execution each, and at the same time the queue that workers claim from."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from integrations.models.fields import ExactJSONField
from integrations.models.freeze import Freeze
from integrations.models.identifiers import uuid7
from integrations.models.run_states import CLAIMABLE, FINAL, RunStatus, refuse_illegal
from integrations.models.visibility import ScopedQuerySet

_STARTED = sorted({*RunStatus} - {RunStatus.SCHEDULED, RunStatus.QUEUED, RunStatus.CANCELLED})
_ON_HOLD_AS_INACTIVE = Q(
    finished_at__isnull=True, started_at__isnull=True, parent__isnull=True, environment__active=False
)


def is_on_hold() -> Q:
    """Return the condition for runs that do not begin for now; `run_queue` has it in its own words.

    In an inactive environment no run begins, except as part of one that has; in a frozen one no retry of a job does,
    and only retries are scheduled.
    """
    frozen = Freeze.objects.in_force().values("environment")
    return _ON_HOLD_AS_INACTIVE | Q(status=RunStatus.SCHEDULED, environment__in=frozen)


class RunQuerySet(ScopedQuerySet["Run"]):
    def due(self, now: dt.datetime) -> RunQuerySet:
        """Return the runs that a worker may claim now as far as time goes; see `run_queue` for limits."""
        return self.unfinished().filter(lease_until__isnull=True, due_at__lte=now).exclude(status=RunStatus.RUNNING)

    def claimable(self) -> RunQuerySet:
        """Return the runs that are to be executed, now or later."""
        return self.filter(status__in=sorted(CLAIMABLE))

    def leased_to(self, worker: str) -> RunQuerySet:
        # The lease says nothing new, but its index is small.
        return self.filter(worker=worker, status=RunStatus.RUNNING, lease_until__isnull=False)

    def on_hold(self) -> RunQuerySet:
        """Return the runs that do not begin for now, due or not: see `is_on_hold`."""
        return self.filter(is_on_hold())

    def in_active_environment(self) -> RunQuerySet:
        """Leave out runs that do not begin because their environment is inactive."""
        return self.exclude(_ON_HOLD_AS_INACTIVE)

    def unfinished(self) -> RunQuerySet:
        return self.filter(finished_at__isnull=True)

    def transition(
        self,
        run_id: uuid.UUID,
        *,
        from_: RunStatus | Iterable[RunStatus],
        to: RunStatus,
        now: dt.datetime | None = None,
        **changes: Any,
    ) -> bool:
        """Change the status of one run if it still is one of `from_`; return whether it was.

        The only place where a status changes. `changes` are further columns. `started_at`, `finished_at` and the lease
        follow from the status. Further conditions go before: `Run.objects.filter(fence=3).transition(…)`.

        Raises:
            ValueError: `to` may not follow one of `from_`.
        """
        sources = {from_} if isinstance(from_, RunStatus) else set(from_)
        refuse_illegal(sources, to)
        columns = {**_consequences(to, now or timezone.now()), **changes}
        return self.filter(pk=run_id, status__in=sorted(sources)).update(status=to, **columns) == 1

    def wake(self, run_id: uuid.UUID, *, now: dt.datetime) -> None:
        """Queue a parked run, because what it waits for has happened; a running one is queued once it parks.

        Called in a transaction: the mark comes first, and its lock keeps the run from being parked in between.
        """
        self.unfinished().filter(pk=run_id).update(woken=True)
        self.transition(run_id, from_=RunStatus.WAITING, to=RunStatus.QUEUED, now=now, due_at=now)

    def fail(self, run_id: uuid.UUID, *, code: str, message: str, place: str) -> bool:
        """Store the error of an unfinished run, so that it is undone; return False when it has failed before."""
        sound = self.unfinished().filter(pk=run_id, error_code="")
        return sound.update(error_code=code, error_message=message, error_place=place) == 1

    def claim(self, run_ids: Collection[uuid.UUID], *, worker: str, lease_until: dt.datetime, now: dt.datetime) -> int:
        """Lease runs that are still claimable to `worker`, each under a new fence; return how many.

        `transition` for many at once, for the one change that workers make all day.
        """
        return self.filter(pk__in=run_ids, status__in=sorted(CLAIMABLE)).update(
            status=RunStatus.RUNNING,
            worker=worker,
            lease_until=lease_until,
            fence=F("fence") + 1,
            attempts=F("attempts") + 1,
            woken=False,
            awaits_rate=False,
            started_at=Coalesce("started_at", Value(now)),
            updated_at=now,
        )


def _consequences(to: RunStatus, now: dt.datetime) -> dict[str, Any]:
    columns: dict[str, Any] = {"updated_at": now}
    if to == RunStatus.RUNNING:
        return {**columns, "started_at": Coalesce("started_at", Value(now))}
    if to in FINAL:
        columns["finished_at"] = now
    # The lease ends.
    return {**columns, "worker": "", "lease_until": None}


class Run(models.Model):
    Status = RunStatus

    class Trigger(models.TextChoices):
        ADMIN = "admin", "Admin"
        BUILDER = "builder", "Builder"
        COMMAND = "command", "Command line"
        API = "api", "REST API"
        JOB = "job", "Job"
        WEBHOOK = "webhook", "Webhook"
        RUN = "run", "Another run"
        REPLAY = "replay", "Replay"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # PROTECT: the history of an integration or an environment is deleted first, and on purpose.
    integration = models.ForeignKey(
        "integrations.Integration", on_delete=models.PROTECT, related_name="runs", db_index=False
    )
    environment = models.ForeignKey(
        "integrations.Environment", on_delete=models.PROTECT, related_name="runs", db_index=False
    )
    #: None once the feature is deleted; the release still says what ran.
    feature = models.ForeignKey(
        "integrations.Feature", on_delete=models.SET_NULL, null=True, blank=True, related_name="runs", db_index=False
    )
    feature_version = models.ForeignKey(
        "integrations.FeatureVersion", on_delete=models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    release = models.ForeignKey("integrations.Release", on_delete=models.PROTECT, related_name="runs")
    #: The run that started this one as one of its events.
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children")
    #: Which step of it did, written `sequence/event`; "" without a parent.
    parent_step = models.CharField(max_length=300, blank=True, default="")
    #: How many runs stand above this one.
    depth = models.PositiveSmallIntegerField(default=0)
    #: The run that started this one by a `job` event and did not wait for it, and which step did.
    starter = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="started_runs")
    starter_step = models.CharField(max_length=300, blank=True, default="")
    #: The job that it is a run of, if it is one's.
    job = models.ForeignKey(
        "integrations.Job", on_delete=models.SET_NULL, null=True, blank=True, related_name="runs", db_index=False
    )
    #: When the job was to fire; None when it was run manually.
    nominal_at = models.DateTimeField(null=True, blank=True)
    #: 1 for the job's first try, 2 for its first retry.
    job_attempt = models.PositiveSmallIntegerField(default=1)
    replay_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replays")
    #: Why the replay was started.
    replay_reason = models.TextField(blank=True, default="")
    #: Of a replay, by the step that nests a feature: the run that its nested run resumes from.
    nested_from = ExactJSONField(default=dict, blank=True)

    status = models.CharField(max_length=16, choices=RunStatus, default=RunStatus.QUEUED)
    trigger = models.CharField(max_length=16, choices=Trigger)
    #: As it was sent, redacted.
    input = ExactJSONField(default=dict)
    output = ExactJSONField(null=True, blank=True)
    #: Stable word for grouping, such as `http_503`. A run that has one and has not ended is being undone.
    error_code = models.CharField(max_length=64, blank=True, default="")
    error_message = models.TextField(blank=True, default="")
    #: `sequence/event` of the step that ended the run.
    error_place = models.CharField(max_length=200, blank=True, default="")
    #: The failures like this one.
    failure_group = models.ForeignKey(
        "integrations.FailureGroup",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="runs",
        db_index=False,
    )
    #: What it was last executed with: each binding's digest by access tag.
    bindings = ExactJSONField(default=dict, blank=True)
    #: False keeps only the result.
    store_event_results = models.BooleanField(default=True)

    #: From when on a worker may claim it; None waits for a person or for another run.
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    #: Something that it waits for has happened since it was claimed, so that it is not to be parked.
    woken = models.BooleanField(default=False)
    #: Higher ones are claimed first.
    priority = models.SmallIntegerField(default=0)
    #: Where it queues, by `Lane.key`; "" for the runs of features without limits.
    lane = models.CharField(max_length=64, blank=True, default="", editable=False)
    #: Its first execution counts against its lane's rate and has not begun.
    awaits_rate = models.BooleanField(default=False, editable=False)
    #: A person wants it to end; the worker that has it ends it.
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    #: How often its worker was lost.
    crashes = models.PositiveSmallIntegerField(default=0)
    #: What is known of each crash: `[{at, worker, what}]`.
    evidence = ExactJSONField(default=list, blank=True)
    #: How often it was claimed.
    attempts = models.PositiveIntegerField(default=0)
    #: Whom it is leased to, or "".
    worker = models.CharField(max_length=200, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    #: Counts claims across workers: what an earlier worker still writes has a lower number.
    fence = models.PositiveBigIntegerField(default=0)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    #: Set on a run that was returned in place of a new one, since it was started with an equal key.
    is_deduplicated = False

    class Meta:
        default_permissions = ("view",)
        permissions = [
            ("start_run", "Can start runs"),
            ("cancel_run", "Can cancel runs"),
            ("replay_run", "Can replay runs"),
        ]
        indexes = [
            # The queue, and what is being executed; together they are what is unfinished. On these conditions, not on
            # the status: SQLite uses a partial index only for a condition that it finds in the query word for word,
            # which bound parameters are not.
            models.Index(
                fields=["integration", "lane", "awaits_rate", "priority", "due_at"],
                condition=Q(finished_at__isnull=True, lease_until__isnull=True),
                name="run_queue",
            ),
            models.Index(fields=["integration", "lane"], condition=Q(lease_until__isnull=False), name="run_leased"),
            models.Index(fields=["lane", "started_at"], condition=Q(lane__gt=""), name="run_lane_starts"),
            models.Index(fields=["integration", "-created_at"], name="run_by_integration"),
            models.Index(fields=["environment", "-created_at"], name="run_by_environment"),
            models.Index(fields=["feature", "-created_at"], name="run_by_feature"),
            models.Index(fields=["status", "-created_at"], name="run_by_status"),
            models.Index(fields=["job", "-created_at"], condition=Q(job__isnull=False), name="run_by_job"),
            models.Index(
                fields=["job"], condition=Q(finished_at__isnull=True, job__isnull=False), name="run_job_unfinished"
            ),
            models.Index(
                fields=["failure_group", "-created_at"],
                condition=Q(failure_group__isnull=False),
                name="run_by_failure_group",
            ),
            # What is past its retention; written once, when a run ends.
            models.Index(
                fields=["feature", "status", "finished_at"], condition=Q(finished_at__isnull=False), name="run_ended"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "parent_step"], condition=Q(parent__isnull=False), name="run_parent_step_unique"
            ),
            models.UniqueConstraint(
                fields=["starter", "starter_step"], condition=Q(starter__isnull=False), name="run_starter_step_unique"
            ),
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="run_status_known"),
            models.CheckConstraint(
                condition=Q(status__in=sorted(FINAL), finished_at__isnull=False)
                | (~Q(status__in=sorted(FINAL)) & Q(finished_at__isnull=True)),
                name="run_finished_at_with_final_status",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=_STARTED) | Q(started_at__isnull=False), name="run_started_at_once_running"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[RunStatus.SCHEDULED, RunStatus.QUEUED]) | Q(due_at__isnull=False),
                name="run_due_at_while_queued",
            ),
            models.CheckConstraint(
                condition=Q(worker="", lease_until__isnull=True)
                | (~Q(worker="") & Q(lease_until__isnull=False, status=RunStatus.RUNNING)),
                name="run_lease_while_running",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    # Properties

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def duration(self) -> dt.timedelta | None:
        """From start to end, waiting included."""
        return self.finished_at - self.started_at if self.finished_at and self.started_at else None
