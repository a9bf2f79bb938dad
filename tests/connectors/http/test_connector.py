from __future__ import annotations

import asyncio
import base64
import gzip
import json
import traceback
from typing import Any
from urllib.parse import parse_qs

import pytest

from examples.orders_api import Settings, running_orders_api
from integrations.connectors.base import Binding
from integrations.connectors.egress import EgressError, EgressRefused, TotalTimeout
from integrations.connectors.http.connector import HttpActionConnector
from integrations.connectors.http.errors import AuthFailed, HttpStatusError, UnexpectedBody
from integrations.connectors.http.json_answers import BadResponse
from integrations.definitions.app import App
from integrations.errors import ConnectorError
from integrations.types import Json
from tests.connectors.egress.servers import Received, answer, answering, raw_server, read_request
from tests.connectors.http.harness import app, binding, call, connected, json_answer, serving
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.anyio

POST: dict[str, Any] = {"tag": "add", "method": "POST", "resource": "/things"}
LOGIN: dict[str, Any] = {
    "tag": "login",
    "method": "POST",
    "resource": "/v1/login",
    "body": {"username": "string", "password": "string"},
}
ORDERS = app(
    {"tag": "list", "method": "GET", "resource": "/v1/orders"},
    LOGIN,
    auths=[
        {"tag": "user_login", "setup_type": "credential_access", "action_tag": "login", "expiry": 1, "period": "mins"}
    ],
)
CLIENT: dict[str, Json] = {"client_id": "console", "client_secret": "client-secret"}


def orders_binding(url: str, **data: Json) -> Binding:
    return Binding(
        access_tag="orders",
        app_env_slug="sandbox",
        base_url=url,
        hosts=("127.0.0.1",),
        auth_tag="user_login",
        auth_data=data or {"username": "demo", "password": "demo-password"},
    )


def with_oauth2(url: str, setup_type: str = "oauth2_client_credentials", **fields: Any) -> App:
    return app(auths=[{"tag": "login", "setup_type": setup_type, "token_url": url, **fields}])


# -- What is sent --------------------------------------------------------------------------------------------------


async def test_call_sends_all_sections_and_returns_what_was_answered() -> None:
    shop = app({"tag": "put", "method": "PUT", "resource": "/things/:id"})
    async with answering(json_answer({"ok": True}, x_trace="7")) as server, connected() as connector:
        reply = await connector.call(
            call(
                shop,
                binding(server),
                params={"id": "a/b"},
                query={"dry": True},
                headers={"X-Kind": "x"},
                body={"n": 0, "text": ""},
            )
        )

    (received,) = server.received
    assert (received.method, received.target) == ("PUT", "/api/things/a%2Fb?dry=true")
    assert received.headers["x-kind"] == "x"
    assert json.loads(received.body) == {"n": 0, "text": ""}
    assert (reply.status, reply.body, reply.headers["x-trace"], reply.secrets) == (200, {"ok": True}, "7", ())


async def test_idempotency_key_goes_along_with_what_changes_something() -> None:
    async with answering(json_answer({})) as server, connected() as connector:
        await connector.call(call(app(POST), binding(server), idempotency_key="step-1"))
        await connector.call(call(app(), binding(server), idempotency_key="step-2"))

    assert [received.headers.get("idempotency-key") for received in server.received] == ["step-1", None]


async def test_request_type_of_the_action_comes_before_that_of_the_environment() -> None:
    form = app({**POST, "request_type": "form"})
    async with answering(json_answer({})) as server, connected() as connector:
        await connector.call(call(form, binding(server), body={"a": "b"}))
        await connector.call(call(app(POST), binding(server, request_type="form"), body={"a": "b"}))

    assert [received.body for received in server.received] == [b"a=b", b"a=b"]


async def test_header_of_the_call_wins_over_that_of_the_auth_whatever_its_case() -> None:
    shop = app(auths=[{"tag": "key", "setup_type": "api_key"}])
    bound = {"auth_tag": "key", "auth_data": {"api_key": "from-the-auth"}}
    async with answering(json_answer({})) as server, connected() as connector:
        await connector.call(call(shop, binding(server, **bound), headers={"x-api-key": "from-the-call"}))
        await connector.call(call(shop, binding(server, **bound), headers={"x-api-key": None}))

    assert [received.headers["x-api-key"] for received in server.received] == ["from-the-call", "from-the-auth"]


async def test_timeout_of_the_call_ends_it() -> None:
    async with serving(lambda _: json_answer({}), seconds=5) as server, connected() as connector:
        with pytest.raises(TotalTimeout) as caught:
            await connector.call(call(app(), binding(server), timeout_seconds=0.05))

    assert caught.value.retryable


