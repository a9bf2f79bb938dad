"""Programs in TypeScript, each beside the plain JavaScript that has to behave as it does."""

# ruff: noqa: E501 - a piece of a program is easier to read beside its twin on one line

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True, slots=True)
class Pair:
    """The same piece of a program, with and without types."""

    ts: str
    js: str

    def __add__(self, other: Pair | str) -> Pair:
        return Pair(self.ts + _pair(other).ts, self.js + _pair(other).js)

    def __radd__(self, other: str) -> Pair:
        return _pair(other) + self


def _pair(text: Pair | str) -> Pair:
    return text if isinstance(text, Pair) else Pair(text, text)


def only_ts(text: str) -> Pair:
    return Pair(text, "")


def joined(parts: list[Pair], separator: str) -> Pair:
    whole = Pair("", "")
    for index, part in enumerate(parts):
        whole = whole + (separator if index else "") + part
    return whole


TYPES = st.sampled_from([
    "number", "string", "any", "unknown", "number | string", "Array<Array<number>>", "{ a: number; b?: string }",
    "[x: 1, ...y: 2[]]", "(x: number) => x is string", "new () => any", "`on${string}`", "typeof input", "keyof any",
    "readonly string[]", "Record<string, () => void>", "T1[\"a\"]", "unique symbol",
    "T2 extends infer U ? U : never", "{ [K in 'a' as `${K}x`]-?: K }", "namespace", "import('x').Y<1>",
    "abstract new () => void", "bigint | -1n", "'}' | '`' | \"//\"", "null | undefined | void", "{\n  a: 1\n}",
    "A.B<C>[]", "(typeof input)['x']",
])  # fmt: skip

#: What may stand between two words, in both; some of it looks like types, or like the end of something.
SPACES = st.sampled_from(["", "", " ", "  ", "\t", "\u00a0", " /* : string */ ", " /* ` ${ */ "])
LINE_ENDS = st.sampled_from(["\n", "\n\n", " // } as T\n", "\u2028", " /* <T>\n */\n"])
TEXTS = st.lists(
    st.sampled_from([
        "a", " ", "   ", "\n", "\u2028", "\u2029", "\\`", "\\${", "$-", "{", "}", "\\n", "\\u{1F600}", "\U0001f600",
        "\u00e4", ": string", "as T", "//", "/*", "<T>", "'", '"', "\\\n", "enum E { A }",
    ]),
    max_size=5,
).map("".join)  # fmt: skip
LEAVES = st.sampled_from([
    "'a'", '"b c"', "'\u2028'", "'as number'", "'\\u0061\\x62'", "'\\\n'", "'// no'", "'\U0001f600'", "'${'", "0",
    "1", "2.5", "0x1f", "1_000", "0b11", ".5", "1e3", "a", "\\u0061", "input", "box.a", "null", "undefined", "type",
    "as", "of", "satisfies",
])  # fmt: skip
REGEXES = st.sampled_from(["/a/", "/[/`]/g", "/\\/*<T>/u", "/(?<as>a)/i"])


@st.composite
def wrapped(draw: st.DrawFn, inner: st.SearchStrategy[Pair]) -> Pair:
    """An expression that TypeScript is told something about."""
    pair, kind, space = draw(inner), draw(TYPES), draw(SPACES)
    forms = [
        f"({pair.ts} as {kind})",
        f"({pair.ts}{space or ' '}satisfies {kind} as any)",
        f"({pair.ts})!",
        f"(<{kind}>{pair.ts})",
        f"({pair.ts} as const)",
        f"({pair.ts} as any as {kind})!",
    ]
    return Pair(draw(st.sampled_from(forms)), f"({pair.js})")


@st.composite
def templates(draw: st.DrawFn, inner: st.SearchStrategy[Pair]) -> Pair:
    tags = [Pair("", ""), Pair(f"tag<{draw(TYPES)}>", "tag"), Pair("tag", "tag"), Pair("String.raw", "String.raw")]
    parts = [_pair(draw(TEXTS))]
    for expression in draw(st.lists(inner, max_size=2)):
        parts += ["${" + expression + "}", _pair(draw(TEXTS))]
    return draw(st.sampled_from(tags)) + "`" + joined(parts, "") + "`"


