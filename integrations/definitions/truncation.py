"""What stands in the history for a value that was too large to be stored whole."""

from __future__ import annotations

from typing import TypeGuard

from integrations import strict_json
from integrations.types import Json, JsonObject

#: How much of the value's JSON text is kept to be looked at.
_PREVIEW_CHARACTERS = 2_000
_KEYS = {"truncated", "size_bytes", "preview"}


def capped(value: Json, *, cap_bytes: int) -> str:
    """Return the JSON text of `value`, or of the mark that stands for it if that is longer than `cap_bytes`.

    The mark is `{"truncated": true, "size_bytes": 312345, "preview": "{\\"orders\\":[…"}`.
    """
    text = strict_json.dumps(value)
    size = _size_beyond(text, cap_bytes)
    if size is None:
        return text
    return strict_json.dumps({"truncated": True, "size_bytes": size, "preview": text[:_PREVIEW_CHARACTERS]})


def size_beyond(value: Json, *, cap_bytes: int) -> int | None:
    """Return how many bytes the JSON text of `value` takes if these are more than `cap_bytes`, else None."""
    return _size_beyond(strict_json.dumps(value), cap_bytes)


def _size_beyond(text: str, cap_bytes: int) -> int | None:
    # No character takes more than four bytes, so most texts need not be encoded to be measured.
    if len(text) * 4 <= cap_bytes:
        return None
    size = len(text.encode())
    return size if size > cap_bytes else None


def capped_lines(texts: list[str], *, cap_bytes: int) -> list[str]:
    """Return log lines up to `cap_bytes` together; the last of them says how much was left out."""
    left = cap_bytes
    for index, text in enumerate(texts):
        size = len(text.encode())
        if size > left:
            kept = text.encode()[:left].decode(errors="ignore")
            beyond = sum(len(each.encode()) for each in texts[index:]) - len(kept.encode())
            return [*texts[:index], f"{kept}… [truncated: {beyond} bytes more]"]
        left -= size
    return texts


def is_truncated(value: Json) -> TypeGuard[JsonObject]:
    """Return whether `value` is the mark of one that was not stored whole."""
    return isinstance(value, dict) and value.get("truncated") is True and value.keys() == _KEYS
