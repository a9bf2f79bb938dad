"""Reads what came back into plain JSON values."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

from integrations.connectors.egress import EgressError, EgressResponse
from integrations.connectors.http.json_answers import BadResponse, read_json
from integrations.connectors.http.texts import charset_of, decode_text
from integrations.types import Json, JsonObject

_JSON_TYPE = re.compile(r"(?:application|text)/json|[a-z]+/[a-z0-9.+_-]+\+json")
_TEXT_TYPE = re.compile(
    r"text/.+|.+\+xml|application/(?:xml|javascript|ecmascript|graphql|yaml|x-yaml|x-ndjson|ndjson|jsonl|sql)"
)
_MEDIA_TYPE = re.compile(r"[!-~]+/[!-~]+")
_FORM_TYPE = "application/x-www-form-urlencoded"
_MAX_FORM_FIELDS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    status: int
    #: Names in lower case; a header that came several times is joined with commas.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: JSON as it is; an object for a form; text; `{"base64", "content_type"}` for anything else; None if empty.
    body: Json = field(default=None, repr=False)
    #: What was changed in the body so that it can be stored.
    notes: tuple[str, ...] = field(default=(), repr=False)
    #: What is wrong with the body, which is then what could be had of it: its text, or None. The status comes first.
    fault: EgressError | None = None
    raw_size: int = 0
    duration_ms: float = 0.0


class _ContentType(NamedTuple):
    name: str
    #: The charset as it is labelled, or "".
    label: str


class _Read(NamedTuple):
    body: Json
    notes: tuple[str, ...] = ()
    fault: EgressError | None = None


def read_response(response: EgressResponse) -> HttpResponse:
    """Return `response` with its body decoded by its content type; without one, by what it looks like.

    A body that calls itself JSON and is not is kept as text beside the fault, which quotes no value of it. Bytes that
    are not in the charset that they should be in are kept as they are.
    """
    names = dict.fromkeys(name.lower() for name, _ in response.headers)
    headers = {name: response.header(name) or "" for name in names}
    body, notes, fault = _read(response.body, _content_type(headers.get("content-type", "")))
    return HttpResponse(
        status=response.status,
        headers=headers,
        body=body,
        notes=notes,
        fault=fault,
        raw_size=len(response.body),
        duration_ms=response.duration_ms,
    )


def without_body(response: EgressResponse, fault: EgressError) -> HttpResponse:
    """Return a response of which only the head can be used."""
    return replace(read_response(response), fault=fault)


def _read(body: bytes, kind: _ContentType) -> _Read:
    if not body:
        return _Read(None)
    if _JSON_TYPE.fullmatch(kind.name):
        return _json(body, kind)
    if kind.name == _FORM_TYPE:
        return _Read(_form(body, kind))
    if not kind.name:
        read = _json(body, kind) if body.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] in (b"{", b"[") else None
        return read if read is not None and read.fault is None else _Read(_text(body, kind))
    return _Read(_text(body, kind) if _TEXT_TYPE.fullmatch(kind.name) else _binary(body, kind))


@lru_cache(maxsize=64)  # the same few types all day
def _content_type(header: str) -> _ContentType:
    """A header that came twice is joined with commas; the last that is one counts (Fetch standard)."""
    if "," in header.partition(";")[0]:
        kinds = [kind for kind in map(_content_type, reversed(header.split(","))) if kind.name]
        return kinds[0] if kinds else _ContentType("", "")
    message = Message()
    message["Content-Type"] = header.replace("\r", "").replace("\n", "")
    label = message.get_param("charset", "")
    name = header.partition(";")[0].strip().lower()
    return _ContentType(
        name if _MEDIA_TYPE.fullmatch(name) else "", label.strip("\"' ") if isinstance(label, str) else ""
    )


def _json(body: bytes, kind: _ContentType) -> _Read:
    try:
        value, notes = read_json(body, label=kind.label)
    except BadResponse as fault:
        return _Read(_text(body, kind), fault=fault)
    return _Read(value, notes)


def _form(body: bytes, kind: _ContentType) -> Json:
    """Return the values of a form; as text when they are too many, not in their charset, or cannot be stored."""
    decode = charset_of(label=kind.label)
    try:
        raw = parse_qsl(body.decode("latin-1"), True, encoding="latin-1", max_num_fields=_MAX_FORM_FIELDS)
        pairs = [(decode(name.encode("latin-1")), decode(value.encode("latin-1"))) for name, value in raw]
    except ValueError:
        return _text(body, kind)
    if any("\x00" in part for pair in pairs for part in pair):
        return _text(body, kind)
    values: JsonObject = {}
    for name, value in pairs:
        before = values.get(name)
        values[name] = value if name not in values else [*(before if isinstance(before, list) else [before]), value]
    return values


def _text(body: bytes, kind: _ContentType) -> Json:
    text = decode_text(body, media_type=kind.name, label=kind.label)
    return _binary(body, kind) if text is None else text


def _binary(body: bytes, kind: _ContentType) -> Json:
    content_type = kind.name or "application/octet-stream"
    return {"base64": base64.b64encode(body).decode("ascii"), "content_type": content_type}