@st.composite
def calls(draw: st.DrawFn, inner: st.SearchStrategy[Pair]) -> Pair:
    """A function that is made and called on the spot."""
    kind, other = draw(TYPES), draw(TYPES)
    body = draw(templates(st.just(Pair("x as any", "x"))) | st.just(Pair("x!", "x")) | inner)
    arrows = [
        Pair(f"((x: {kind}): {other} => ", "((x) => "),
        Pair(f"(<T,>(x: T, y?: {kind}): any => ", "((x, y) => "),
        Pair(f"(<const T extends Array<{kind}> = any>(x: T) => ", "((x) => "),
        Pair(
            f"(({{ a: x = 1 }}: {{ a?: {kind} }} = {{}}, ...rest: {other}[]): any => ",
            "(({ a: x = 1 } = {}, ...rest) => ",
        ),
    ]
    callee = [
        draw(st.sampled_from(arrows)) + body + ")",
        Pair(f"(function <T>(this: any, x: T): {kind} {{ return ", "(function (x) { return ") + body + " })",
        Pair(f"({{ m<T extends Array<{kind}>>(x: T): {other} {{ return ", "({ m(x) { return ") + body + " } }).m",
    ]
    return draw(st.sampled_from(callee)) + "(" + draw(inner) + ")"


@st.composite
def compounds(draw: st.DrawFn, inner: st.SearchStrategy[Pair]) -> Pair:
    one, other, third = draw(inner), draw(inner), draw(inner)
    kind, space = draw(TYPES), draw(SPACES)
    forms = [
        "(" + one + space + "+" + space + other + ")",
        "(" + one + " < " + other + Pair(f" as {kind}", "") + ")",
        "(" + one + " / " + other + " / " + third + ")",
        "(" + one + " ? (" + other + ") : " + third + ")",
        "(" + one + Pair(" ? (b: any): any => ", " ? (b) => ") + other + " : " + third + ")",
        Pair(f"id<{kind}>(", "id(") + one + ")",
        Pair(f"id<{kind}>?.(", "id?.(") + one + ")",
        Pair("((box as any)?.b!", "((box)?.b") + " ?? " + one + ")",
        Pair("box!?.['a']!", "box?.['a']"),
        "[" + one + ", ...[" + other + Pair(f" as {kind}", "") + "]]",
        "({ a: " + one + Pair(f" satisfies {kind}", "") + ", b: " + other + " }).a",
        draw(REGEXES) + ".test(String(" + one + Pair(" as any", "") + "))",
    ]
    return draw(st.sampled_from(forms))


def expressions() -> st.SearchStrategy[Pair]:
    return st.recursive(
        LEAVES.map(_pair),
        lambda inner: wrapped(inner) | templates(inner) | calls(inner) | compounds(inner),
        max_leaves=5,
    )


# -- Statements. `n` makes the names of each its own; what a statement has to show, it puts on `out`. ----------------------


@st.composite
def constants(draw: st.DrawFn, n: int) -> Pair:
    value, kind = draw(expressions()), draw(TYPES)
    forms = [
        Pair(f"const v{n}: {kind} = ", f"const v{n} = ") + value,
        Pair(f"let v{n}!: {kind}; v{n} = ", f"let v{n}; v{n} = ") + value,
        Pair(f"let [v{n}]: [{kind}] = [", f"let [v{n}] = [") + value + "]",
        Pair(f"for (const x of [0] as const) var v{n}: any = ", f"for (const x of [0]) var v{n} = ") + value,
        Pair(f"var v{n}: any; try {{ throw ", f"var v{n}; try {{ throw ")
        + value
        + Pair(" } catch (e: unknown) {", " } catch (e) {")
        + f" v{n} = e }}",
    ]
    return draw(st.sampled_from(forms)) + f"; out.push(v{n})"


