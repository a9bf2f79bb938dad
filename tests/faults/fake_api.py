"""A server that remembers every call: what it was asked to do, under which idempotency key, and how often."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Effect(NamedTuple):
    """What the server was asked to do: one action of one run."""

    run: str
    action: str


#: The status that each of these actions is refused with; none of them is worth a retry.
REFUSALS = {"refuse": 422, "refuse_too": 409, "refuse_to_undo": 410}


class FakeApi(ThreadingHTTPServer):
    """POST /ACTION {run, seconds} takes so many seconds, and has an effect unless its `Idempotency-Key` is known.

    What `REFUSALS` names is refused.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._lock = threading.Lock()
        #: How often each effect was applied; more than once is what must never be.
        self.effects: Counter[Effect] = Counter()
        #: When calls came in, in seconds since 1970, by idempotency key.
        self.calls: defaultdict[str, list[float]] = defaultdict(list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, key: str, effect: Effect) -> None:
        with self._lock:
            if key not in self.calls:
                self.effects[effect] += 1
            self.calls[key].append(time.time())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet: that clients are killed in the middle of a call is what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FakeApi

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        action = self.path.strip("/")
        if action in REFUSALS:
            self._answer(REFUSALS[action], {"error": "not today"})
            return
        self.server.take(self.headers["Idempotency-Key"], Effect(body["run"], action))
        time.sleep(body.get("seconds", 0))
        self._answer(200, {"price": 5})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        answer = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Stay quiet."""


@contextmanager
def running_fake_api() -> Iterator[FakeApi]:
    api = FakeApi()
    thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.05}, name="fake-api", daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.shutdown()
        api.server_close()
        thread.join()