async def test_host_that_the_environment_does_not_name_is_not_called() -> None:
    async with answering(json_answer({})) as server, connected() as connector:
        with pytest.raises(EgressRefused):
            await connector.call(call(app(), binding(server, hosts=("api.example.com",))))

    assert server.received == []


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://evil.example.org/", "egress_refused"),
        ("http://127.0.0.1:1/", "egress_refused"),
        ("", "too_many_redirects"),
    ],
)
async def test_redirect_that_may_not_be_followed_is_no_answer(location: str, code: str) -> None:
    async with answering(answer(status="302 Found", location=location or "/again")) as server, connected() as connector:
        with pytest.raises(EgressError) as caught:
            await connector.call(call(app(), binding(server)))

    assert caught.value.code == code


async def test_redirect_to_another_origin_takes_no_header_along() -> None:
    shop = app(auths=[{"tag": "key", "setup_type": "api_key"}])
    async with answering(json_answer({})) as other:
        moved = answer(status="302 Found", location=other.url("/there"))
        async with answering(moved) as server, connected() as connector:
            hosts = ("127.0.0.1", f"127.0.0.1:{other.port}")
            bound = binding(server, auth_tag="key", auth_data={"api_key": "abcd-efgh"}, hosts=hosts)
            await connector.call(call(shop, bound, headers={"X-Secret-Of-A-Reference": "ijkl"}))

    assert server.received[0].headers["x-api-key"] == "abcd-efgh"
    assert other.received[0].headers.keys() & {"x-api-key", "x-secret-of-a-reference"} == set()


async def test_answer_to_one_integration_is_never_given_to_another() -> None:
    def respond(received: Received) -> bytes:
        return json_answer({"for": received.headers["x-kind"]}) + json_answer({"for": "nobody"})

    async with serving(respond) as server, connected() as connector:
        bound = [binding(server, access_tag=f"shop_{number}") for number in range(5)]
        calls = [call(app(), each, headers={"X-Kind": each.access_tag}) for each in bound]
        bodies = [(await connector.call(each)).body for each in calls]

    assert bodies == [{"for": each.access_tag} for each in bound]


# -- What counts as an answer ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("responses", "status", "is_success"),
    [
        ([], "200 OK", True),
        ([], "299 Odd", True),
        ([], "304 Not Modified", False),
        ([], "404 Not Found", False),
        ([{"status_code": 404}], "404 Not Found", True),
        ([{"status_code": 202, "success": False}], "202 Accepted", False),
        ([{"status_code": 201}], "200 OK", True),
    ],
)
async def test_success_is_what_the_action_says_of_the_status(
    responses: list[Json], status: str, is_success: bool
) -> None:
    shop = app({**POST, "responses": responses})
    async with answering(answer(b"", status=status)) as server, connected() as connector:
        if is_success:
            reply = await connector.call(call(shop, binding(server)))
            assert reply.status == int(status[:3])
        else:
            with pytest.raises(HttpStatusError) as caught:
                await connector.call(call(shop, binding(server)))
            assert caught.value.code == f"http_{status[:3]}"


@pytest.mark.parametrize(
    ("status", "is_retryable"), [(400, False), (401, False), (408, True), (409, False), (429, True), (500, True)]
)
async def test_error_status_says_whether_it_may_work_later(status: int, is_retryable: bool) -> None:
    async with answering(answer(status=f"{status} X")) as server, connected() as connector:
        with pytest.raises(HttpStatusError) as caught:
            await connector.call(call(app(POST), binding(server)))

    assert (caught.value.retryable, caught.value.status) == (is_retryable, status)


async def test_retry_after_is_kept() -> None:
    async with answering(answer(status="429 Slow", retry_after="7")) as server, connected() as connector:
        with pytest.raises(HttpStatusError) as caught:
            await connector.call(call(app(), binding(server)))

    assert caught.value.retry_after_seconds == 7


