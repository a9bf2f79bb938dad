"""The form of a replay: which version, from where, with which input, what becomes of each write, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from integrations import strict_json
from integrations.admin.forms.problems import ShowsProblems, form_error
from integrations.admin.forms.widgets import JsonEditorWidget
from integrations.admin.starting.fields import read_json
from integrations.errors import Problem
from integrations.operations import replays
from integrations.types import Json

SAME, EDITED = "same", "edited"
_WRITES = "writes/"
_CHOICES = [("take_over", "Take over what it gave"), ("again", "Do it again")]
#: Asks for the page again: what is shown depends on it.
_REFRESHES = {"data-refreshes": ""}


class ReplayForm(ShowsProblems, forms.Form):
    """Reads what is wanted; the page asks the operation for it."""

    version = forms.ChoiceField(widget=UnfoldAdminSelectWidget(attrs=_REFRESHES))
    start = forms.ChoiceField(widget=UnfoldAdminSelectWidget(attrs=_REFRESHES), label="Start")
    input_from = forms.ChoiceField(
        label="Input",
        choices=[(SAME, "The same as this run's"), (EDITED, "Edited")],
        widget=UnfoldAdminSelectWidget(attrs={"data-input-from": ""}),
    )
    input = forms.CharField(
        label="Edited input", required=False, strip=False, widget=JsonEditorWidget(place_prefix="input")
    )
    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), help_text="Kept with the new run and in the audit log."
    )

    def __init__(self, data: Any, *, asked: Asked, preview: replays.Preview, values: Json, has_latest: bool) -> None:
        super().__init__(data)
        self.fields["version"].choices = _versions(preview, asked, has_latest=has_latest)  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["start"].choices = _starts(preview.plan)  # type: ignore[attr-defined]  # a ChoiceField
        self.initial.update({"version": asked.version, "start": asked.start, "input": strict_json.pretty(values)})
        for write in preview.plan.writes:
            self.fields[_WRITES + write.place] = forms.ChoiceField(
                label=write.place, choices=_CHOICES, initial=write.choice, widget=UnfoldAdminSelectWidget()
            )

    @property
    def write_boxes(self) -> dict[str, forms.BoundField]:
        return {name.removeprefix(_WRITES): self[name] for name in self.fields if name.startswith(_WRITES)}

    @property
    def writes(self) -> Mapping[str, replays.Choice]:
        return {place: cast("replays.Choice", self.cleaned_data[_WRITES + place]) for place in self.write_boxes}

    @property
    def edited_input(self) -> Json:
        """Return the edited input; None is the same as the run's."""
        return self.cleaned_data["input"] if self.cleaned_data["input_from"] == EDITED else None

    def clean_input(self) -> Json:
        text = self.cleaned_data["input"]
        return (read_json(text) if text.strip() else {}) if self.data.get("input_from") == EDITED else None

    def show(self, problems: Iterable[Problem]) -> None:
        """Add each problem to the field that it is about."""
        for problem in problems:
            name = problem.place if problem.place in self.fields else problem.place.partition("/")[0]
            self.add_error(name if name in self.fields else None, form_error([problem]))


class Asked:
    """What of a request decides which replay is shown; anything else than what there is counts as not said."""

    def __init__(self, data: Mapping[str, str]) -> None:
        self.version: replays.Version = "latest" if data.get("version") == "latest" else "original"
        self.start = data.get("start") or replays.BEGINNING
        #: What the page showed that this comes from.
        self.shown = data.get("shown", "")
        #: The newest attempt that it knew of.
        self.newest = data.get("newest", "")

    @property
    def key(self) -> str:
        return f"{self.version} {self.start}"


def choices_in(data: Mapping[str, str]) -> Mapping[str, replays.Choice]:
    """Return what was chosen for each write."""
    chosen = {name.removeprefix(_WRITES): value for name, value in data.items() if name.startswith(_WRITES)}
    known = {value for value, _ in _CHOICES}
    return {place: cast("replays.Choice", value) for place, value in chosen.items() if value in known}


def _versions(preview: replays.Preview, asked: Asked, *, has_latest: bool) -> list[tuple[str, str]]:
    # What a job has started, other than a feature, has no versions.
    number = f": version {preview.release.version}" if preview.release.version else ""
    original = "Original" + (number if asked.version == "original" else "")
    latest = "Latest" + (number if asked.version == "latest" else "")
    return [("original", original), *([("latest", latest)] if has_latest else [])]


def _starts(plan: replays.Plan) -> list[tuple[str, str]]:
    steps = [(each.place, f"From {each.place}") for each in plan.events]
    return [(replays.BEGINNING, "From the beginning"), (replays.FAILURE, "Behind all that has finished"), *steps]
