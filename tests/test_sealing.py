from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.sealing import Keyring, SealBroken, key_id_of

OLD, NEW = os.urandom(32), os.urandom(32)
RING = Keyring({"new": NEW, "old": OLD})

#: Any text that Python can hold, lone surrogates included.
TEXTS = st.text(st.characters(exclude_categories=()))


@given(plaintext=TEXTS, identity=TEXTS)
def test_open_what_was_sealed_returns_it_exactly(plaintext: str, identity: str) -> None:
    token = RING.seal(plaintext, identity=identity)

    assert RING.open(token, identity=identity) == plaintext


def test_seal_the_same_text_twice_differs() -> None:
    tokens = {RING.seal("hush", identity="row") for _ in range(100)}

    assert len(tokens) == 100


def test_seal_names_version_and_key_and_hides_the_text() -> None:
    token = RING.seal("hush", identity="row")

    version, key_id, body = token.split(".")
    assert (version, key_id) == ("v1", "new")
    assert b"hush" not in base64.urlsafe_b64decode(body)


def test_open_for_another_row_is_refused() -> None:
    token = RING.seal("hush", identity="secret.value:1")

    with pytest.raises(SealBroken, match=r"secret\.value:2"):
        RING.open(token, identity="secret.value:2")


@given(data=st.data())
def test_open_an_altered_token_is_refused_without_the_text(data: st.DataObject) -> None:
    token = RING.seal("hush hush", identity="row")
    position = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters(codec="ascii").filter(lambda each: each != token[position]))
    altered = token[:position] + character + token[position + 1 :]

    with pytest.raises(SealBroken) as caught:
        RING.open(altered, identity="row")

    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(text=TEXTS)
def test_open_any_text_raises_only_what_is_documented(text: str) -> None:
    with pytest.raises(SealBroken):
        RING.open(text, identity="row")


@pytest.mark.parametrize(
    "token", ["", "v1", "v1.new", "v1.new.", "v1..AAAA", "v2.new.AAAA", "v1.new.AAAA", "v1.new.***"]
)
def test_open_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(SealBroken):
        RING.open(token, identity="row")


def test_open_under_another_key_id_is_refused() -> None:
    same_key_twice = Keyring({"a": NEW, "b": NEW})
    token = same_key_twice.seal("hush", identity="row")

    with pytest.raises(SealBroken):
        same_key_twice.open(token.replace("v1.a.", "v1.b."), identity="row")


def test_open_with_an_older_key_still_works_and_asks_for_rotation() -> None:
    token = Keyring({"old": OLD}).seal("hush", identity="row")

    assert RING.open(token, identity="row") == "hush"
    assert RING.needs_rotation(token)
    assert not RING.needs_rotation(RING.seal("hush", identity="row"))


def test_open_without_its_key_names_the_key() -> None:
    token = RING.seal("hush", identity="row")

    with pytest.raises(SealBroken, match='"new"'):
        Keyring({"old": OLD}).open(token, identity="row")


@pytest.mark.parametrize("keys", [{}, {"short": b"x" * 31}, {"good": NEW, "long": b"x" * 33}])
def test_keyring_of_bad_keys_is_refused(keys: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="encryption key"):
        Keyring(keys)


def test_keyring_shown_hides_its_keys() -> None:
    assert repr(RING) == "<Keyring new, old>"


@pytest.mark.parametrize(("token", "key_id"), [("v1.k1.AAAA", "k1"), ("v1.k1", None), ("v2.k1.AAAA", None), ("", None)])
def test_key_id_of_a_token(token: str, key_id: str | None) -> None:
    assert key_id_of(token) == key_id
