"""Form fields for the values that a feature takes: each reads JSON from its box, and writes JSON into it.

They only read. Whether a value fits is said by the operation, for all fields at once, so an unreadable number is handed
on as the text that it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.forms import Widget
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from integrations import strict_json
from integrations.admin.forms.problems import form_error
from integrations.admin.forms.widgets import JsonEditorWidget
from integrations.definitions.field import Field
from integrations.definitions.values.equality import json_equal
from integrations.errors import DefinitionError
from integrations.types import Json

#: A longer text gets a box of several lines.
_ONE_LINE = 200
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
#: Longer digits are no number of ours, and slow to read.
_MOST_DIGITS = 400
#: Patterns that mean the same to RE2 and to a browser, which reads them with the flag `v`.
_SHARED_PATTERN = re.compile(
    r"""(?:[A-Za-z0-9_ :@\#%=^$.*+?|(),-] | \\[dwsDWS.] | \{[0-9]+(?:,[0-9]*)?\}
        | \[\^?(?:[A-Za-z0-9]-[A-Za-z0-9] | [A-Za-z0-9_.\ ] | \\[dws])+\])+""",
    re.VERBOSE,
)
_INPUT_TYPES = {"email": "email", "uri": "url", "date": "date"}


class LeftOut:
    """Nothing was given: the key is left out of the input, and its default counts."""


LEFT_OUT: Final = LeftOut()


class ValueField(forms.Field):
    """One value. Its cleaned value is JSON, or LEFT_OUT."""

    def __init__(self, shape: Field, *, widget: Widget) -> None:
        super().__init__(required=False, label=shape.key, help_text=shape.description, widget=widget)
        self.shape = shape

    @property
    def must_be_given(self) -> bool:
        return self.shape.required and self.shape.defaultValue is None

    def to_python(self, value: Any) -> Any:
        return self.read(value if isinstance(value, str) else "")

    def read(self, text: str) -> Json | LeftOut:
        """Return what stands in the box."""
        raise NotImplementedError

    def written(self, value: Json) -> Any:
        """Return what to put into the box for `value`."""
        return value if isinstance(value, str) else strict_json.dumps(value)

    def can_show(self, value: Json) -> bool:
        """Return whether the box gives back just this value."""
        try:
            given = self.to_python(self.written(value))
        except forms.ValidationError:
            return False
        return not isinstance(given, LeftOut) and json_equal(given, value)


class TextField(ValueField):
    def __init__(self, shape: Field) -> None:
        super().__init__(shape, widget=_text_widget(shape))

    def read(self, text: str) -> Json | LeftOut:
        """An empty box is "" where that is a value and something must be given."""
        if not text and not (self.must_be_given and accepts_empty_text(self.shape)):
            return LEFT_OUT
        return text.replace("\r\n", "\n")

    def can_show(self, value: Json) -> bool:
        is_one_line = isinstance(self.widget, UnfoldAdminTextInputWidget)
        return super().can_show(value) and not (is_one_line and "\n" in str(value))


class NumberField(ValueField):
    def __init__(self, shape: Field) -> None:
        bounds = {"min": shape.minimum, "max": shape.maximum}
        given = {name: bound for name, bound in bounds.items() if bound is not None}
        step = "1" if shape.type == "number" else "any"
        attrs = {"type": "number", "step": step, "inputmode": "decimal", **given, **_hints(shape)}
        super().__init__(shape, widget=UnfoldAdminTextInputWidget(attrs))
        self.widget.input_type = "number"

    def read(self, text: str) -> Json | LeftOut:
        return _number(text.strip()) if text.strip() else LEFT_OUT

    def can_show(self, value: Json) -> bool:
        """Browsers show no other text in the box, though it would be handed on."""
        return super().can_show(value) and not isinstance(value, str)


class CheckboxField(ValueField):
    """A boolean that must be given: an empty box is false."""

    def __init__(self, shape: Field) -> None:
        super().__init__(shape, widget=UnfoldBooleanWidget())

    def to_python(self, value: Any) -> Any:
        return value is True or value == "on"

    def written(self, value: Json) -> Any:
        return value


class ChoiceField(ValueField):
    """A choice between JSON values, each as its JSON text, so that 0, "0" and "" stay apart."""

    def __init__(self, shape: Field, choices: tuple[Json, ...]) -> None:
        self.values = {strict_json.canonical(choice): choice for choice in choices}
        labels = [(text, _label(choice)) for text, choice in self.values.items()]
        super().__init__(shape, widget=UnfoldAdminSelectWidget(choices=[("", _nothing_label(shape)), *labels]))
        if self.must_be_given:
            self.widget.attrs["required"] = True

    def read(self, text: str) -> Json | LeftOut:
        return self.values.get(text, text) if text else LEFT_OUT

    def written(self, value: Json) -> Any:
        return next((text for text, choice in self.values.items() if json_equal(choice, value)), "")


class JsonValueField(ValueField):
    """A list or an object, as JSON text."""

    def __init__(self, shape: Field) -> None:
        super().__init__(shape, widget=JsonEditorWidget(place_prefix=f"input/{shape.key}", attrs={"rows": 5}))
        if not self.help_text and shape.sampleValue is not None:
            self.help_text = f"For example {strict_json.dumps(shape.sampleValue)}"

    def read(self, text: str) -> Json | LeftOut:
        return read_json(text) if text.strip() else LEFT_OUT

    def written(self, value: Json) -> str:
        return strict_json.pretty(value)


def value_field(shape: Field) -> ValueField:
    """Return the form field for one field of a feature's input."""
    if shape.enum:
        return ChoiceField(shape, shape.enum)
    match shape.type:
        case "boolean":
            is_plain = shape.required and shape.defaultValue is None
            return CheckboxField(shape) if is_plain else ChoiceField(shape, (True, False))
        case "number" | "float" | "double":
            return NumberField(shape)
        case "array" | "object":
            return JsonValueField(shape)
        case _:
            return TextField(shape)


def accepts_empty_text(shape: Field) -> bool:
    return shape.type == "string" and not (shape.minLength or shape.pattern or shape.format)


def read_json(text: str) -> Json:
    """Return the JSON value of a text.

    Raises:
        ValidationError: with the places of what is wrong.
    """
    try:
        return strict_json.loads(text)
    except DefinitionError as error:
        raise form_error(error.problems) from None


def _number(text: str) -> Json:
    """Return the number that a text is, or the text itself."""
    if len(text) > _MOST_DIGITS:
        return text
    if _WHOLE.fullmatch(text):
        return int(text)
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else text


def _text_widget(shape: Field) -> Widget:
    attrs = {**_text_limits(shape), **_hints(shape)}
    written = [value for value in (shape.defaultValue, shape.sampleValue) if isinstance(value, str)]
    if shape.maxLength > _ONE_LINE or any("\n" in value for value in written):
        attrs.pop("pattern", None)
        return UnfoldAdminTextareaWidget(attrs={**attrs, "rows": 4})
    widget = UnfoldAdminTextInputWidget(attrs)
    widget.input_type = _INPUT_TYPES.get(shape.format or "", "text")
    return widget


def _text_limits(shape: Field) -> dict[str, Any]:
    limits: dict[str, Any] = {"autocomplete": "off"}
    if shape.minLength:
        limits["minlength"] = shape.minLength
    if shape.maxLength:
        limits["maxlength"] = shape.maxLength
    if pattern := _browser_pattern(shape):
        limits["pattern"] = pattern
    return limits


def _browser_pattern(shape: Field) -> str:
    """Return the pattern for the browser, which matches whole texts, or "" where it might read it otherwise."""
    if shape.type == "numberstring":
        return r"[+\-]?[0-9]+(\.[0-9]+)?"
    is_shared = _SHARED_PATTERN.fullmatch(shape.pattern) and "(?" not in shape.pattern
    return f".*(?:{shape.pattern}).*" if is_shared else ""


def _hints(shape: Field) -> Mapping[str, Any]:
    """Return what the browser says about the box: an example, and whether something must be there."""
    hints: dict[str, Any] = {}
    if shape.defaultValue is not None:
        hints["placeholder"] = f"default: {_label(shape.defaultValue)}"
    elif shape.sampleValue is not None:
        hints["placeholder"] = f"for example {_label(shape.sampleValue)}"
    if shape.required and shape.defaultValue is None and not accepts_empty_text(shape):
        hints["required"] = True
    return hints


def _nothing_label(shape: Field) -> str:
    if shape.defaultValue is not None:
        return f"Default: {_label(shape.defaultValue)}"
    return "Choose…" if shape.required else "Not given"


def _label(value: Json) -> str:
    if value == "":
        return "(empty text)"
    return value if isinstance(value, str) else strict_json.dumps(value)
