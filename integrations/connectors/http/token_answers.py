"""Reads what a login or a token URL answers. Nothing of it is ever quoted: any part of it may be the token."""

from __future__ import annotations

import base64
import re
from typing import Final
from urllib.parse import parse_qsl

from integrations.connectors.http.json_answers import BadResponse, read_json
from integrations.connectors.http.response import HttpResponse
from integrations.types import Json, JsonObject

#: What an error of RFC 6749 section 5.2 may be. These words are ours, whatever else an answer says.
_ERRORS: Final = frozenset({
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
    "invalid_scope",
})  # fmt: skip
_FORM: Final = re.compile(r"[^\s=&]+=[^\s&]*(?:&[^\s=&]+=[^\s&]*)*")


def token_in(response: HttpResponse) -> Json:
    """Return the token response: JSON or a form that is plain to see is read as one, whatever its type."""
    body = response.body
    if isinstance(body, dict) and body.keys() == {"base64", "content_type"}:
        text = base64.b64decode(str(body["base64"])).decode("utf-8", "replace")
    elif isinstance(body, str):
        text = body
    else:
        return body
    return _seen(text.strip()) or body


def error_code_in(token: Json) -> str:
    """Return the standard's word for why there is no token, or ""."""
    code = token.get("error") if isinstance(token, dict) else None
    return code if isinstance(code, str) and code in _ERRORS else ""


def _seen(text: str) -> JsonObject | None:
    """Return the object that a text is plain to hold, also as a JSON text within JSON."""
    if text[:1] not in ("{", '"'):
        form = dict(parse_qsl(text)) if _FORM.fullmatch(text) else {}
        return {**form} if "access_token" in form else None
    try:
        value, _ = read_json(text.encode())
    except BadResponse:
        return None
    if isinstance(value, str):
        return _seen(value.strip())
    return value if isinstance(value, dict) else None
