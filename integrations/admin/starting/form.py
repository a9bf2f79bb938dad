"""The form that starts a run: where it runs, and its input as fields or as one JSON text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from integrations import models, strict_json
from integrations.admin.forms.problems import ShowsProblems, form_error
from integrations.admin.forms.widgets import JsonEditorWidget
from integrations.admin.starting.fields import LeftOut, ValueField, read_json, value_field
from integrations.definitions.field import Field
from integrations.errors import Problem
from integrations.types import Json, JsonObject

#: The name of the one field of the JSON form.
JSON = "json"


class EnvironmentSelect(UnfoldAdminSelectWidget):
    """Shows inactive environments, with why they cannot be chosen."""

    inactive: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.inactive:
            option["attrs"]["disabled"] = True
        return option


class RunForm(ShowsProblems, forms.Form):
    """Reads where a feature shall run and what it gets; whoever owns the form asks the operation for the run."""

    environment = forms.ChoiceField(widget=EnvironmentSelect)

    def __init__(
        self,
        data: Any = None,
        *,
        fields: Sequence[Field],
        environments: Sequence[models.Environment],
        as_json: bool,
        values: Json = None,
        environment: str = "",
    ) -> None:
        """`values` is what the boxes hold at first; a form of fields must be able to show it (`can_show`)."""
        super().__init__(data)
        self.as_json = as_json or not fields
        self._offer(environments, environment)
        if self.as_json:
            self.fields[JSON] = _JsonInputField()
            self.initial[JSON] = strict_json.pretty({} if values is None else values)
        else:
            self._add_fields(fields, values if isinstance(values, dict) else {})

    @property
    def value_fields(self) -> dict[str, ValueField]:
        return {name: field for name, field in self.fields.items() if isinstance(field, ValueField)}

    @property
    def value_boxes(self) -> list[forms.BoundField]:
        return [self[name] for name in self.value_fields]

    @property
    def input(self) -> Json:
        """Return the input that was given, as far as it could be read.

        Raises:
            InvalidInput: it holds what JSON cannot carry on.
        """
        if self.as_json:
            return self.cleaned_data.get(JSON)
        given = {field.shape.key: self.cleaned_data.get(name) for name, field in self.value_fields.items()}
        values = {key: value for key, value in given.items() if not isinstance(value, LeftOut)}
        return strict_json.check(values, place="input")

    @property
    def typed(self) -> JsonObject:
        """Return what the boxes hold, for the same form in another shape: also what nothing could be made of."""
        typed: JsonObject = {}
        for name, field in self.value_fields.items():
            value = self.cleaned_data.get(name, self[name].data)
            if not isinstance(value, LeftOut):
                typed[field.shape.key] = value
        return typed

    def show(self, problems: Iterable[Problem]) -> None:
        """Add each problem to the field that it is about."""
        for problem in problems:
            name = self._field_of(problem.place)
            says_where = name is not None and problem.place == self._place_of(name)
            shown = Problem("", problem.message, problem.hint) if says_where else problem
            self.add_error(name, form_error([shown]))

    def _offer(self, environments: Sequence[models.Environment], chosen: str) -> None:
        active = [each.slug for each in environments if each.active]
        # With a choice between several, nobody shall run in production by not looking.
        start = [] if len(active) == 1 else [("", "Choose…")]
        field: Any = self.fields["environment"]
        field.choices = [*start, *((each.slug, environment_label(each)) for each in environments)]
        field.widget.inactive = frozenset(each.slug for each in environments if not each.active)
        self.initial["environment"] = chosen if chosen in active else "".join(active[:1] if len(active) == 1 else [])

    def _add_fields(self, fields: Sequence[Field], values: JsonObject) -> None:
        for shape in fields:
            name, field = field_name(shape.key), value_field(shape)
            self.fields[name] = field
            if shape.key in values:
                self.initial[name] = field.written(values[shape.key])

    def _field_of(self, place: str) -> str | None:
        if place.startswith("connected_apps/"):
            return "environment"  # lacks a binding
        if self.as_json:
            return JSON if place.startswith("input") else None
        return next((name for name in self.value_fields if _is_at(place, self._place_of(name))), None)

    def _place_of(self, name: str) -> str:
        field = self.fields[name]
        return f"input/{field.shape.key}" if isinstance(field, ValueField) else "input"


class _JsonInputField(forms.CharField):
    def __init__(self) -> None:
        super().__init__(label="Input", required=False, strip=False, widget=JsonEditorWidget(place_prefix="input"))

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        return read_json(text) if text.strip() else {}


def field_name(key: str) -> str:
    """Return the name in the form of a key, which may hold anything, in letters that an id may have."""
    return f"input-{quote(key, safe='')}"


def can_show(fields: Sequence[Field], values: Json) -> bool:
    """Return whether a form of fields shows all of `values` as they are."""
    if not isinstance(values, dict):
        return False
    boxes = {shape.key: value_field(shape) for shape in fields}
    return all(key in boxes and boxes[key].can_show(value) for key, value in values.items())


def samples(fields: Sequence[Field]) -> JsonObject:
    """Return the sample values of the fields that have one."""
    return {shape.key: shape.sampleValue for shape in fields if shape.sampleValue is not None}


def _is_at(place: str, prefix: str) -> bool:
    return place == prefix or place.startswith((f"{prefix}/", f"{prefix}["))


def environment_label(environment: models.Environment) -> str:
    label = f"{environment.env_name} ({environment.slug})"
    return label if environment.active else f"{label}: inactive, so nothing runs there"