@pytest.mark.parametrize("status", ["503 Busy", "429 Slow", "404 No", "302 Found"])
@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (b"x" * 6_000_000, {}, "the response is larger than 5000000 bytes"),
        (b"no gzip", {"content_encoding": "gzip"}, "the response is not the gzip that it claims to be"),
        (gzip.compress(b"x" * 99, mtime=0)[:-4], {"content_encoding": "gzip"}, "ends before it is complete"),
        (b"x", {"content_encoding": "br"}, "compressed in a way that was not asked for"),
        (b"x", {"content_encoding": "utf-8"}, "compressed in a way that was not asked for"),
        (b"\xff", {"content_type": "application/json"}, ""),
        (b"<html>", {"content_type": "application/json"}, "<html>"),
        (b"{", {"content_type": "application/json"}, "{"),
    ],
)
async def test_status_comes_before_whatever_is_wrong_with_the_body(
    status: str, body: bytes, headers: dict[str, str], said: str
) -> None:
    async with answering(answer(body, status=status, retry_after="7", **headers)) as server, connected() as connector:
        with pytest.raises(HttpStatusError) as caught:
            await connector.call(call(app(POST), binding(server)))

    assert (caught.value.code, caught.value.retry_after_seconds) == (f"http_{status[:3]}", 7)
    assert caught.value.retryable is (status[:3] in ("503", "429"))
    assert caught.value.message.startswith(f"POST /things answered {status[:3]}")
    assert said in caught.value.message


@pytest.mark.parametrize("status", ["503 Busy", "429 Slow"])
@pytest.mark.parametrize(
    "rest", [b"Content-Length: 9\r\n\r\nshort", b"Transfer-Encoding: chunked\r\n\r\n9\r\nshort", b"X: 1\r\n\r\n{"]
)
async def test_status_comes_before_a_body_that_breaks_off(status: str, rest: bytes) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(f"HTTP/1.1 {status}\r\nRetry-After: 7\r\n".encode() + rest)

    async with raw_server(handle) as server, connected() as connector:
        with pytest.raises(HttpStatusError) as caught:
            await connector.call(call(app(POST), binding(server)))

    assert (caught.value.code, caught.value.retry_after_seconds) == (f"http_{status[:3]}", 7)


@pytest.mark.parametrize(
    ("responses", "code"),
    [
        ([], "http_404"),
        ([{"status_code": 404}], "protocol_failed"),
        ([{"status_code": 404, "success": False}], "http_404"),
    ],
)
async def test_body_that_cannot_be_read_fails_where_the_status_is_a_success(responses: list[Json], code: str) -> None:
    said = answer(b"x", status="404 No", content_encoding="gzip")
    async with answering(said) as server, connected() as connector:
        with pytest.raises(ConnectorError) as caught:
            await connector.call(call(app({**POST, "responses": responses}), binding(server)))

    assert caught.value.code == code


async def test_unusable_body_of_a_success_says_the_status_and_what_is_wrong_where() -> None:
    said = answer(b'{"a": [1, NaN]}', status="201 Created", content_type="application/json")
    async with answering(said) as server, connected() as connector:
        with pytest.raises(BadResponse) as caught:
            await connector.call(call(app(POST), binding(server)))

    assert caught.value.message == (
        "POST /things answered 201, but the body calls itself JSON and is not (a[1] is NaN)"
    )
    assert (caught.value.code, caught.value.retryable) == ("bad_response", False)


async def test_odd_values_of_an_answer_leave_it_usable_and_are_noted_without_secrets() -> None:
    shop = app(auths=[{"tag": "key", "setup_type": "api_key"}])
    said = answer(b'{"id": 99999999999999999999, "abcd-efgh": 1e999}', content_type="application/json")
    async with answering(said) as server, connected() as connector:
        bound = binding(server, auth_tag="key", auth_data={"api_key": "abcd-efgh"})
        reply = await connector.call(call(shop, bound))

    assert reply.body == {"id": "99999999999999999999", "abcd-efgh": "1e999"}
    assert [note.partition(" is ")[0] for note in reply.notes] == ["the number id", "the number [redacted]"]


@pytest.mark.parametrize("body", [b" ", b"\r\n", b""])
async def test_blank_json_behind_a_write_is_null(body: bytes) -> None:
    async with answering(answer(body, content_type="application/json")) as server, connected() as connector:
        reply = await connector.call(call(app(POST), binding(server)))

    assert reply.body is None


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("PUT", 204), ("PUT", 205), ("DELETE", 204)])
@pytest.mark.parametrize("declared", [{"id": {"type": "string"}}, {"type": "object", "required": ["id"]}])
async def test_declared_body_is_not_asked_for_where_there_is_none(method: str, status: int, declared: Json) -> None:
    action = {"tag": "a", "method": method, "resource": "/a", "responses": [{"status_code": status, "body": declared}]}
    said = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
    length = {"HEAD": "Content-Length: 12\r\n"}.get(method, "Content-Length: 0\r\n" if status == 205 else "")
    async with answering(f"{said}{length}\r\n".encode()) as server, connected() as connector:
        reply = await connector.call(call(app(action), binding(server)))

    assert (reply.status, reply.body) == (status, None)


FIELDS = {"id": {"type": "string"}, "total": {"type": "float"}}
SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}


