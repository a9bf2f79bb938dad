"""Names that people hand in, before the database is asked for them."""

from __future__ import annotations

from typing import TypeGuard


def may_exist(name: object) -> TypeGuard[str]:
    """Return whether something can be called that.

    No tag holds what cannot be printed, and half of a surrogate pair or U+0000 cannot even be asked for.
    """
    return isinstance(name, str) and name.isprintable()
