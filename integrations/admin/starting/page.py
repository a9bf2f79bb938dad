"""What the pages share that start a run by hand: a form made from what is run, and one operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from integrations import models
from integrations.admin.starting.form import RunForm, can_show
from integrations.definitions.field import Field
from integrations.errors import DefinitionError, OperationRefused, PermissionRefused
from integrations.types import Json

#: The name of the buttons that show the same input in the other shape; their value is the shape.
SWITCH = "_show_as"
_JSON = "json"


class StartPages:
    """What the admin of something that can be run does for such a page."""

    def _startable(self, request: HttpRequest, object_id: str, permission: str) -> Any:
        """Return the row, to those who may see it and have the permission."""
        row = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]  # an admin's
        if not (request.user.has_perm(permission) and self.has_view_permission(request, row)):  # type: ignore[attr-defined]
            raise PermissionDenied
        return row

    def _served(
        self, request: HttpRequest, row: Any, page: StartPage | None, *, template: str, title: str
    ) -> HttpResponse:
        """Answer with the run that the page has started, or with the page; None says why there is no form."""
        if page is not None and request.method == "POST" and (run := page.posted()):
            return HttpResponseRedirect(reverse("admin:integrations_run_change", args=[run.pk]))
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": title,
            "subtitle": row.description,
            "opts": row._meta,
            "original": row,
            "subject_url": reverse(f"admin:integrations_{row._meta.model_name}_change", args=[row.pk]),
            **(page.context() if page else {}),
        }
        return TemplateResponse(request, template, context)


class StartPage:
    """One request for such a page; each says how its form opens, and which operation starts the run.

    `fields` are those of the input, none where it is shown as JSON only. `shown` is a text that becomes another when
    what is run does.
    """

    #: What to say when that has happened since the page was opened.
    CHANGED: ClassVar[str]

    def __init__(
        self,
        request: HttpRequest,
        *,
        fields: Sequence[Field],
        environments: Sequence[models.Environment],
        shown: str,
    ) -> None:
        self.request, self.fields, self.environments, self.shown = request, fields, environments, shown
        self.form = self._typed() if request.method == "POST" else self.opened()

    def opened(self) -> RunForm:
        """Return the form as the address asks for it."""
        raise NotImplementedError

    def start(self, *, environment: models.Environment, input: Json) -> models.Run:
        """Start the run. Raises what operations raise."""
        raise NotImplementedError

    def posted(self) -> models.Run | None:
        """Return the run that was asked for; None shows the page again, with what was typed and what is wrong."""
        if SWITCH in self.request.POST:
            self._switch()
            return None
        if not self.form.is_valid() or self._is_changed():
            return None
        try:
            return self.start(environment=self._environment(), input=self.form.input)
        except PermissionRefused as error:
            raise PermissionDenied from error
        except DefinitionError as error:
            self.form.show(error.problems)
        except OperationRefused as error:
            self.form.add_error(None, ValidationError(error.message))
        return None

    def context(self) -> dict[str, Any]:
        return {
            "form": self.form,
            "shown": self.shown,
            "can_switch": bool(self.fields),
            "switch": SWITCH,
            "has_active": any(each.active for each in self.environments),
            "media": self.form.media,
        }

    def filled(self, values: Json, *, environment: str = "", as_json: bool = False) -> RunForm:
        """Return a form that holds `values`: as JSON where the fields cannot show them."""
        as_json = as_json or not can_show(self.fields, values)
        return self._form(as_json=as_json, values=values, environment=environment)

    def _typed(self) -> RunForm:
        return self._form(self.request.POST, as_json=self.request.POST.get("shape") == _JSON)

    def _form(self, data: Mapping[str, Any] | None = None, **shown: Any) -> RunForm:
        return RunForm(data, fields=self.fields, environments=self.environments, **shown)

    def _switch(self) -> None:
        """Show what was typed in the other shape, if that can show it."""
        self.form.is_valid()  # reads it
        chosen = self.request.POST.get("environment", "")
        if not self.form.as_json:
            self.form = self.filled(self.form.typed, environment=chosen, as_json=True)
        elif not self.form.has_error("json") and can_show(self.fields, self.form.input):
            self.form = self.filled(self.form.input, environment=chosen)
        else:
            messages.warning(self.request, "The fields cannot show this input, so it stays JSON.")

    def _is_changed(self) -> bool:
        """The form shows what was there when it was opened, and the operation runs what is there now."""
        if self.request.POST.get("shown") == self.shown:
            return False
        self.form.add_error(None, ValidationError(self.CHANGED.format(self.shown)))
        return True

    def _environment(self) -> models.Environment:
        slug = self.form.cleaned_data["environment"]
        return next(each for each in self.environments if each.slug == slug)
