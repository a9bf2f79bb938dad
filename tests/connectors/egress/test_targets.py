from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.connectors.egress import EgressError, EgressRefused, InvalidRequest
from integrations.connectors.egress.targets import parse_target


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("http://example.com", ("http", "example.com", 80), b"/"),
        ("HTTPS://Example.COM.:8443/a?b=c#d", ("https", "example.com", 8443), b"/a?b=c"),
        ("https://bücher.de/ä", ("https", "xn--bcher-kva.de", 443), b"/%C3%A4"),
        ("http://[::1]:8080/", ("http", "::1", 8080), b"/"),
        ("http://a_b.internal/%2e%2e/x", ("http", "a_b.internal", 80), b"/%2e%2e/x"),
    ],
)
def test_parse_target_reads_its_parts(url: str, origin: tuple[str, str, int], path: bytes) -> None:
    target = parse_target(url)

    assert (target.origin, target.path) == (origin, path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/v1",
        "example.com/v1",
        "//example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:///v1",
        "http://exa mple.com/",
        "http://a%2fb.com/",
        "http://a\\b.com/",
        "http://x:0/",
        "http://x:99999/",
        "http://x:port/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://①②⑦.⓪.⓪.①/",
        "http://x/a\nb",
        "http://x/\x00",
        "http://" + "a" * 300 + "/",
    ],
)
def test_parse_target_malformed_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_target(url)


@pytest.mark.parametrize("url", ["http://user:hunter22@example.com/", "https://hunter22@example.com/"])
def test_parse_target_userinfo_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(EgressRefused) as caught:
        parse_target(url)

    assert "hunter22" not in str(caught.value)


def test_target_shown_leaves_path_and_query_out() -> None:
    target = parse_target("https://example.com/hunter22?key=hunter22")

    assert "hunter22" not in repr(target)
    assert target.place == "example.com:443"


@given(st.text(max_size=80) | st.text(max_size=60).map("http://".__add__))
def test_parse_target_any_text_gives_a_target_or_an_egress_error(url: str) -> None:
    with suppress(EgressError):
        target = parse_target(url)
        assert target.path.isascii()
        assert not set(target.path) & set(b" \r\n\x00")
