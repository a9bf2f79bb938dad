"""TypeScript without its types does what the plain program does, and its errors lie where the author wrote them."""

# ruff: noqa: E501 - a program is easier to read on one line

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings

from integrations.connectors.functions.compiler import Language
from integrations.connectors.functions.source import compile_function
from integrations.errors import DefinitionError, SandboxError
from integrations.types import Json
from tests.connectors.functions.conftest import Run
from tests.connectors.functions.generated_typescript import FAULT, Pair, programs

GENERATED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def outcome(run: Run, source: str, language: Language) -> Json:
    try:
        return [run(source, 3, language=language).value]
    except SandboxError as error:
        return f"{error.code}: {error.message}"


@GENERATED
@given(programs())
def test_generated_program_does_what_it_does_without_types(run: Run, program: Pair) -> None:
    assert outcome(run, program.ts, "ts") == outcome(run, program.js, "js")


@GENERATED
@given(programs(with_fault=True))
def test_fault_in_a_generated_program_is_found_where_it_was_written(run: Run, program: Pair) -> None:
    # Whether these end a line depends on where they stand.
    source = program.ts.replace("\u2028", " ").replace("\u2029", " ")

    with pytest.raises(SandboxError) as caught:
        run(source, 3, language="ts")

    before = source.replace("\r\n", "\n").partition(FAULT)[0]
    column = len(before) - before.rfind("\n") + FAULT.index("RangeError")
    assert caught.value.message == "RangeError: fault"
    assert (caught.value.line, caught.value.column) == (before.count("\n") + 1, column)


MEANT: dict[str, tuple[str, Json]] = {
    "template in an arrow with a return type": ("(id: number): string => `/orders/${id}/items`", "/orders/5/items"),
    "template behind a cast": ("return <string>`a  b`", "a  b"),
    "template with type arguments": (
        "const tag = <T,>(parts: TemplateStringsArray, ...values: T[]) => parts.raw.join('|') + values;\n"
        "return tag<string>`a${'x'}  b`",
        "a|  bx",
    ),
    "spaces behind an enum on its line": ("enum E { A = 'x' } return `[  ${E.A}  ]`", "[  x  ]"),
    "enum in two parts": ("enum E { A = 1 } enum E { B = A + 1 }\nreturn [E.A, E.B, E[2]]", [1, 2, "B"]),
    "const enum by a key": ("const enum E { A = 1 << 2, B = A | 1, C = 'x'.length }\nreturn [E.B, E.C, E['A']]", [5, 1, 4]),
    "const enum of elsewhere": ("declare const enum E { A = 7 }\nreturn E.A", 7),
    "parameter property read by an initializer": (
        "class P { y = this.x * 2; constructor(private readonly x: number) {} }\nreturn new P(4).y",
        8,
    ),
    "parameter property read by a method that an initializer calls": (
        "class B {}\nclass P extends B { y = this.twice(); #z = 1; constructor(public x: number) { super() }\n"
        "twice() { return this.x * 2 } get z() { return this.#z } }\nconst p = new P(4);\nreturn [p.y, p.z, p.x]",
        [8, 1, 4],
    ),
    "field without a value": ("class A { x?: number; declare y: string }\nreturn Object.keys(new A())", ["x"]),
    "field of a subclass over a setter": (
        "class A { set x(v: number) { throw new Error() } }\nclass B extends A { x = 1 }\nreturn new B().x",
        1,
    ),
    "static field behind a static block": (
        "class A { y = this.x; static { (this as any).t = 1 } static t?: number; constructor(public x: number) {} }\n"
        "return [A.t ?? 'none', new A(3).y]",
        ["none", 3],
    ),
    "namespace": ("namespace N.M { export const x = 1; export let y = x + 1 }\nreturn N.M.y", 2),
    "namespace beside a function": ("function f() { return f.x }\nnamespace f { export const x = 3 }\nreturn f()", 3),
    "exported namespace": ("export namespace N { export const x = 1 }\nexport default () => N.x", 1),
    "module in the old spelling": ("module N { export const x = 1 }\nreturn N.x", 1),
    "alias of a member": ("namespace N { export const x = 4 }\nimport X = N.x;\nreturn X", 4),
    "decorators": (
        "const named = (_: unknown, context: DecoratorContext) => function (this: any) { return context.name };\n"
        "class A { @named m() {} }\nreturn new A().m()",
        "m",
    ),
    "accessor": ("class A { accessor x = 4 }\nreturn new A().x", 4),
    "using": ("const log: string[] = [];\n{ using d = { [Symbol.dispose]() { log.push('gone') } } }\nreturn log", ["gone"]),
    "line separator in a string": ("return '\u2028\u2029'", "\u2028\u2029"),
    "line separator in a template": ("const x: string = `\u2028${1 as number}\u2029`;\nreturn x", "\u20281\u2029"),
    "line separator as white space": ("const x: number = 1\u2028return x", 1),
    "CRLF in a template": ("return `a\r\nb\rc`", "a\nb\nc"),
    "escapes in names and texts": ("const \\u{61}: string = '\\u{1F600}\\x41'; return a", "\U0001f600A"),
    "regular expressions and divisions": ("let g = 2, i = 1; return [4 /g/ i, /[/`${]/.test('`') as boolean]", [2, True]),
    "arrow in a conditional": ("const f = (x?: number) => x ? (x) : (0 as number); return f(3)", 3),
    "generic arrows": ("return [(<T>(x: T): T => x)(1), (<const T,>(x: T) => x)([2])]", [1, [2]]),
    "generic async arrow": ("async <T,>(x: T): Promise<T> => x", 5),
    "import of a type among names": ("import { type X } from 'x';\nexport default (x: X) => x", 5),
    "import of a type in the old spelling": ("import type X = require('x');\nexport default (x: X) => x", 5),
    "list of exported types": ("export type { X } from 'x';\nexport {};\nexport default (x: number) => x", 5),
    "default export of overloads": (
        "export default function f(x: string): string;\nexport default function f(x: any) { return x }",
        5,
    ),
    "default export of a nameless function before a parenthesis": ("export default function (x: number) { return x }\n(1)", 5),
    "default export of an interface beside a function": ("export default interface X {}\nfunction f(x: X) { return 1 }", 1),
    "nameless function with a semicolon and a comment": ("function (x: number) { return x }; // that is all", 5),
    "object": ("{ a: input, b: 2 as number }", {"a": 5, "b": 2}),
    "object in braces like a block": ("{ a: input }", {"a": 5}),
    "block": ("{ return input as number }", 5),
    "interpreter line": ("#!/usr/bin/env node\nreturn input as number", 5),
    "own require": ("const require = (x: string) => x;\nreturn require('x')", "x"),
    "method named require": ("return ({ require(x: string) { return x } }).require('x')", "x"),
    "deep nesting": ("return " + "(() => " * 150 + "1" + ")()" * 150, 1),
    "long chain": ("return " + "1 + " * 500 + "(1 as number)", 501),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), MEANT.values(), ids=MEANT.keys())
