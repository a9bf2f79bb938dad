"""Releases: the frozen set of definitions that runs use; equal ones share a row."""

from __future__ import annotations

from django.db import models

from integrations.definitions.release import Release as ReleaseDefinition
from integrations.models.fields import ExactJSONField
from integrations.models.frozen import FrozenModel, FrozenRows


class ReleaseQuerySet(FrozenRows, models.QuerySet["Release"]):
    pass


class Release(FrozenModel):
    #: SHA-256 of the canonical JSON, in hex.
    digest = models.CharField(max_length=64, unique=True)
    content = ExactJSONField()
    feature_version = models.ForeignKey(
        "integrations.FeatureVersion", on_delete=models.SET_NULL, null=True, related_name="releases"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.digest[:12]

    # Queries

    @property
    def is_of_no_feature(self) -> bool:
        """Return whether it was made for what else a job starts (an action, a function, a job): it has no versions."""
        return not self.content["version"]

    def to_definition(self) -> ReleaseDefinition:
        return ReleaseDefinition.parse(self.content)