@pytest.mark.parametrize(
    ("declared", "body", "complaint"),
    [
        (FIELDS, {"id": "a", "total": 1.5, "more": 1}, None),
        (FIELDS, {"id": 7}, "id: should be text"),
        (FIELDS, {"id": "a"}, '"total" is required'),
        (FIELDS, [{"id": "a", "total": 1}], "should be an object"),
        (FIELDS, None, "should be an object"),
        (SCHEMA, {"id": "a", "more": 1}, None),
        (SCHEMA, {}, '"id" is required'),
        (SCHEMA, {"id": 7}, "id: "),
        ({}, "anything", None),
    ],
)
async def test_body_is_held_against_what_the_response_declares(
    declared: Any, body: Json, complaint: str | None
) -> None:
    shop = app({**POST, "responses": [{"status_code": 200, "body": declared}]})
    async with answering(json_answer(body)) as server, connected() as connector:
        if complaint is None:
            assert (await connector.call(call(shop, binding(server)))).body == body
        else:
            with pytest.raises(UnexpectedBody) as caught:
                await connector.call(call(shop, binding(server)))
            assert complaint in caught.value.message
            assert caught.value.message.startswith("POST /things response")
            assert not caught.value.retryable


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "no such thing"}, ": no such thing"),
        ({"error": {"message": "no such thing"}}, ": no such thing"),
        ({"error": "invalid_grant", "error_description": "it was revoked"}, ": it was revoked"),
        ({"detail": "", "title": "Not there"}, ": Not there"),
        ({"message": 7}, ""),
        ([], ""),
        (None, ""),
    ],
)
async def test_error_repeats_what_the_api_said(body: Json, said: str) -> None:
    async with answering(json_answer(body, status="404 Not Found")) as server, connected() as connector:
        with pytest.raises(HttpStatusError) as caught:
            await connector.call(call(app(), binding(server)))

    assert caught.value.message == f"GET /things answered 404{said}"
    assert caught.value.body == body


async def test_error_shows_no_secret_that_the_api_repeats() -> None:
    shop = app(auths=[{"tag": "login", "setup_type": "basic"}])
    encoded = base64.b64encode(b"ann:correct-horse").decode()
    said: Json = {"message": f"not correct-horse, nor {encoded}", "sent": {"authorization": f"Basic {encoded}"}}
    async with answering(json_answer(said, status="403 No")) as server, connected() as connector:
        bound = binding(server, auth_tag="login", auth_data={"username": "ann", "password": "correct-horse"})
        with pytest.raises(HttpStatusError) as caught:
            await connector.call(call(shop, bound))

    shown = f"{caught.value} {caught.value.body}"
    assert "[redacted]" in shown
    assert "correct-horse" not in shown
    assert encoded[4:] not in shown


async def test_long_error_is_cut_between_words_so_that_no_half_secret_is_left() -> None:
    said = "word " * 38 + "$Secret-of-the-run-that-only-the-engine-knows and more"
    async with answering(json_answer({"message": said}, status="400 Bad")) as server, connected() as connector:
        with pytest.raises(HttpStatusError) as caught:
            await connector.call(call(app(), binding(server)))

    assert caught.value.message.endswith("word …")
    assert "$Secret" not in caught.value.message


# -- Auths ----------------------------------------------------------------------------------------------------------


async def test_token_access_goes_into_every_section() -> None:
    tokens = {
        "params": {"tenant": "string"},
        "query": {"account": "string"},
        "headers": [{"key": "Authorization", "type": "string", "decorator": "Token ", "decoratorPosition": "prepend"}],
        "body": {"signature": "string"},
    }
    shop = app(
        {"tag": "add", "method": "POST", "resource": "/:tenant/things"},
        auths=[{"tag": "keys", "setup_type": "token_access", "tokens": tokens}],
    )
    data = {"tenant": "acme", "account": "7", "Authorization": "abcd", "signature": "efgh"}
    async with answering(json_answer({})) as server, connected() as connector:
        reply = await connector.call(
            call(shop, binding(server, auth_tag="keys", auth_data=data), query={"page": 2}, body={"name": "lamp"})
        )

    (received,) = server.received
    assert received.target == "/api/acme/things?account=7&page=2"
    assert received.headers["authorization"] == "Token abcd"
    assert json.loads(received.body) == {"signature": "efgh", "name": "lamp"}
    assert {"abcd", "efgh"} <= set(reply.secrets)


