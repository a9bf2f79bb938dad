"""Encodes a request body in each of the ways that an app can ask for."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote_plus

from integrations import strict_json
from integrations.connectors.egress import InvalidRequest
from integrations.connectors.http.values import checked_scalar, encoded, flat_pairs, written
from integrations.types import Json, JsonObject


class EncodedBody(NamedTuple):
    content: bytes
    content_type: str


def encode_body(body: Json, *, request_type: str) -> EncodedBody:
    """Return `body` as it is sent; `request_type` is one of `definitions.app.RequestType`.

    Raises:
        InvalidRequest: the body does not fit the request type.
    """
    encode = _ENCODERS.get(request_type)
    if encode is None:
        raise InvalidRequest(f"request_type: there is no {request_type!r}; there are: {', '.join(_ENCODERS)}")
    return encode(body)


def _json(body: Json) -> EncodedBody:
    try:
        text = strict_json.dumps(body)
    except (TypeError, ValueError, RecursionError):
        raise InvalidRequest("body: this value cannot be written as JSON") from None
    return EncodedBody(encoded(text, place="body"), "application/json")


def _form(body: Json) -> EncodedBody:
    pairs = flat_pairs(_object(body, "form"), place="body")
    text = "&".join(
        f"{quote_plus(encoded(name, place='body'))}={quote_plus(encoded(value, place=f'body/{name}'))}"
        for name, value in pairs
    )
    return EncodedBody(text.encode("ascii"), "application/x-www-form-urlencoded")


def _text(body: Json) -> EncodedBody:
    return EncodedBody(encoded(written(checked_scalar(body, place="body")), place="body"), "text/plain; charset=utf-8")


def _xml(body: Json) -> EncodedBody:
    if not isinstance(body, str):
        raise InvalidRequest("body: XML is given as text")
    return EncodedBody(encoded(body, place="body"), "application/xml; charset=utf-8")


def _multipart(body: Json) -> EncodedBody:
    """Encode as RFC 7578 says. A file is an object: `{"filename", "base64" or "text", "content_type"}`."""
    boundary = secrets.token_hex(16)
    parts = [_part(name, value) for name, value in _parts(_object(body, "multipart"))]
    content = b"".join(b"--%b\r\n%b\r\n" % (boundary.encode(), part) for part in parts)
    return EncodedBody(content + b"--%b--\r\n" % boundary.encode(), f"multipart/form-data; boundary={boundary}")


def _parts(body: JsonObject) -> Iterator[tuple[str, Json]]:
    for name, value in body.items():
        yield from ((name, item) for item in (value if isinstance(value, list) else [value]) if item is not None)


def _part(name: str, value: Json) -> bytes:
    place = f"body/{name}"
    disposition = f'Content-Disposition: form-data; name="{_parameter(name)}"'
    if not isinstance(value, dict):
        content = encoded(written(checked_scalar(value, place=place)), place=place)
        return encoded(f"{disposition}\r\n\r\n", place=place) + content
    filename, content_type = value.get("filename", "file"), value.get("content_type", "application/octet-stream")
    if not isinstance(filename, str) or not isinstance(content_type, str):
        raise InvalidRequest(f"{place}: the filename and the content_type of a file are texts")
    head = f'{disposition}; filename="{_parameter(filename)}"\r\nContent-Type: {_one_line(content_type, place)}\r\n\r\n'
    return encoded(head, place=place) + _file_content(value, place)


def _file_content(file: JsonObject, place: str) -> bytes:
    match file:
        case {"base64": str(content)}:
            try:
                return base64.b64decode(content, validate=True)
            except (binascii.Error, ValueError):
                raise InvalidRequest(f"{place}: the content of the file is not base64") from None
        case {"text": str(content)}:
            return encoded(content, place=place)
        case _:
            raise InvalidRequest(f'{place}: a file is an object with "base64" or "text", and a "filename"')


def _parameter(text: str) -> str:
    """Escape what would end the quoted text, as browsers do (HTML standard, multipart/form-data encoding)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _one_line(text: str, place: str) -> str:
    if not text.isprintable():
        raise InvalidRequest(f"{place}: the content_type holds a line break or another control character")
    return text


def _object(body: Json, request_type: str) -> JsonObject:
    if not isinstance(body, dict):
        raise InvalidRequest(f"body: a {request_type} body is an object of names and values")
    return body


_ENCODERS = {"json": _json, "form": _form, "multipart": _multipart, "text": _text, "xml": _xml}
