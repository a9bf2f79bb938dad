"""The calendar of schedules: what has fired and what is to come, by day, for the jobs that one may see."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from integrations import models
from integrations.admin import environment_freeze
from integrations.admin.base.console import actor
from integrations.admin.jobs.page import BADGES, whole_number
from integrations.operations import schedule_days
from integrations.operations.ledgers import Outcome
from integrations.operations.schedule_days import Ending

_MOST_JOBS = 500
#: How many jobs a day of a month shows; a week shows them all.
_MOST_ENTRIES = 10
_DAY = dt.timedelta(days=1)
#: The order in which a day's outcomes stand: what somebody should look at first.
_ORDER: tuple[Outcome | Ending, ...] = (
    "failed",
    "quarantined",
    "refused",
    "missed",
    "cancelled",
    "overlapped",
    "skipped",
    "held",
    "queued",
    "due",
    "going on",
    "succeeded",
    "ran",
    "coming",
)
#: By which filter the list of runs shows those that ended so; of what was deleted there is none.
_RUNS: Mapping[str, Mapping[str, str]] = {
    **{ending: {"status__exact": status} for status, ending in schedule_days.ENDINGS.items()},
    "going on": {"finished_at__isnull": "True"},
}
#: The status, as badges have it, for each outcome; how a deleted run ended nobody knows.
_STATUSES: Mapping[str, str] = {
    **BADGES,
    **{str(ending): status for status, ending in schedule_days.ENDINGS.items()},
    "going on": "running",
    "ran": "skipped",
}

Span = Literal["week", "month"]


class CalendarMixin:
    """Adds the calendar to the admin of jobs, with the freezes of the environment that it is filtered by."""

    def get_urls(self) -> list[Any]:
        site: Any = self.admin_site  # type: ignore[attr-defined]
        return [
            path("calendar/", site.admin_view(require_GET(self.calendar_view)), name="integrations_job_calendar"),
            path(
                "calendar/<int:environment_id>/<str:wish>/",
                site.admin_view(require_POST(environment_freeze.freeze_view)),
                name="integrations_job_freeze",
            ),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def calendar_view(self, request: HttpRequest) -> HttpResponse:
        if not (self.has_view_permission(request) and request.user.has_perm("integrations.view_slot")):  # type: ignore[attr-defined]
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "opts": models.Job._meta,
            "title": "Schedule",
            **CalendarPage(request).context(),
        }
        return TemplateResponse(request, "admin/integrations/job/calendar.html", context)


class CalendarPage:
    """One request for the calendar: `span` (week or month) around `day`, filtered by integration and environment."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.today = timezone.localdate()
        self.day = _date(request.GET.get("day", "")) or self.today
        self.span: Span = "month" if request.GET.get("span") == "month" else "week"
        user: Any = request.user
        self.integrations = models.Integration.objects.visible_to(user).order_by("name")
        self.integration = self.integrations.filter(pk=whole_number(request.GET.get("integration", "")) or 0).first()
        environments = models.Environment.objects.visible_to(user).filter(integration=self.integration)
        self.environments = environments.order_by("slug")
        self.environment = self.environments.filter(pk=whole_number(request.GET.get("environment", "")) or 0).first()

    def context(self) -> dict[str, Any]:
        days = self._days()
        jobs = self._jobs()
        found = self._found(jobs[:_MOST_JOBS], days)
        return {
            "span": self.span,
            "period": _period(self.span, self.day, days),
            "days": self._filled(days, found.entries),
            "is_empty": not found.entries,
            "lacks": _lacks(found, has_more_jobs=len(jobs) > _MOST_JOBS),
            "zone": timezone.get_current_timezone_name(),
            "links": self._links(),
            "integrations": self.integrations,
            "chosen_integration": self.integration,
            "environments": self.environments,
            "chosen_environment": self.environment,  # not `environment`, which unfold shows in the head of the page
            "day": self.day.isoformat(),
            "freezes": self._freezes(),
            "may_freeze": actor(self.request).has_perm("integrations.freeze_environment"),
            **environment_freeze.context(self.environment, actor(self.request)),
        }

    def _days(self) -> list[dt.date]:
        if self.span == "week":
            monday = self.day - _DAY * self.day.weekday()
            return [monday + _DAY * number for number in range(7)]
        return list(calendar.Calendar().itermonthdates(self.day.year, self.day.month))

    def _found(self, jobs: list[models.Job], days: list[dt.date]) -> schedule_days.Days:
        zone = timezone.get_current_timezone()
        since = dt.datetime.combine(days[0], dt.time(), tzinfo=zone)
        until = dt.datetime.combine(days[-1] + _DAY, dt.time(), tzinfo=zone) - dt.timedelta(microseconds=1)
        return schedule_days.by_day(jobs=jobs, since=since, until=until, zone=zone, by=actor(self.request))

    def _filled(self, days: list[dt.date], entries: list[schedule_days.DayOfJob]) -> list[dict[str, Any]]:
        by_day: dict[dt.date, list[schedule_days.DayOfJob]] = {day: [] for day in days}
        for entry in entries:
            by_day[entry.day].append(entry)
        return [self._filled_day(day, found) for day, found in by_day.items()]

    def _filled_day(self, day: dt.date, entries: list[schedule_days.DayOfJob]) -> dict[str, Any]:
        chosen = _most_urgent(entries) if self.span == "month" else entries
        return {
            "date": day,
            "is_today": day == self.today,
            "is_outside": self.span == "month" and day.month != self.day.month,
            "entries": [self._shown(entry) for entry in chosen],
            "left_out": len(entries) - len(chosen),
            "week_url": self._link(day=day, span="week"),
        }

    def _shown(self, entry: schedule_days.DayOfJob) -> dict[str, Any]:
        outcomes = [
            {
                "outcome": outcome,
                "count": entry.outcomes[outcome],
                "status": _STATUSES[outcome],
                "url": self._runs_url(entry, outcome),
            }
            for outcome in _ORDER
            if entry.outcomes[outcome]
        ]
        first, last = f"{entry.first:%H:%M}", f"{entry.last:%H:%M}"
        times = first if first == last else f"{first} – {last}"
        return {"entry": entry, "outcomes": outcomes, "status": outcomes[0]["status"], "times": times}

    def _runs_url(self, entry: schedule_days.DayOfJob, outcome: str) -> str:
        """Return where the day's runs of the job are listed that ended so; "" where that is not to be seen."""
        if outcome not in _RUNS or not actor(self.request).has_perm("integrations.view_run"):
            return ""
        zone = timezone.get_current_timezone()
        midnights = (dt.datetime.combine(day, dt.time(), tzinfo=zone) for day in (entry.day, entry.day + _DAY))
        since, until = (midnight.isoformat() for midnight in midnights)
        wanted = {"job__id__exact": str(entry.job.pk), "nominal_at__gte": since, "nominal_at__lt": until}
        return f"{reverse('admin:integrations_run_changelist')}?{urlencode({**wanted, **_RUNS[outcome]})}"

    def _jobs(self) -> list[models.Job]:
        rows = models.Job.objects.visible_to(actor(self.request)).filter(schedule__isnull=False)
        if self.integration is not None:
            rows = rows.filter(integration=self.integration)
        if self.environment is not None:
            rows = rows.filter(environment=self.environment)
        return list(rows.select_related("integration", "environment").order_by("pk")[: _MOST_JOBS + 1])

    def _links(self) -> dict[str, str]:
        days = self._days()
        before = days[0] - _DAY if self.span == "week" else self.day.replace(day=1) - _DAY
        after = days[-1] + _DAY if self.span == "week" else (self.day.replace(day=28) + 7 * _DAY).replace(day=1)
        return {
            "before": self._link(day=before),
            "after": self._link(day=after),
            "today": self._link(day=self.today),
            "week": self._link(span="week"),
            "month": self._link(span="month"),
        }

    def _link(self, *, day: dt.date | None = None, span: str | None = None) -> str:
        wanted = {
            "span": span or self.span,
            "day": (day or self.day).isoformat(),
            "integration": self.integration.pk if self.integration else "",
            "environment": self.environment.pk if self.environment else "",
        }
        return f"?{urlencode({name: value for name, value in wanted.items() if value})}"

    def _freezes(self) -> list[models.Freeze]:
        """Return those in force elsewhere than where the page tells of it anyway."""
        found = environment_freeze.in_force(actor(self.request))
        if self.integration is not None:
            found = [each for each in found if each.environment.integration_id == self.integration.pk]
        return [each for each in found if each.environment != self.environment]


