"""The page that replays a run: it shows what would happen, step by step and write by write, before it does."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from integrations import models
from integrations.admin.base.console import actor
from integrations.admin.runs.names import name_of
from integrations.admin.runs.replay_form import Asked, ReplayForm, choices_in
from integrations.errors import (
    DefinitionError,
    IntegrationsError,
    InvalidInput,
    NotFound,
    OperationRefused,
    PermissionRefused,
)
from integrations.operations import replays

#: The name of the button that only looks.
LOOK = "_look"
_NOT_SHOWN = "This is not what the page showed: look at what happens now, then press Replay"
_NEWER = "There is a newer attempt than the page showed: look at what it has done, then press Replay"
#: What becomes of an event, in words, with the status whose color it borrows.
_FATES = {
    "take_over": ("succeeded", "Taken over"),
    "go_on": ("waiting", "Goes on"),
    "again": ("cached", "Done again"),
    "run": ("queued", "Runs"),
}


class ReplayPages:
    """Adds the page to the admin of runs, in front of its own."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.replay_view)  # type: ignore[attr-defined]
        return [path("<uuid:run_id>/replay/", view, name="integrations_run_replay"), *super().get_urls()]  # type: ignore[misc]

    def replay_view(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        run = self._run(request, run_id)  # type: ignore[attr-defined]
        run_url = reverse("admin:integrations_run_change", args=[run.pk])
        try:
            page = _ReplayPage(request, run)
            replay = page.posted() if request.method == "POST" else None
        except PermissionRefused as error:
            raise PermissionDenied from error
        except IntegrationsError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(run_url)
        if replay is not None:
            return HttpResponseRedirect(reverse("admin:integrations_run_change", args=[replay.pk]))
        own = {"title": f"Replay {name_of(run)} in {run.environment.slug}", "run": run, "run_url": run_url}
        context = {**self.admin_site.each_context(request), "opts": models.Run._meta, **own, **page.context()}  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/integrations/run_replay/page.html", context)


class _ReplayPage:
    """One request for it. Raises what `replays.preview` raises."""

    def __init__(self, request: HttpRequest, run: models.Run) -> None:
        self.request, self.run = request, run
        given = request.POST if request.method == "POST" else request.GET
        self.asked = Asked(given.dict())
        choices = choices_in(request.POST.dict()) if self.is_shown else {}
        self.preview = self._chosen(choices) if choices else self._preview()
        self.form = ReplayForm(
            request.POST if self._is_typed else None,
            asked=self.asked,
            preview=self.preview,
            values=run.input,
            has_latest=replays.has_latest(run),
        )

    @property
    def is_shown(self) -> bool:
        """Whether what was asked for is what the page had shown."""
        return self.asked.key == self.asked.shown

    @property
    def has_newer_attempt(self) -> bool:
        """Whether there is an attempt that the page did not know of: another's, or that of a first press."""
        return self.asked.newest not in ("", str(self.preview.plan.newest))

    @property
    def _is_typed(self) -> bool:
        return self.request.method == "POST"

    def posted(self) -> models.Run | None:
        """Return the new run; None shows the page again, with what was typed and what is wrong."""
        is_look = LOOK in self.request.POST
        if is_look or not self.is_shown or self.has_newer_attempt:
            if not is_look:
                messages.warning(self.request, _NEWER if self.has_newer_attempt else _NOT_SHOWN)
            self._only_look()
            return None
        if not self.form.is_valid():
            return None
        try:
            return replays.go_on(self._replay())
        except DefinitionError as error:
            self.form.show(error.problems)
        except PermissionRefused:
            raise
        except OperationRefused as error:
            self.form.add_error(None, error.message)
        return None

    def context(self) -> dict[str, Any]:
        plan = self.preview.plan
        return {
            "form": self.form,
            "asked": self.asked,
            "look": LOOK,
            "plan": plan,
            "events": [_shown(each) for each in plan.events],
            "writes": [self._write(write) for write in plan.writes],
            "media": self.form.media,
        }

    def _chosen(self, choices: Mapping[str, replays.Choice]) -> replays.Preview:
        try:
            return self._preview(choices)
        except InvalidInput:  # what was written when the page was shown has been undone since
            self.asked.shown = ""
            return self._preview()

    def _preview(self, choices: Mapping[str, replays.Choice] | None = None) -> replays.Preview:
        by = actor(self.request)
        try:
            return replays.preview(self.run, by=by, version=self.asked.version, start=self.asked.start, writes=choices)
        except NotFound:  # the other version has no such step
            messages.warning(self.request, f"There is no step {self.asked.start} in that version.")
            self.asked.start = replays.BEGINNING
            return replays.preview(self.run, by=by, version=self.asked.version, start=self.asked.start)

    def _only_look(self) -> None:
        """Show the form as it was typed, without complaining of what is missing yet."""
        typed = {name: self.request.POST.get(name) for name in ("input_from", "input", "reason")}
        known = {name: value for name, value in typed.items() if value is not None}
        self.form.is_bound = False
        self.form.initial.update(known)

    def _replay(self) -> models.Run:
        return replays.replay(
            self.run,
            by=actor(self.request),
            reason=self.form.cleaned_data["reason"],
            input=self.form.edited_input,
            version=self.asked.version,
            start=self.asked.start,
            writes=self.form.writes,
            newest=self.asked.newest,
        )

    def _write(self, write: replays.Write) -> dict[str, Any]:
        is_own = write.run_id == self.run.pk
        url = "" if is_own else reverse("admin:integrations_run_change", args=[write.run_id])
        return {"write": write, "box": self.form.write_boxes[write.place], "run_url": url}


def _shown(each: replays.EventPlan) -> dict[str, Any]:
    status, label = _FATES[each.fate]
    return {"plan": each, "status": status, "label": label}
