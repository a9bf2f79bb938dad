"""Reads one text: references and operators between plain text, and the arguments in an operator's parentheses.

    text       := ( plain | "$$" | form )*
    form       := "$" root path | "$" operator "(" [ argument ("," argument)* ] ")"
                | "$" ("Size" | "Length") "{" form "}"
    path       := ( "{" key "}" | "{[" integer "]}" | "{" JSON text "}" )*
    argument   := form | quoted text | number | "true" | "false" | "null"
                | "[" [ argument ("," argument)* ] "]" | "{" [ JSON text ":" argument ("," …)* ] "}"

A quoted text in an argument follows the same rules as any other text, so `"$Input{a}"` is the reference there too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from integrations import strict_json
from integrations.definitions.references import keys
from integrations.definitions.references.budget import MAX_DEPTH, Budget
from integrations.definitions.references.calls import function_call_or_object
from integrations.definitions.references.names import BRACED, OPERATORS, ROOTS, nearest
from integrations.definitions.references.nodes import (
    FunctionCall,
    Interpolation,
    ListNode,
    Literal,
    ObjectNode,
    Operator,
    Reference,
    Template,
)
from integrations.definitions.references.scanner import (
    NAME,
    NUMBER,
    PLAIN,
    PLAIN_KEYS,
    QUOTED,
    WORD,
    Origin,
    Scanner,
    SyntaxStop,
)
from integrations.definitions.references.signatures import operator_problems, reference_problems
from integrations.errors import InvalidInput

_CONSTANTS = {"true": Literal(True), "false": Literal(False), "null": Literal(None)}
#: Stands for what could not be read: of unknown type, so that it causes no second problem.
_UNREADABLE = Reference("Item")


def parse_text(text: str, *, place: str, budget: Budget) -> Template:
    """Return the tree of one text; what is wrong with it goes into the budget.

    Raises:
        TooLarge: the mapping's budget of nodes is used up.
    """
    return _read(text, place=place, budget=budget, origin=Origin(), depth=0)


def _read(text: str, *, place: str, budget: Budget, origin: Origin, depth: int) -> Template:
    if "$" not in text:
        budget.spend(place)
        return Literal(text)
    reader = _TextReader(text, place=place, budget=budget, origin=origin, depth=depth)
    try:
        return reader.read()
    except SyntaxStop as stop:
        reader.refuse(stop.position, stop.message, stop.hint)
        return _UNREADABLE


class _TextReader:
    """Recursive descent over one text, at most `MAX_DEPTH` levels of it."""

    def __init__(self, text: str, *, place: str, budget: Budget, origin: Origin, depth: int) -> None:
        self.scanner = Scanner(text)
        self.place, self.budget, self.origin, self.depth = place, budget, origin, depth

    def read(self) -> Template:
        parts = tuple(self._parts())
        if len(parts) == 1:
            return parts[0]
        self.budget.spend(self.place)
        return Interpolation(parts)

    def refuse(self, position: int, message: str, hint: str = "") -> None:
        self.budget.refuse(self.place, f"column {self.origin.column_of(position)}: {message}", hint)

    def _parts(self) -> Iterator[Template]:
        while not self.scanner.at_end:
            if plain := self.scanner.match(PLAIN):
                self.budget.spend(self.place)
                yield Literal(plain.group().replace("$$", "$"))
            else:
                yield self._form()

    def _form(self) -> Template:
        start = self.scanner.position
        self.budget.spend(self.place)
        found = self.scanner.match(NAME)
        if found is None:
            raise SyntaxStop(start, f'{self.scanner.found()} where a name such as "$Input" should be')
        name = found.group(1)
        if name in OPERATORS and self.scanner.looking_at("("):
            return self._operator(name, start)
        if name in ROOTS:
            return self._reference(name, start)
        if name in BRACED:
            return self._braced(name, start)
        return self._unknown(name, start)

    def _reference(self, root: str, start: int) -> Template:
        reference = Reference(root, keys.read_path(self.scanner))
        for problem in reference_problems(reference):
            self.refuse(start, problem.message, problem.hint)
        return reference

    def _operator(self, name: str, start: int) -> Template:
        if name in BRACED:
            raise SyntaxStop(start, f"${name} takes braces, not parentheses", f"write {OPERATORS[name].usage}")
        arguments = self._sequence("(", ")", self._argument, after=f"an argument of ${name}")
        return self._checked(Operator(name, arguments), start)

    def _braced(self, name: str, start: int) -> Template:
        usage = OPERATORS[name].usage
        if not self.scanner.accept("{"):
            raise SyntaxStop(start, f"${name} needs a reference in braces", f"write {usage}")
        with self._deeper(start):
            self.scanner.skip_space()
            if not self.scanner.looking_at("$"):
                raise SyntaxStop(self.scanner.position, f"${name} needs a reference in its braces", f"write {usage}")
            argument = self._form()
            self.scanner.skip_space()
            self.scanner.expect("}", after=f"the reference in ${name}")
        return self._checked(Operator(name, (argument,)), start)

    def _checked(self, operator: Operator, start: int) -> Operator:
        for problem in operator_problems(operator):
            self.refuse(start, problem.message, problem.hint)
        return operator

    def _unknown(self, name: str, start: int) -> Template:
        """Report a name that is none, and read on behind it, so that later problems are found as well."""
        if name in OPERATORS:
            self.refuse(start, f"${name} needs its arguments in parentheses", f"write {OPERATORS[name].usage}")
            return _UNREADABLE
        match = nearest(name, [*ROOTS, *OPERATORS])
        hint = f"did you mean ${match}?" if match else "write $$ for a dollar sign"
        self.refuse(start, f'unknown name "${name[:40]}"', hint)
        if self.depth and self.scanner.looking_at("("):
            self._sequence("(", ")", self._argument, after="an argument")
        else:
            self.scanner.match(PLAIN_KEYS)
        return _UNREADABLE

    def _argument(self) -> Template:
        if self.scanner.looking_at("$"):
            return self._form()
        self.budget.spend(self.place)
        if self.scanner.looking_at("["):
            return ListNode(self._sequence("[", "]", self._argument, after="an element"))
        if self.scanner.looking_at("{"):
            return self._object()
        if self.scanner.looking_at('"'):
            return self._quoted()
        return self._number() or self._word()

    def _sequence(
        self, opening: str, closing: str, read: Callable[[], Template], *, after: str
    ) -> tuple[Template, ...]:
        """Return what stands between two brackets, separated by commas."""
        start = self.scanner.position
        self.scanner.expect(opening, after=after)
        self.scanner.skip_space()
        if self.scanner.accept(closing):
            return ()
        elements = []
        with self._deeper(start):
            while True:
                self.scanner.skip_space()
                elements.append(read())
                self.scanner.skip_space()
                if not self.scanner.accept(","):
                    break
            self.scanner.expect(closing, after=after)
        return tuple(elements)

    def _object(self) -> ObjectNode | FunctionCall:
        start = self.scanner.position
        names: list[str] = []

        def member() -> Template:
            names.append(self._member_name())
            return self._argument()

        values = self._sequence("{", "}", member, after="a value")
        if len(set(names)) < len(names):
            raise SyntaxStop(start, "a key appears twice in one object")
        node, problem = function_call_or_object(tuple(zip(names, values, strict=True)))
        if problem:
            self.refuse(start, problem)
        return node

    def _member_name(self) -> str:
        start = self.scanner.position
        token = self.scanner.match(QUOTED)
        if token is None:
            raise SyntaxStop(start, f"{self.scanner.found()} where a key in double quotes should be")
        self.scanner.skip_space()
        self.scanner.expect(":", after="a key")
        self.scanner.skip_space()
        return keys.quoted_text(token.group(), start)

    def _quoted(self) -> Template:
        start = self.scanner.position
        token = self.scanner.match(QUOTED)
        if token is None:
            raise SyntaxStop(start, "this quote is never closed")
        raw = token.group()
        origin = Origin(column=self.origin.column_of(start + 1), exact=self.origin.exact and "\\" not in raw)
        with self._deeper(start):
            text = keys.quoted_text(raw, start)
            self.budget.nodes -= 1  # the text's own nodes are counted by its reader
            return _read(text, place=self.place, budget=self.budget, origin=origin, depth=self.depth)

    def _number(self) -> Literal | None:
        start = self.scanner.position
        token = self.scanner.match(NUMBER)
        if token is None:
            return None
        try:
            number = strict_json.loads(token.group())
        except InvalidInput as error:
            raise SyntaxStop(start, f'"{token.group()[:40]}" is not a number: {error.problems[0].message}') from None
        assert isinstance(number, int | float)  # noqa: S101 (NUMBER matches nothing else)
        return Literal(number)

    def _word(self) -> Literal:
        start = self.scanner.position
        found = self.scanner.match(WORD)
        if found is None:
            raise SyntaxStop(start, f"{self.scanner.found()} where an argument should be")
        word = found.group()
        if word not in _CONSTANTS:
            raise SyntaxStop(start, f'"{word[:40]}" is neither a value nor a reference', _word_hint(word))
        return _CONSTANTS[word]

    @contextmanager
    def _deeper(self, position: int) -> Iterator[None]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise SyntaxStop(position, f"nested more than {MAX_DEPTH} deep")
        yield
        self.depth -= 1


def _word_hint(word: str) -> str:
    if word[0] in "'\u2018\u2019\u201c\u201d\u00ab`":
        return 'write texts in double quotes: "text"'
    if word in ROOTS or word in OPERATORS:
        return f"did you mean ${word}?"
    return 'write texts in double quotes, and references with a dollar sign: "text", $Input{key}'
