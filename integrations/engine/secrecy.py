"""What one execution keeps out of everything that is stored of it: the run's secrets, and the tokens that came up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from integrations.connectors.base import LogLine
from integrations.connectors.redaction import REDACTED, SECRET_HEADERS, SHORTEST_SECRET, Redactor
from integrations.types import Json

#: Words that token responses are full of. Taken for secrets they would blot out half of what a run stores, and results
#: that depend on them could not be read back when the run goes on.
_NO_SECRETS = frozenset({
    "bearer", "basic", "token", "access_token", "refresh_token", "client_credentials", "password", "authorization_code",
    "success", "successful", "succeeded", "error", "failed", "active", "true", "false", "null", "none", "read", "write",
})  # fmt: skip


class Secrecy:
    """Redacts like the run's own `Redactor`, and also what was learned since."""

    def __init__(self, redactor: Redactor) -> None:
        self._given = redactor
        self._learned: set[str] = set()
        self._learned_redactor: Redactor | None = None

    def learn(self, values: Iterable[Json]) -> None:
        """Take every text in these values for a secret from now on, but for words that cannot be one."""
        texts = {text for value in values for text in _texts(value) if _may_be_secret(text)}
        if not texts <= self._learned:
            self._learned |= texts
            self._learned_redactor = Redactor(self._learned)

    def text(self, text: str) -> str:
        # What was learned goes first: a token may hold a short secret, whose replacement would hide the token's rest.
        learned = self._learned_redactor
        return self._given.text(learned.text(text) if learned else text)

    def json(self, value: Json) -> Json:
        learned = self._learned_redactor
        return self._given.json(learned.json(value) if learned else value)

    def logs(self, lines: Iterable[LogLine]) -> tuple[LogLine, ...]:
        return tuple(LogLine(line.level, self.text(line.text)) for line in lines)

    def action_input(self, sections: dict[str, Json]) -> Json:
        """Return an action's resolved input without secrets and without headers that carry credentials."""
        headers = sections.get("headers")
        if isinstance(headers, dict):
            shown = {name: REDACTED if name.lower() in SECRET_HEADERS else item for name, item in headers.items()}
            sections = {**sections, "headers": shown}
        return self.json(sections)


def holds_redacted(value: Json) -> bool:
    """Return whether something in `value` was redacted when it was stored."""
    return any(REDACTED in text for text in _texts(value))


def _may_be_secret(text: str) -> bool:
    return len(text) >= SHORTEST_SECRET and text.strip().lower() not in _NO_SECRETS


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
