"""After what a call is repeated: real answers and real failures, held against the table of `engine.retry`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from integrations.connectors.egress.errors import EgressError
from integrations.connectors.http.connector import HttpActionConnector
from integrations.engine import retry
from integrations.engine.failures import step_error
from integrations.errors import ConnectorError
from tests.connectors.egress.servers import Handler, Server, answer, answering, raw_server, read_request
from tests.connectors.http.harness import app, binding, call, connected

pytestmark = pytest.mark.anyio

CREATED = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
CLIENT = {"client_id": "console", "client_secret": "client-secret"}


def saying(answer: bytes, *, closes: bool = True) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer)
        await writer.drain()
        if not closes:
            await reader.read()

    return handle


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.transport.abort()


async def reset_within_the_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(CREATED + b'Content-Length: 20\r\n\r\n{"id"')
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.transport.abort()


async def error_of(connector: HttpActionConnector, method: str, server: Server, **fields: Any) -> ConnectorError:
    shop = app({"tag": "a", "method": method, "resource": "/things"})
    with pytest.raises(ConnectorError) as caught:
        await connector.call(call(shop, binding(server, **fields), timeout_seconds=0.3))
    return caught.value


def is_repeated(error: ConnectorError, *, is_idempotent: bool) -> bool:
    rules = retry.RetryRules.of(retries=1, event_policy=None, is_idempotent=is_idempotent)
    kept = step_error(error, redact=str)
    return retry.decide(error=kept, attempt=1, rules=rules, used=0, random=lambda: 0.5) is not None


#: What the server does, the code, and whether PUT and POST are repeated.
AFTER_SENDING = [
    pytest.param(saying(b""), "connection_broken", True, False, id="hangs up"),
    pytest.param(reset, "connection_broken", True, False, id="resets"),
    pytest.param(saying(b"HTTP/1.1 201 Cre"), "connection_broken", True, False, id="half a head"),
    pytest.param(saying(CREATED), "connection_broken", True, False, id="a head without an end"),
    pytest.param(saying(CREATED + b"Content-Length: 9\r\n\r\n"), "connection_broken", True, False, id="no body"),
    pytest.param(saying(CREATED + b"Content-Length: 9\r\n\r\n{"), "connection_broken", True, False, id="half a body"),
    pytest.param(
        saying(CREATED + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"),
        "connection_broken",
        True,
        False,
        id="half a chunk",
    ),
    pytest.param(
        saying(CREATED + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
        "connection_broken",
        True,
        False,
        id="no end",
    ),
    pytest.param(reset_within_the_body, "connection_broken", True, False, id="reset within the body"),
    pytest.param(saying(b"", closes=False), "read_timeout total_timeout", True, False, id="silent"),
    pytest.param(
        saying(CREATED + b"Content-Length: 9\r\n\r\n{", closes=False),
        "read_timeout total_timeout",
        True,
        False,
        id="silent within the body",
    ),
    pytest.param(saying(b"junk\r\n\r\n"), "protocol_failed", False, False, id="no HTTP"),
    pytest.param(
        saying(answer(b"x", status="201 C", content_encoding="gzip")), "protocol_failed", False, False, id="no gzip"
    ),
    pytest.param(saying(CREATED + b"Content-Length: 9999999\r\n\r\n"), "response_too_large", False, False, id="large"),
    pytest.param(saying(CREATED + b"Content-Length: 1\r\n\r\n{"), "bad_response", False, False, id="no JSON"),
    pytest.param(saying(answer(status="503 Busy")), "http_503", True, True, id="503"),
    pytest.param(saying(answer(status="429 Slow")), "http_429", True, True, id="429"),
    pytest.param(saying(answer(status="404 No")), "http_404", False, False, id="404"),
    pytest.param(
        saying(b"HTTP/1.1 503 B\r\nContent-Length: 9\r\n\r\n{"), "http_503", True, True, id="503, half a body"
    ),
    pytest.param(
        saying(b"HTTP/1.1 503 B\r\nContent-Length: 9\r\n\r\n{", closes=False), "http_503", True, True, id="503, silent"
    ),
    pytest.param(
        saying(b"HTTP/1.1 404 N\r\nContent-Length: 9\r\n\r\n{"), "http_404", False, False, id="404, half a body"
    ),
]


@pytest.mark.parametrize(("handler", "codes", "put", "post"), AFTER_SENDING)
async def test_call_that_was_sent_is_repeated_only_where_it_was_not_carried_out(
    handler: Handler, codes: str, put: bool, post: bool
) -> None:
    async with raw_server(handler) as server, connected() as connector:
        errors = [await error_of(connector, method, server) for method in ("PUT", "POST")]

    assert {error.code for error in errors} <= set(codes.split())
    assert is_repeated(errors[0], is_idempotent=True) is put
    assert is_repeated(errors[1], is_idempotent=False) is post


async def test_call_that_was_not_sent_is_repeated() -> None:
    async with answering(answer()) as gone:
        pass
    async with connected() as connector:
        error = await error_of(connector, "POST", gone)

    assert error.code == "connection_failed"
    assert is_repeated(error, is_idempotent=False)


async def test_call_that_waits_for_a_login_in_vain_is_repeated() -> None:
    async with raw_server(saying(b"")) as server, connected() as connector:
        auth = {"tag": "own", "setup_type": "oauth2_client_credentials", "token_url": server.url("/token")}
        shop = app({"tag": "a", "method": "POST", "resource": "/things"}, auths=[auth])
        with pytest.raises(ConnectorError) as caught:
            await connector.call(call(shop, binding(server, auth_tag="own", auth_data=CLIENT)))

    assert caught.value.code == "auth_failed"
    assert is_repeated(caught.value, is_idempotent=False)


async def test_call_whose_redirect_cannot_be_followed_is_not_repeated() -> None:
    async with answering(answer()) as gone:
        pass
    hosts = ("127.0.0.1", f"127.0.0.1:{gone.port}")
    async with answering(answer(status="303 See Other", location=gone.url())) as server, connected() as connector:
        error = await error_of(connector, "POST", server, hosts=hosts)

    assert error.code == "connection_broken"
    assert not is_repeated(error, is_idempotent=False)


def test_every_code_of_the_egress_client_that_may_pass_is_in_the_table() -> None:
    codes = {kind.CODE for kind in EgressError.__subclasses__() if kind.RETRYABLE}

    assert codes <= {*retry.UNSENT, "connection_broken", "read_timeout", "total_timeout"}
    assert retry.__doc__ is not None
    assert all(code in retry.__doc__ for code in codes)
