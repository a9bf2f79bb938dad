"""Columns of our own: exact JSON, tags, and sealed text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Expression
from django.db.models.lookups import IsNull, Lookup, Transform

from integrations import conf, strict_json
from integrations.definitions.base import TAG_PATTERN
from integrations.definitions.truncation import capped
from integrations.types import Json

if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
    _TextField = models.TextField[str, str]
else:
    # Django's own classes take no type arguments.
    _CharField, _TextField = models.CharField, models.TextField


class ExactJSONField(models.JSONField):
    """JSON that comes back as it was written, on every database.

    Kept as text: PostgreSQL's jsonb orders keys anew and turns 1e22 into an integer, which is another value to us. The
    price is that queries cannot look inside; what is filtered by has a column of its own. None is NULL where the column
    allows it, else JSON's null.
    """

    def get_internal_type(self) -> str:
        return "TextField"

    def from_db_value(self, value: str | None, expression: Expression, connection: Any) -> Json:
        return None if value is None else json.loads(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> str:
        return strict_json.dumps(value)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if hasattr(value, "as_sql") or (value is None and self.null):
            return value
        return self.get_db_prep_value(value, connection)

    def get_lookup(self, lookup_name: str) -> type[Lookup[Any]] | None:
        return IsNull if lookup_name == "isnull" else None

    def get_transform(self, lookup_name: str) -> type[Transform] | None:
        return None


class CappedJSONField(ExactJSONField):
    """History: JSON that is stored whole up to DUCTAPE_PAYLOAD_CAP_BYTES, and as a mark beyond; see `truncation`."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> str:
        return capped(value, cap_bytes=conf.payload_cap_bytes())

    def deconstruct(self) -> Any:
        """Be an ExactJSONField to migrations: the column is the same."""
        name, _, args, kwargs = super().deconstruct()
        return name, f"{__name__}.{ExactJSONField.__name__}", args, kwargs


class TagField(_CharField):
    """A tag of design section 3: how other definitions refer to this row."""

    # \Z, since Python's $ also matches before a final line break.
    default_validators = [
        RegexValidator(TAG_PATTERN.replace("$", r"\Z"), "A letter, then up to 63 of letters, digits and _ . : -")
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 64, **kwargs})


class SealedField(_TextField):
    """A token of `integrations.sealing`, or "" when nothing is sealed.

    It is opened by its row's methods, never by loading. `purpose` is part of what tokens are bound to: it stays when
    the model or the column is renamed, or nothing opens.
    """

    def __init__(self, *args: Any, purpose: str, **kwargs: Any) -> None:
        self.purpose = purpose
        super().__init__(*args, **{"blank": True, "default": "", "editable": False, **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "purpose": self.purpose}