async def test_token_in_the_body_of_a_call_whose_body_is_a_list_is_refused() -> None:
    shop = app(POST, auths=[{"tag": "keys", "setup_type": "token_access", "tokens": {"body": {"signature": "string"}}}])
    async with answering(json_answer({})) as server, connected() as connector:
        with pytest.raises(AuthFailed, match="the body should be an object"):
            await connector.call(
                call(shop, binding(server, auth_tag="keys", auth_data={"signature": "efgh"}), body=["lamp"])
            )

    assert server.received == []


@pytest.mark.parametrize(
    ("auth", "data", "expected"),
    [
        ({"setup_type": "basic"}, {"username": "a", "password": "b"}, "Basic YTpi"),
        ({"setup_type": "api_key"}, {"api_key": "abcd"}, "abcd"),
    ],
)
async def test_static_auth_goes_into_a_header(auth: dict[str, Any], data: Json, expected: str) -> None:
    shop = app(auths=[{"tag": "own", **auth}])
    async with answering(json_answer({})) as server, connected() as connector:
        await connector.call(call(shop, binding(server, auth_tag="own", auth_data=data)))

    assert expected in server.received[0].headers.values()


async def test_api_key_may_go_into_the_query() -> None:
    shop = app(auths=[{"tag": "key", "setup_type": "api_key", "placement": "query", "key_name": "key"}])
    async with answering(json_answer({})) as server, connected() as connector:
        await connector.call(call(shop, binding(server, auth_tag="key", auth_data={"api_key": "a&b"})))

    assert server.received[0].target == "/api/things?key=a%26b"


async def test_token_of_a_static_auth_is_its_data() -> None:
    shop = app(auths=[{"tag": "key", "setup_type": "api_key"}])
    async with answering(json_answer({})) as server, connected() as connector:
        token = await connector.token(app=shop, auth_tag="key", binding=binding(server, auth_data={"api_key": "abcd"}))

    assert token == {"api_key": "abcd"}
    assert server.received == []


async def test_unknown_auth_of_the_binding_is_an_error() -> None:
    async with answering(json_answer({})) as server, connected() as connector:
        with pytest.raises(AuthFailed, match='no auth "gone"'):
            await connector.call(call(app(), binding(server, auth_tag="gone")))


# -- credential_access ----------------------------------------------------------------------------------------------


async def _token(connector: HttpActionConnector, url: str, **options: Any) -> Any:
    token: Any = await connector.token(app=ORDERS, auth_tag="user_login", binding=orders_binding(url), **options)
    return token["data"]["access_token"]


async def test_login_is_shared_by_fifty_who_ask_at_the_same_time_and_kept() -> None:
    with running_orders_api() as api:
        async with connected() as connector:
            tokens = await asyncio.gather(*(_token(connector, api.url) for _ in range(50)))
            again = await _token(connector, api.url)
            reply = await connector.call(
                call(ORDERS, orders_binding(api.url), headers={"Authorization": f"Bearer {again}"})
            )

    assert {*tokens, again} == {again}
    assert reply.body == {"data": []}
    assert [exchange.request.path for exchange in api.requests] == ["/v1/login", "/v1/orders"]


async def test_login_is_repeated_once_its_period_is_over() -> None:
    clock = FakeClock()
    with running_orders_api() as api:
        async with connected(clock=clock) as connector:
            first = await _token(connector, api.url)
            clock.advance(49)
            kept = await _token(connector, api.url)
            clock.advance(5)
            second = await _token(connector, api.url)

    assert kept == first != second


async def test_login_is_repeated_for_a_token_that_was_refused() -> None:
    with running_orders_api(Settings(token_lifetime_seconds=0)) as api:
        async with connected() as connector:
            binding, options = orders_binding(api.url), {"app": ORDERS, "auth_tag": "user_login"}
            refused = await connector.token(binding=binding, **options)  # type: ignore[arg-type]  # two words
            fresh = await connector.token(binding=binding, stale=refused, **options)  # type: ignore[arg-type]

    assert refused != fresh


async def test_login_that_fails_is_not_kept() -> None:
    wrong: dict[str, Json] = {"username": "demo", "password": "guessed-wrong"}
    with running_orders_api() as api:
        async with connected() as connector:
            bound = orders_binding(api.url, **wrong)
            tries = [connector.token(app=ORDERS, auth_tag="user_login", binding=bound) for _ in range(2)]
            errors = [await asyncio.gather(each, return_exceptions=True) for each in tries]

    said = 'auth "user_login": POST /v1/login answered 401'
    assert [str(error) for [error] in errors] == [said, said]
    assert len(api.requests) == 2


