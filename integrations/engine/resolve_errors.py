"""What can go wrong when a mapping is resolved.

    IntegrationsError
    └─ ResolveError       a value has the wrong type, or is out of an operator's bounds
       └─ MissingValue    there is no value; `$Default(a, b)` gives b instead

They say where in the mapping, and name references and keys, never values.
"""

from __future__ import annotations

from integrations.errors import IntegrationsError, join_place


class ResolveError(IntegrationsError):
    """A mapping cannot be resolved."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        #: Where in the mapping: `body/amount`.
        self.place = ""
        super().__init__(reason)

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}" if self.place else self.reason

    def move_under(self, prefix: str) -> None:
        """Put the place below `prefix`, on the way up from where the error was raised."""
        self.place = join_place(prefix, self.place)


class MissingValue(ResolveError):
    """A reference points at nothing."""
