"""Tells how long runs are kept once they have ended: by the stored rules, and by defaults where there are none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from integrations import models
from integrations.models.run_states import FINAL

Status = models.Run.Status

#: Days, by status; "" is any other. Failures are examined later than successes.
DEFAULT_KEEP_DAYS: dict[str, int] = {"": 90, Status.FAILED: 180, Status.QUARANTINED: 180}

#: None is for ever.
_Days = int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The runs of one feature with one status, which are deleted if they ended before a time."""

    integration_id: int
    #: None for the runs of features that were deleted.
    feature_id: int | None
    status: str
    before: dt.datetime

    def runs(self) -> models.run.RunQuerySet:
        """Return the runs that are past their retention."""
        ended = models.Run.objects.filter(feature=self.feature_id, status=self.status, finished_at__lt=self.before)
        return ended if self.feature_id is not None else ended.filter(integration=self.integration_id)


class Rules:
    """All rules as they were when this was created, or one number of days for everything."""

    def __init__(self, *, for_all: int | None = None) -> None:
        self._for_all = for_all
        self._days: dict[tuple[int | None, int | None, str], _Days] = {
            (rule.integration_id, rule.feature_id, rule.status): rule.keep_days
            for rule in models.RetentionRule.objects.all()
        }

    def keep_days(self, *, integration_id: int, feature_id: int | None, status: str) -> _Days:
        """Return for how many days such runs are kept, None for ever: the most specific rule applies."""
        if self._for_all is not None:
            return self._for_all
        places = [(integration_id, feature_id), (integration_id, None), (None, None)]
        for integration, feature in places if feature_id is not None else places[1:]:
            for key in ((integration, feature, status), (integration, feature, "")):
                if key in self._days:
                    return self._days[key]
        return DEFAULT_KEEP_DAYS.get(status, DEFAULT_KEEP_DAYS[""])

    def has_passed(self, run: models.Run, *, now: dt.datetime) -> bool:
        """Return whether the run ended long enough ago to be deleted."""
        if run.finished_at is None:
            return False
        days = self.keep_days(integration_id=run.integration_id, feature_id=run.feature_id, status=run.status)
        return days is not None and run.finished_at < now - dt.timedelta(days=days)

    def scopes(self, *, now: dt.datetime) -> Iterator[Scope]:
        """Yield every scope in which runs are not kept for ever."""
        integration_ids = models.Integration.objects.values_list("pk", flat=True)
        # For each integration also the features that were deleted.
        features = [
            *models.Feature.objects.values_list("integration_id", "pk"),
            *((pk, None) for pk in integration_ids),
        ]
        for integration_id, feature_id in features:
            for status in sorted(FINAL):
                days = self.keep_days(integration_id=integration_id, feature_id=feature_id, status=status)
                if days is not None:
                    yield Scope(
                        integration_id=integration_id,
                        feature_id=feature_id,
                        status=status,
                        before=now - dt.timedelta(days=days),
                    )
