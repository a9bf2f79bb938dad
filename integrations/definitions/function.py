"""Functions: user code with typed input and output, JSON in and JSON out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from integrations.definitions.base import Definition, Description, Name, Tag
from integrations.definitions.field import Fields, Output

_SPELLINGS = {
    "js": "js",
    "javascript": "js",
    "ecmascript": "js",
    "node": "js",
    "ts": "ts",
    "typescript": "ts",
    "python": "python",
    "py": "python",
    "python3": "python",
}


def _normalized(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return _SPELLINGS[value.strip().lower()]
    except KeyError:
        message = "{value} is not a language; use js, ts or python"
        raise PydanticCustomError("language", message, {"value": repr(value)}) from None


#: `JavaScript`, `TypeScript`, … are normalised to `js`, `ts`, `python`.
Language = Annotated[Literal["js", "ts", "python"], BeforeValidator(_normalized)]
Source = Annotated[str, StringConstraints(min_length=1, max_length=200_000)]


class Function(Definition):
    tag: Tag
    name: Name = ""
    description: Description = ""
    language: Language
    #: Source: a function expression or declaration, a default export, or a bare body that uses `input`.
    function: Source
    input: Fields = ()
    output: Output = Output()
