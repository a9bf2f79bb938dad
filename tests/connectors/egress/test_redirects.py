from __future__ import annotations

from pathlib import Path

import pytest

from integrations.connectors.egress import ConnectionBroken, EgressClient, EgressRefused, TooManyRedirects
from integrations.connectors.egress.tls import trusting_context
from tests.connectors.egress.certificates import self_signed
from tests.connectors.egress.servers import LOCAL, Server, answer, answering, fetch

pytestmark = pytest.mark.anyio

CREDENTIALS = (("Authorization", "Bearer 1"), ("Cookie", "a=1"), ("X-Shop-Token", "2"), ("X-Trace", "3"))


def hosts(*servers: Server) -> tuple[str, ...]:
    """Return the entries that let a call go to each of these servers."""
    return ("127.0.0.1", *(f"127.0.0.1:{server.port}" for server in servers))


def redirect(location: str, status: str = "302 Found") -> bytes:
    return answer(b"moved", status=status, location=location)


async def test_redirect_same_origin_keeps_credentials() -> None:
    async with answering(redirect("../there?x=1#part"), answer(b"here")) as server:
        response = await fetch(server.url("/a/b"), headers=CREDENTIALS)

    assert (response.body, response.redirects, response.url) == (b"here", 1, server.url("/there?x=1"))
    assert server.received[1].headers["authorization"] == "Bearer 1"


async def test_redirect_other_origin_drops_credentials_only() -> None:
    async with answering(answer(b"there")) as other, answering(redirect(other.url("/x"))) as server:
        response = await fetch(
            server.url(),
            headers=CREDENTIALS,
            secret_headers=frozenset({"x-shop-token"}),
            allowed_hosts=hosts(other),
        )

    headers = other.received[0].headers
    assert response.body == b"there"
    assert headers.keys() & {"authorization", "cookie", "x-shop-token"} == set()
    assert headers["x-trace"] == "3"


async def test_redirect_there_and_back_does_not_bring_credentials_back() -> None:
    async with (
        answering(answer(b"home")) as server,
        answering(redirect(server.url("/home"))) as middle,
        answering(redirect(middle.url()), answer()) as first,
    ):
        await fetch(first.url(), headers=CREDENTIALS, allowed_hosts=hosts(middle, server))

    assert "authorization" not in server.received[0].headers


@pytest.mark.parametrize(
    ("status", "method", "becomes", "body"),
    [
        ("301 Moved", "POST", "GET", b""),
        ("302 Found", "POST", "GET", b""),
        ("303 See Other", "POST", "GET", b""),
        ("303 See Other", "PUT", "GET", b""),
        ("302 Found", "PUT", "PUT", b"data"),
        ("307 Temporary", "POST", "POST", b"data"),
        ("308 Permanent", "POST", "POST", b"data"),
    ],
)
async def test_redirect_method_and_body_follow_the_status(status: str, method: str, becomes: str, body: bytes) -> None:
    async with answering(redirect("/next", status), answer()) as server:
        await fetch(server.url(), method=method, body=b"data", headers=(("Content-Type", "text/plain"),))

    received = server.received[1]
    assert (received.method, received.body) == (becomes, body)
    assert ("content-type" in received.headers) is bool(body)


async def test_redirect_303_of_head_stays_head() -> None:
    async with answering(b"HTTP/1.1 303 See Other\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n", answer()) as server:
        await fetch(server.url(), method="HEAD")

    assert server.received[1].method == "HEAD"


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://0x7f000002/",
        "http://[::ffff:127.0.0.1]/",
    ],
)
async def test_redirect_to_an_inside_address_is_refused(location: str) -> None:
    host = location.removeprefix("http://").partition("/")[0].strip("[]")

    async with answering(redirect(location)) as server:
        with pytest.raises(EgressRefused, match="is not allowed: its address is"):
            await fetch(server.url(), allowed_hosts=("127.0.0.1", host))


async def test_redirect_to_a_host_that_is_not_allowed_is_refused() -> None:
    async with answering(redirect("http://evil.example.org/")) as server:
        with pytest.raises(EgressRefused, match=r"evil\.example\.org is not among the allowed hosts"):
            await fetch(server.url())


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/", "javascript:alert(1)", "http://x:99999/"]
)
async def test_redirect_to_something_else_than_http_is_refused(location: str) -> None:
    async with answering(redirect(location)) as server:
        with pytest.raises(EgressRefused, match="redirects to something that is not an http or https URL"):
            await fetch(server.url())


async def test_redirect_with_userinfo_is_refused() -> None:
    async with answering(redirect("http://user:hunter22@127.0.0.1/")) as server:
        with pytest.raises(EgressRefused) as caught:
            await fetch(server.url())

    assert "hunter22" not in str(caught.value)


async def test_redirect_loop_ends_after_three() -> None:
    async with answering(redirect("/again")) as server:
        with pytest.raises(TooManyRedirects, match="more than 3 redirects"):
            await fetch(server.url())

    assert len(server.received) == 4


async def test_redirect_three_times_is_followed() -> None:
    async with answering(*[redirect("/again")] * 3, answer(b"there")) as server:
        response = await fetch(server.url())

    assert (response.body, response.redirects) == (b"there", 3)


