"""What the frozen versions of functions and features share."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from integrations import strict_json
from integrations.models.fields import ExactJSONField
from integrations.models.frozen import FrozenModel
from integrations.types import Json


class VersionModel(FrozenModel):
    """A published definition: numbered from 1, hashed, with who and why. Never changes."""

    #: The foreign key to what this is a version of.
    SUBJECT: ClassVar[str]

    number = models.PositiveIntegerField()
    #: Compact JSON of the definition.
    definition = ExactJSONField()
    #: Of all that was published, in hex: equal hashes mean equal versions.
    sha256 = models.CharField(max_length=64, editable=False)
    reason = models.TextField(blank=True, default="")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{getattr(self, self.SUBJECT)} version {self.number}"

    # Mutators

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.sha256 = hashlib.sha256(strict_json.canonical(self.published()).encode()).hexdigest()
        super().save(*args, **kwargs)

    # Queries

    def published(self) -> Json:
        """Return what the hash is taken of."""
        return {"definition": self.definition}
