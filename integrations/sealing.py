"""Seals secret text for storage: authenticated encryption, bound to the row that it belongs to.

A token is `v1.<key id>.<base64url of nonce and ciphertext>`. AES-256-GCM with a random 96-bit nonce; the token's head
and the row's identity are associated data, so a token that was copied to another row, or whose key id was changed, does
not open. Source: NIST SP 800-38D (nonces), design section 7.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from integrations import conf
from integrations.errors import IntegrationsError

VERSION = "v1"
_NONCE_BYTES = 12
_TAG_BYTES = 16


class SealBroken(IntegrationsError):
    """A sealed value does not open: the key is gone, or the token was altered or belongs elsewhere."""


class Keyring:
    """The data-encryption keys: the first one seals, every one opens."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take 32-byte keys by key id, the sealing one first.

        Raises:
            ValueError: there is none, or one is not 32 bytes long.
        """
        if not keys:
            raise ValueError("there is no encryption key")
        if any(len(key) != 32 for key in keys.values()):
            raise ValueError("an encryption key is not 32 bytes long")
        self._keys = dict(keys)
        self.sealing_key_id = next(iter(self._keys))

    def __repr__(self) -> str:
        return f"<Keyring {', '.join(self._keys)}>"

    def seal(self, plaintext: str, *, identity: str) -> str:
        """Return the token of `plaintext` for the row and column that `identity` names."""
        head = f"{VERSION}.{self.sealing_key_id}"
        nonce = os.urandom(_NONCE_BYTES)
        cipher = AESGCM(self._keys[self.sealing_key_id])
        sealed = cipher.encrypt(nonce, _encoded(plaintext), _associated(head, identity))
        return f"{head}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, token: str, *, identity: str) -> str:
        """Return what was sealed.

        Raises:
            SealBroken: with the identity and the reason, never with content.
        """
        head, _, body = token.rpartition(".")
        cipher = AESGCM(self._key_for(token, identity))
        raw = _decoded(body, identity)
        try:
            plain = cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _associated(head, identity))
        except InvalidTag:
            raise _broken(identity, "it was altered, or sealed for another row or with another key") from None
        return plain.decode(errors="surrogatepass")

    def needs_rotation(self, token: str) -> bool:
        """Return whether `token` was sealed with another key than the one that seals now."""
        return key_id_of(token) != self.sealing_key_id

    def _key_for(self, token: str, identity: str) -> bytes:
        key_id = key_id_of(token)
        if key_id is None:
            raise _broken(identity, "this is not a sealed value")
        if key_id not in self._keys:
            raise _broken(identity, f'its key "{key_id}" is not among DUCTAPE_ENCRYPTION_KEYS')
        return self._keys[key_id]


def keyring() -> Keyring:
    """Return this installation's keys."""
    return Keyring(conf.encryption_keys())


def key_id_of(token: str) -> str | None:
    """Return the id of the key that `token` was sealed with, or None if it is not a token."""
    version, _, rest = token.partition(".")
    key_id, dot, _ = rest.partition(".")
    return key_id if version == VERSION and dot and key_id else None


def _associated(head: str, identity: str) -> bytes:
    return _encoded(f"{head}.{identity}")


def _encoded(text: str) -> bytes:
    # An encoding error would carry the whole text, so none must arise.
    return text.encode(errors="surrogatepass")


def _decoded(body: str, identity: str) -> bytes:
    try:
        raw = base64.b64decode(body, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    # Base64 has several spellings of the same bytes; only the one that we write counts.
    if len(raw) < _NONCE_BYTES + _TAG_BYTES or base64.urlsafe_b64encode(raw).decode() != body:
        raise _broken(identity, "this is not a sealed value")
    return raw


def _broken(identity: str, why: str) -> SealBroken:
    return SealBroken(f"the sealed value of {identity} cannot be opened: {why}")
