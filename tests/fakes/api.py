"""A small real HTTP API on 127.0.0.1, in threads of its own, that remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from integrations.types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    #: Names in lower case.
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int = 200
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


Respond = Callable[[Request], Answer]


@dataclass(slots=True)
class Api:
    url: str = ""
    requests: list[Request] = field(default_factory=list)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]


@contextmanager
def running_api(respond: Respond) -> Iterator[Api]:
    """Answer what `respond` gives while the block runs; it is called in many threads."""
    api = Api()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(api, respond))
    server.daemon_threads = True
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(api: Api, respond: Respond) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = json.loads(content) if content else None
            request = Request(method=self.command, path=self.path, headers=headers, body=body)
            api.requests.append(request)
            self.send(respond(request))

        def send(self, answer: Answer) -> None:
            content = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
