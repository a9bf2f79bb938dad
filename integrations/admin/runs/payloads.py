"""JSON values of runs and steps as pages show them: indented, and cut where they are long."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db.models import F, TextField
from django.db.models.functions import Substr

from integrations import strict_json

#: Characters of a value's JSON text that a page shows; the rest is behind a link.
SHOWN_CHARACTERS = 6_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    text: str
    #: Only its beginning is shown.
    is_cut: bool
    #: Gives all of it, as plain JSON.
    url: str


def cut_text(column: str) -> Substr:
    """Return an expression for the beginning of a JSON column: the database keeps the rest of a long one."""
    return Substr(F(column), 1, SHOWN_CHARACTERS + 1, output_field=TextField())


def payload(text: str | None, *, url: str) -> Payload | None:
    """Return what to show for what `cut_text` gave; None where nothing is stored."""
    if text is None:
        return None
    if len(text) > SHOWN_CHARACTERS:
        return Payload(text=text[:SHOWN_CHARACTERS], is_cut=True, url=url)
    return Payload(text=strict_json.pretty(json.loads(text)), is_cut=False, url=url)
