"""Serves the console below a path, whether or not the proxy in front takes the path away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class WithoutPrefix:
    """Hands requests on without the path that the console is served below; Django puts it in front of every URL."""

    def __init__(self, application: WSGIApplication, *, prefix: str) -> None:
        self._application, self._prefix = application, prefix

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[Any]:
        path = environ.get("PATH_INFO", "")
        if self._prefix and (path == self._prefix or path.startswith(f"{self._prefix}/")):
            environ = {**environ, "PATH_INFO": path.removeprefix(self._prefix) or "/", "SCRIPT_NAME": self._prefix}
        return self._application(environ, start_response)
