"""The names that may follow a dollar sign: what each form reads, and what each operator takes and gives.

Source: design section 4. The parser, the checker and the resolver all work from these two tables.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

TEXT = frozenset({"string"})
WHOLE = frozenset({"integer"})
NUMBER = frozenset({"integer", "number"})
LIST = frozenset({"array"})
OBJECT = frozenset({"object"})
ANY = frozenset({"string", "integer", "number", "boolean", "array", "object", "null"})

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=", "in", "contains")


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """One form of reference, and how many keys in braces it takes."""

    usage: str
    least: int = 0
    #: None: as many as the value is deep.
    most: int | None = None
    #: How many of the first keys must be names rather than indexes.
    named: int = 0
    #: The only keys there are; empty when that is not known here.
    keys: tuple[str, ...] = ()


ROOTS: dict[str, Root] = {
    "Input": Root(usage="$Input{field}"),
    "Sequence": Root(usage="$Sequence{sequence}{event}", least=2, named=2),
    "Auth": Root(usage="$Auth{auth_tag}{key}", least=1, named=1),
    "Variable": Root(usage="$Variable{access_tag}{key}", least=2, named=2),
    "Constant": Root(usage="$Constant{access_tag}{key}", least=2, named=2),
    "Secret": Root(usage="$Secret{key}", least=1, most=1, named=1),
    "Env": Root(usage="$Env{slug}", least=1, most=1, named=1, keys=("slug", "name")),
    "Run": Root(usage="$Run{id}", least=1, most=1, named=1, keys=("id", "feature", "integration")),
    "Now": Root(usage="$Now", most=0),
    "Default": Root(usage="$Default", most=0),
    "Item": Root(usage="$Item{key}"),
    "Index": Root(usage="$Index", most=0),
    "Response": Root(usage="$Response{key}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    name: str
    #: JSON types that are taken.
    types: frozenset[str] = ANY
    #: JSON types that the elements of a list must have.
    elements: frozenset[str] = ANY
    #: The only values that are taken; empty when any value of those types is.
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorForm:
    """What an operator takes, one signature for each number of arguments, and the JSON types that it gives."""

    usage: str
    signatures: tuple[tuple[Parameter, ...], ...]
    #: True: the last parameter may be repeated.
    repeats: bool = False
    #: None: depends on the arguments.
    result: frozenset[str] | None = None

    def parameters_for(self, count: int) -> tuple[Parameter, ...] | None:
        """Return the parameters of the signature with `count` arguments, or None if there is none."""
        longest = self.signatures[-1]
        if self.repeats and count > len(longest):
            return longest + longest[-1:] * (count - len(longest))
        return next((each for each in self.signatures if len(each) == count), None)

    @property
    def counts(self) -> str:
        """How many arguments it takes, in words."""
        words = " or ".join(str(len(each)) for each in self.signatures)
        return f"{words} or more" if self.repeats else words


_TEXT = Parameter(name="text", types=TEXT)
_LIST = Parameter(name="list", types=LIST)
_NUMBER = Parameter(name="number", types=NUMBER)
_COMPARISON = Parameter(name="comparison", types=TEXT, choices=COMPARISONS)
_VALUE = Parameter(name="value")


def _whole(name: str) -> Parameter:
    return Parameter(name=name, types=WHOLE)


def _text(name: str) -> Parameter:
    return Parameter(name=name, types=TEXT)


def _arithmetic(name: str) -> OperatorForm:
    return OperatorForm(usage=f"${name}(a, b, …)", signatures=((_NUMBER, _NUMBER),), repeats=True, result=NUMBER)


def _on_text(name: str) -> OperatorForm:
    return OperatorForm(usage=f"${name}(text)", signatures=((_TEXT,),), result=TEXT)


def _search(name: str, result: frozenset[str] | None) -> OperatorForm:
    return OperatorForm(
        usage=f"${name}(list, [key,] comparison, value)",
        signatures=((_LIST, _COMPARISON, _VALUE), (_LIST, _text("key"), _COMPARISON, _VALUE)),
        result=result,
    )


def _with_optional(*parameters: Parameter) -> tuple[tuple[Parameter, ...], ...]:
    return (parameters[:-1], parameters)


OPERATORS: dict[str, OperatorForm] = {
    "Add": _arithmetic("Add"),
    "Subtract": _arithmetic("Subtract"),
    "Multiply": _arithmetic("Multiply"),
    "Divide": _arithmetic("Divide"),
    "Concat": OperatorForm(
        usage="$Concat([a, b], separator)", signatures=_with_optional(_LIST, _text("separator")), result=TEXT
    ),
    "Join": OperatorForm(
        usage="$Join([list, list])",
        signatures=((Parameter(name="list of lists", types=LIST, elements=LIST),),),
        result=LIST,
    ),
    "Split": OperatorForm(usage="$Split(text, separator)", signatures=((_TEXT, _text("separator")),), result=LIST),
    "Substring": OperatorForm(
        usage="$Substring(text, start[, end])",
        signatures=_with_optional(_TEXT, _whole("start"), _whole("end")),
        result=TEXT,
    ),
    "Pick": OperatorForm(
        usage="$Pick(list or text, index)",
        signatures=((Parameter(name="list or text", types=LIST | TEXT), _whole("index")),),
    ),
    "Trim": _on_text("Trim"),
    "Uppercase": _on_text("Uppercase"),
    "Lowercase": _on_text("Lowercase"),
    "Replace": OperatorForm(
        usage="$Replace(text, what, with)", signatures=((_TEXT, _text("what"), _text("with")),), result=TEXT
    ),
    "Dateformat": OperatorForm(
        usage='$Dateformat(value, "DD/MM/YYYY"[, zone])',
        signatures=_with_optional(Parameter(name="value", types=TEXT | NUMBER), _text("format"), _text("zone")),
        result=TEXT,
    ),
    "Filter": _search("Filter", LIST),
    "Find": _search("Find", None),
    "Default": OperatorForm(usage="$Default(a, b)", signatures=((_VALUE, _VALUE),)),
    "Size": OperatorForm(
        usage="$Size{$Input{key}}",
        signatures=((Parameter(name="object or list", types=OBJECT | LIST),),),
        result=WHOLE,
    ),
    "Length": OperatorForm(
        usage="$Length{$Input{key}}",
        signatures=((Parameter(name="text or list", types=TEXT | LIST),),),
        result=WHOLE,
    ),
}

#: Operators whose one argument stands in braces.
BRACED = frozenset({"Size", "Length"})

_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def type_words(types: Iterable[str]) -> str:
    """Return JSON types as people say them: `text or a list`."""
    names = set(types)
    if names >= NUMBER:
        names -= WHOLE
    return " or ".join(words for name, words in _TYPE_WORDS.items() if name in names)


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return the one of `known` that `word` was most likely meant to be, or None."""
    if len(word) > 100:  # difflib's time grows with the square of the length, and nobody meant that
        return None
    folded = {each.casefold(): each for each in sorted(known)}
    matches = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None


def suggestion(word: str, known: Collection[str]) -> str:
    """Return a hint for an unknown `word`: the nearest known one, else the first twenty that there are."""
    if match := nearest(word, known):
        return f'did you mean "{match}"?'
    if not known:
        return "there are none"
    return "there are: " + ", ".join(f'"{name}"' for name in sorted(known)[:20])
