"""Checks a form while it is being filled in, without saving anything."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import reverse

from integrations.admin.base.console import DefinitionAdmin


class CheckedAdmin(DefinitionAdmin):
    """Answers a POST of the unsaved form with `{"problems": [{"place": …, "message": …, "hint": …}]}`."""

    def get_custom_urls(self) -> Any:
        return (
            *super().get_custom_urls(),
            ("check/", self._url_name("check_new"), self.check_view),
            ("<path:object_id>/check/", self._url_name("check"), self.check_view),
        )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.check_url = self._check_url(obj)
        return form

    def check_view(self, request: HttpRequest, object_id: str | None = None, **_: Any) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = None if object_id is None else self.get_object(request, object_id)
        if not (self.has_add_permission(request) if row is None else self.has_change_permission(request, row)):
            raise PermissionDenied
        form = self.get_form(request, row, change=row is not None)(request.POST, instance=row)
        form.is_valid()
        return JsonResponse({"problems": [problem.to_dict() for problem in form.problems]})

    def _check_url(self, row: Any) -> str:
        if row is None:
            return reverse(f"admin:{self._url_name('check_new')}")
        return reverse(f"admin:{self._url_name('check')}", args=[row.pk])

    def _url_name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"
