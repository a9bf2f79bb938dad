"""Features and their published versions: typed operations, either code or a graph of sequences."""

from __future__ import annotations

from django.db import models
from django.db.models import Max, OuterRef, Q, Subquery

from integrations.definitions.feature import Feature as FeatureDefinition
from integrations.models.base import DefinitionModel
from integrations.models.fields import ExactJSONField, TagField
from integrations.models.frozen import FrozenRows
from integrations.models.function import Function
from integrations.models.versions import VersionModel
from integrations.models.visibility import ScopedQuerySet


class FeatureQuerySet(ScopedQuerySet["Feature"]):
    def with_latest_number(self) -> FeatureQuerySet:
        """Add `latest_number`: the number of the newest version, None before the first."""
        return self.annotate(latest_number=Max("versions__number"))


class Feature(DefinitionModel[FeatureDefinition]):
    DEFINITION = FeatureDefinition
    COLUMNS = (
        "tag",
        "name",
        "description",
        "input_type",
        "input",
        "language",
        "function",
        "sequence",
        "output",
        "store_event_results",
        "timeout",
        "concurrency",
        "rate_limit",
        "deduplicate",
    )

    integration = models.ForeignKey("integrations.Integration", on_delete=models.CASCADE, related_name="features")
    tag = TagField()
    name = models.CharField(max_length=200, blank=True, default="")
    description = models.TextField(blank=True, default="")
    input_type = models.CharField(max_length=8, default="json")
    input = ExactJSONField(default=list, blank=True)
    #: Code form: both. Sequence form: both "".
    language = models.CharField(max_length=8, choices=Function.Language, blank=True, default="")
    function = models.TextField("source", blank=True, default="")
    #: Sequence form, with `output` as a mapping of references.
    sequence = ExactJSONField(default=list, blank=True)
    output = ExactJSONField(null=True, blank=True)
    store_event_results = models.BooleanField(default=True)
    #: Seconds.
    timeout = models.FloatField(null=True, blank=True)
    concurrency = models.PositiveIntegerField(null=True, blank=True)
    rate_limit = ExactJSONField(null=True, blank=True)
    deduplicate = ExactJSONField(null=True, blank=True)

    objects = FeatureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["integration", "tag"], name="feature_tag_unique"),
            models.CheckConstraint(
                condition=Q(language="", function="") | (~Q(language="") & ~Q(function="")),
                name="feature_language_beside_function",
                violation_error_message="Give the language beside the function, or neither.",
            ),
        ]

    def __str__(self) -> str:
        return self.tag

    # Queries

    def latest_version(self) -> FeatureVersion | None:
        return self.versions.order_by("-number").first()


class FeatureVersionQuerySet(FrozenRows, ScopedQuerySet["FeatureVersion"]):
    INTEGRATION = "feature__integration"
    MEMBERS = "feature__integration__members"

    def latest_in(self, integration: models.Model) -> FeatureVersionQuerySet:
        """Return the newest version of each of the integration's features, with the feature."""
        newest = self.filter(feature=OuterRef("feature")).order_by("-number").values("pk")[:1]
        return self.for_integration(integration).filter(pk=Subquery(newest)).select_related("feature")


class FeatureVersion(VersionModel):
    SUBJECT = "feature"

    feature = models.ForeignKey(Feature, on_delete=models.CASCADE, related_name="versions")

    objects = FeatureVersionQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["feature", "number"], name="feature_version_number_unique")]

    # Queries

    def to_definition(self) -> FeatureDefinition:
        return FeatureDefinition.parse(self.definition)
