"""What every definition shares: frozen fields under their public names, JSON in and out, problems with their places."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterable
from typing import Annotated, Any, Self, TypeVar

import pydantic
from pydantic import ConfigDict, StringConstraints

from integrations import strict_json
from integrations.errors import DefinitionError, Problem, join_place
from integrations.types import Json, JsonObject

TAG_PATTERN = r"^[A-Za-z][A-Za-z0-9_.:-]{0,63}$"

#: How other definitions refer to this one; unique within its integration and kind.
Tag = Annotated[str, StringConstraints(pattern=TAG_PATTERN)]
Name = Annotated[str, StringConstraints(max_length=200)]
Description = Annotated[str, StringConstraints(max_length=10_000)]


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
    """Return a hint that names what `name` was probably meant to be, or lists what exists, or "" when there is nothing."""
    candidates = sorted(known)
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    if not candidates:
        return ""
    listed = ", ".join(f'"{each}"' for each in candidates[:10])
    return f"there are: {listed}" + (", …" if len(candidates) > 10 else "")


def _problems(model: type[Definition], error: pydantic.ValidationError, place: str) -> list[Problem]:
    return [_problem(model, details, place) for details in error.errors(include_url=False)]


def _problem(model: type[Definition], details: Any, prefix: str) -> Problem:
    location = [part for part in details["loc"] if not str(part).startswith("«")]
    place = _place(location)
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return Problem(join_place(prefix, _place(location[:-1])), f'"{location[-1]}" is required')
    if kind == "extra_forbidden":
        hint = nearest(str(location[-1]), _field_names(model, location[:-1]))
        return Problem(join_place(prefix, _place(location[:-1])), f'unknown field "{location[-1]}"', hint)
    if kind == "string_pattern_mismatch" and context.get("pattern") == TAG_PATTERN:
        message = f"{details['input']!r} is not a tag"
        return Problem(join_place(prefix, place), message, "a letter, then up to 63 of letters, digits and _ . : -")
    return Problem(join_place(prefix, place), _sentence(details["msg"]))


def _sentence(message: str) -> str:
    """Return pydantic's message as one of ours: "Input should be …" → "should be …"."""
    trimmed = message.removeprefix("Value error, ").removeprefix("Input ")
    return trimmed[:1].lower() + trimmed[1:]


def _place(location: Iterable[str | int]) -> str:
    place = ""
    for part in location:
        place = join_place(place, f"[{part}]" if isinstance(part, int) else part)
    return place


def _field_names(model: type[Definition], location: Iterable[str | int]) -> Iterable[str]:
    found: type[Definition] | None = model
    for part in location:
        if isinstance(part, str) and found is not None and part in found.model_fields:
            found = _definition_in(found.model_fields[part].annotation)
    return found.model_fields if found else ()


def _definition_in(annotation: object) -> type[Definition] | None:
    if isinstance(annotation, type) and issubclass(annotation, Definition):
        return annotation
    return next(filter(None, (_definition_in(each) for each in typing.get_args(annotation))), None)


def sections(value: Json) -> JsonObject:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
