"""A small real HTTP API for demos and tests: log in, order, pay (which fails at first), look up stock.

    POST /v1/login                {username, password} -> {data: {access_token, expires_in}}
    POST /v1/orders               {item, quantity, price} -> 201 {data: {id, item, quantity, price, status}}
    GET  /v1/orders?status=       -> {data: [order, ...]}
    GET  /v1/orders/:id           -> {data: order}
    POST /v1/orders/:id/payments  {amount} -> 503 with Retry-After twice for each order, then 201
    GET  /v1/stock/:item          -> {data: {item, available}}
    GET  /v1/status               -> {data: {status}}, without a token

Everything but login and status wants the token as `Authorization: Bearer ...`, and answers 401 once it has expired.
A POST with an `Idempotency-Key` that was answered before is answered the same again. Errors are
`{error: {message}}`. The user is demo with the password demo-password unless told otherwise, by arguments or by the
environment variables ORDERS_API_USERNAME and ORDERS_API_PASSWORD (see `__main__.py`). Nothing is stored.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from examples.orders_api.server import Exchange, OrdersServer
from examples.orders_api.shop import Settings

__all__ = ["Exchange", "RunningApi", "Settings", "running_orders_api"]

DEFAULT_SETTINGS = Settings()


@dataclass(frozen=True, slots=True)
class RunningApi:
    _server: OrdersServer

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def requests(self) -> list[Exchange]:
        """What came in so far, oldest first."""
        return list(self._server.exchanges)


@contextmanager
def running_orders_api(settings: Settings = DEFAULT_SETTINGS, *, port: int = 0) -> Iterator[RunningApi]:
    """Serve the API on 127.0.0.1 in a thread while the block runs; port 0 takes a free one."""
    server = OrdersServer(("127.0.0.1", port), settings)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="orders-api")
    thread.start()
    try:
        yield RunningApi(server)
    finally:
        server.shutdown()
        thread.join()
        server.stop()