@st.composite
def declarations(draw: st.DrawFn, n: int) -> Pair:
    """What is nothing when it runs."""
    kind = draw(TYPES)
    forms = [
        f"type A{n}<T> = {kind}",
        f"interface I{n}<T = 1> extends B, C<T> {{ a: {kind}; [k: string]: any; m?(): void; new (x): any }}",
        f"declare const d{n}: {kind}",
        f"declare function d{n}(x: {kind}): void",
        f"declare namespace D{n} {{ const x: {kind} }}",
        f"declare class D{n} {{ x: {kind}; constructor(y: any) }}",
        f"declare module 'd{n}' {{ export const x: {kind} }}",
        f"export type A{n} = {kind}",
        f"export interface I{n} {{}}",
        f"import type D{n} from 'd'",
        f"import {{ type D{n} }} from 'd'",
        f"declare enum D{n} {{ A, B = 3 }}",
        f"declare abstract class D{n} {{ abstract x: {kind} }}",
        f"export type {{ D{n} }} from 'd'",
        f"import type D{n} = require('d')",
        "export {}",
        f"abstract class D{n} {{ abstract x: {kind}; abstract m(): void }}",
    ]
    return only_ts(draw(st.sampled_from(forms)))


@st.composite
def functions(draw: st.DrawFn, n: int) -> Pair:
    kind, value = draw(TYPES), draw(expressions())
    typed = f"(this: void, x: any, y?: {kind}, ...z: any[])"
    forms = [
        Pair(f"function f{n}<T>(x: T): {kind}; function f{n}(x: any, y?: any): any", f"function f{n}(x, y)")
        + " { return "
        + value
        + f" }} out.push(f{n}(1))",
        Pair(f"function f{n}{typed}: asserts x is {kind}", f"function f{n}(x, y, ...z)")
        + " { out.push("
        + value
        + f") }} f{n}(1)",
        Pair(f"function* f{n}<T>(): Generator<{kind}>", f"function* f{n}()")
        + " { yield "
        + value
        + f" }} out.push(...f{n}())",
        Pair(f"const f{n} = async <T,>(x: T): Promise<{kind}> =>", f"const f{n} = async (x) =>")
        + " { return "
        + value
        + f" }}; out.push(await f{n}(1))",
        Pair(f"export async function f{n}(x?: {kind})", f"async function f{n}(x)")
        + " { await null; return "
        + value
        + f" }} out.push(await f{n}())",
    ]
    return draw(st.sampled_from(forms))


@st.composite
def enums(draw: st.DrawFn, n: int) -> Pair:
    """An enum in one or two parts, and what TypeScript says that it is."""
    head = draw(st.sampled_from(["enum", "const enum", "export enum", "enum"]))
    first = draw(st.integers(-3, 9))
    text = draw(st.sampled_from(["", " ", "\u2028", "as"]))
    space = draw(SPACES)
    ts = (
        f"{head} E{n} {{ A = {first},{space}B, 'C d' = '{text}', D = A << 2 | B, E }}"
        f" {head} E{n} {{ F = A + 1, G = `x${{'C d'}}` }} out.push(E{n}.D, E{n}['B'], `[ ${{E{n}.A}} ]`, E{n} as any)"
    )
    mixed = first << 2 | (first + 1)
    members = {"A": first, "B": first + 1, "C d": text, "D": mixed, "E": mixed + 1, "F": first + 1, "G": "xC d"}
    sets = "".join(
        f"E[E[{name!r}] = {value}] = {name!r};" if isinstance(value, int) else f"E[{name!r}] = '{value}';"
        for name, value in members.items()
    )
    js = f"var E{n} = ((E) => {{ {sets} return E }})({{}}); out.push(E{n}.D, E{n}['B'], `[ ${{E{n}.A}} ]`, E{n})"
    return Pair(ts, js)


