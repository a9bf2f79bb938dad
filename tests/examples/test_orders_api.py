from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from examples.orders_api import RunningApi, Settings, running_orders_api
from examples.orders_api.shop import Refused, Shop

ORDER = {"item": "lamp", "quantity": 3, "price": 24.5}
CREDENTIALS = {"username": "demo", "password": "demo-password"}


@pytest.fixture
def api() -> Iterator[RunningApi]:
    with running_orders_api() as running:
        yield running


@pytest.fixture
def client(api: RunningApi) -> Iterator[httpx2.Client]:
    """A client that is logged in."""
    with httpx2.Client(base_url=api.url, trust_env=False) as client:
        token = client.post("/v1/login", json=CREDENTIALS).json()["data"]["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def test_order_from_login_to_payment(client: httpx2.Client) -> None:
    created = client.post("/v1/orders", json=ORDER)
    order = created.json()["data"]
    payments = [client.post(f"/v1/orders/{order['id']}/payments", json={"amount": 24.5}) for _ in range(4)]

    assert (created.status_code, order) == (201, {"id": "order-1", **ORDER, "status": "created"})
    assert [payment.status_code for payment in payments] == [503, 503, 201, 409]
    assert payments[0].headers["Retry-After"] == "0"
    assert payments[2].json()["data"]["status"] == "paid"
    assert client.get("/v1/orders/order-1").json()["data"]["status"] == "paid"
    assert client.get("/v1/stock/lamp").json()["data"] == {"item": "lamp", "available": 9_997}


def test_orders_by_status(client: httpx2.Client) -> None:
    client.post("/v1/orders", json=ORDER)

    found = {status: client.get("/v1/orders", params={"status": status}) for status in ("created", "paid", "lost")}

    assert len(found["created"].json()["data"]) == 1
    assert found["paid"].json()["data"] == []
    assert found["lost"].status_code == 400
    assert len(client.get("/v1/orders").json()["data"]) == 1


def test_status_needs_no_token(api: RunningApi) -> None:
    response = httpx2.get(f"{api.url}/v1/status", trust_env=False)

    assert response.json() == {"data": {"status": "ok"}}


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer wrong", "Basic ZGVtbzpkZW1v"])
def test_order_without_a_proper_token_is_401(api: RunningApi, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}

    response = httpx2.post(f"{api.url}/v1/orders", json=ORDER, headers=headers, trust_env=False)

    assert response.status_code == 401
    assert "log in" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/login", b'{"username": "demo", "password": "wrong"}', 401),
        ("POST", "/v1/login", b'{"username": "demo"}', 400),
        ("POST", "/v1/login", b'{"username": "\\ud800", "password": "x"}', 400),
        ("POST", "/v1/orders", b"{not json", 400),
        ("POST", "/v1/orders", b"\xff", 400),
        ("POST", "/v1/orders", b"[" * 50_000, 400),
        ("POST", "/v1/orders", b"[]", 400),
        ("POST", "/v1/orders", b"", 400),
        ("POST", "/v1/orders", b'{"item": "", "quantity": 1, "price": 1}', 400),
        ("POST", "/v1/orders", b'{"item": "tea", "quantity": true, "price": 1}', 400),
        ("POST", "/v1/orders", b'{"item": "tea", "quantity": 0, "price": 1}', 400),
        ("POST", "/v1/orders", b'{"item": "tea", "quantity": 1.5, "price": 1}', 400),
        ("POST", "/v1/orders", b'{"item": "tea", "quantity": 1, "price": "1"}', 400),
        ("POST", "/v1/orders", b'{"item": "tea", "quantity": 1, "price": NaN}', 400),
        ("POST", "/v1/orders", b"x" * 100_001, 413),
        ("GET", "/v1/orders/order-9", b"", 404),
        ("POST", "/v1/orders/order-9/payments", b"{}", 404),
        ("GET", "/v1/nothing", b"", 404),
        ("DELETE", "/v1/orders", b"", 405),
        ("PUT", "/v1/orders", b"{}", 405),
    ],
)
def test_bad_input_is_answered_with_a_message(
    client: httpx2.Client, method: str, path: str, body: bytes, status: int
) -> None:
    response = client.request(method, path, content=body)

    assert response.status_code == status
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", b" 400 "),
        (b"POST /v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b" 411 "),
        (b"NONSENSE\r\n\r\n", b" 400 "),
        (b"BREW /v1/tea HTTP/1.1\r\nHost: x\r\n\r\n", b" 501 "),
    ],
)
def test_request_that_cannot_be_read_is_answered_and_the_connection_closed(
    api: RunningApi, head: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", api.port), timeout=2) as connection:
        connection.sendall(head)
        received = connection.makefile("rb").read()

    assert status in received or received.startswith(b"{")
    assert b'{"error"' in received


def test_idempotency_key_same_body_is_one_order(client: httpx2.Client) -> None:
    headers = {"Idempotency-Key": "k1"}

    answers = [client.post("/v1/orders", json=ORDER, headers=headers) for _ in range(2)]
    other = client.post("/v1/orders", json={**ORDER, "quantity": 1}, headers=headers)

    assert answers[0].content == answers[1].content
    assert other.status_code == 422
    assert len(client.get("/v1/orders").json()["data"]) == 1


def test_idempotency_key_failure_is_not_remembered(client: httpx2.Client) -> None:
    client.post("/v1/orders", json=ORDER)

    tries = [client.post("/v1/orders/order-1/payments", headers={"Idempotency-Key": "k1"}) for _ in range(4)]

    assert [answer.status_code for answer in tries] == [503, 503, 201, 201]


def test_idempotency_key_at_the_same_time_is_one_order(client: httpx2.Client) -> None:
    def create(_index: int) -> str:
        response = client.post("/v1/orders", json=ORDER, headers={"Idempotency-Key": "k1"})
        return str(response.json()["data"]["id"])

    with ThreadPoolExecutor(8) as pool:
        created = set(pool.map(create, range(16)))

    assert created == {"order-1"}


def test_requests_are_recorded(api: RunningApi, client: httpx2.Client) -> None:
    client.post("/v1/orders?x=1", json=ORDER, headers={"X-Trace": "7"})

    exchange = api.requests[-1]
    assert (exchange.request.method, exchange.request.target, exchange.status) == ("POST", "/v1/orders?x=1", 201)
    assert exchange.request.headers["x-trace"] == "7"
    assert exchange.request.json_object() == ORDER


def test_settings_change_user_and_failures() -> None:
    settings = Settings(username="ann", password="own", payment_failures=0)

    with running_orders_api(settings) as api, httpx2.Client(base_url=api.url, trust_env=False) as client:
        login = client.post("/v1/login", json={"username": "ann", "password": "own"}).json()["data"]
        client.headers["Authorization"] = f"Bearer {login['access_token']}"
        client.post("/v1/orders", json=ORDER)
        payment = client.post("/v1/orders/order-1/payments")

    assert payment.status_code == 201


def test_token_after_its_lifetime_has_expired() -> None:
    now = 0.0
    shop = Shop(Settings(token_lifetime_seconds=60), clock=lambda: now)
    authorization = f"Bearer {shop.login(CREDENTIALS)['access_token']}"

    now = 59.9
    shop.check_token(authorization)
    now = 60.0
    with pytest.raises(Refused, match="expired"):
        shop.check_token(authorization)


def test_order_beyond_the_stock_is_refused() -> None:
    shop = Shop(Settings())
    shop.create_order({"item": "lamp", "quantity": 9_999, "price": 1})

    with pytest.raises(Refused, match="only 1 pieces"):
        shop.create_order({"item": "lamp", "quantity": 2, "price": 1})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_says_where_it_listens_and_stops_at_once(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "examples.orders_api", "--port", "0", "--token-lifetime", "5"]
    environment = {**os.environ, "ORDERS_API_USERNAME": "ann"}

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            url = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
            assert url is not None
            with httpx2.Client(trust_env=False) as client:  # its connection is still open when the signal comes
                login = client.post(f"{url[1]}/v1/login", json={**CREDENTIALS, "username": "ann"})
                process.send_signal(number)
                status = process.wait(timeout=10)
        finally:
            process.kill()  # or a failure would wait for it without end

    assert (login.json()["data"]["expires_in"], status) == (5, 0)
