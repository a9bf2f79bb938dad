"""Functions and their published versions: user code with typed input and output."""

from __future__ import annotations

from django.db import models
from django.db.models import OuterRef, Subquery

from integrations.definitions.function import Function as FunctionDefinition
from integrations.models.base import DefinitionModel
from integrations.models.fields import ExactJSONField, TagField
from integrations.models.frozen import FrozenRows
from integrations.models.versions import VersionModel
from integrations.models.visibility import ScopedQuerySet
from integrations.types import Json


class FunctionQuerySet(ScopedQuerySet["Function"]):
    pass


class Function(DefinitionModel[FunctionDefinition]):
    DEFINITION = FunctionDefinition
    COLUMNS = ("tag", "name", "description", "language", "function", "input", "output")

    class Language(models.TextChoices):
        JAVASCRIPT = "js", "JavaScript"
        TYPESCRIPT = "ts", "TypeScript"
        PYTHON = "python", "Python"

    integration = models.ForeignKey("integrations.Integration", on_delete=models.CASCADE, related_name="functions")
    tag = TagField()
    name = models.CharField(max_length=200, blank=True, default="")
    description = models.TextField(blank=True, default="")
    language = models.CharField(max_length=8, choices=Language)
    #: Source as its author wrote it.
    function = models.TextField("source")
    input = ExactJSONField(default=list, blank=True)
    output = ExactJSONField(default=dict, blank=True)

    objects = FunctionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "tag"], name="function_tag_unique")]
        permissions = [("write_code", "May write code that runs")]

    def __str__(self) -> str:
        return self.tag

    # Queries

    def latest_version(self) -> FunctionVersion | None:
        return self.versions.order_by("-number").first()


class FunctionVersionQuerySet(FrozenRows, ScopedQuerySet["FunctionVersion"]):
    INTEGRATION = "function__integration"
    MEMBERS = "function__integration__members"

    def latest_in(self, integration: models.Model) -> FunctionVersionQuerySet:
        """Return the newest version of each of the integration's functions, with the function."""
        newest = self.filter(function=OuterRef("function")).order_by("-number").values("pk")[:1]
        return self.for_integration(integration).filter(pk=Subquery(newest)).select_related("function")


class FunctionVersion(VersionModel):
    SUBJECT = "function"

    function = models.ForeignKey(Function, on_delete=models.CASCADE, related_name="versions")
    #: What the source was compiled to; this is what runs.
    javascript = models.TextField()

    objects = FunctionVersionQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["function", "number"], name="function_version_number_unique")]

    # Queries

    def to_definition(self) -> FunctionDefinition:
        return FunctionDefinition.parse(self.definition)

    def published(self) -> Json:
        return {"definition": self.definition, "javascript": self.javascript}
