"""What every definition shares: frozen fields under their public names, JSON in and out, problems with their places."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Self, TypeGuard, TypeVar

import pydantic
from pydantic import AfterValidator, ConfigDict, JsonValue, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from integrations import strict_json
from integrations.definitions import wording
from integrations.errors import DefinitionError, Problem, join_place
from integrations.types import JsonObject

TAG_PATTERN = r"^[A-Za-z][A-Za-z0-9_.:-]{0,63}$"
SLUG_PATTERN = r"^[a-z][a-z0-9]{1,15}$"
STATUS_PATTERN = r"^[1-5]([0-9]{2}|xx)$"
#: What a text that should match one of these is called, and how it is written.
PATTERNS = {
    TAG_PATTERN: ("a tag", "a letter, then up to 63 of letters, digits and _ . : -"),
    SLUG_PATTERN: ("the slug of an environment", "2 to 16 lower-case letters and digits, a letter first"),
    STATUS_PATTERN: ("a status code", "write one as in 429, or a class of them as in 5xx"),
}

_QUOTED = re.compile(r"'([^']*)'")

#: How other definitions refer to this one; unique within its integration and kind.
Tag = Annotated[str, StringConstraints(pattern=TAG_PATTERN)]
Name = Annotated[str, StringConstraints(max_length=200)]
Description = Annotated[str, StringConstraints(max_length=10_000)]


def may_exist(name: object) -> TypeGuard[str]:
    """Return whether something can be called that.

    No tag holds what cannot be printed, and half of a surrogate pair or U+0000 cannot even be asked for.
    """
    return isinstance(name, str) and name.isprintable()


def _given(value: JsonValue) -> JsonValue:
    if value is None:
        raise PydanticCustomError("given", "should not be null")
    return value


#: Any JSON but null, which stands for a missing value wherever one is required.
GivenJson = Annotated[JsonValue, AfterValidator(_given)]
Item = TypeVar("Item")
#: A JSON list, held as a tuple. Lax, since strict mode would take only tuples; the items stay strict.
Many = Annotated[tuple[Item, ...], pydantic.Field(strict=False)]


class Definition(pydantic.BaseModel):
    """A frozen value that someone described.

    Attributes carry the names of design section 3, the same in the builder, REST, files and forms. Unknown keys are
    refused. Two definitions are equal when all their fields are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="constants")

    @classmethod
    def parse(cls, value: object, *, place: str = "") -> Self:
        """Return the definition that plain JSON describes.

        Raises:
            DefinitionError: with every problem at its place below `place`.
        """
        checked = strict_json.check(value, place=place)
        try:
            return cls.model_validate(checked)
        except pydantic.ValidationError as error:
            raise DefinitionError(_problems(cls, error, place)) from None

    def to_dict(self) -> JsonObject:
        """Return plain JSON with every field that has a value; `parse` of it is equal to this definition."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_compact_dict(self) -> JsonObject:
        """Return plain JSON without what has its default: the form for editors, storage and hashes."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def changed(self, changes: JsonObject, *, place: str = "") -> Self:
        """Return a copy with some fields replaced, checked as a whole."""
        return self.parse({**self.to_compact_dict(), **changes}, place=place)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint: the one of `known` that `name` was probably meant to be, else what there is, else ""."""
    candidates = sorted(known)
    meant = _meant(name, candidates)
    if meant or not candidates:
        return meant
    listed = ", ".join(f'"{each}"' for each in candidates[:10])
    return f"there are: {listed}" + (", …" if len(candidates) > 10 else "")


def _meant(name: str, known: Iterable[str]) -> str:
    """Return a hint: the one of `known` that is written almost like `name`, else ""."""
    # difflib's time grows with the square of the length, and nobody meant a very long name.
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6) if len(name) <= 100 else []
    return f'did you mean "{close[0]}"?' if close else ""


def _problems(model: type[Definition], error: pydantic.ValidationError, place: str) -> list[Problem]:
    return [_problem(model, details, place) for details in error.errors(include_url=False) if not _is_echo(details)]


def _is_echo(details: Any) -> bool:
    """Tell a list that is only too short because its broken items, reported themselves, were not counted."""
    return details["type"] == "too_short" and bool(len(details["input"]) >= details["ctx"]["min_length"])


def _problem(model: type[Definition], details: Any, prefix: str) -> Problem:
    location = [part for part in details["loc"] if not _is_internal(part)]
    place = join_place(prefix, _place(location))
    match details["type"]:
        case "missing":
            return Problem(place, f'"{location[-1]}" is required')
        case "extra_forbidden":
            name = str(location[-1])
            return Problem(place, f'unknown field "{name[:100]}"', nearest(name, _field_names(model, location[:-1])))
        case "string_pattern_mismatch":
            return Problem(place, *_pattern_problem(details["ctx"]["pattern"], details["input"]))
    context = details.get("ctx", {})
    hint = _choice_hint(details) if details["type"] == "literal_error" else context.get("hint", "")
    return Problem(
        place, wording.sentence(details["type"], context, details["msg"]), hint or _description(model, location)
    )


def _choice_hint(details: Any) -> str:
    """Return which of the words that may stand here was probably meant; pydantic lists them as `'a', 'b' or 'c'`."""
    given = details["input"]
    return _meant(given, _QUOTED.findall(details["ctx"]["expected"])) if isinstance(given, str) else ""


def _is_internal(part: str | int) -> bool:
    """Tell pydantic's own marks from keys: the branch of a union (ours start with «), the key of a mapping."""
    return isinstance(part, str) and (part.startswith("«") or part == "[key]")


def _pattern_problem(pattern: str, value: str) -> tuple[str, str]:
    noun, hint = PATTERNS.get(pattern, ("in the right form", ""))
    return f'"{value[:100]}" is not {noun}', hint


def _place(location: Iterable[str | int]) -> str:
    place = ""
    for part in location:
        place = join_place(place, f"[{part}]" if isinstance(part, int) else part)
    return place


def _field_names(model: type[Definition], location: Iterable[str | int]) -> Iterable[str]:
    return _fields(model, location)


def _description(model: type[Definition], location: Sequence[str | int]) -> str:
    """Return what the field at this place says of itself, with an example: a hint for whatever is wrong there."""
    field = _fields(model, location[:-1]).get(str(location[-1])) if location else None
    return (field.description or "") if field else ""


def _fields(model: type[Definition], location: Iterable[str | int]) -> Mapping[str, FieldInfo]:
    """Return the fields of the definition at this place, {} when none is there."""
    found: type[Definition] | None = model
    for part in location:
        if isinstance(part, str) and found is not None and part in found.model_fields:
            found = _definition_in(found.model_fields[part].annotation)
    return found.model_fields if found else {}


def _definition_in(annotation: object) -> type[Definition] | None:
    if isinstance(annotation, type) and issubclass(annotation, Definition):
        return annotation
    return next(filter(None, (_definition_in(each) for each in typing.get_args(annotation))), None)
