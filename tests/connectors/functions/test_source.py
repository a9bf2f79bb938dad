from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.connectors.functions.compiler import Language
from integrations.connectors.functions.pool import FunctionPool
from integrations.connectors.functions.source import LONGEST_SOURCE, compile_function
from integrations.errors import DefinitionError, SandboxError
from tests.connectors.functions.conftest import Run

FORMS = {
    "arrow": "(input) => input.a + 1",
    "arrow with a semicolon and comments": "// adds one\n(input) => input.a + 1; // that is all\n/* really */",
    "arrow in parentheses": "((input) => input.a + 1)",
    "async arrow": "async ({ a }) => (await Promise.resolve(a)) + 1",
    "function expression": "(function (input) { return input.a + 1 })",
    "anonymous function": "function (input) { return input.a + 1 }",
    "declaration": "function addOne(input) { return input.a + 1 }",
    "async declaration": "async function addOne(input) { await null; return input.a + 1 }",
    "default export of an arrow": "export default (input) => input.a + 1",
    "default export of an async arrow": "export default async (input) => input.a + 1;",
    "default export of a function": "export default function addOne(input) { return input.a + ONE }\nconst ONE = 1;",
    "default export of an anonymous function": "const N = 1;\nexport default function (input) { return input.a + N }",
    "default export of a name": "const addOne = (input) => input.a + 1;\nexport default addOne;",
    "other exports beside it": "export const ONE = 1;\nexport default (input) => input.a + ONE",
    "body": "return input.a + 1",
    "body with await": "const a = await Promise.resolve(input.a);\nreturn a + 1",
    "body with a return in a block": "if (input.a > 0) {\n  return input.a + 1;\n}\nthrow new Error('no')",
    "body with functions of its own": "function one() { return 1 }\nreturn input.a + one()",
    "expression": "input.a + 1",
    "last of several functions": "const N = 1;\nfunction one() { return N }\nfunction main({ a }) { return a + one() }",
    "exported function": "function one() { return 1 }\nexport async function main({ a }) { return a + one() }",
}


