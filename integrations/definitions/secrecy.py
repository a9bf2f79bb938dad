"""How a sealed value looks from outside: write-only, so that what was fetched can still be handed back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from integrations.errors import DefinitionError, Problem, join_place
from integrations.types import Json

#: Stands where a secret is kept. Handing it back keeps what is stored there.
KEPT = "[sealed]"
_REFERENCE = re.compile(r"\$Secret\{([^{}]+)\}")


def masked(value: Json) -> Json:
    """Return `value` with every leaf replaced by `KEPT`: its shape may be seen, its content not.

    A text that is just `$Secret{key}` stays: it names a secret and is none.
    """
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value if value in (None, "") or secret_named_by(value) else KEPT


def secret_named_by(value: Json) -> str | None:
    """Return the key of a value that is just `$Secret{key}`, or None for any other."""
    named = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return named[1] if named else None


def leaves(value: Json, *, place: str) -> Iterator[tuple[str, Json]]:
    """Yield every value within `value` that holds no others, with its place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, place=join_place(place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, place=f"{place}[{index}]")
    else:
        yield place, value


def unmasked(value: Json, stored: Json, *, place: str = "") -> Json:
    """Return `value` with every `KEPT` replaced by what `stored` has at the same place.

    Raises:
        DefinitionError: nothing is stored there; with every such place.
    """
    problems: list[Problem] = []
    kept = _unmasked(value, stored, place, problems)
    if problems:
        raise DefinitionError(problems)
    return kept


def problems_of(value: Json, stored: Json, *, place: str) -> list[Problem]:
    """Return every place below `place` where a secret should be kept and none is stored.

    `stored` may be masked itself, so that nothing needs to be opened for this.
    """
    problems: list[Problem] = []
    _unmasked(value, stored, place, problems)
    return problems


def _unmasked(value: Json, stored: Json, place: str, problems: list[Problem]) -> Json:
    if isinstance(value, dict):
        before = stored if isinstance(stored, dict) else {}
        return {key: _unmasked(item, before.get(key), join_place(place, key), problems) for key, item in value.items()}
    if isinstance(value, list):
        listed = stored if isinstance(stored, list) and len(stored) == len(value) else [None] * len(value)
        return [
            _unmasked(item, before, f"{place}[{index}]", problems)
            for index, (item, before) in enumerate(zip(value, listed, strict=True))
        ]
    if value == KEPT and stored is None:
        problems.append(Problem(place, "there is no stored secret to keep here", "enter the value"))
    return stored if value == KEPT else value
