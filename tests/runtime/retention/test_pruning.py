from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.models import Run
from integrations.operations import retention
from integrations.runtime.retention import preview as retention_preview
from integrations.runtime.retention import pruning, rules
from integrations.runtime.retention.pace import Pace
from tests.factories.feature import FeatureVersionFactory, ReleaseFactory
from tests.factories.run import NOON, RunFactory, RunLogFactory, StepFactory
from tests.scenes.scene import last_audit, person

pytestmark = pytest.mark.django_db
Status = Run.Status
DAY = dt.timedelta(days=1)
#: When runs that ended at NOON are 100 days old: past the default for successes, not for failures.
NOW = NOON + 100 * DAY
UNFINISHED: list[dict[str, Any]] = [
    {"status": Status.SCHEDULED},
    {"status": Status.QUEUED},
    {"status": Status.RUNNING, "started_at": NOON},
    {"status": Status.WAITING, "started_at": NOON},
]


def prune(**options: Any) -> retention.Pruned:
    return retention.prune(now=NOW, **options)


def ended(status: str = Status.SUCCEEDED, *, days_ago: int = 100, **columns: Any) -> Run:
    at = NOW - days_ago * DAY
    return RunFactory.create(status=status, created_at=at, started_at=at, finished_at=at, **columns)


def like(run: Run) -> dict[str, Any]:
    return {"release": run.release, "environment": run.environment}


def rule(keep_days: int | None, **scope: Any) -> models.RetentionRule:
    return models.RetentionRule.objects.create(keep_days=keep_days, **scope)


def left() -> set[Any]:
    return set(Run.objects.values_list("pk", flat=True))


def test_prune_without_rules_keeps_failures_longer_than_successes() -> None:
    kept = [ended(Status.FAILED), ended(Status.QUARANTINED), ended(days_ago=89)]
    for status in (Status.SUCCEEDED, Status.CANCELLED):
        ended(status)
    ended(Status.FAILED, days_ago=181)

    pruned = prune()

    assert (pruned.runs, pruned.is_complete) == (3, True)
    assert left() == {run.pk for run in kept}


@pytest.mark.parametrize("state", UNFINISHED, ids=[state["status"] for state in UNFINISHED])
def test_prune_never_takes_an_unfinished_run_however_old(state: dict[str, Any]) -> None:
    run = RunFactory.create(created_at=NOW - 9999 * DAY, **state)

    assert prune(keep_days=1).runs == 0
    assert left() == {run.pk}


def test_prune_takes_all_that_belongs_to_a_run() -> None:
    run = ended()
    assert run.feature is not None
    step = StepFactory.create(run=run)
    RunLogFactory.create(run=run, step=step)
    RunLogFactory.create(run=run)
    models.Approval.objects.create(run=run, step="a/b", event="b", title="Ship?").groups.create(name="Shippers")
    models.StartKey.objects.create(
        feature=run.feature, environment=run.environment, digest="d", run=run, expires_at=NOW + DAY
    )

    prune()

    tables: list[Any] = [
        Run,
        models.Step,
        models.RunLog,
        models.Approval,
        models.Approval.groups.through,
        models.StartKey,
    ]
    assert [table.objects.count() for table in tables] == [0] * len(tables)


def test_prune_of_a_family_takes_it_whole_and_only_once_all_of_it_may_go() -> None:
    root = ended()
    child = ended(parent=root, parent_step="a/b", **like(root))
    grandchild = ended(Status.FAILED, parent=child, parent_step="a/b", **like(root))

    assert prune().runs == 0
    assert left() == {root.pk, child.pk, grandchild.pk}

    assert retention.prune(now=NOON + 181 * DAY).runs == 3
    assert left() == set()


def test_prune_of_a_family_waits_for_a_nested_run_that_goes_on() -> None:
    root = ended()
    nested = RunFactory.create(running=True, parent=root, parent_step="a/b", **like(root))

    assert prune(keep_days=1).runs == 0
    assert left() == {root.pk, nested.pk}


def test_prune_gets_past_run_trees_that_have_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "_TOGETHER", 2)
    root = ended(days_ago=200)
    for _ in range(5):
        RunFactory.create(running=True, parent=ended(days_ago=200, **like(root)), parent_step="a/b", **like(root))
    newer = [ended(days_ago=100, **like(root)).pk for _ in range(5)]

    assert prune().runs == 6
    assert left().isdisjoint(newer)


