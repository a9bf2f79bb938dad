"""The form of a job: what it runs, and when, in boxes of their own for each kind of schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.forms.widgets import Media, Script
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from integrations import models
from integrations.admin.forms.fields import TAG_HELP, JsonField
from integrations.admin.jobs.form_choices import JobChoicesForm
from integrations.definitions.schedules import known_zones
from integrations.operations.jobs import MOST_MADE_UP
from integrations.types import JsonObject

_MOMENT_HELP = "As in 2026-12-24T18:00+01:00; without an offset, in the time zone of the cron, else UTC."
_RETRY_HELP = (
    '{"delay": 30, "factor": 2, "longest": 3600} waits up to 30 seconds before the first retry, then up to 60, 120 and '
    "so on, 3600 at most. Empty: up to 0.5, then 1, 2 and so on, 60 at most."
)
#: The boxes that say when, by the kind of schedule that they belong to; "" is every kind.
SCHEDULE_BOXES = {"cron": "cron", "tz": "cron", "every": "every", "start_at": "", "limit": "", "end_at": ""}
#: What else says nothing about a job that is only run by hand.
_OF_SCHEDULES = ("overlap", "missed")


def schedule_of(values: Mapping[str, Any]) -> JsonObject | None:
    """Return the schedule that the boxes describe, as JSON that need not be right; None without one."""
    kind = values.get("when") or ""
    if not kind:
        return None
    given = {name: values.get(name) for name, of in SCHEDULE_BOXES.items() if of in ("", kind)}
    return {name: value for name, value in given.items() if value not in (None, "")}


class JobForm(JobChoicesForm):
    SHAPE: ClassVar = (
        *("tag", "name", "description", "target", "input", "retries", "retry", "overlap", "missed"),
        *("paused", "priority", "timeout"),
    )
    ALIASES: ClassVar = {"env": "environment", "schedule": "when"}

    when = forms.ChoiceField(
        required=False,
        label="Fires",
        choices=[
            ("", "Only by hand"),
            ("cron", "By a cron expression"),
            ("every", "Every so many seconds"),
            ("once", "Once"),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    cron = forms.CharField(
        required=False,
        label="Cron",
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Minute, hour, day of month, month, day of week: 30 6 * * 1-5 is 6:30 on working days.",
    )
    tz = forms.ChoiceField(
        required=False,
        label="Time zone",
        choices=lambda: [(name, name) for name in sorted(known_zones(), key=lambda name: (name != "UTC", name))],
        widget=UnfoldAdminSelectWidget,
        help_text="Of the cron expression, and of times without an offset. Clock changes count as in Debian's cron.",
    )
    every = forms.IntegerField(
        required=False, label="Seconds", widget=UnfoldAdminIntegerFieldWidget, help_text="300 is every five minutes."
    )
    start_at = forms.CharField(
        required=False,
        label="Starts at",
        widget=UnfoldAdminTextInputWidget,
        help_text=f"When it fires once, or else the earliest time. {_MOMENT_HELP}",
    )
    end_at = forms.CharField(
        required=False,
        label="Ends at",
        widget=UnfoldAdminTextInputWidget,
        help_text=f"The latest time; empty is no end. {_MOMENT_HELP}",
    )
    limit = forms.IntegerField(
        required=False,
        label="How many times",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="It ends after so many runs; empty is no limit.",
    )
    retry = JsonField(label="Retry policy", place="retry", rows=4, help_text=_RETRY_HELP)

    class Meta:
        labels: ClassVar = {"overlap": "When the last run still runs", "missed": "When a time was missed"}
        help_texts: ClassVar = {
            "tag": TAG_HELP,
            "environment": "Where it runs. A job with a schedule must name one.",
            "retries": "How often a failed run is followed by another one, 0 to 100.",
            "missed": f"No worker was there for it within a minute. Run all makes up for the last {MOST_MADE_UP}; "
            "others before these are written down as missed.",
            "priority": "-100 to 100; higher ones are taken up first.",
            "timeout": "Seconds; empty is no limit.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        schedule = self.instance.schedule or {}
        kind = next((kind for kind in ("cron", "every") if schedule.get(kind)), "once" if schedule else "")
        self.initial.update({"tz": "UTC", **{name: schedule.get(name) for name in schedule}, "when": kind})
        for name in SCHEDULE_BOXES:
            self.fields[name].widget.attrs["data-schedule"] = name
        for name, of in {**SCHEDULE_BOXES, **dict.fromkeys(_OF_SCHEDULES, "")}.items():
            if name in self.fields:
                self.fields[name].widget.attrs["data-shown-when"] = f"when={of}" if of else "when"
        self.fields["when"].widget.attrs["data-schedule"] = "when"

    @property
    def media(self) -> Media:
        scripts = [
            Script(f"integrations/js/{name}.js", type="module") for name in ("shown-when", "schedule", "job_offer")
        ]
        own = Media(css={"all": ["integrations/css/job.css"]}, js=scripts)  # type: ignore[arg-type]  # Media takes scripts
        return super().media + own

    def values(self) -> JsonObject:
        environment: models.Environment | None = self.cleaned_data.get("environment")
        schedule = schedule_of(self.cleaned_data)
        return {
            **super().values(),
            **({"env": environment.slug} if environment else {}),
            **({"schedule": schedule} if schedule is not None else {}),
        }

    def field_of(self, place: str) -> str | None:
        name = place.removeprefix("schedule/")
        return name if name in SCHEDULE_BOXES and name != place else super().field_of(place)

    def prepare(self, cleaned: dict[str, Any]) -> None:
        super().prepare(cleaned)
        environment = cleaned.get("environment")
        if environment and self.can_be_checked and environment.integration_id != self.instance.integration_id:
            self.add_error("environment", "This environment belongs to another integration.")
