"""What the forms of definitions share: JSON out of the fields, problems back to them, no silent overwriting."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from django import forms

from integrations import strict_json
from integrations.admin.forms.fields import JsonField, SecretField, SecretJsonField
from integrations.admin.forms.problems import ShowsProblems, form_error
from integrations.errors import DefinitionError, IntegrationsError, Problem
from integrations.types import Json, JsonObject

#: `actions[2]/resource` → `actions`, `2`, `resource`.
_HEAD = re.compile(r"([^/\[]*)(?:\[(\d+)\])?/?(.*)", re.DOTALL)
_STALE = "Someone else changed this meanwhile. Open it anew in another tab, and make your changes there"
_TYPE_AGAIN = "What was typed here is not kept while other fields have errors; type it again"


if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Any]
else:
    # Django's own class takes no type arguments.
    _ModelForm = forms.ModelForm


class Operations(Protocol):
    """What a form needs to know of an operations module or store."""

    def parse(self, values: JsonObject) -> Any: ...
    def place_of(self, tag: str) -> str: ...
    def problems(self, *, row: Any, definition: Any) -> list[Problem]: ...
    def in_use(self, row: Any) -> Sequence[str]: ...
    def save(self, *, row: Any, definition: Any, by: Any) -> Any: ...
    def delete(self, *, row: Any, by: Any) -> None: ...


class ShapedForm(ShowsProblems, _ModelForm):
    """A form over (a part of) a definition. It reads and shows; whoever owns it checks and saves."""

    #: The definition's fields that this form has, under their own names.
    SHAPE: ClassVar[Sequence[str]] = ()
    #: The form's field for a field of the definition that is called otherwise.
    ALIASES: ClassVar[dict[str, str]] = {}

    problems: list[Problem]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "description" in self.fields:
            self.fields["description"].widget.attrs["rows"] = 3

    def _post_clean(self) -> None:
        """Leave the instance alone: operations compare it with the definition, and validate and save it themselves."""

    def given(self) -> JsonObject:
        """Return plain JSON of what was filled in and could be read."""
        return {name: self.cleaned_data[name] for name in self.SHAPE if self._is_given(name)}

    def _is_given(self, name: str) -> bool:
        value = self.cleaned_data.get(name)
        # In a JSON field "" was typed as such; in any other it is an empty box.
        return value is not None and (value != "" or isinstance(self.fields[name], JsonField))

    def show(self, problems: Iterable[Problem]) -> None:
        """Add each problem, its place read from this form's definition, to the field that it is about."""
        self.problems = list(problems)
        unreadable = set(self.errors)
        for problem in self.problems:
            field = self.field_of(problem.place)
            if field not in unreadable:
                self.add_error(field, form_error([self._worded(problem, field)]))

    def field_of(self, place: str) -> str | None:
        """Return the name of the field that a place is about; None is the form as a whole."""
        name = head(place)[0]
        field = self.ALIASES.get(name, name)
        return field if field in self.fields else None

    def _worded(self, problem: Problem, field: str | None) -> Problem:
        """Drop the place where the field itself is all that it says."""
        is_plain = field is not None and not isinstance(self.fields[field], JsonField)
        return Problem("", problem.message, problem.hint) if is_plain else problem

    def ask_for_secrets_again(self) -> None:
        """Say which secrets were typed and are gone, because a form with errors does not give them back."""
        for name, field in self.fields.items():
            if (
                isinstance(field, SecretField | SecretJsonField)
                and name in self.changed_data
                and name not in self.errors
            ):
                self.add_error(name, _TYPE_AGAIN)