@pytest.mark.parametrize(
    ("status", "method"), [("307 T", "POST"), ("308 P", "PUT"), ("302 F", "PUT"), ("301 M", "PATCH")]
)
async def test_redirect_takes_no_body_to_another_origin(status: str, method: str) -> None:
    async with answering(answer()) as other, answering(redirect(other.url(), status)) as server:
        with pytest.raises(EgressRefused, match="a request with a body to another origin"):
            await fetch(server.url(), method=method, body=b"data", allowed_hosts=hosts(other))

    assert other.connections == 0


@pytest.mark.parametrize(("status", "body", "arrives"), [("303 S", b"data", "GET"), ("307 T", None, "POST")])
async def test_redirect_without_a_body_may_go_to_another_origin(status: str, body: bytes | None, arrives: str) -> None:
    async with answering(answer()) as other, answering(redirect(other.url(), status)) as server:
        await fetch(server.url(), method="POST", body=body, allowed_hosts=hosts(other))

    assert [(each.method, each.body) for each in other.received] == [(arrives, b"")]


@pytest.mark.parametrize(
    "allowed", [(), ("127.0.0.1",), ("127.0.0.1", "127.0.0.1:1"), ("127.0.0.1", "*.example.com:{}")]
)
async def test_redirect_to_a_port_that_is_not_listed_is_refused(allowed: tuple[str, ...]) -> None:
    async with answering(answer()) as other, answering(redirect(other.url())) as server:
        with pytest.raises(EgressRefused, match=rf"127\.0\.0\.1:{other.port} is not allowed: this call reaches ports"):
            await fetch(server.url(), allowed_hosts=tuple(each.format(other.port) for each in allowed))

    assert other.connections == 0


@pytest.mark.parametrize(
    ("location", "allowed"),
    [
        ("http://127.0.0.2/", ("127.0.0.1", "127.0.0.2")),
        ("https://127.0.0.2/", ("127.0.0.1", "127.0.0.2")),
        ("http://127.0.0.2:443/", ("127.0.0.1", "127.0.0.2:9")),
        ("http://127.0.0.2:9/", ("127.0.0.1", "127.0.0.2:9")),
        ("http://[::1]:9/", ("127.0.0.1", "[::1]:9")),
        ("http://[::1]/", ("127.0.0.1", "::1")),
    ],
)
async def test_redirect_to_a_port_of_the_web_or_a_listed_one_is_let_through(
    location: str, allowed: tuple[str, ...]
) -> None:
    async with answering(redirect(location)) as server:
        with pytest.raises(EgressRefused, match="its address is loopback"):  # which the next rule says, of addresses
            await fetch(server.url(), allowed_hosts=allowed)


async def test_redirect_with_a_body_that_is_not_read_is_followed() -> None:
    broken = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone"
    async with answering(broken, answer(b"there")) as server:
        response = await fetch(server.url())

    assert response.body == b"there"


async def test_redirect_to_what_is_gone_does_not_count_as_not_sent() -> None:
    async with answering(answer()) as gone:
        pass
    async with answering(redirect(gone.url(), "303 See Other")) as server:
        with pytest.raises(ConnectionBroken, match=r"could not be made .*after a redirect"):
            await fetch(server.url(), method="POST", body=b"pay", allowed_hosts=hosts(gone))

    assert len(server.received) == 1


async def test_redirect_not_to_be_followed_is_the_answer() -> None:
    async with answering(redirect("http://10.0.0.1/")) as server:
        response = await fetch(server.url(), follow_redirects=False)

    assert (response.status, response.header("location")) == (302, "http://10.0.0.1/")


@pytest.mark.parametrize("reply", [answer(b"x", status="302 Found"), answer(b"x", status="304 Not", location="/y")])
async def test_redirect_that_leads_nowhere_is_the_answer(reply: bytes) -> None:
    async with answering(reply) as server:
        response = await fetch(server.url(), method="GET")

    assert response.redirects == 0


@pytest.mark.parametrize(
    ("request_parts", "is_refused"),
    [
        ({"headers": CREDENTIALS[:1]}, True),
        ({"method": "POST", "body": b"login"}, True),
        ({"headers": CREDENTIALS[3:]}, False),
    ],
)
async def test_redirect_from_https_to_http_is_refused_with_credentials(
    tmp_path: Path, request_parts: dict[str, object], *, is_refused: bool
) -> None:
    tls, trusted = self_signed(tmp_path, host="127.0.0.1")

    async with (
        answering(answer(b"plain")) as plain,
        answering(redirect(plain.url(), "307 T"), tls=tls) as secure,
        EgressClient(policy=LOCAL, tls=trusting_context(trusted)) as client,
    ):
        if is_refused:
            with pytest.raises(EgressRefused, match="from https to http"):
                await fetch(secure.url(), client=client, allowed_hosts=hosts(plain), **request_parts)
        else:
            await fetch(secure.url(), client=client, allowed_hosts=hosts(plain), **request_parts)

    assert plain.connections == (0 if is_refused else 1)
