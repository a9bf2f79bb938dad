"""What a job's form offers: the targets and environments of its integration, and what the chosen target takes."""

from __future__ import annotations

import contextlib
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget

from integrations import models, strict_json
from integrations.admin.forms.base import DefinitionForm
from integrations.admin.forms.fields import JsonField
from integrations.admin.forms.widgets import JsonEditorWidget
from integrations.admin.jobs import target_input, targets
from integrations.admin.starting.form import environment_label
from integrations.definitions.job import JobTarget
from integrations.errors import DefinitionError
from integrations.types import Json, JsonObject

_SAME_TAG = "The feature of the same tag"


class TargetField(forms.Field):
    """A choice between targets, each as its JSON text; cleaned, it is the target as JSON, or None.

    Whether it is there is checked with the whole job, so that what is gone can be shown, and is refused with its place.
    """

    widget = UnfoldAdminSelectWidget

    def to_python(self, value: Any) -> JsonObject | None:
        try:
            return JobTarget.parse(strict_json.loads(value)).to_compact_dict() if value else None
        except DefinitionError:
            raise forms.ValidationError("This is nothing that a job can run; choose from the list") from None

    def prepare_value(self, value: Any) -> str:
        """Return the text of the option, of a text that was sent or of a stored target."""
        if not value:
            return ""
        try:
            target: Json = strict_json.loads(value) if isinstance(value, str) else value
        except DefinitionError:
            return str(value)
        return targets.as_text(target)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != self.prepare_value(data)


class JobInputWidget(JsonEditorWidget):
    """The editor of a job's input, with what the target takes below it."""

    #: What `job/takes.html` shows.
    beside: dict[str, Any]

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        context = {**self.beside, "offer_url": reverse("admin:integrations_job_offer")}
        return super().render(*args, **kwargs) + render_to_string("admin/integrations/job/takes.html", context)


class JobChoicesForm(DefinitionForm):
    """A form that offers only what there is, for the integration that the job is in or that was chosen in it."""

    target = TargetField(required=False)
    input = JsonField(empty={}, widget=JobInputWidget(place_prefix="input"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        integration = self._integration()
        takes = self._takes(integration)
        self._offer_targets(integration, is_there=takes["takes"] is not None)
        if integration is not None and "environment" in self.fields:
            self._widget("environment").choices = self._environments(integration)
        self._widget("input").beside = {"job": self.instance.pk, **takes}

    def _integration(self) -> models.Integration | None:
        field: Any = self.fields.get("integration")
        chosen: models.Integration | None = None
        if not self.is_new:
            chosen = self.instance.integration
        elif field:
            with contextlib.suppress(forms.ValidationError):
                chosen = field.to_python(self._shown("integration"))
        return chosen

    def _offer_targets(self, integration: models.Integration | None, *, is_there: bool) -> None:
        groups = targets.groups(integration, own_tag=self._shown("tag")) if integration else []
        if self._keeps_what_is_not_offered:
            groups = targets.with_chosen(groups, self._shown("target"), is_there=is_there or integration is None)
        self._widget("target").choices = [("", _SAME_TAG), *groups]
        if integration is None:
            hint = "What can be run is offered once the integration is chosen; without scripts, once this was saved."
            self.fields["target"].help_text = hint

    @property
    def _keeps_what_is_not_offered(self) -> bool:
        """Whether to show what was stored or sent though it is not offered; else it is of the integration before."""
        return self.is_bound or not self.is_new

    def _environments(self, integration: models.Integration) -> list[tuple[Any, str]]:
        field: Any = self.fields["environment"]
        own = field.queryset.for_integration(integration)
        sent = self._shown("environment") if self.is_bound else ""
        others = field.queryset.filter(pk=sent).exclude(pk__in=own) if sent.isdecimal() else ()
        listed = [(row.pk, environment_label(row)) for row in own]
        return [("", field.empty_label), *listed, *((row.pk, field.label_from_instance(row)) for row in others)]

    def _takes(self, integration: models.Integration | None) -> JsonObject | dict[str, Any]:
        """Return what the chosen target takes, or why that cannot be shown."""
        if integration is None:
            return {"takes": None, "missing": "What the target takes is shown here once the integration is chosen."}
        tag = self._shown("tag")
        try:
            chosen = self._shown("target")
            target = JobTarget.parse(strict_json.loads(chosen) if chosen else {"event": tag})
        except DefinitionError:
            return {"takes": None, "missing": "What the target takes is shown here once it is chosen."}
        takes = target_input.takes(integration, target, passed=[tag])
        missing = "" if takes else f"There is no {targets.in_words(target)} in this integration."
        return {"takes": takes, "missing": missing}

    def _shown(self, name: str) -> str:
        """Return what a box shows, as text; "" of one that the form has not."""
        value = self[name].value() if name in self.fields else getattr(self.instance, name, "")
        return "" if value is None else str(value)

    def _widget(self, name: str) -> Any:
        return self.fields[name].widget