async def test_login_takes_the_defaults_and_decorators_of_its_action() -> None:
    login = {
        "tag": "login",
        "method": "POST",
        "resource": "/login",
        "body": {
            "user": {"type": "string", "decorator": "@example.com"},
            "grant": {"type": "string", "default": "password"},
        },
    }
    shop = app(login, auths=[{"tag": "own", "setup_type": "credential_access", "action_tag": "login"}])
    async with answering(json_answer({"token": "abcd"})) as server, connected() as connector:
        await connector.token(app=shop, auth_tag="own", binding=binding(server, auth_data={"user": "ann"}))

    assert json.loads(server.received[0].body) == {"user": "ann@example.com", "grant": "password"}


@pytest.mark.parametrize("data", [None, {}, {"username": "demo"}, {"username": "demo", "password": 4711}])
async def test_login_without_what_its_action_needs_is_not_tried(data: Json) -> None:
    async with answering(json_answer({})) as server, connected() as connector:
        with pytest.raises(AuthFailed, match="password") as caught:
            await connector.token(app=ORDERS, auth_tag="user_login", binding=binding(server, auth_data=data))

    assert "4711" not in caught.value.message
    assert server.received == []


# -- OAuth 2 --------------------------------------------------------------------------------------------------------


def _token_server(received: Received) -> bytes:
    return json_answer({"access_token": "token-1"} if received.target == "/token" else {"ok": True})


def _forms(received: list[Received]) -> list[dict[str, list[str]]]:
    return [parse_qs(each.body.decode()) for each in received if each.target == "/token"]


async def test_client_credentials_are_exchanged_once_and_the_token_is_sent() -> None:
    async with serving(_token_server) as server, connected() as connector:
        shop = with_oauth2(server.url("/token"), scopes=["read", "write"])
        bound = binding(server, auth_tag="login", auth_data=CLIENT)
        replies = await asyncio.gather(*(connector.call(call(shop, bound)) for _ in range(50)))

    assert _forms(server.received) == [{"grant_type": ["client_credentials"], "scope": ["read write"]}]
    asked, *called = server.received
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"console:client-secret").decode()
    assert {each.headers["authorization"] for each in called} == {"Bearer token-1"}
    assert set(replies[0].secrets) == {"Bearer token-1", "token-1"}


async def test_token_that_was_refused_is_fetched_again_once() -> None:
    tokens = 0

    def respond(received: Received) -> bytes:
        nonlocal tokens
        if received.target == "/token":
            tokens += 1
            return json_answer({"access_token": f"token-{tokens}"})
        is_fresh = received.headers["authorization"] == "Bearer token-2"
        return json_answer({"ok": True}) if is_fresh else json_answer({}, status="401 No")

    async with serving(respond) as server, connected() as connector:
        shop, bound = with_oauth2(server.url("/token")), binding(server, auth_tag="login", auth_data=CLIENT)
        reply = await connector.call(call(shop, bound))

    assert reply.body == {"ok": True}
    assert tokens == 2
    assert {"token-1", "token-2"} <= set(reply.secrets)


async def test_token_that_is_refused_twice_is_an_error() -> None:
    tokens = 0

    def respond(received: Received) -> bytes:
        nonlocal tokens
        if received.target == "/token":
            tokens += 1
            return json_answer({"access_token": f"token-{tokens}"})
        return json_answer({"message": f"{received.headers['authorization']} is void"}, status="401 No")

    async with serving(respond) as server, connected() as connector:
        shop, bound = with_oauth2(server.url("/token")), binding(server, auth_tag="login", auth_data=CLIENT)
        with pytest.raises(HttpStatusError) as caught:
            await connector.call(call(shop, bound))

    assert caught.value.message == "GET /things answered 401: [redacted] is void"
    assert tokens == 2


async def test_token_that_the_server_repeats_is_not_tried_again() -> None:
    def respond(received: Received) -> bytes:
        return (
            json_answer({"access_token": "same"}) if received.target == "/token" else json_answer({}, status="401 No")
        )

    async with serving(respond) as server, connected() as connector:
        shop, bound = with_oauth2(server.url("/token")), binding(server, auth_tag="login", auth_data=CLIENT)
        with pytest.raises(HttpStatusError):
            await connector.call(call(shop, bound))

    assert [received.target for received in server.received] == ["/token", "/api/things", "/token"]


