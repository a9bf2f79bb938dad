from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.connectors.egress import InvalidRequest
from integrations.connectors.egress.headers import checked_headers, checked_method, received_headers, wire_headers


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b", "\x7f", "\ud800"])
def test_checked_headers_control_character_is_refused_and_not_quoted(value: str) -> None:
    with pytest.raises(InvalidRequest, match="X-Token") as caught:
        checked_headers([("X-Token", "hunter22" + value)])

    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "ä", "a\x00"])
def test_checked_headers_name_that_is_no_token_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_headers([(name, "1")])


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "CONNECTION", "Upgrade", "TE"])
def test_checked_headers_one_of_ours_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="written by the client itself"):
        checked_headers([(name, "1")])


@pytest.mark.parametrize("name", ["content_length", "Transfer_Encoding", "HOST", "Keep_Alive"])
def test_checked_headers_one_of_ours_with_underscores_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="written by the client itself"):
        checked_headers([(name, "1")])


@pytest.mark.parametrize(
    "name",
    [
        "Forwarded", "forwarded", "X-Forwarded-For", "X-Forwarded-Host", "x-forwarded-proto", "X-FORWARDED-ANYTHING",
        "X_Forwarded_For", "x-forwarded_for", "X-Forwarded", "X-Real-IP",
    ],
)  # fmt: skip
def test_checked_headers_of_a_proxy_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match=f"the header {name} cannot be set") as caught:
        checked_headers([(name, "203.0.113.7")])

    assert "203.0.113.7" not in str(caught.value)


@pytest.mark.parametrize("name", ["X-Forward", "X-Request-Id", "Via-Partner", "X_Custom"])
def test_checked_headers_that_only_look_alike_may_be_set(name: str) -> None:
    assert checked_headers([(name, "1")]) == ((name, "1"),)


@pytest.mark.parametrize("method", ["", "GET /", "CONNECT", "TRACE", "G\r\nT", "get\n"])
def test_checked_method_unusable_is_refused(method: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_method(method)


def test_wire_headers_host_first_and_length_computed() -> None:
    raw = wire_headers(method="POST", authority="example.com", headers=(("Accept", "text/csv"),), body=None)

    assert raw[0] == (b"Host", b"example.com")
    assert (b"Content-Length", b"0") in raw
    assert [value for name, value in raw if name == b"Accept"] == [b"text/csv"]


def test_received_headers_not_utf8_are_latin_1() -> None:
    headers = received_headers([(b"X-Name", b"B\xfccher"), (b"X-Name", "Bücher".encode())])

    assert headers == (("X-Name", "Bücher"), ("X-Name", "Bücher"))


@given(st.text(max_size=20), st.text(max_size=40))
def test_checked_headers_whatever_passes_stays_on_one_line(name: str, value: str) -> None:
    try:
        headers = checked_headers([(name, value)])
    except InvalidRequest:
        return
    written = b"".join(
        part for pair in wire_headers(method="GET", authority="x", headers=headers, body=None) for part in pair
    )
    assert not set(written) & set(b"\r\n\x00")
