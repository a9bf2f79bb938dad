"""The worker board in the admin: who executes runs, what waits, and what is held back; it keeps itself up to date."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_GET

from integrations import models
from integrations.admin.base.console import ReadOnlyAdmin, actor
from integrations.operations import workers
from integrations.operations.workers import WAITS, Board

#: How often the page looks again; workers report every few seconds.
_EVERY_MILLISECONDS = 2_000
#: What the board calls what runs wait for.
_WAIT_LABELS = {"wait": "time", "approval": "approval", "retry": "retry", "nested": "nested run", "rate": "rate budget"}


@admin.register(models.Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """Shows all workers on one page, and none on a page of its own."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(require_GET(self.board_view))
        return [path("board/", view, name="integrations_worker_board"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Workers",
            "board_url": reverse("admin:integrations_worker_board"),
            "every": _EVERY_MILLISECONDS,
            **self._board_context(request),
        }
        return TemplateResponse(request, "admin/integrations/worker/page.html", context)

    def board_view(self, request: HttpRequest) -> HttpResponse:
        """Answer with the part of the page that changes."""
        return TemplateResponse(request, "admin/integrations/worker/board.html", self._board_context(request))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404

    def _board_context(self, request: HttpRequest) -> dict[str, Any]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        board = workers.board(by=actor(request))
        return {
            "board": board,
            "queues": [_queue(backlog) for backlog in board.backlogs],
            "totals": _totals(board),
            "announcement": _announcement(board),
            "workers_are_missing": _are_missing(board),
        }


def _queue(backlog: workers.Backlog) -> dict[str, Any]:
    """Return an integration's backlog with its waits in words: `2 approval, 1 retry`."""
    waits = ", ".join(f"{backlog.waits[each]} {_WAIT_LABELS[each]}" for each in WAITS if each in backlog.waits)
    return {"backlog": backlog, "waits": waits, "url": _runs_url(backlog.integration)}


def _runs_url(integration: models.Integration) -> str:
    return f"{reverse('admin:integrations_run_changelist')}?integration__id__exact={integration.pk}"


def _totals(board: Board) -> list[dict[str, Any]]:
    """Return the figures above the tables."""
    oldest = min((each.oldest_due_at for each in board.backlogs if each.oldest_due_at), default=None)
    return [
        {"label": "running", "status": "running", "count": sum(each.running for each in board.backlogs)},
        {"label": "due", "status": "queued", "count": sum(each.due for each in board.backlogs), "since": oldest},
        {"label": "later", "status": "scheduled", "count": sum(each.scheduled for each in board.backlogs)},
        {"label": "waiting", "status": "waiting", "count": sum(each.waiting for each in board.backlogs)},
    ]


def _announcement(board: Board) -> str:
    """Return who is there, for those who do not see the page move: the figures change too often to be read out."""
    alive = sum(row.is_alive for row in board.workers)
    return "1 worker is alive" if alive == 1 else f"{alive} workers are alive"


def _are_missing(board: Board) -> bool:
    return not any(row.is_alive for row in board.workers)
