"""Form fields for JSON, choices and secrets."""

from __future__ import annotations

import typing
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget

from integrations import strict_json
from integrations.admin.forms.problems import form_error
from integrations.admin.forms.widgets import JsonEditorWidget, SecretInput
from integrations.errors import DefinitionError
from integrations.types import Json

TAG_HELP = "How others refer to it: a letter, then letters, digits and _ . : - (64 at most), such as create_order."
FIELDS_HELP = (
    'A list of typed fields: [{"key": "amount", "type": "number", "minimum": 1}]. Types: string, numberstring, number '
    '(whole), float, double, uuid, array, object, boolean. Short form: {"amount": {"type": "number"}}.'
)


class TypedText(str):
    """What someone typed, to be shown again just so."""

    __slots__ = ()


class JsonField(forms.CharField):
    """Reads JSON with the one strict decoder. An empty text is `empty`, which in turn is shown as an empty text."""

    def __init__(self, *, empty: Json = None, rows: int = 8, place: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", JsonEditorWidget(place_prefix=place, attrs={"rows": rows}))
        super().__init__(strip=False, **kwargs)
        self.empty = empty

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        if not text.strip():
            return self.empty
        try:
            return strict_json.loads(text)
        except DefinitionError as error:
            raise form_error(error.problems) from None

    def prepare_value(self, value: Any) -> str:
        if isinstance(value, TypedText):
            return value
        return "" if value is None or value == self.empty else strict_json.pretty(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial if self.disabled else TypedText(data or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        if self.disabled:
            return False
        try:
            return bool(self.to_python(data) != (self.empty if initial is None else initial))
        except forms.ValidationError:
            return True


class SecretJsonField(JsonField):
    """JSON whose values are secrets. Shows the stored shape, every value masked, and never what was typed."""

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial


class SecretField(forms.CharField):
    """A secret text; empty keeps what is stored."""

    widget = SecretInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, strip=False, **kwargs)


def choice_field(literal: Any, *, blank: str = "", **kwargs: Any) -> forms.ChoiceField:
    """Return a select of a Literal's values; `blank` words the choice of none and makes the field optional."""
    values = [(value, value) for value in literal_values(literal)]
    choices = [("", blank), *values] if blank else values
    return forms.ChoiceField(choices=choices, required=not blank, widget=UnfoldAdminSelectWidget(), **kwargs)


def literal_values(annotation: Any) -> tuple[str, ...]:
    """Return the values of a Literal, also of an annotated one."""
    if typing.get_origin(annotation) is typing.Annotated:
        return literal_values(typing.get_args(annotation)[0])
    return typing.get_args(annotation)
