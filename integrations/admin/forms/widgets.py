"""Form widgets of the console: editors for JSON and source code, and a field for secrets that never shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.forms.widgets import Media, Script
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

_EDITOR_MEDIA = Media(
    css={"all": ["integrations/css/editor.css"]},
    js=[Script("integrations/js/editor.js", type="module")],  # type: ignore[list-item]  # the stubs are behind Django 5.2
)


class _EditorWidget(UnfoldAdminTextareaWidget):
    """A <textarea> that static/integrations/js/editor.js turns into a code editor; it works without scripts too."""

    def __init__(self, *, language: str, attrs: Mapping[str, Any] | None = None, **data: str) -> None:
        hooks = {f"data-{name.replace('_', '-')}": value for name, value in data.items() if value}
        plain = {"rows": 14, "spellcheck": "false", "autocapitalize": "off", "autocomplete": "off"}
        super().__init__(attrs={**plain, "data-editor": language, **hooks, **(attrs or {}), "class": "code-textarea"})

    @property
    def media(self) -> Media:
        return _EDITOR_MEDIA


class JsonEditorWidget(_EditorWidget):
    """Edits a JSON text, with its problems listed below it and marked at their places."""

    def __init__(self, *, place_prefix: str = "", check_url: str = "", attrs: Mapping[str, Any] | None = None) -> None:
        """Prepare the editor of one field.

        `place_prefix` is where this field's text stands in the definition (`sequence`): only problems at or below it
        are shown, their places read from there. `check_url` answers a POST of the whole form, unsaved, with
        `{"problems": [{"place": …, "message": …, "hint": …}]}`; without one, only the JSON syntax is checked.
        """
        super().__init__(language="json", attrs=attrs, place_prefix=place_prefix, check_url=check_url)


class CodeEditorWidget(_EditorWidget):
    """Edits source code, colored by the language that another field of the form names."""

    def __init__(
        self,
        *,
        language: str = "javascript",
        language_from: str = "",
        place_prefix: str = "",
        check_url: str = "",
        attrs: Mapping[str, Any] | None = None,
    ) -> None:
        """Prepare the editor of one field.

        `language_from` is a CSS selector (`#id_language`); its value, `language` until it has one, is one of `js`,
        `ts`, `javascript`, `typescript`, `json`; any other is edited as plain text. `place_prefix` and `check_url`
        are those of `JsonEditorWidget`; a problem may also carry `line` and `column`, 1-based.
        """
        super().__init__(
            language=language,
            attrs=attrs,
            language_from=language_from,
            place_prefix=place_prefix,
            check_url=check_url,
        )


class SecretInput(UnfoldAdminTextInputWidget):
    """Takes a secret and never gives one back, neither a stored one nor one just typed into a form with errors.

    The field is always empty, so its placeholder can say whether a value is stored. A form with `required=False` reads
    an empty answer as "keep it".
    """

    input_type = "password"

    def __init__(self, *, is_set: bool = False, attrs: Mapping[str, Any] | None = None) -> None:
        # "new-password" keeps password managers from filling in the user's own; "off" alone is ignored by browsers.
        super().__init__(attrs={"autocomplete": "new-password", "spellcheck": "false", **(attrs or {})})
        self.is_set = is_set

    def format_value(self, value: object) -> None:
        """Return nothing, whatever is stored or was typed."""

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        state = "Set. Leave empty to keep it" if self.is_set else "Not set"
        return super().get_context(name, None, {**(attrs or {}), "placeholder": state, "aria-description": state})
