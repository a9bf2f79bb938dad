"""What every row shares that holds a definition: its columns carry the definition's fields under the same names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from django.db import models

from integrations.definitions.base import Definition
from integrations.types import JsonObject

Shape = TypeVar("Shape", bound=Definition)
Part = TypeVar("Part", bound="PartModel[Any]")

_REQUIRED = object()


class TimestampedModel(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


if TYPE_CHECKING:

    class _ShapedModel(TimestampedModel, Generic[Shape]):
        class Meta:
            abstract = True

else:

    class _ShapedModel(TimestampedModel):
        """Generic for type checkers only: migrations cannot rebuild a model that inherits from `typing.Generic`."""

        class Meta:
            abstract = True

        def __class_getitem__(cls, shape: object) -> type[_ShapedModel]:
            return cls


class DefinitionModel(_ShapedModel[Shape]):
    """A stored definition. A column's default stands for the definition's own default, and the other way round."""

    DEFINITION: type[Shape]
    #: The definition's fields that are columns of the same name. The rest comes from related rows or sealed columns.
    COLUMNS: ClassVar[tuple[str, ...]]

    class Meta:
        abstract = True

    def to_definition(self) -> Shape:
        """Return what this row and its related rows describe, secrets masked.

        Load rows through `with_definition()`, or each related kind costs a query.
        """
        return self.DEFINITION.parse(self.describe())

    def apply(self, definition: Shape) -> None:
        """Set the columns of this row. Related rows and sealed columns have methods of their own; nothing is saved."""
        plain = definition.to_compact_dict()
        for column in self.COLUMNS:
            setattr(self, column, plain[column] if column in plain else self._default_of(column))

    def forget_prefetched(self) -> None:
        """Read related rows anew from now on."""
        self._prefetched_objects_cache: dict[str, Any] = {}

    def describe(self) -> JsonObject:
        """Return the definition as plain JSON, without what has its default."""
        values = {column: getattr(self, column) for column in self.COLUMNS}
        return {column: value for column, value in values.items() if value != self._default_of(column)}

    def _default_of(self, column: str) -> Any:
        field = cast("models.Field[Any, Any]", self._meta.get_field(column))
        if field.has_default():
            return field.get_default()
        return None if field.null else _REQUIRED


class PartModel(DefinitionModel[Shape]):
    """A row that is one part of a bigger definition, at its place among its kind."""

    #: The field that tells parts of one kind apart.
    KEY: ClassVar[str] = "tag"

    #: 0-based.
    position = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


def in_order(parts: Iterable[Part]) -> list[Part]:
    """Return the parts by position; sorted here, so that prefetched rows serve without a query."""
    return sorted(parts, key=lambda part: (part.position, part.pk))
