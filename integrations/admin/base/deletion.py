"""What deleting a definition would take away, and what keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.admin.forms.base import Operations


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    title: str
    #: Where it is used; it can be deleted once there are none.
    places: Sequence[str]


def deletion_of(row: Any, operations: Operations) -> Deletion:
    return Deletion(title=f"{row._meta.verbose_name} {row}", places=operations.in_use(row))
