"""Reads settings from the environment strictly: a missing or misspelled value stops the start and says what to set."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

from ductape_site import dotenv
from integrations.errors import DefinitionError

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_KEY_BYTES = 32
#: Of 32 random bytes, fewer than this differ once in 10^25 times.
_DISTINCT_BYTES = 10
#: What Django's own check asks of a secret key (security.W009).
_KEY_LENGTH, _KEY_CHARACTERS = 50, 5
_HOST = re.compile(r"\.?[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\]")
_ORIGIN = re.compile(r"https?://(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9._-]*)(?::\d+)?|https?://\[[0-9A-Fa-f:.]+\](?::\d+)?")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_BROKERS = ("amqp", "amqps", "redis", "rediss")


class Environment(environ.FileAwareEnv):
    """Environment variables, each also readable from the file that `<NAME>_FILE` points at (for mounted secrets)."""

    ENVIRON = FileAwareMapping(cache=False)

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # django-environ annotates methods, not this one

    def text(self, name: str, *, default: str = "") -> str:
        """Return the value without surrounding white space (files end in a newline), or `default` when it is empty."""
        return self._raw(name).strip() or default

    def required(self, name: str, *, to_set: str) -> str:
        """Return the value; there is no default. `to_set` ends the sentence "Set NAME (or NAME_FILE) to ..."."""
        value = self._raw(name).strip()
        if not value:
            raise ImproperlyConfigured(
                f"{name} is missing. Set {name} (or {name}_FILE, the path of a file that holds it) to {to_set}."
            )
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return a strict boolean. django-environ's own `bool` reads any unknown word as False."""
        word = self.text(name).lower()
        if word in _TRUE or (not word and default):
            return True
        if word in _FALSE or not word:
            return False
        raise ImproperlyConfigured(
            f"{name} is {word!r}, which is neither yes nor no. Set it to one of: {', '.join(_TRUE + _FALSE)}."
        )

    def whole_number(self, name: str, *, default: int, minimum: int) -> int:
        word = self.text(name)
        if not word:
            return default
        if not (word.isascii() and word.isdigit()) or int(word) < minimum:
            raise ImproperlyConfigured(f"{name} is {word!r}. Set it to a whole number from {minimum} up.")
        return int(word)

    def one_of(self, name: str, *, choices: tuple[str, ...]) -> str:
        """Return one of `choices`; the first when nothing is set."""
        word = self.text(name, default=choices[0]).lower()
        if word not in choices:
            raise ImproperlyConfigured(f"{name} is {word!r}. Set it to one of: {', '.join(choices)}.")
        return word

    def words(self, name: str) -> list[str]:
        """Return the entries of a comma-separated value, empty ones left out."""
        return split_words(self.text(name))

    def _raw(self, name: str) -> str:
        try:
            return str(self.ENVIRON.get(name, ""))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read: {reason}.") from None


def split_words(text: str) -> list[str]:
    return [word for entry in text.split(",") if (word := entry.strip())]


def parse_encryption_keys(text: str) -> dict[str, bytes]:
    """Return key bytes by key id, in the order given: the first seals, all open.

    `text` is a comma-separated list of `keyid:key`, the key 32 bytes in URL-safe base64 (padding may be left out).

    Raises:
        ImproperlyConfigured: naming the entry by its position, never by its content.
    """
    keys: dict[str, bytes] = {}
    for position, entry in enumerate(split_words(text), start=1):
        key_id, _, encoded = entry.partition(":")
        key = _decode_key(encoded)
        if not _KEY_ID.fullmatch(key_id) or key is None:
            raise _bad_key(position, "is not `keyid:key`, the key being 32 bytes in URL-safe base64")
        if len(set(key)) < _DISTINCT_BYTES:
            raise _bad_key(position, "is not random; make a key as .env.example says")
        if key_id in keys:
            raise _bad_key(position, f'uses the key id "{key_id}" a second time')
        keys[key_id] = key
    return keys


def _decode_key(encoded: str) -> bytes | None:
    padded = encoded.rstrip("=")
    try:
        key = base64.b64decode(padded + "=" * (-len(padded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == _KEY_BYTES else None


def _bad_key(position: int, what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"DUCTAPE_ENCRYPTION_KEYS: entry {position} {what}.")


def checked_secret_key(key: str) -> str:
    """Return SECRET_KEY; one that can be guessed is refused, and not repeated."""
    if key.startswith("django-insecure-") or len(key) < _KEY_LENGTH or len(set(key)) < _KEY_CHARACTERS:
        raise ImproperlyConfigured(
            f"SECRET_KEY can be guessed. Set it to {_KEY_LENGTH} or more random characters, made as .env.example says."
        )
    return key


def checked_hosts(words: list[str]) -> list[str]:
    """Return ALLOWED_HOSTS; what no request could match, or every request would, is refused."""
    for word in words:
        if not _HOST.fullmatch(word):
            raise ImproperlyConfigured(
                f"ALLOWED_HOSTS: {word!r} is not a host name. Write console.example.com, without scheme or port,"
                " or .example.com for all below it."
            )
    return words


def checked_origins(words: list[str]) -> list[str]:
    """Return CSRF_TRUSTED_ORIGINS; what no Origin header could match is refused."""
    for word in words:
        if not _ORIGIN.fullmatch(word):
            raise ImproperlyConfigured(
                f"CSRF_TRUSTED_ORIGINS: {word!r} is not an origin. Write https://console.example.com, without a path."
            )
    return words


def checked_path(text: str) -> str:
    """Return DUCTAPE_PATH without a slash at its end; "" is the root."""
    path = text.rstrip("/")
    if path and not _PATH.fullmatch(path):
        raise ImproperlyConfigured(f"DUCTAPE_PATH is {text!r}. Set it to a path such as /console, or leave it empty.")
    return path


def egress_entries(words: list[str]) -> tuple[str, ...]:
    """Return DUCTAPE_EGRESS_ALLOW's entries; what the egress client could not read is refused here already."""
    from integrations.connectors.egress.policy import EgressPolicy

    try:
        EgressPolicy.parse(words)
    except DefinitionError as error:
        raise ImproperlyConfigured("; ".join(map(str, error.problems))) from None
    return tuple(words)


def checked_broker_url(url: str) -> str:
    """Return CELERY_BROKER_URL; one that Celery would only stumble over later is refused here, and not repeated."""
    scheme, separator, rest = url.partition("://")
    if scheme not in _BROKERS or not separator or not rest:
        raise ImproperlyConfigured(
            "CELERY_BROKER_URL names no broker that this runs on."
            " Set it to amqp://USER:PASSWORD@HOST:5672/VHOST (RabbitMQ) or redis://:PASSWORD@HOST:6379/0 (Redis);"
            " amqps:// and rediss:// connect over TLS."
        )
    return url


def load(root: Path) -> Environment:
    """Return the environment, completed from a `.env` file; variables that are already set win over the file.

    The file is `<root>/.env`, or what DUCTAPE_ENV_FILE names; an empty DUCTAPE_ENV_FILE reads no file (tests do that).
    """
    env = Environment()
    env_file: Any = env.ENVIRON.get("DUCTAPE_ENV_FILE", str(root / ".env"))
    if env_file and Path(env_file).is_file():
        for name, value in dotenv.read(Path(env_file)).items():
            env.ENVIRON.setdefault(name, value)
    return env