def test_typescript_means_what_typescript_says(run: Run, source: str, expected: Json) -> None:
    assert run(source, 5, language="ts").value == expected


REFUSED = {
    "import of a value": ("\n import { x } from 'y';\nreturn x", "line 2 column 2: import is not available"),
    "import of a type without saying so": ("import { T } from 'y';\nexport default (x: T) => x", "types alone: import type"),
    "import of this module": ("return import.meta.url", "line 1 column 8: import.meta is not available"),
    "dynamic import behind emoji": ("return '\U0001f600' + import('x')", "line 1 column 14: import is not available"),
    "export of a list": ("const x = 1;\nexport { x }", "line 2 column 1: only a declaration can be exported"),
    "export in the old spelling": ("export = (x: number) => x", "line 1 column 1: only a declaration can be exported"),
    "two default exports": ("export default 1;\nexport default 2", "more than one default export"),
    "abstract class as the function": ("export default abstract class A {}", "a class cannot be called"),
    "what the parser finds": ("const a: number = 1;\nreturn a + ;", "line 2 column 12: expression expected"),
    "what the engine finds": ("type T = 1;\nlet x: T = 1; let x = 2;\nreturn x", "line 2 column 20: invalid redefinition"),
    "closing the wrapper": ("return 1 }); ({", "line 1 column 10: declaration or statement expected"),
    "a bracket too few": ("return f<number>((1)", "line 1 column 21: ')' expected"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_typescript_that_cannot_run_is_refused_with_its_place(source: str, message: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        compile_function(source, "ts")

    assert message in str(caught.value)


PLACES = {
    "behind types on its line": (
        "const f = <T extends object>(x: T): never => { throw new Error('x') }; f<{}>({})",
        (1, 58),
    ),
    "behind erased lines": ("interface A {\n  a: 1\n}\n\ntype B = 1;\n  throw new Error('x')", (6, 13)),
    "behind an enum": ("enum E {\n A,\n B,\n}\nthrow new Error('x')", (5, 11)),
    "behind a line separator in a text": ("const a: string = '\u2028';\nthrow new Error('x')", (2, 11)),
    "behind emoji": ("const a: string = '\U0001f600\u00e4'; throw new Error('x')", (1, 35)),
    "in an expression": ("(x: number): never => {\n  throw new Error('x')\n}", (2, 13)),
    "in a default export": ("export default (x: number): never => {\n  throw new Error('x')\n}", (2, 13)),
    "in a parameter property's class": (
        "class A {\n  y = this.x as number;\n  constructor(private x: any) {\n    throw new Error('x')\n  }\n}\nnew A(1)",
        (4, 15),
    ),
}


@pytest.mark.parametrize(("source", "place"), PLACES.values(), ids=PLACES.keys())
def test_typescript_that_throws_is_reported_where_it_was_written(run: Run, source: str, place: tuple[int, int]) -> None:
    with pytest.raises(SandboxError) as caught:
        run(source, 1, language="ts")

    assert (caught.value.line, caught.value.column) == place


def test_call_of_what_is_no_function_is_named_in_typescript(run: Run) -> None:
    with pytest.raises(SandboxError) as caught:
        run("type T = 1;\nconst total: any = 1;\nreturn total()", language="ts")

    assert caught.value.message == "TypeError: total is not a function"
    assert (caught.value.line, caught.value.column) == (3, 8)


def test_one_long_line_takes_time_in_proportion(run: Run) -> None:
    lines = [f"return [{'1 as number,' * count}1]" for count in (1_625, 6_500)]
    compile_function(lines[0], "ts")

    times = []
    for line in lines:
        started = time.perf_counter()
        compile_function(line, "ts")
        times.append(time.perf_counter() - started)

    assert len(lines[1]) > 78_000
    # Four times the text; what is quadratic would take sixteen.
    assert times[1] < 9 * times[0]
