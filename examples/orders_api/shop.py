"""What the orders API knows and decides: users, tokens, orders, payments and stock, all in memory."""

from __future__ import annotations

import hmac
import secrets
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

ORDER_STATUSES = ("created", "paid")
LONGEST_ITEM = 100
LARGEST_QUANTITY = 10_000
PIECES_IN_STOCK = 10_000  # of every item


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    username: str = "demo"
    password: str = field(default="demo-password", repr=False)
    token_lifetime_seconds: float = 60
    #: How often paying an order fails before it succeeds.
    payment_failures: int = 2


class Refused(Exception):
    """The answer to a request that is not granted."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-").title(): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    id: str
    item: str
    quantity: int
    price: float
    status: str = "created"


class Shop:
    """Not safe for several threads; the server lets one request in at a time."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._token_ends: dict[str, float] = {}
        self._orders: dict[str, Order] = {}
        self._payment_tries: defaultdict[str, int] = defaultdict(int)
        self._sold: defaultdict[str, int] = defaultdict(int)

    def login(self, body: dict[str, Any]) -> dict[str, Any]:
        username, password = _text(body, "username"), _text(body, "password")
        known = hmac.compare_digest(username.encode(), self._settings.username.encode())
        if not (hmac.compare_digest(password.encode(), self._settings.password.encode()) and known):
            raise Refused(401, "the username or the password is wrong")
        token = secrets.token_urlsafe(24)
        self._token_ends[token] = self._clock() + self._settings.token_lifetime_seconds
        return {"access_token": token, "token_type": "Bearer", "expires_in": self._settings.token_lifetime_seconds}

    def check_token(self, authorization: str) -> None:
        """Raise unless the Authorization header holds a token that is still valid."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or token not in self._token_ends:
            raise Refused(401, "log in at /v1/login and send its token as a bearer token", www_authenticate="Bearer")
        if self._clock() >= self._token_ends[token]:
            del self._token_ends[token]
            raise Refused(401, "the token has expired", www_authenticate='Bearer error="invalid_token"')

    def create_order(self, body: dict[str, Any]) -> dict[str, Any]:
        item, quantity, price = _text(body, "item", longest=LONGEST_ITEM), _quantity(body), _amount(body, "price")
        if quantity > self._available(item):
            raise Refused(409, f"there are only {self._available(item)} pieces of this item left")
        order = Order(id=f"order-{len(self._orders) + 1}", item=item, quantity=quantity, price=price)
        self._orders[order.id] = order
        self._sold[item] += quantity
        return asdict(order)

    def order(self, order_id: str) -> dict[str, Any]:
        return asdict(self._order(order_id))

    def orders(self, status: str | None) -> list[dict[str, Any]]:
        if status is not None and status not in ORDER_STATUSES:
            raise Refused(400, f"status is one of: {', '.join(ORDER_STATUSES)}")
        return [asdict(order) for order in self._orders.values() if status in (None, order.status)]

    def pay(self, order_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """Pay an order, after as many failures as the settings say."""
        order = self._order(order_id)
        amount = _amount(body, "amount") if "amount" in body else order.price
        if order.status == "paid":
            raise Refused(409, "this order is paid already")
        self._payment_tries[order_id] += 1
        if self._payment_tries[order_id] <= self._settings.payment_failures:
            raise Refused(503, "the payment service is busy, try again", retry_after="0")
        self._orders[order_id] = replace(order, status="paid")
        return {"order_id": order_id, "amount": amount, "status": "paid", "tries": self._payment_tries[order_id]}

    def stock(self, item: str) -> dict[str, Any]:
        return {"item": item, "available": self._available(item)}

    def _available(self, item: str) -> int:
        return PIECES_IN_STOCK - self._sold[item]

    def _order(self, order_id: str) -> Order:
        try:
            return self._orders[order_id]
        except KeyError:
            raise Refused(404, "there is no such order") from None


def _text(body: dict[str, Any], name: str, *, longest: int = 200) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= longest or not value.isprintable():
        raise Refused(400, f"{name} is a text of 1 to {longest} printable characters")
    return value


def _quantity(body: dict[str, Any]) -> int:
    value = body.get("quantity")
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LARGEST_QUANTITY:
        raise Refused(400, f"quantity is a whole number from 1 to {LARGEST_QUANTITY}")
    return value


def _amount(body: dict[str, Any], name: str) -> float:
    value = body.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1_000_000_000:
        raise Refused(400, f"{name} is a number from 0 to 1000000000")
    return value
