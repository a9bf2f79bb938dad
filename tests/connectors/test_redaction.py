from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from integrations import strict_json
from integrations.connectors.redaction import REDACTED, Redactor
from integrations.types import Json

SECRET = 'hü/"n+t<e>r &2\\2'
secrets = st.text(st.characters(exclude_categories=["Cs"]), min_size=4, max_size=30).filter(
    lambda text: text not in f"x{REDACTED}x" and len(text.strip()) >= 4
)

ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "quote": quote,
    "quote all": lambda text: quote(text, safe=""),
    "quote plus": quote_plus,
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "json": lambda text: json.dumps(text)[1:-1],
    "json utf-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "html": html.escape,
    "html quotes kept": lambda text: html.escape(text, quote=False),
    "repr": lambda text: repr(text)[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 urlsafe": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 unpadded": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(secret=secrets)
def test_text_secret_does_not_survive_in_any_encoding(encoding: str, secret: str) -> None:
    encoded = ENCODINGS[encoding](secret)

    redacted = Redactor([secret]).text(f"x {encoded} x")

    assert encoded.rstrip("=") not in redacted
    assert REDACTED in redacted


@given(secret=secrets, before=st.binary(max_size=9), after=st.binary(max_size=9), urlsafe=st.booleans())
def test_text_secret_within_base64_does_not_survive_at_any_alignment(
    secret: str, before: bytes, after: bytes, *, urlsafe: bool
) -> None:
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    encoded = encode(before + secret.encode() + after).decode()

    redacted = Redactor([secret]).text(f"Basic {encoded}")

    assert REDACTED in redacted
    # At most the characters shared with the neighbors are left of it.
    left_over = redacted.removeprefix("Basic ").replace(REDACTED, "").rstrip("=")
    assert len(left_over) * 6 <= (len(before) + len(after)) * 8 + 24


def test_text_basic_authorization_hides_the_password() -> None:
    header = "Basic " + base64.b64encode(b"user:correct-horse").decode()

    assert "correct" not in Redactor(["correct-horse"]).text(header)
    assert base64.b64encode(b"correct-horse").decode()[4:-4] not in Redactor(["correct-horse"]).text(header)


def test_text_longer_secret_goes_as_a_whole() -> None:
    redactor = Redactor(["token", "token-of-hope", "hope"])

    assert redactor.text("a token-of-hope b") == f"a {REDACTED} b"


def test_text_secret_with_line_break_is_found_without_it() -> None:
    assert Redactor(["hunter22\n"]).text("key hunter22.") == f"key {REDACTED}."


@pytest.mark.parametrize("secret", ["", "a", "abc", "   a   "])
def test_text_short_secret_is_left_alone(secret: str) -> None:
    text = "a abc    a    z"

    assert Redactor([secret] if len(secret) < 4 else [secret.strip()]).text(text) == text


def test_text_nothing_to_hide_is_the_same_object() -> None:
    text = "hello world"
    value: Json = {"a": ["hello"]}

    assert Redactor([]).text(text) is text
    assert Redactor(["hunter22"]).text(text) is text
    assert Redactor(["hunter22"]).json(value) is value


def test_json_keys_values_and_numbers_are_redacted() -> None:
    redactor = Redactor(["hunter22", "12345678"])
    value: Json = {
        "hunter22": 1,
        "x hunter22": [True, None, 12345678, 123456789.5, 1.5, {"a": "is hunter22"}],
        "hunter22 x": "fine",
    }

    assert redactor.json(value) == {
        REDACTED: 1,
        f"x {REDACTED}": [True, None, REDACTED, REDACTED, 1.5, {"a": f"is {REDACTED}"}],
        f"{REDACTED} x": "fine",
    }


def test_json_two_secret_keys_stay_two_members() -> None:
    redacted = Redactor(["hunter22", "hunter33"]).json({"hunter22": 1, "hunter33": 2})

    assert redacted == {REDACTED: 1, f"{REDACTED}'": 2}


@given(secret=secrets, before=st.text(max_size=5), after=st.text(max_size=5))
def test_json_secret_survives_nowhere(secret: str, before: str, after: str) -> None:
    assume("\x00" not in secret)
    value: Json = {"a": [{before + secret + after: before + secret + after}]}

    redacted = Redactor([secret]).json(value)

    assert strict_json.dumps(redacted).count(REDACTED) >= 2


def test_headers_with_credentials_are_blanked_and_others_searched() -> None:
    headers = {
        "Authorization": "Bearer x",
        "set-cookie": "a=b",
        "X-API-Key": "1",
        "X-Note": "hunter22!",
        "Accept": "*/*",
    }

    assert Redactor(["hunter22"]).headers(headers) == {
        "Authorization": REDACTED,
        "set-cookie": REDACTED,
        "X-API-Key": REDACTED,
        "X-Note": f"{REDACTED}!",
        "Accept": "*/*",
    }


def test_redactor_shown_holds_no_secret() -> None:
    assert "hunter22" not in repr(Redactor(["hunter22"]))
