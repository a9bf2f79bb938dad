from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from integrations.connectors.egress import EgressClient, TlsFailed
from integrations.connectors.egress.tls import trusting_context
from tests.connectors.egress.certificates import self_signed
from tests.connectors.egress.servers import LOCAL, answer, answering, fetch, raw_server

pytestmark = pytest.mark.anyio


async def to_loopback(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


async def test_tls_trusted_certificate_for_this_name_is_connected(tmp_path: Path) -> None:
    tls, trusted = self_signed(tmp_path, host="shop.test")

    async with (
        answering(answer(b"safe"), tls=tls) as server,
        EgressClient(policy=LOCAL, resolver=to_loopback, tls=trusting_context(trusted)) as client,
    ):
        response = await fetch(server.url(host="shop.test"), client=client)

    assert response.body == b"safe"


async def test_tls_certificate_for_another_name_fails(tmp_path: Path) -> None:
    tls, trusted = self_signed(tmp_path, host="other.test")

    async with (
        answering(answer(), tls=tls) as server,
        EgressClient(policy=LOCAL, resolver=to_loopback, tls=trusting_context(trusted)) as client,
    ):
        with pytest.raises(TlsFailed, match=r"certificate is not trusted \(Hostname mismatch") as caught:
            await fetch(server.url(host="shop.test"), client=client)

    assert (caught.value.code, caught.value.retryable) == ("tls_failed", False)
    assert server.received == []


async def test_tls_self_signed_certificate_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls, trusted = self_signed(tmp_path, host="127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))  # the environment has no say in it
    trusting_context.cache_clear()

    async with answering(answer(), tls=tls) as server:
        with pytest.raises(TlsFailed, match="certificate is not trusted"):
            await fetch(server.url())


async def test_tls_server_that_speaks_something_else_fails() -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail ready\r\n")
        await writer.drain()

    async with raw_server(greet) as server:
        with pytest.raises(TlsFailed):
            await fetch(server.url().replace("http:", "https:"))
