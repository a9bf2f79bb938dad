"""How long runs are kept once they have ended: the rules that people made, over the ones that hold without any."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from integrations import models
from integrations.models.run_states import FINAL

Status = models.Run.Status

#: Days, by status; "" is any other. What went wrong is looked into later than what went well.
DEFAULT_KEEP_DAYS: dict[str, int] = {"": 90, Status.FAILED: 180, Status.QUARANTINED: 180}

#: None is for ever.
_Days = int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The runs of one feature with one status, and before when they must have ended to go."""

    integration_id: int
    #: None for the runs of features that were deleted.
    feature_id: int | None
    status: str
    before: dt.datetime

    def runs(self) -> models.run.RunQuerySet:
        """Return all that is past its retention here."""
        ended = models.Run.objects.filter(feature=self.feature_id, status=self.status, finished_at__lt=self.before)
        return ended if self.feature_id is not None else ended.filter(integration=self.integration_id)


class Rules:
    """All rules as they were when this was made, or one number of days for everything."""

    def __init__(self, *, for_all: int | None = None) -> None:
        self._for_all = for_all
        self._days: dict[tuple[int | None, int | None, str], _Days] = {
            (rule.integration_id, rule.feature_id, rule.status): rule.keep_days
            for rule in models.RetentionRule.objects.all()
        }

    def keep_days(self, *, integration_id: int, feature_id: int | None, status: str) -> _Days:
        """Return for how many days such runs are kept, None for ever: the narrowest rule decides."""
        if self._for_all is not None:
            return self._for_all
        places = [(integration_id, feature_id), (integration_id, None), (None, None)]
        for integration, feature in places if feature_id is not None else places[1:]:
            for key in ((integration, feature, status), (integration, feature, "")):
                if key in self._days:
                    return self._days[key]
        return DEFAULT_KEEP_DAYS.get(status, DEFAULT_KEEP_DAYS[""])

    def has_passed(self, run: models.Run, *, now: dt.datetime) -> bool:
        """Return whether the run has ended long enough ago to go."""
        if run.finished_at is None:
            return False
        days = self.keep_days(integration_id=run.integration_id, feature_id=run.feature_id, status=run.status)
        return days is not None and run.finished_at < now - dt.timedelta(days=days)

    def scopes(self, *, now: dt.datetime) -> Iterator[Scope]:
        """Yield every scope in which runs do not stay for ever."""
        for integration_id, feature_id in _features():
            for status in sorted(FINAL):
                days = self.keep_days(integration_id=integration_id, feature_id=feature_id, status=status)
                if days is not None:
                    yield Scope(
                        integration_id=integration_id,
                        feature_id=feature_id,
                        status=status,
                        before=now - dt.timedelta(days=days),
                    )


def _features() -> Iterator[tuple[int, int | None]]:
    """Yield every feature as (integration, feature), and for each integration the features that are no more."""
    yield from models.Feature.objects.values_list("integration_id", "pk")
    for integration_id in models.Integration.objects.values_list("pk", flat=True):
        yield integration_id, None