@pytest.mark.parametrize(
    ("response", "own", "passed", "is_kept"),
    [
        ({"expires_in": 100}, {}, 80, True),
        ({"expires_in": 100}, {}, 95, False),
        ({}, {"expiry": 2, "period": "mins"}, 100, True),
        ({}, {"expiry": 2, "period": "mins"}, 115, False),
        ({"expires_in": 100}, {"expiry": 2, "period": "hours"}, 95, False),
        ({}, {}, 10**8, True),
    ],
)
async def test_token_is_kept_as_long_as_its_response_or_else_its_auth_says(
    response: dict[str, Json], own: dict[str, Any], passed: float, is_kept: bool
) -> None:
    clock, token = FakeClock(), json_answer({"access_token": "a", **response})
    async with answering(token) as server, connected(clock=clock) as connector:
        shop, bound = with_oauth2(server.url("/token"), **own), binding(server, auth_data=CLIENT)
        await connector.token(app=shop, auth_tag="login", binding=bound)
        clock.advance(passed)
        await connector.token(app=shop, auth_tag="login", binding=bound)

    assert len(server.received) == (1 if is_kept else 2)


async def test_refresh_token_that_a_response_brings_is_used_from_then_on() -> None:
    given = iter(["second", None, "third", None])

    def respond(_received: Received) -> bytes:
        refresh_token = next(given)
        return json_answer({"access_token": "a", **({"refresh_token": refresh_token} if refresh_token else {})})

    async with serving(respond) as server, connected() as connector:
        shop = with_oauth2(server.url("/token"), "oauth2_refresh_token")
        bound = binding(server, auth_data={**CLIENT, "refresh_token": "first"})
        token: Json = None
        for _ in range(4):
            token = await connector.token(app=shop, auth_tag="login", binding=bound, stale=token)

    assert [form["refresh_token"] for form in _forms(server.received)] == [["first"], ["second"], ["second"], ["third"]]


@pytest.mark.parametrize("status", [429, 503])
async def test_token_url_that_is_busy_may_work_later(status: int) -> None:
    busy = json_answer({}, status=f"{status} Busy", retry_after="3")
    async with answering(busy) as server, connected() as connector:
        shop, bound = with_oauth2(server.url("/token")), binding(server, auth_data=CLIENT)
        with pytest.raises(HttpStatusError) as caught:
            await connector.token(app=shop, auth_tag="login", binding=bound)

    assert caught.value.message == f'auth "login": the token URL answered {status}'
    assert (caught.value.retryable, caught.value.retry_after_seconds) == (True, 3)


@pytest.mark.parametrize("status", ["400 Bad", "401 No", "200 OK", "302 Found"])
async def test_token_url_that_refuses_is_asked_again_next_time(status: str) -> None:
    said = json_answer({"error": "invalid_client", "error_description": "hunter22 is wrong"}, status=status)
    async with answering(said, json_answer({"access_token": "a"})) as server, connected() as connector:
        shop, bound = with_oauth2(server.url("/token")), binding(server, auth_data=CLIENT)
        with pytest.raises(AuthFailed) as caught:
            await connector.token(app=shop, auth_tag="login", binding=bound)
        token = await connector.token(app=shop, auth_tag="login", binding=bound)

    missing = ", without an access_token" if status == "200 OK" else ""
    assert caught.value.message == f'auth "login": the token URL answered {status[:3]}: invalid_client{missing}'
    assert not caught.value.retryable
    assert token == {"access_token": "a"}


TOKEN = "ghu_16C7e42F292c6912E7710c838347Ae178B4a"
TOKEN_JSON = json.dumps({"access_token": TOKEN, "expires_in": 5108, "id": 2**80})
TOKEN_FORM = f"access_token={TOKEN}&expires=5108"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "text/html; charset=utf-8", "application/x-www-form-urlencoded", "a/b", ""],
)
@pytest.mark.parametrize(
    "body", [TOKEN_JSON, TOKEN_FORM, json.dumps(TOKEN_JSON), f"\r\n {TOKEN_JSON}\n", json.dumps(TOKEN_FORM)]
)
async def test_token_that_is_plain_to_see_is_read_whatever_its_type(content_type: str, body: str) -> None:
    if content_type.endswith("urlencoded"):
        body = TOKEN_FORM
    async with answering(answer(body.encode(), content_type=content_type)) as server, connected() as connector:
        shop, bound = with_oauth2(server.url("/token")), binding(server, auth_data=CLIENT)
        token: Any = await connector.token(app=shop, auth_tag="login", binding=bound)

    assert token["access_token"] == TOKEN