@st.composite
def classes(draw: st.DrawFn, n: int) -> Pair:
    kind, value, other = draw(TYPES), draw(expressions()), draw(expressions())
    name = f"C{n}"
    plain = (
        Pair(
            f"abstract class P{n}<T> implements I, J<T> {{ declare x: {kind}; readonly [k: string]: any; protected m?(): void; ",
            f"class P{n} {{ ",
        )
        + Pair(f"static readonly s: {kind} = ", "static s = ")
        + value
        + Pair("; private z?: any; #p: any = ", "; z; #p = ")
        + other
        + Pair(
            f"; get p(): {kind} {{ return this.#p! }} static {{ this.t = 1 as any }} static t: any }}",
            "; get p() { return this.#p } static { this.t = 1 } static t }",
        )
        + Pair(
            f" class {name} extends P{n}<any> {{ override q = this.p as any; declare r: 1 }}",
            f" class {name} extends P{n} {{ q = this.p }}",
        )
        + f" out.push(new {name}(), Object.keys(new {name}()), P{n}.s, P{n}.t, new {name}().p)"
    )
    ordered = (
        Pair(
            f"class {name} {{ y = [this.x, ",
            f"class {name} {{ constructor(x, k = 1) {{ this.x = x; this.k = k; this.y = [this.x, ",
        )
        + value
        + Pair(f"]; #h: {kind} = 2; constructor(private readonly x: {kind}, public k: any = 1) {{ ", "]; this.h = 2; ")
        + Pair(
            f"out.push(this.#h) }} m(): {kind}; m(x?: any): any {{ return this.y }} }}",
            "out.push(2); delete this.h } m(x) { return this.y } }",
        )
        + f" out.push(new {name}(4), new {name}(5, 6).m())"
    )
    return draw(st.sampled_from([plain, ordered]))


@st.composite
def namespaces(draw: st.DrawFn, n: int) -> Pair:
    value, kind = draw(expressions()), draw(TYPES)
    ts = (
        Pair(f"namespace N{n} {{ export const v: {kind} = ", "")
        + value
        + "; const h = 2; export namespace M { export function f(): any { return [v, h] } } export type T = 1 }"
        + f" namespace N{n} {{ export let w = v }} import W{n} = N{n}.w; out.push(N{n}.M.f(), N{n}.w, W{n})"
    )
    js = (
        "var "
        + f"N{n} = {{}}; {{ const v = N{n}.v = "
        + value
        + f"; const h = 2; N{n}.M = {{ f: () => [v, h] }} }} N{n}.w = N{n}.v; out.push(N{n}.M.f(), N{n}.w, N{n}.w)"
    )
    return Pair(ts.ts, js.js)


@st.composite
def programs(draw: st.DrawFn, *, with_fault: bool = False) -> Pair:
    """A whole source. It returns all that its statements put on `out`, or meets FAULT between two of them."""
    kinds = [constants, declarations, functions, enums, classes, namespaces]
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4))
    statements = [draw(kind(n)) + f";{draw(LINE_ENDS)}" for n, kind in enumerate(chosen)]
    if with_fault:
        statements.insert(draw(st.integers(0, len(statements))), _pair(FAULT))
    whole = PRELUDE + joined(statements, "") + "return out"
    return Pair(whole.ts.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))), whole.js)


FAULT = "if (input) throw new RangeError('fault'); "
PRELUDE = Pair(
    "const out: any[] = [], a: any = 7, box = { a: 1, b: null } as { a?: any; b?: any } | null, type = 1, as = 2, of = 3, satisfies = 4;\n"
    "const id = <T,>(x: T): T => x; function tag<T>(parts: TemplateStringsArray, ...values: T[]): any[] { return [...parts, ...parts.raw, ...values] }\n",
    "const out = [], a = 7, box = { a: 1, b: null }, type = 1, as = 2, of = 3, satisfies = 4;\n"
    "const id = (x) => x; function tag(parts, ...values) { return [...parts, ...parts.raw, ...values] }\n",
)
