"""Rows of a form that are parts of one definition: read, checked and saved with it."""

from __future__ import annotations

from typing import Any, ClassVar

from unfold.forms import PaginationInlineFormSet

from integrations.admin.forms.base import ShapedForm
from integrations.types import JsonObject

#: Partly typed, without what Django's own formsets keep to themselves.
_FormSet: Any = PaginationInlineFormSet


class PartForm(ShapedForm):
    """One row."""


class PartFormSet(_FormSet):  # type: ignore[misc]  # see above
    """The rows of one kind, in their order."""

    #: The definition's field that these rows are.
    part: ClassVar[str]

    def clean(self) -> None:
        """Leave duplicates to the definition's own check."""

    @property
    def kept(self) -> list[Any]:
        """Return the forms of the rows that are there once this is saved."""
        return [form for form in self.forms if not self._should_delete_form(form) and self._is_filled(form)]

    def given(self) -> list[JsonObject]:
        """Return plain JSON of each kept row."""
        return [form.given() for form in self.kept]

    def _is_filled(self, form: Any) -> bool:
        return form.instance.pk is not None or bool(form.has_changed())