def _most_urgent(entries: list[schedule_days.DayOfJob]) -> list[schedule_days.DayOfJob]:
    """Return as many as a day of a month has room for, those that somebody should look at first, as they stand."""
    if len(entries) <= _MOST_ENTRIES:
        return entries
    urgencies = [min(map(_ORDER.index, entry.outcomes)) for entry in entries]
    chosen = sorted(range(len(entries)), key=urgencies.__getitem__)[:_MOST_ENTRIES]
    return [entries[number] for number in sorted(chosen)]


def _lacks(found: schedule_days.Days, *, has_more_jobs: bool) -> list[str]:
    """Return what the calendar does not show, as sentences."""
    sentences = {
        f"These are the first {_MOST_JOBS} jobs; there are more.": has_more_jobs,
        "Of the times that have passed, the earlier ones are left out.": found.lacks_written,
        "Of the times to come, the later ones of some jobs are left out.": found.lacks_coming,
    }
    return [sentence for sentence, is_so in sentences.items() if is_so]


def _period(span: Span, day: dt.date, days: list[dt.date]) -> str:
    return f"{day:%B %Y}" if span == "month" else f"{days[0]:%d %b} – {days[-1]:%d %b %Y}"


def _date(text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    # Months before and after are shown, too.
    return day if 1970 < day.year < 9000 else None