@pytest.mark.parametrize("kind", ["oauth2", "login"])
@pytest.mark.parametrize("status", ["200 OK", "201 Created", "302 Found", "400 Bad", "401 No", "404 No", "503 Busy"])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", f"token={TOKEN}&expires=5108"),
        ("text/plain", TOKEN),
        ("text/plain", f"{{'access_token': '{TOKEN}'}}"),
        ("text/html", f"<p>{TOKEN}</p>"),
        ("text/html", json.dumps({"message": TOKEN})),
        ("application/json", json.dumps(TOKEN)),
        ("application/json", json.dumps({"message": TOKEN})),
        ("application/json", json.dumps({"error": TOKEN, "error_description": TOKEN})),
        ("application/json", json.dumps({"error": {"message": TOKEN}, TOKEN: 2**80})),
        ("application/json", json.dumps([TOKEN])),
        ("application/json", f'{{"access_token": "{TOKEN}"'),
        ("application/json", f'{{"{TOKEN}": 1, "{TOKEN}": NaN}}'),
        ("application/x-www-form-urlencoded", f"error_description={TOKEN}"),
        ("application/octet-stream", TOKEN),
    ],
)
async def test_nothing_that_a_token_answer_holds_is_ever_quoted(
    kind: str, status: str, content_type: str, body: str
) -> None:
    login = {**LOGIN, "responses": [{"status_code": 200, "body": {"type": "object", "maxProperties": 0}}]}
    said = answer(body.encode(), status=status, content_type=content_type, location=f"/{TOKEN}")
    async with answering(said) as server, connected() as connector:
        auth = {"oauth2": {"setup_type": "oauth2_client_credentials", "token_url": server.url("/token")}}.get(
            kind, {"setup_type": "credential_access", "action_tag": "login"}
        )
        shop = app({"tag": "list", "method": "GET", "resource": "/things"}, login, auths=[{"tag": "own", **auth}])
        data: Json = CLIENT if kind == "oauth2" else {"username": "demo", "password": "demo-password"}
        bound = binding(server, auth_tag="own", auth_data=data)
        error: Any = None
        try:
            await connector.token(app=shop, auth_tag="own", binding=bound)
        except ConnectorError as raised:
            error = raised

    if error is None:  # a login may answer anything
        assert (kind, status[0]) == ("login", "2")
        return
    trace = [line for line in traceback.format_exception(error) if "test_connector.py" not in line]
    assert TOKEN not in f"{error} {getattr(error, 'body', '')} {trace}"
    assert (error.code == "http_503") is status.startswith("503")


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "text/plain"])
@pytest.mark.parametrize("body", [TOKEN_JSON, TOKEN_FORM, json.dumps(TOKEN_JSON)])
async def test_login_whose_token_is_plain_to_see_is_read_and_held_against_its_definition(
    content_type: str, body: str
) -> None:
    declared: Json = {"access_token": "string"}
    login = {**LOGIN, "responses": [{"status_code": 200, "body": declared}]}
    shop = app(login, auths=[{"tag": "own", "setup_type": "credential_access", "action_tag": "login"}])
    async with answering(answer(body.encode(), content_type=content_type)) as server, connected() as connector:
        bound = binding(server, auth_data={"username": "demo", "password": "demo-password"})
        token: Any = await connector.token(app=shop, auth_tag="own", binding=bound)

    assert token["access_token"] == TOKEN


@pytest.mark.parametrize("kind", ["oauth2", "login"])
async def test_login_whose_answer_breaks_off_may_be_tried_again(kind: str) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{TOKEN_JSON}".encode())

    async with raw_server(break_off) as server, connected() as connector:
        if kind == "oauth2":
            shop, tag, bound = with_oauth2(server.url("/token")), "login", binding(server, auth_data=CLIENT)
        else:
            shop, tag, bound = ORDERS, "user_login", orders_binding(server.url().rstrip("/"))
        with pytest.raises(AuthFailed, match=r"answered 200, but .* closed before the answer was complete") as caught:
            await connector.token(app=shop, auth_tag=tag, binding=bound)

    assert caught.value.retryable
    assert TOKEN not in caught.value.message


async def test_login_that_cannot_be_reached_says_so_and_may_be_tried_again() -> None:
    async with answering(answer(b"")) as gone:
        pass
    async with answering(json_answer({})) as server, connected() as connector:
        shop, bound = with_oauth2(gone.url("/token")), binding(server, auth_tag="login", auth_data=CLIENT)
        with pytest.raises(AuthFailed) as caught:
            await connector.call(call(shop, bound))

    assert caught.value.message.startswith('auth "login": the token URL: 127.0.0.1:')
    assert (caught.value.code, caught.value.retryable) == ("auth_failed", True)
    assert server.received == []


async def test_client_secret_is_not_sent_to_a_host_that_the_environment_does_not_name() -> None:
    async with answering(json_answer({"access_token": "a"})) as server, connected() as connector:
        shop = with_oauth2(f"http://localhost:{server.port}/token")
        with pytest.raises(EgressRefused):
            await connector.token(app=shop, auth_tag="login", binding=binding(server, auth_data=CLIENT))

    assert server.received == []
