from __future__ import annotations

import base64
import json
from email import message_from_bytes
from email.message import Message
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.connectors.egress import InvalidRequest
from integrations.connectors.http.bodies import EncodedBody, encode_body
from integrations.types import Json

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
values: st.SearchStrategy[Json] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)


def parts_of(encoded: EncodedBody) -> list[Message]:
    head = f"Content-Type: {encoded.content_type}\r\n\r\n".encode()
    payload = message_from_bytes(head + encoded.content).get_payload()
    assert isinstance(payload, list)
    return [part for part in payload if isinstance(part, Message)]


@given(values)
def test_encode_json_reads_back(body: Json) -> None:
    encoded = encode_body(body, request_type="json")

    assert json.loads(encoded.content) == body
    assert encoded.content_type == "application/json"


def test_encode_form_lists_repeat_and_none_is_left_out() -> None:
    encoded = encode_body({"a": "x y&", "b": [1, True], "c": None, "ä": ""}, request_type="form")

    assert encoded == (b"a=x+y%26&b=1&b=true&%C3%A4=", "application/x-www-form-urlencoded")


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1)))
def test_encode_form_reads_back(body: dict[str, Json]) -> None:
    encoded = encode_body(body, request_type="form")

    assert parse_qs(encoded.content.decode()) == {name: [value] for name, value in body.items()}


def test_encode_multipart_values_and_files_read_back() -> None:
    content = bytes(range(256))
    file: Json = {"filename": 'a"\r\nb.bin', "content_type": "image/png", "base64": base64.b64encode(content).decode()}
    body: Json = {"title": "Ä", "count": [1, 2, None], "file": file, "note": {"filename": "n.txt", "text": "hi"}}

    parts = parts_of(encode_body(body, request_type="multipart"))

    assert [part.get_param("name", header="content-disposition") for part in parts] == [
        "title", "count", "count", "file", "note",
    ]  # fmt: skip
    assert [part.get_payload(decode=True) for part in parts] == ["Ä".encode(), b"1", b"2", content, b"hi"]
    assert (parts[3].get_content_type(), parts[3].get_filename()) == ("image/png", "a%22%0D%0Ab.bin")


def test_encode_multipart_name_cannot_add_a_header() -> None:
    encoded = encode_body({'a"\r\nX-Evil: 1': "x"}, request_type="multipart")

    assert b"\r\nX-Evil" not in encoded.content


@pytest.mark.parametrize(
    ("request_type", "body", "content", "content_type"),
    [
        ("text", "hä", "hä".encode(), "text/plain; charset=utf-8"),
        ("text", 0, b"0", "text/plain; charset=utf-8"),
        ("xml", "<a/>", b"<a/>", "application/xml; charset=utf-8"),
        ("json", "", b'""', "application/json"),
        ("json", False, b"false", "application/json"),
    ],
)
def test_encode_plain_types(request_type: str, body: Json, content: bytes, content_type: str) -> None:
    assert encode_body(body, request_type=request_type) == (content, content_type)


@pytest.mark.parametrize(
    ("request_type", "body", "message"),
    [
        ("yaml", {}, "there is no 'yaml'; there are: json, form"),
        ("form", "a=1", "a form body is an object"),
        ("form", {"a": {"b": 1}}, r"body/a: a nested value .*a\[status\]"),
        ("multipart", [1], "a multipart body is an object"),
        ("multipart", {"f": {"filename": "x"}}, 'body/f: a file is an object with "base64"'),
        ("multipart", {"f": {"base64": "!"}}, "not base64"),
        ("multipart", {"f": {"text": "", "content_type": "a\r\nX: 1"}}, "line break"),
        ("multipart", {"f": {"text": "", "filename": 1}}, "are texts"),
        ("multipart", {"f": [[1]]}, "body/f: a nested value"),
        ("text", {"a": 1}, "body: a nested value"),
        ("xml", {"a": 1}, "XML is given as text"),
        ("json", "\ud800", "surrogate"),
        ("json", float("nan"), "cannot be written as JSON"),
        ("form", {"a": float("inf")}, "neither text nor a number"),
        ("form", {"\ud800": "x"}, "surrogate"),
    ],
)
def test_encode_body_that_does_not_fit_is_refused(request_type: str, body: Json, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        encode_body(body, request_type=request_type)
