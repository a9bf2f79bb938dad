"""A result that was too large to be stored whole, in an execution that goes on from what was stored."""

from __future__ import annotations

from typing import Never

from integrations.definitions.truncation import is_truncated
from integrations.engine.resolve_errors import ResolveError
from integrations.types import Json


class TruncatedValue(ResolveError):
    """What is to be read was not stored whole, and nobody has it any more."""

    code = "truncated"


class Truncated(dict[str, Json]):
    """Stands for such a result: it is stored as the mark that it was made of, and cannot be read."""

    def refuse(self) -> Never:
        """Raise TruncatedValue."""
        raise TruncatedValue(
            f"a result that it reads is {self.get('size_bytes')} bytes long and was stored truncated, before the run "
            "went on from there; let the event return less, or raise DUCTAPE_PAYLOAD_CAP_BYTES, and start a new run"
        )

    def __getitem__(self, key: str) -> Never:
        self.refuse()


def taken_over(result: Json) -> Json:
    """Return a result that comes from where it was stored, so that it cannot be read unless it is whole."""
    return Truncated(result) if is_truncated(result) else result


def joined(results: list[Json]) -> Json:
    """Return results as one list, which cannot be read unless all of them are whole."""
    return next((each for each in results if isinstance(each, Truncated)), results)


def whole(result: Json) -> Json:
    """Return a result if it is whole.

    Raises:
        TruncatedValue
    """
    return result.refuse() if isinstance(result, Truncated) else result