def test_prune_of_runs_larger_than_a_transaction_may_be_takes_them_in_batches() -> None:
    root = ended()
    for run in (root, *(ended(parent=root, parent_step=f"a/{number}", **like(root)) for number in range(7))):
        StepFactory.create_batch(5, run=run)
    other = ended(days_ago=1, **like(root))
    StepFactory.create_batch(2, run=other)
    pace = Pace(rows=3, most_rows=3)

    pruned = pruning.prune(rules.Rules(), now=NOW, pace=pace)

    assert pruned.runs == 8
    assert left() == {other.pk}
    assert models.Step.objects.count() == 2


def test_prune_keeps_what_replays_a_pruned_run() -> None:
    replay = ended(days_ago=1, replay_of=ended())

    prune()

    replay.refresh_from_db()
    assert replay.replay_of is None


def test_narrowest_rule_decides() -> None:
    feature_run, integration_run, other_run = ended(days_ago=40), ended(days_ago=40), ended(days_ago=40)
    rule(30)
    rule(50, integration=integration_run.integration)
    rule(None, integration=feature_run.integration)
    rule(35, integration=feature_run.integration, feature=feature_run.feature)
    kept_failure = ended(Status.FAILED, days_ago=40, **like(feature_run))
    rule(60, integration=feature_run.integration, feature=feature_run.feature, status=Status.FAILED)

    prune()

    assert left() == {integration_run.pk, kept_failure.pk}
    assert other_run.pk not in left()


def test_rule_to_keep_for_ever_keeps_for_ever() -> None:
    run = ended(days_ago=9999)
    rule(None, integration=run.integration)

    prune()

    assert left() == {run.pk}


def test_prune_takes_runs_whose_feature_is_gone() -> None:
    run = ended()
    kept = ended(days_ago=50, integration=run.integration, **like(run))
    rule(60, integration=run.integration)
    Run.objects.update(feature=None)

    prune()

    assert left() == {kept.pk}


def test_prune_deletes_releases_that_no_run_uses_and_none_will() -> None:
    old = ended().release
    assert old.feature_version is not None
    feature = old.feature_version.feature
    latest = FeatureVersionFactory.create(feature=feature, number=2)
    current = ReleaseFactory.create(feature_version=latest)

    assert retention.prune(now=current.created_at + 999 * DAY).releases == 1
    assert list(models.Release.objects.values_list("pk", flat=True)) == [current.pk]


def test_preview_says_what_prune_then_deletes() -> None:
    run = ended(input={"text": "x" * 10_000})
    ended(days_ago=120, **like(run))
    ended(Status.FAILED, **like(run))
    ended(days_ago=10, **like(run))

    preview = retention.preview(by=SYSTEM, now=NOW)

    assert [(line.feature, line.status, line.runs, line.oldest) for line in preview.lines] == [
        (run.feature.tag if run.feature else "", Status.SUCCEEDED, 2, NOW - 120 * DAY)
    ]
    assert 10_000 < preview.size_bytes < 20_000
    assert prune().runs == preview.runs


def test_preview_takes_the_same_queries_for_many_features(
    django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_preview, "_MEASURED", 2)
    runs = [ended(input={"text": "x" * 5_000}) for _ in range(6)]
    rule(50, integration=runs[0].integration, feature=runs[0].feature)
    gone = ended().feature
    assert gone is not None
    gone.delete()

    with django_assert_max_num_queries(25):
        preview = retention.preview(by=SYSTEM, now=NOW)

    assert {line.feature for line in preview.lines} == {run.feature.tag for run in runs if run.feature} | {""}
    assert preview.runs == 7
    assert all(line.size_bytes > 1_000 for line in preview.lines)


def test_preview_shows_only_what_somebody_may_see() -> None:
    mine, _ = ended(), ended()
    viewer = person("view_run", member_of=mine.integration)

    assert [line.integration for line in retention.preview(by=viewer, now=NOW).lines] == [mine.integration.tag]


def test_prune_is_counted_by_day_and_origin_and_audited() -> None:
    ended()
    prune()
    ended()
    prune()

    (row,) = retention.prunings(by=SYSTEM)
    assert (row.day, row.origin, row.runs) == (NOW.date(), "command", 2)
    assert (last_audit().action, last_audit().changes["runs"]) == ("prune", {"from": None, "to": 1})


def test_prune_stops_in_time_and_goes_on_the_next_time() -> None:
    ended()

    assert not prune(most_seconds=0).is_complete
    assert left() != set()
    assert prune().is_complete
    assert left() == set()