@pytest.mark.parametrize("source", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("language", ["js", "ts"])
def test_source_of_every_form_is_called_with_input(run: Run, source: str, language: Language) -> None:
    assert run(source, {"a": 41}, language=language).value == 42


JAVASCRIPT = {
    "line separators in texts": ("return ['\u2028', `\u2029`, 'a\\\u2028b']", ["\u2028", "\u2029", "ab"]),
    "line separator behind a comment": ("// c\u2028return 5", 5),
    "CRLF in a template": ("return `a\r\nb\rc`", "a\nb\nc"),
    "interpreter line": ("#!/usr/bin/env node\nreturn 1", 1),
    "byte order mark": ("\ufeffreturn 1", 1),
    "nameless function with a semicolon and a comment": ("function (input) { return input.a }; // that is all", 3),
    "default export of a nameless function before a bracket": ("export default function () { return 1 }\n[1]", 1),
    "object": ("{ a: 1, b: 2 }", {"a": 1, "b": 2}),
    "comments that close the wrapper": ("return 1\n/* } */ // })", 1),
    "own require": ("const require = (x) => x;\nreturn require(2)", 2),
    "deep nesting": ("return " + "(() => " * 150 + "1" + ")()" * 150, 1),
}


@pytest.mark.parametrize(("source", "expected"), JAVASCRIPT.values(), ids=JAVASCRIPT.keys())
def test_javascript_runs_as_it_was_written(run: Run, source: str, expected: object) -> None:
    assert run(source, {"a": 3}).value == expected


def test_javascript_errors_count_characters_where_the_engine_counts_bytes(run: Run) -> None:
    with pytest.raises(SandboxError) as caught:
        run("const a = '\u00e4\u20ac\U0001f600\u2028'; throw new Error('x')")

    assert (caught.value.line, caught.value.column) == (1, 29)


TYPESCRIPT = {
    "types and interfaces": (
        "interface In { a: number; b?: string }\ntype Out = { x: number };\n"
        "export default (input: In): Out => ({ x: input.a! });",
        {"x": 3},
    ),
    "generics": ("const same = <T,>(value: T): T => value;\nreturn same<number>(input.a)", 3),
    "enum": ("enum Color { Red = 1, Green }\nreturn [Color.Green, Color[2]]", [2, "Green"]),
    "const enum of text": ("const enum Color { Red = 'r' }\nreturn Color.Red", "r"),
    "parameter property": (
        "class Adder { constructor(private readonly n: number) {} add(x: number) { return this.n + x } }\n"
        "return new Adder(1).add(input.a)",
        4,
    ),
    "satisfies": ("const point = { x: 1, y: 2 } satisfies Record<string, number>;\nreturn point", {"x": 1, "y": 2}),
    "as const": ("const list = [1, 2] as const;\nreturn list", [1, 2]),
    "abstract class": (
        "abstract class A { abstract n(): number; twice() { return this.n() * 2 } }\n"
        "class B extends A { override n() { return 4 } }\nreturn new B().twice()",
        8,
    ),
    "optional chaining": ("return [input?.b?.c ?? 'none', input.a?.toFixed(1)]", ["none", "3.0"]),
    "type import": ("import type { Order } from 'orders';\nexport default (input: Order) => input.a", 3),
    "overloads": ("function f(x: string): string;\nfunction f(x: any) { return x }\nreturn f(input.a)", 3),
    "angle cast": ("const x = <any>input;\nreturn x.a", 3),
    "ambient namespace": ("declare namespace Host { const x: number }\nreturn input.a", 3),
    "namespace as a name": (
        "const namespace = 1; type T = { namespace: string; module: number };\nreturn namespace",
        1,
    ),
    "template text": ("const t: string = `${1 as number}\n   two ${2 satisfies number}`;\nreturn t", "1\n   two 2"),
}


@pytest.mark.parametrize(("source", "expected"), TYPESCRIPT.values(), ids=TYPESCRIPT.keys())
def test_typescript_runs_without_its_types(run: Run, source: str, expected: object) -> None:
    assert run(source, {"a": 3}, language="ts").value == expected


REFUSED: dict[str, tuple[Language, str, str]] = {
    "nothing": ("js", " \n// only a comment", "no code"),
    "syntax error": ("js", "(input) => {\n  const a = ;\n}", "line 2 column 13: unexpected token"),
    "syntax error on the first line of a body": ("js", "let a = ;\nreturn a", "line 1 column 9: "),
    "closing the wrapper around a body": ("js", "return 1}); (async(input) => { return 2", "line 1 column 9"),
    "closing the wrapper around an expression": ("js", "input.a); input.b(", "line 1 column 8"),
    "unclosed brace": ("js", "(input) => {\n  return 1;\n", "the source ends too early"),
    "syntax error in typescript": ("ts", "const a: number = 1;\nreturn a + ;", "line 2 column 12: "),
    "unknown syntax": ("js", "@decorated class A {}\nreturn 1", "line 1 column 1: "),
    "jsx": ("ts", "return <div>{input.a}</div>", "line 1 column "),
    "import": (
        "js",
        "\n import fs from 'fs';\nreturn fs",
        "line 2 column 2: import is not available (functions are pure",
    ),
    "import in typescript": ("ts", "import { x } from 'y';\nreturn x", "line 1 column 1: import is not available"),
    "dynamic import": ("js", "return import('fs')", "line 1 column 8: import is not available"),
    "require": (
        "js",
        "const fs = require('fs');\nreturn 1",
        "line 1 column 12: require is not available (functions are pure",
    ),
    "import equals": ("ts", "import fs = require('fs');\nreturn fs", "is not available"),
    "nothing is returned": ("js", "const f = (input) => input.a", "nothing is returned (write a function of `input`"),
    "class": ("js", "export default class A {}", "a class cannot be called"),
    "list of exports": ("js", "function f() {}\nexport { f as default }", "line 2 column 1: only a declaration"),
    "nul": ("js", "return '\0'", "U+0000"),
    "half a surrogate pair": ("js", "return '\ud800'", "surrogate"),
    "too long": ("js", "return '" + "x" * LONGEST_SOURCE + "'", "longer than"),
    "parsing that runs out of stack": ("js", "return " + "[" * 90_000, "the source is nested too deeply"),
}


@pytest.mark.parametrize(("language", "source", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_source_that_cannot_run_is_refused_with_its_place(
    pool: FunctionPool, language: Language, source: str, message: str
) -> None:
    with pytest.raises(DefinitionError) as caught:
        compile_function(source, language)

    assert caught.value.problems[0].place == "function"
    assert message in str(caught.value)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\u2028"])
def test_source_with_any_line_ending_keeps_its_lines(run: Run, newline: str) -> None:
    with pytest.raises(SandboxError) as caught:
        run(newline.join(["(input) => {", "  // nothing", "  input.b.c", "}"]), {})

    assert (caught.value.line, caught.value.column) == (3, 3)


def test_typescript_errors_keep_the_authors_line_and_column(run: Run) -> None:
    source = (
        "interface In { a: number }\n"
        "export default function main(input: In): number {\n"
        "  const f = <T extends number>(x: T): number => { throw new RangeError('too much') }; return f(2 as number)\n"
        "}"
    )

    with pytest.raises(SandboxError) as caught:
        run(source, {}, language="ts")

    assert caught.value.message == "RangeError: too much"
    # The engine points behind `new `.
    assert (caught.value.line, caught.value.column) == (3, source.split("\n")[2].index("RangeError") + 1)
    assert "    at main (line 3, column " in caught.value.stack


def test_compiling_runs_none_of_the_authors_code(pool: FunctionPool) -> None:
    compiled = compile_function("for (;;) {}\nreturn 1", "js")

    assert compiled.javascript.count("\n") == 2


def test_digest_depends_on_source_and_language(pool: FunctionPool) -> None:
    digests = {
        compile_function("return 1", "js").sha256,
        compile_function("return 1", "ts").sha256,
        compile_function("return 1 ", "js").sha256,
    }

    assert len(digests) == 3
    assert compile_function("return 1", "js").sha256 in digests


def test_compiling_works_while_an_event_loop_runs(pool: FunctionPool) -> None:
    async def save() -> str:
        return compile_function("return 1", "js").language

    assert asyncio.run(save()) == "js"


FRAGMENTS = [
    *("export ", "default ", "function ", "async ", "return ", "type ", "enum ", "namespace ", "import ", "class "),
    *("(", ")", "{", "}", "=>", ";", "\n", "`", "${", "/", "//", "/*", "'", "<", ">", ":", ".", "?", "="),
    *("f", "input", "0", "\U0001f600"),
]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=15).map("".join) | st.text(max_size=20), st.sampled_from(["js", "ts"])
)
def test_source_of_any_text_compiles_or_is_refused(pool: FunctionPool, source: str, language: Language) -> None:
    try:
        compiled = compile_function(source, language)
    except DefinitionError as error:
        assert error.problems[0].place == "function"
    else:
        assert compiled.javascript.startswith('(async(input)=>{"use strict";')
