from __future__ import annotations

import base64

import pytest
import webencodings.labels
from hypothesis import given
from hypothesis import strategies as st

from integrations import strict_json
from integrations.connectors.egress import EgressResponse
from integrations.connectors.http.json_answers import BadResponse
from integrations.connectors.http.response import HttpResponse, read_response
from integrations.types import Json

LABELS = sorted(webencodings.labels.LABELS)


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
        ("text/plain", b"B\xfccher", binary(b"B\xfccher", "text/plain")),
        ("application/json, application/json", b"[1]", [1]),
        ("text/plain, application/json; charset=utf-8", b"[1]", [1]),
        ("application/x-www-form-urlencoded", b"a=%ff", "a=%ff"),
        ("application/x-www-form-urlencoded", b"a=\xff", binary(b"a=\xff", "application/x-www-form-urlencoded")),
        ("application/x-www-form-urlencoded; charset=windows-1252", b"a=%e9&b=\xe9", {"a": "\u00e9", "b": "\u00e9"}),
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
    ("body", "said"),
    [
        (b"{'hunter22': 1}", "the body calls itself JSON and is not (line 1 column 2)"),
        (b'{"a": hunter22', "the body calls itself JSON and is not (line 1 column 7)"),
        (b'[1,\n  hunter22"]', "the body calls itself JSON and is not (line 2 column 3)"),
        (b"<html>hunter22", "the body calls itself JSON and is not (line 1 column 1)"),
        (b'{"a":["hunter22",{"b":NaN}]}', "the body calls itself JSON and is not (a[1]/b is NaN)"),
        (b'{"a":-Infinity}', "the body calls itself JSON and is not (a is -Infinity)"),
        (b'{"a":' * 70 + b"1" + b"}" * 70, "nested more than 64 deep, at a/a/a"),
        (b"[" * 10_000 + b"]" * 10_000, "nested more than 64 deep, at the body"),
        (b"[" + b"0," * 200_001 + b"0]", "holds more than 200000 values"),
        (b'"hunter22\xff"', "the body calls itself JSON and is not UTF-8"),
    ],
)
def test_read_response_bad_json_is_a_fault_that_says_what_and_where_and_quotes_no_value(body: bytes, said: str) -> None:
    response = read(body)

    assert isinstance(response.fault, BadResponse)
    assert (response.fault.code, response.fault.retryable) == ("bad_response", False)
    assert said in response.fault.message
    assert "hunter22" not in response.fault.message
    assert response.body in (body.decode("latin-1"), binary(body, "application/json"))


@pytest.mark.parametrize(
    ("body", "value", "notes"),
    [
        (
            b'{"id": 99999999999999999999, "name": "a"}',
            {"id": "99999999999999999999", "name": "a"},
            ["the number id is too large for one and is kept as text"],
        ),
        (
            b'{"a": [{"n": -9223372036854775809}, 9223372036854775807]}',
            {"a": [{"n": "-9223372036854775809"}, 2**63 - 1]},
            ["the number a[0]/n is too large for one and is kept as text"],
        ),
        (b"[1e400]", ["1e400"], ["the number [0] is too large for one and is kept as text"]),
        (b"1" * 5_000, "1" * 5_000, ["the number the body is too large for one and is kept as text"]),
        (
            b'{"items": [{"id": 1, "id": 2}]}',
            {"items": [{"id": 2}]},
            ['the key "id" comes twice in items[0], and the last one counts'],
        ),
        (
            b'{"a": 1, "b": {"x": 1}, "a": {"y": 2}}',
            {"a": {"y": 2}, "b": {"x": 1}},
            ['the key "a" comes twice in the body, and the last one counts'],
        ),
        (
            b'{"a": "x\\u0000y", "b": "\\ud800"}',
            {"a": "x\ufffdy", "b": "\ufffd"},
            [f"{place} holds U+0000 or half of a surrogate pair, replaced by U+FFFD" for place in "ab"],
        ),
        (
            b'{"%b": 1e999, "": 1e999}' % (b"k" * 101),
            {"k" * 101: "1e999", "": "1e999"},
            [
                f"the number (a key of {length} characters) is too large for one and is kept as text"
                for length in (101, 0)
            ],
        ),
        (
            b'{"%b": {"b": {"c": 1e999}}}' % (b"a" * 98),
            {"a" * 98: {"b": {"c": "1e999"}}},
            [f"the number {'a' * 98}/… is too large for one and is kept as text"],
        ),
        (
            b"[" + b",".join([b"1e999"] * 7) + b"]",
            ["1e999"] * 7,
            [f"the number [{index}] is too large for one and is kept as text" for index in range(5)]
            + ["and 2 more of the kind"],
        ),
    ],
)
def test_read_response_json_that_cannot_be_stored_as_it_is_stays_usable(
    body: bytes, value: Json, notes: list[str]
) -> None:
    response = read(body)

    assert (response.body, list(response.notes), response.fault) == (value, notes, None)


@pytest.mark.parametrize("body", [b" ", b"\r\n", b"\n\t ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", "\n".encode("utf-16")])
@pytest.mark.parametrize("content_type", ["application/json", "application/problem+json; charset=utf-8"])
@pytest.mark.parametrize("status", [200, 201, 204, 404])
def test_read_response_blank_json_is_null(body: bytes, content_type: str, status: int) -> None:
    response = read(body, content_type, status)

    assert (response.body, response.fault) == (None, None)


@pytest.mark.parametrize("status", [302, 400, 502, 503])
def test_read_response_error_with_bad_json_keeps_its_status(status: int) -> None:
    response = read(b"<html>Bad Gateway", status=status)

    assert (response.status, response.body) == (status, "<html>Bad Gateway")


def test_read_response_header_names_are_lower_case_and_repeated_ones_joined() -> None:
    response = read_response(EgressResponse(status=204, headers=(("Link", "a"), ("link", "b"), ("ETag", "c"))))

    assert response.headers == {"link": "a, b", "etag": "c"}


@given(
    st.binary(max_size=60),
    st.sampled_from([None, "application/json", "text/plain", "application/x-www-form-urlencoded", "a/b"])
    | st.text(max_size=20)
    | st.sampled_from(LABELS).map("text/plain; charset={}".format),
)
def test_read_response_any_bytes_give_storable_json(body: bytes, content_type: str | None) -> None:
    response = read(body, content_type)

    assert strict_json.check(response.body) == response.body


@given(st.text(max_size=30), st.sampled_from(LABELS))
def test_read_response_text_in_any_charset_comes_back_or_is_kept_as_bytes(text: str, label: str) -> None:
    body = text.encode("utf-8", "replace")
    response = read(body, f"text/plain; charset={label}")

    if isinstance(response.body, dict):
        assert response.body == binary(body, "text/plain")
    elif response.body is not None:
        assert "\ufffd" not in str(response.body) or "\ufffd" in text
