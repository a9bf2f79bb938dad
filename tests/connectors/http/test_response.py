from __future__ import annotations

import base64
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import strict_json
from integrations.connectors.egress import EgressResponse
from integrations.connectors.http.response import BadResponse, HttpResponse, read_response
from integrations.types import Json


def read(body: bytes, content_type: str | None = "application/json", status: int = 200) -> HttpResponse:
    headers = () if content_type is None else (("Content-Type", content_type),)
    return read_response(EgressResponse(status=status, headers=headers, body=body))


def binary(content: bytes, content_type: str) -> Json:
    return {"base64": base64.b64encode(content).decode(), "content_type": content_type}


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        ("application/json", b'{"a": [1, 2.5, null]}', {"a": [1, 2.5, None]}),
        ("Application/JSON; Charset=UTF-8", b"\xef\xbb\xbf[]", []),
        ("application/problem+json", b"0", 0),
        ("application/json", b"false", False),
        ("application/json; charset=utf-16", '"ä"'.encode("utf-16"), "ä"),
        ("application/json; charset=no-such", b"1", 1),
        ("text/json", b"null", None),
        ("text/plain; charset=iso-8859-1", b"B\xfccher", "Bücher"),
        ("text/html", "<p>ä".encode(), "<p>ä"),
        ("text/plain", b"B\xfccher", "B\ufffdcher"),
        ("text/plain; charset=zlib", b"x", "x"),
        ("text/plain; charset=punycode", b"bcher-kva", "bcher-kva"),
        ("text/plain", b"a\x00b", binary(b"a\x00b", "text/plain")),
        ("application/soap+xml", b"<a/>", "<a/>"),
        ("application/x-ndjson", b"{}\n{}", "{}\n{}"),
        ("application/x-www-form-urlencoded", b"a=1&b=x+y&b=&a%5B", {"a": "1", "b": ["x y", ""], "a[": ""}),
        ("application/x-www-form-urlencoded", b"a=%00", "a=%00"),
        ("image/png", b"\x89PNG", binary(b"\x89PNG", "image/png")),
        (None, b' {"a":1}', {"a": 1}),
        (None, b"{no json", "{no json"),
        (None, b"hello", "hello"),
        (None, b"\xff\xfe\x00", binary(b"\xff\xfe\x00", "application/octet-stream")),
        ("json", b"[1]", [1]),
        ("", b"\xff", binary(b"\xff", "application/octet-stream")),
        ("application/json", b"", None),
        ("image/png", b"", None),
    ],
)
def test_read_response_decodes_by_content_type(content_type: str | None, body: bytes, value: Json) -> None:
    response = read(body, content_type)

    assert response.body == value
    assert response.raw_size == len(body)


@pytest.mark.parametrize(
    "body",
    [
        b"{'hunter22': 1}",
        b'{"a": hunter22',
        b"<html>hunter22",
        b'{"hunter22":1,"hunter22":2}',
        b'{"hunter22":NaN}',
        b'{"hunter22":99999999999999999999}',
        b'{"hunter22":"\\u0000"}',
        b'{"hunter22":"\\ud800"}',
        b"[" * 10_000 + b"]" * 10_000,
        b'"hunter22\xff"',
    ],
)
def test_read_response_bad_json_is_a_typed_error_that_quotes_nothing(body: bytes) -> None:
    with pytest.raises(BadResponse, match=r"^response: ") as caught:
        read(body)

    assert (caught.value.code, caught.value.retryable) == ("bad_response", False)
    shown = [line for line in traceback.format_exception(caught.value) if "test_response.py" not in line]
    assert "hunter22" not in "".join(shown)


def test_read_response_broken_syntax_names_line_and_column() -> None:
    with pytest.raises(BadResponse, match=r"\(line 2 column 3\)"):
        read(b'[1,\n  x"]')


@pytest.mark.parametrize("status", [400, 502, 503])
def test_read_response_error_with_bad_json_keeps_its_status(status: int) -> None:
    response = read(b"<html>Bad Gateway", status=status)

    assert (response.status, response.body) == (status, "<html>Bad Gateway")


def test_read_response_header_names_are_lower_case_and_repeated_ones_joined() -> None:
    response = read_response(EgressResponse(status=204, headers=(("Link", "a"), ("link", "b"), ("ETag", "c"))))

    assert response.headers == {"link": "a, b", "etag": "c"}


@given(
    st.binary(max_size=60),
    st.sampled_from([None, "application/json", "text/plain", "application/x-www-form-urlencoded", "a/b"])
    | st.text(max_size=20),
)
def test_read_response_any_bytes_give_storable_json_or_the_documented_error(
    body: bytes, content_type: str | None
) -> None:
    try:
        value = read(body, content_type).body
    except BadResponse:
        return
    assert strict_json.check(value) == value