class DefinitionForm(ShapedForm):
    """A form over one whole definition: `definition` is what to save once it is valid."""

    #: Set by the admin, for each request.
    operations: ClassVar[Operations]
    #: Why the operation has refused to save what this form says.
    refusal: ClassVar[IntegrationsError | None] = None
    check_url: ClassVar[str] = ""
    KEY: ClassVar[str] = "tag"

    revision = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.definition: Any = None
        self.problems = []
        if self.instance.pk is not None:
            self.initial["revision"] = self.stored_revision()
        if "integration" in self.fields and self.instance.pk is not None:
            del self.fields["integration"]

    @property
    def parts(self) -> dict[str, Any]:
        """The rows below this form, by the field of the definition that they are; the admin puts them there."""
        return getattr(self.instance, "parts_in_form", {})

    @property
    def is_new(self) -> bool:
        return self.instance.pk is None

    def stored_revision(self) -> str:
        """Return a text that is another after any change of the row, its parts, or a secret in it."""
        parts = strict_json.canonical(self.instance.to_definition().to_compact_dict())
        # A secret that was replaced looks the same in the definition, and shows in the time stamp only.
        return hashlib.sha256(f"{self.instance.updated_at.isoformat()} {parts}".encode()).hexdigest()[:32]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for part in self.parts.values():
            part.is_valid()  # reads the rows, which the definition is made of, too
        self._refuse_stale()
        if self.refusal is not None:
            self._show_refusal(self.refusal)
        else:
            self.prepare(cleaned)
            self._check()
        if self.errors or any(part.total_error_count() for part in self.parts.values()):
            self._ask_for_secrets_again()
        return cleaned

    def prepare(self, cleaned: dict[str, Any]) -> None:
        """Give a new row what it must have before it is checked."""
        if "integration" in cleaned:
            self.instance.integration = cleaned["integration"]

    def values(self) -> JsonObject:
        """Return plain JSON of the whole definition."""
        rows: dict[str, Json] = {name: [*part.given()] for name, part in self.parts.items()}
        return {**self.given(), **rows}

    @property
    def can_be_checked(self) -> bool:
        """Return whether the row says what to check against."""
        return not self.is_new or "integration" not in self.fields or "integration" in self.cleaned_data

    def _check(self) -> None:
        try:
            self.definition = self.operations.parse(self.values())
            found = self._problems_among_others()
        except DefinitionError as error:
            found = list(error.problems)
        self._show_everywhere(found)

    def _problems_among_others(self) -> list[Problem]:
        if not self.can_be_checked:
            return []
        return self.operations.problems(row=self.instance, definition=self.definition)

    def _show_refusal(self, refusal: IntegrationsError) -> None:
        if isinstance(refusal, DefinitionError):
            self._show_everywhere(refusal.problems)
        else:
            self.add_error(None, [forms.ValidationError(line) for line in refusal.message.splitlines()])

    def _show_everywhere(self, found: Iterable[Problem]) -> None:
        prefix = self.operations.place_of(str(self.values().get(self.KEY, "")))
        own: list[Problem] = []
        rows: dict[tuple[str, int], list[Problem]] = {}
        for problem in found:
            place = problem.place.removeprefix(prefix).removeprefix("/")
            name, index, rest = head(place)
            if name in self.parts and index is not None and index < len(self.parts[name].kept):
                rows.setdefault((name, index), []).append(Problem(rest, problem.message, problem.hint))
            else:
                own.append(Problem(place, problem.message, problem.hint))
        self.show(own)
        for (name, index), problems in rows.items():
            self.parts[name].kept[index].show(problems)

    def _refuse_stale(self) -> None:
        if not self.is_new and self.data.get(self.add_prefix("revision")) != self.stored_revision():
            self.add_error(None, _STALE)

    def _ask_for_secrets_again(self) -> None:
        self.ask_for_secrets_again()
        for part in self.parts.values():
            for form in part.kept:
                form.ask_for_secrets_again()


def head(place: str) -> tuple[str, int | None, str]:
    """Return a place's first name, its index if it has one, and the place below."""
    found = _HEAD.fullmatch(place)
    if found is None:  # the pattern fits any text
        return place, None, ""
    name, index, rest = found.groups()
    return name, None if index is None else int(index), rest
