"""Which method and path does what, who may, and what an Idempotency-Key changes about it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from examples.orders_api.shop import Refused, Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    #: As sent: with the query, not decoded.
    target: str
    #: Names in lower case.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def query(self, name: str) -> str | None:
        return parse_qs(self.target.partition("?")[2]).get(name, [None])[0]

    def json_object(self) -> dict[str, Any]:
        try:
            value = json.loads(self.body or b"{}")
        except (ValueError, RecursionError):
            raise Refused(400, "the body is not JSON") from None
        if not isinstance(value, dict):
            raise Refused(400, "the body is not a JSON object")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    content: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


#: Takes the shop, the request and the parts of the path that are in brackets; gives what goes under `data`.
View = Callable[..., Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    method: str
    path: re.Pattern[str]
    view: View
    status: int = 200
    needs_token: bool = True


def _login(shop: Shop, request: Request) -> Any:
    return shop.login(request.json_object())


def _create_order(shop: Shop, request: Request) -> Any:
    return shop.create_order(request.json_object())


def _list_orders(shop: Shop, request: Request) -> Any:
    return shop.orders(request.query("status"))


def _get_order(shop: Shop, _request: Request, order_id: str) -> Any:
    return shop.order(order_id)


def _pay_order(shop: Shop, request: Request, order_id: str) -> Any:
    return shop.pay(order_id, request.json_object())


def _get_stock(shop: Shop, _request: Request, item: str) -> Any:
    return shop.stock(item)


def _get_status(_shop: Shop, _request: Request) -> Any:
    return {"status": "ok"}


ROUTES = (
    Route(method="GET", path=re.compile(r"/v1/status"), view=_get_status, needs_token=False),
    Route(method="POST", path=re.compile(r"/v1/login"), view=_login, needs_token=False),
    Route(method="POST", path=re.compile(r"/v1/orders"), view=_create_order, status=201),
    Route(method="GET", path=re.compile(r"/v1/orders"), view=_list_orders),
    Route(method="GET", path=re.compile(r"/v1/orders/([^/]+)"), view=_get_order),
    Route(method="POST", path=re.compile(r"/v1/orders/([^/]+)/payments"), view=_pay_order, status=201),
    Route(method="GET", path=re.compile(r"/v1/stock/([^/]+)"), view=_get_stock),
)


class Router:
    """Answers requests; remembers what it answered to a POST with an Idempotency-Key, and answers that again."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._answered: dict[tuple[str, str], tuple[bytes, Answer]] = {}

    def answer(self, request: Request) -> Answer:
        try:
            return self._answer(request)
        except Refused as refusal:
            return Answer(status=refusal.status, content={"error": {"message": str(refusal)}}, headers=refusal.headers)

    def _answer(self, request: Request) -> Answer:
        route, parts = _find_route(request)
        if route.needs_token:
            self._shop.check_token(request.headers.get("authorization", ""))
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            return self._call(route, request, parts)
        return self._call_once(route, request, parts, key=(key, request.path))

    def _call_once(self, route: Route, request: Request, parts: tuple[str, ...], *, key: tuple[str, str]) -> Answer:
        if key not in self._answered:
            # A refusal is raised and so not remembered: trying again with the same key is what the key is for.
            self._answered[key] = (request.body, self._call(route, request, parts))
        body, answer = self._answered[key]
        if body != request.body:
            raise Refused(422, "this Idempotency-Key came with another body before")
        return answer

    def _call(self, route: Route, request: Request, parts: tuple[str, ...]) -> Answer:
        return Answer(status=route.status, content={"data": route.view(self._shop, request, *parts)})


def _find_route(request: Request) -> tuple[Route, tuple[str, ...]]:
    matches = [(route, match) for route in ROUTES if (match := route.path.fullmatch(request.path))]
    if not matches:
        raise Refused(404, "there is nothing at this path")
    for route, match in matches:
        if route.method == request.method:
            return route, tuple(unquote(part) for part in match.groups())
    allowed = ", ".join(route.method for route, _ in matches)
    raise Refused(405, f"this path takes {allowed}", allow=allowed)
