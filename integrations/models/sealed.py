"""Rows with sealed columns: sealing and opening are explicit, loading and showing never open anything."""

from __future__ import annotations

import json
import uuid
from typing import cast

from django.db import models

from integrations import sealing, strict_json
from integrations.models.fields import SealedField
from integrations.types import Json


class SealedModel(models.Model):
    #: What tokens are bound to. Set before the row has a primary key, and never changed.
    seal_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        abstract = True

    def seal(self, column: str, value: Json) -> None:
        """Set `column` to the token of `value`. "" and {} are values; nothing is saved."""
        token = sealing.keyring().seal(strict_json.dumps(value), identity=self.seal_identity(column))
        setattr(self, column, token)

    def unseal(self, column: str) -> Json:
        """Return what was sealed in `column`, or None if nothing was.

        Raises:
            SealBroken: the key is gone, or the token was altered.
        """
        token = getattr(self, column)
        if not token:
            return None
        value: Json = json.loads(sealing.keyring().open(token, identity=self.seal_identity(column)))
        return value

    def seal_identity(self, column: str) -> str:
        """Return the associated data of this row's `column`."""
        field = cast("SealedField", self._meta.get_field(column))
        return f"{field.purpose}:{self.seal_id}"
