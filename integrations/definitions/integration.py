"""Integrations: named sets of everything else."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import StringConstraints

from integrations.definitions.base import Definition, Tag


class Integration(Definition):
    name: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
    description: Annotated[str, StringConstraints(max_length=10_000)]
    #: True: a second integration of this name (case-folded) is an error. False: creating an existing name opens it.
    unique: bool = False
    #: A slug of the name when left out.
    tag: Tag | None = None

    @property
    def own_tag(self) -> str:
        return self.tag or slug_of(self.name)


def slug_of(name: str) -> str:
    """Return the tag that a name stands for: `Order Sync #2` → `order_sync_2`; it always starts with a letter."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "_", ascii_name).strip("_")[:64]
    return slug if slug[:1].isalpha() else f"i_{slug}"[:64].rstrip("_")
