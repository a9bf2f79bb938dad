"""Takes secrets out of what is about to be stored, logged, shown or mailed, in whatever encoding they turn up."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

from integrations import strict_json
from integrations.types import Json

REDACTED = "[redacted]"
#: Shorter ones would take half of every text with them.
SHORTEST_SECRET = 4
#: Headers whose values are never shown, known secret or not.
SECRET_HEADERS = frozenset({
    "authorization", "cookie", "proxy-authorization", "set-cookie", "x-amz-security-token", "x-api-key", "x-auth-token",
})  # fmt: skip

_PERCENT_ESCAPE = re.compile(r"%[0-9A-F]{2}")
_UNICODE_ESCAPE = re.compile(r"\\u[0-9a-f]{4}")
#: Leading characters of a base64 text that also hold bits of the 0, 1 or 2 bytes in front of the secret.
_SHARED_CHARACTERS = (0, 2, 3)


class Redactor:
    """Replaces every occurrence of its secrets by `[redacted]`: plain, percent-, base64-, hex-, JSON- or HTML-encoded.

    Secrets below four characters are left alone.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in set(secrets) for form in _all_forms(secret)}
        # Longest first, so that a secret that holds another one goes as a whole.
        self._forms = sorted(forms, key=lambda form: (-len(form), form))

    def text(self, text: str) -> str:
        """Return `text` without secrets."""
        # Looking for a literal is so fast that one pass for each is cheaper than one pattern for all; only the few
        # that are there make up a pattern, which then replaces them in one go.
        found = [form for form in self._forms if form in text]
        return re.sub("|".join(map(re.escape, found)), REDACTED, text) if found else text

    def json(self, value: Json) -> Json:
        """Return `value` without secrets in its texts, keys and numbers; the same object if there are none."""
        if not self._forms:
            return value
        encoded = strict_json.dumps(value)
        return self._redacted(value) if any(form in encoded for form in self._forms) else value

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return `headers` with those that carry credentials blanked out, and no secret in the others."""
        return {
            name: REDACTED if name.lower() in SECRET_HEADERS else self.text(value) for name, value in headers.items()
        }

    def _redacted(self, value: Json) -> Json:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self._redacted_object(value)
        if isinstance(value, list):
            return [self._redacted(item) for item in value]
        return value if value is None or isinstance(value, bool) else self._redacted_number(value)

    def _redacted_object(self, value: dict[str, Json]) -> dict[str, Json]:
        redacted: dict[str, Json] = {}
        for key, item in value.items():
            name = self.text(key)
            while name in redacted:  # two secret keys are still two members
                name += "'"
            redacted[name] = self._redacted(item)
        return redacted

    def _redacted_number(self, number: float) -> Json:
        """A PIN or an account number may be stored as text and come back as a number."""
        return number if self.text(written := json.dumps(number)) == written else REDACTED


def _all_forms(secret: str) -> Iterator[str]:
    for form in {secret, secret.strip()}:
        if len(form) >= SHORTEST_SECRET:
            yield from _text_forms(form)
            yield from _byte_forms(form.encode("utf-8", "surrogatepass"))


def _text_forms(secret: str) -> Iterator[str]:
    yield secret
    yield repr(secret)[1:-1]
    for escaped in (_json_escaped(secret, ascii_only=True), _json_escaped(secret, ascii_only=False)):
        yield escaped
        yield escaped.replace("/", r"\/")
        yield _UNICODE_ESCAPE.sub(lambda match: r"\u" + match.group()[2:].upper(), escaped)
    quoted = html.escape(secret)
    yield from (quoted, quoted.replace("&#x27;", "&#39;"), quoted.replace("&quot;", "&#34;").replace("&#x27;", "&#39;"))
    yield html.escape(secret, quote=False)


def _byte_forms(secret: bytes) -> Iterator[str]:
    yield from (secret.hex(), secret.hex().upper(), repr(secret)[2:-1])
    for quoted in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield quoted
        yield _PERCENT_ESCAPE.sub(lambda match: match.group().lower(), quoted)
    for alignment in range(3):
        yield from _base64_forms(secret, alignment)


def _base64_forms(secret: bytes, alignment: int) -> Iterator[str]:
    """Yield the characters that base64 text holds wherever `secret` starts `alignment` bytes into a group of three.

    Characters at either end that are shared with neighboring bytes are left out: a user name in front of a password,
    as in Basic authentication, changes them.
    """
    length = (alignment + len(secret)) * 8 // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(bytes(alignment) + secret).decode("ascii")[_SHARED_CHARACTERS[alignment] : length]


def _json_escaped(text: str, *, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]
