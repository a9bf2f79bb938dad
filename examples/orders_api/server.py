"""Serves the shop over HTTP/1.1 with kept-alive connections, and can be stopped at once."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from examples.orders_api.routes import Answer, Request, Router
from examples.orders_api.shop import Refused, Settings, Shop

LARGEST_BODY = 100_000
REMEMBERED_REQUESTS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request that came in and the status it was answered with."""

    request: Request
    status: int


class OrdersServer(ThreadingHTTPServer):
    """Handles every connection in a thread of its own, and one request at a time."""

    daemon_threads = False
    # The threads are waited for; `stop` makes sure that this does not take long.
    block_on_close = True

    def __init__(self, address: tuple[str, int], settings: Settings) -> None:
        super().__init__(address, _Handler)
        self.exchanges: deque[Exchange] = deque(maxlen=REMEMBERED_REQUESTS)
        self._router = Router(Shop(settings))
        self._one_at_a_time = threading.Lock()
        self._connections: set[socket.socket] = set()

    @property
    def url(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_port}"

    def answer(self, request: Request) -> Answer:
        with self._one_at_a_time:
            answer = self._router.answer(request)
            self.exchanges.append(Exchange(request=request, status=answer.status))
            return answer

    def stop(self) -> None:
        """Close everything, idle connections too. `serve_forever` must have returned."""
        for connection in list(self._connections):
            _hang_up(connection)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, unless it is only that a client hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: OrdersServer
    server_version = "orders-api"
    protocol_version = "HTTP/1.1"
    # Head and body leave in one packet, at once: otherwise each answer waits 40 ms for the other side.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def do_PATCH(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def _handle(self) -> None:
        try:
            # Read before anything is refused: what is left unread would be taken for the next request.
            body = self._read_body()
        except Refused as refusal:
            self.close_connection = True
            self._send(Answer(status=refusal.status, content={"error": {"message": str(refusal)}}))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(method=self.command, target=self.path, headers=headers, body=body)
        self._send(self.server.answer(request))

    def _read_body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            raise Refused(411, "send the body with a Content-Length")
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            raise Refused(400, "the Content-Length is not a number")
        if len(length) > 12 or int(length) > LARGEST_BODY:
            raise Refused(413, f"the body is larger than {LARGEST_BODY} bytes")
        return self.rfile.read(int(length))

    def _send(self, answer: Answer) -> None:
        content = json.dumps(answer.content).encode()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say in JSON too what is wrong with a request that could not even be parsed."""
        self.close_connection = True
        self._send(Answer(status=code, content={"error": {"message": message or HTTPStatus(code).phrase}}))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: whoever watches the demo looks at the console's own run log."""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster
