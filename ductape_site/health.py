"""Answers the probes of a load balancer or container runtime.

They ask by address and over plain HTTP, so they are answered before the host is looked at or HTTPS asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

logger = logging.getLogger(__name__)

_UNAVAILABLE_SECONDS = 5


class HealthMiddleware:
    """`/livez`: this process answers. `/healthz`: it can serve requests."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._probes = {"/livez": livez, "/healthz": healthz}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = self._probes.get(request.path_info)
        if probe is None:
            return self._get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = probe()
        response.headers["Cache-Control"] = "max-age=0, no-cache, no-store, must-revalidate, private"
        return response


def livez() -> HttpResponse:
    """Return 200 as long as this process answers at all."""
    return JsonResponse({"status": "ok"})


def healthz() -> HttpResponse:
    """Return 200 `{"status": "ok"}`, or 503 when the database does not answer (only the log says why)."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("The health check could not reach the database", extra={"action": "health_check_failed"})
        headers = {"Retry-After": str(_UNAVAILABLE_SECONDS)}
        return JsonResponse({"status": "unavailable"}, status=503, headers=headers)
    return JsonResponse({"status": "ok"})
