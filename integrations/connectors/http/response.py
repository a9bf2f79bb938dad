"""Reads what came back into plain JSON values."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.message import Message
from functools import lru_cache
from typing import ClassVar, NamedTuple
from urllib.parse import parse_qsl

from integrations import strict_json
from integrations.connectors.egress import EgressError, EgressResponse
from integrations.errors import InvalidInput
from integrations.types import Json, JsonObject

_JSON_TYPE = re.compile(r"(?:application|text)/json|[a-z]+/[a-z0-9.+_-]+\+json")
_TEXT_TYPE = re.compile(
    r"text/.+|.+\+xml|application/(?:xml|javascript|ecmascript|graphql|yaml|x-yaml|x-ndjson|ndjson|jsonl|sql)"
)
_MEDIA_TYPE = re.compile(r"[!-~]+/[!-~]+")
_FORM_TYPE = "application/x-www-form-urlencoded"
#: Python's names; left out are codecs that are no charsets or slow on long texts (punycode, idna, unicode_escape).
_CHARSET = re.compile(
    r"utf-(?:8|16|32)(?:-[bl]e|-sig)?|ascii|latin-1|iso8859-\d+|cp\d+|koi8-[ru]|mac-roman|gb2312|gbk|gb18030|big5"
    r"|shift_jis|euc_(?:jp|kr)|iso2022_jp"
)
_LINE_AND_COLUMN = re.compile(r"line \d+ column \d+")
_MAX_FORM_FIELDS = 1_000


class BadResponse(EgressError):
    """The answer is not what its Content-Type says."""

    CODE: ClassVar[str] = "bad_response"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    status: int
    #: Names in lower case; a header that came several times is joined with commas.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: JSON as it is; an object for a form; text; `{"base64", "content_type"}` for anything else; None if empty.
    body: Json = field(default=None, repr=False)
    raw_size: int = 0
    duration_ms: float = 0.0


class _ContentType(NamedTuple):
    name: str
    charset: str


def read_response(response: EgressResponse) -> HttpResponse:
    """Return `response` with its body decoded by its content type; without one, by what it looks like.

    Raises:
        BadResponse: a successful answer calls itself JSON and is not, or breaks a rule of `strict_json`. An error's
            body is kept as text instead: its status says more than its syntax. The message quotes nothing of it.
    """
    names = dict.fromkeys(name.lower() for name, _ in response.headers)
    headers = {name: response.header(name) or "" for name in names}
    return HttpResponse(
        status=response.status,
        headers=headers,
        body=_decoded(response.body, content_type=headers.get("content-type", ""), status=response.status),
        raw_size=len(response.body),
        duration_ms=response.duration_ms,
    )


def _decoded(body: bytes, *, content_type: str, status: int) -> Json:
    if not body:
        return None
    kind = _content_type(content_type)
    if _JSON_TYPE.fullmatch(kind.name):
        return _json(body, kind.charset) if status < 400 else _json_or_text(body, kind)
    if kind.name == _FORM_TYPE:
        return _form(body, kind)
    if not kind.name:
        return _json_or_text(body, kind) if body.lstrip()[:1] in (b"{", b"[") else _text(body, kind, guess=True)
    return _text(body, kind) if _TEXT_TYPE.fullmatch(kind.name) else _binary(body, kind)


@lru_cache(maxsize=64)  # the same few types all day
def _content_type(header: str) -> _ContentType:
    message = Message()
    message["Content-Type"] = header.replace("\r", "").replace("\n", "")
    charset = message.get_param("charset", "utf-8")
    name = header.partition(";")[0].strip().lower()
    return _ContentType(
        name if _MEDIA_TYPE.fullmatch(name) else "", _known_charset(charset if isinstance(charset, str) else "utf-8")
    )


def _known_charset(name: str) -> str:
    try:
        known = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return "utf-8"
    return known if _CHARSET.fullmatch(known) else "utf-8"


def _json(body: bytes, charset: str) -> Json:
    limits = replace(strict_json.DEFAULT_LIMITS, max_bytes=max(len(body), strict_json.DEFAULT_LIMITS.max_bytes))
    try:
        return strict_json.loads(body if charset == "utf-8" else body.decode(charset), limits=limits)
    except UnicodeDecodeError:
        raise BadResponse(f"response: the body is not the {charset} text that it claims to be") from None
    except InvalidInput as error:
        raise BadResponse(_without_excerpt(error)) from None


def _without_excerpt(error: InvalidInput) -> str:
    """The decoder's own words may quote a key or a path of the body, and that could hold a secret."""
    place = error.problems[0].place
    if _LINE_AND_COLUMN.fullmatch(place):
        return f"response: the body calls itself JSON and is not ({place})"
    return (
        "response: the JSON of the body is refused (it is too deep or too large, has a key twice, NaN, an integer"
        " beyond 64 bits, U+0000 or half of a surrogate pair, or is not UTF-8)"
    )


def _json_or_text(body: bytes, kind: _ContentType) -> Json:
    try:
        return _json(body, kind.charset)
    except BadResponse:
        return _text(body, kind, guess=True)


def _form(body: bytes, kind: _ContentType) -> Json:
    text = body.decode(kind.charset, "replace")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FORM_FIELDS)
    except ValueError:
        return _text(body, kind)
    if any("\x00" in part for pair in pairs for part in pair):  # nothing that we store may hold one
        return _text(body, kind)
    values: JsonObject = {}
    for name, value in pairs:
        before = values.get(name)
        values[name] = value if name not in values else [*(before if isinstance(before, list) else [before]), value]
    return values


def _text(body: bytes, kind: _ContentType, *, guess: bool = False) -> Json:
    """Return the text; bytes that are none where the type is only guessed, or hold U+0000, are kept as binary."""
    try:
        text = body.decode(kind.charset, "strict" if guess else "replace")
    except UnicodeDecodeError:
        return _binary(body, kind)
    return _binary(body, kind) if "\x00" in text else text


def _binary(body: bytes, kind: _ContentType) -> Json:
    content_type = kind.name or "application/octet-stream"
    return {"base64": base64.b64encode(body).decode("ascii"), "content_type": content_type}
