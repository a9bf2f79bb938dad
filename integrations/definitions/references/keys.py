"""The keys in braces behind a reference: `{name}`, `{[0]}`, and `{"any {text}"}` for keys that need quotes."""

from __future__ import annotations

import json

from integrations import strict_json
from integrations.definitions.references.nodes import Path
from integrations.definitions.references.scanner import INDEX, KEY, QUOTED, Scanner, SyntaxStop
from integrations.errors import InvalidInput

#: As many as JSON may be deep, and the names in front of them.
MAX_KEYS = 100
_QUOTES_HINT = 'put a key that holds braces in quotes: {"a}b"}'


def read_path(scanner: Scanner) -> Path:
    """Step over every `{…}` that follows and return the keys.

    Raises:
        SyntaxStop: a key is empty, not closed, or neither a key nor an index; there are more than `MAX_KEYS`.
    """
    path: list[str | int] = []
    while scanner.accept("{"):
        if len(path) == MAX_KEYS:
            raise SyntaxStop(scanner.position - 1, f"a reference has at most {MAX_KEYS} keys")
        path.append(_read_key(scanner))
    return tuple(path)


def render_path(path: Path) -> str:
    """Return the keys as `read_path` reads them."""
    return "".join(f"{{{_render_key(key)}}}" for key in path)


def quoted_text(raw: str, position: int) -> str:
    """Return the text that a quoted token holds."""
    try:
        text = strict_json.loads(raw)
    except InvalidInput as error:
        raise SyntaxStop(position, f"broken text in quotes: {error.problems[0].message}") from None
    assert isinstance(text, str)  # noqa: S101 (QUOTED matches nothing else)
    return text


def _read_key(scanner: Scanner) -> str | int:
    start = scanner.position
    if scanner.looking_at('"'):
        return _read_quoted_key(scanner)
    if index := scanner.match(INDEX):
        return int(index.group(1))
    found = scanner.match(KEY)
    key = found.group() if found else ""
    if scanner.at_end:
        raise SyntaxStop(start - 1, 'this "{" is never closed')
    if not scanner.accept("}"):
        raise SyntaxStop(scanner.position, 'there is "{" inside a key', _QUOTES_HINT)
    return _checked_key(key, start)


def _read_quoted_key(scanner: Scanner) -> str:
    start = scanner.position
    token = scanner.match(QUOTED)
    if token is None:
        raise SyntaxStop(start, "this quote is never closed", _QUOTES_HINT)
    if not scanner.accept("}"):
        raise SyntaxStop(scanner.position, f'{scanner.found()} where "}}" should be', "after a key in quotes")
    return quoted_text(token.group(), start)


def _checked_key(key: str, position: int) -> str:
    if not key:
        raise SyntaxStop(position, "there is no key between the braces", 'write {""} for an empty key')
    if key.startswith("["):
        hint = f"write a whole number, as in {{[0]}}; for a key that starts with a bracket {{{json.dumps(key)}}}"
        raise SyntaxStop(position, f'"{key[:40]}" is not an index', hint)
    return key


def _render_key(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    plain = key and key[0] not in '"[' and not {"{", "}"} & set(key)
    return key if plain else json.dumps(key, ensure_ascii=False)
