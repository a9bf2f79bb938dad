from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integrations.connectors.base import LogLine
from integrations.connectors.functions import pool as pool_module
from integrations.connectors.functions.limits import MEBIBYTE, Limits
from integrations.connectors.functions.pool import FunctionPool
from integrations.connectors.functions.source import compile_function
from integrations.errors import InvalidInput, SandboxError
from integrations.types import Json
from tests.connectors.functions.conftest import Run

QUICK = Limits(time_seconds=0.2)


@pytest.fixture
def own_pool() -> Iterator[FunctionPool]:
    pool = FunctionPool(processes=1)
    yield pool
    pool.close_sync()


def failure(run: Callable[[], object]) -> SandboxError:
    with pytest.raises(SandboxError) as caught:
        run()
    return caught.value


# -- Values ------------------------------------------------------------------------------------------------------------

VALUES: list[Json] = [
    None, True, False, 0, -1, 1.5, "", "text", [], {}, [0, False, "", None], {"": {"a": [1, {"b": 2.25}]}},
    "\u00e4\u20ac\U0001f600 \u2028\u2029", {"\U0001f600": "\u05d0"}, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63),
    [9007199254740993, "9007199254740993"], {"__proto__": 1, "constructor": 2, "toString": 3}, 1e300, -0.5,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_value_passed_through_comes_back_the_same(run: Run, value: Json) -> None:
    result = run("return input", value).value

    assert result == value
    assert type(result) is type(value)


RESULTS: dict[str, tuple[str, Json]] = {
    "nothing": ("return", None),
    "undefined": ("return undefined", None),
    "undefined in a list": ("return [undefined]", [None]),
    "undefined member": ("return { a: undefined, b: 1 }", {"b": 1}),
    "date": ("return new Date(0)", "1970-01-01T00:00:00.000Z"),
    "negative zero": ("return -0", 0),
    "whole float": ("return 3.0", 3),
    "rounded whole number": ("return 2 ** 60", float(2**60)),
    "huge float": ("return 1e300", 1e300),
    "64-bit integer": ("return 2n ** 63n - 1n", 2**63 - 1),
    "long integer as BigInt": (
        "return [typeof input.id, typeof input.small, input.id + 1n]",
        ["bigint", "number", 2**53 + 2],
    ),
    "own toJSON": ("return { toJSON: () => ({ a: 1 }) }", {"a": 1}),
    "invalid date": ("return { a: new Date(NaN).getTime() || null }", {"a": None}),
    "invalid date with a word for it": ("const d = new Date(NaN); d.toJSON = () => 'never'; return [d]", ["never"]),
    "long integer with a word for it": (
        "BigInt.prototype.toJSON = function () { return String(this) };\nreturn { a: 5n ** 50n }",
        {"a": str(5**50)},
    ),
    "map with a word for it": (
        "Map.prototype.toJSON = function () { return [...this] };\nreturn new Map([[1, 2]])",
        [[1, 2]],
    ),
    "class instance": ("class A { x = 1; #y = 2; get z() { return 3 } }\nreturn { a: [new A()] }", {"a": [{"x": 1}]}),
    "boxed values": ("return [Object(1), Object('x'), Object(false), Object(5n)]", [1, "x", False, 5]),
    "list with holes": ("return [1, , 3]", [1, None, 3]),
    "list with more than items": ("return 'ab'.match(/(?<first>a)/)", ["a", "a"]),
    "list of an own class": ("return (class L extends Array {}).of(1, 2)", [1, 2]),
    "object without a prototype": (
        "return Object.groupBy([1, 2], (x) => (x % 2 ? 'odd' : 'even'))",
        {"odd": [1], "even": [2]},
    ),
    "proxy": ("return new Proxy({ a: 1 }, {})", {"a": 1}),
    "same object twice": ("const a = { x: 1 }; return [a, { a }]", [{"x": 1}, {"a": {"x": 1}}]),
    "plain and other values together": (
        "return { a: null, b: new Date(5), c: [5n, null] }",
        {"a": None, "b": "1970-01-01T00:00:00.005Z", "c": [5, None]},
    ),
    "time zone": ("return new Date(0).getTimezoneOffset()", 0),
    "sorted by locale": ("return ['b', 'a'].sort((x, y) => x.localeCompare(y))", ["a", "b"]),
}


@pytest.mark.parametrize(("source", "expected"), RESULTS.values(), ids=RESULTS.keys())
def test_result_is_the_json_that_the_language_defines(run: Run, source: str, expected: Json) -> None:
    result = run(source, {"id": 2**53 + 1, "small": 1}).value

    assert result == expected
    assert type(result) is type(expected)


NOT_JSON = {
    "function": ("return () => 1", "result: a function is not JSON"),
    "function in an object": ("return { a: () => 1 }", "result.a: a function is not JSON"),
    "class": ("return { A: class {} }", "result.A: a function is not JSON"),
    "symbol": ("return { a: Symbol() }", "result.a: a symbol is not JSON"),
    "boxed symbol": ("return [Object(Symbol())]", "result[0]: a Symbol is not JSON"),
    "field named by a symbol": ("return { [Symbol('s')]: 1 }", "result: a field named by a Symbol(s) is not JSON"),
    "not a number": ("return { a: 0 / 0 }", "result.a: NaN is not JSON"),
    "boxed number that is none": ("return { a: new Number(NaN) }", "result.a: NaN is not JSON"),
    "infinity": ("return [1 / 0]", "result[0]: Infinity is not JSON"),
    "integer beyond 64 bits": ("return { a: 2n ** 63n }", "result.a: an integer beyond 64 bits is not JSON"),
    "cycle": ("const a = {}; a.a = [a]; return a", "result.a[0]: a value that holds itself (a circular reference)"),
    "promise inside": ("return { a: Promise.resolve(1) }", "result.a: a Promise is not JSON; await it"),
    "map": ("return new Map([[1, 2]])", "result: a Map is not JSON; use Object.fromEntries(map)"),
    "map deep inside": ("return { items: [0, 1, { m: new Map() }] }", "result.items[2].m: a Map is not JSON"),
    "map of an own class": ("return new (class Index extends Map { size2 = 1 })()", "result: a Map is not JSON"),
    "map behind a proxy": ("return new Proxy(new Map(), {})", "result: a Map is not JSON"),
    "set": ("return { a: new Set([1]) }", "result.a: a Set is not JSON; use [...set]"),
    "weak map": ("return [new WeakMap()]", "result[0]: a WeakMap without fields is not JSON"),
    "weak reference": ("return new WeakRef({})", "result: a WeakRef without fields is not JSON"),
    "keys of a map": ("return new Map([[1, 2]]).keys()", "result: a Map Iterator is not JSON; use [...iterator]"),
    "values of a list": ("return { a: [1].values() }", "result.a: an Array Iterator is not JSON; use [...iterator]"),
    "matches": ("return 'x'.matchAll(/x/g)", "result: a RegExp String Iterator is not JSON; use [...iterator]"),
    "generator": ("return (function* () { yield 1 })()", "result: a Generator is not JSON; use [...iterator]"),
    "iterator helper": ("return [1].values().map((x) => x)", "result: an Iterator Helper is not JSON"),
    "async generator": (
        "return [(async function* () { yield 1 })()]",
        "result[0]: an AsyncGenerator is not JSON; use await Array.fromAsync(iterator)",
    ),
    "invalid date": ("return new Date('nonsense')", "result: an invalid Date is not JSON"),
    "invalid date inside": ("return { a: [{ at: new Date(NaN) }] }", "result.a[0].at: an invalid Date is not JSON"),
    "regular expression": ("return { a: /x/ }", "result.a: a RegExp is not JSON; use its source"),
    "typed array": ("return new Uint8Array(3)", "result: a Uint8Array is not JSON; use [...array]"),
    "typed array of long integers": ("return [new BigInt64Array(1)]", "result[0]: a BigInt64Array is not JSON"),
    "buffer": ("return new ArrayBuffer(1)", "result: an ArrayBuffer is not JSON; use [...new Uint8Array(buffer)]"),
    "view": ("return { a: new DataView(new ArrayBuffer(1)) }", "result.a: a DataView without fields is not JSON"),
    "error": ("return { e: new Error('x') }", "result.e: an Error is not JSON; throw it, or return its message"),
    "error of an own class": ("return new (class Bad extends Error { code = 1 })()", "result: a Bad is not JSON"),
    "arguments": ("(function () { return arguments })", "result: an arguments object is not JSON; use [...arguments]"),
    "namespace of the language": ("return { a: Math }", "result.a: Math is not JSON"),
    "instance with private state only": (
        "class Money { #cents = 5; get cents() { return this.#cents } }\nreturn { price: new Money() }",
        "result.price: a Money without fields is not JSON; return an object of its data",
    ),
    "inherited fields only": ("return Object.create({ a: 1 })", "result: an Object without fields is not JSON"),
    "what toJSON returns": ("return { a: { toJSON: () => ({ b: [new Map()] }) } }", "result.a.b[0]: a Map is not JSON"),
    "name that is no identifier": ("return { 'a b': { '0': NaN } }", 'result["a b"]["0"]: NaN is not JSON'),
    "half a surrogate pair": ("return '\\ud83d'", "surrogate"),
    "nul": ("return { a: '\\0' }", "a: the text holds U+0000"),
    "too deep": ("let a = 1; for (let i = 0; i < 70; i++) a = [a]; return a", "nested more than 64 deep"),
    "very deep": ("let a = 1; for (let i = 0; i < 1e5; i++) a = [a]; return a", "call stack"),
    "throwing toJSON": ("return [{ a: { toJSON() { throw new Error('mine') } } }]", "result[0]: Error: mine"),
    "throwing getter": ("return { a: { get b() { throw new RangeError('mine') } } }", "result.a: RangeError: mine"),
    "throwing proxy": (
        "return [new Proxy({}, { ownKeys() { throw new Error('mine') } })]",
        "result: Error: mine",
    ),
    "larger than allowed": ("return 'x'.repeat(1_000_000)", "larger than 1000000 bytes"),
    "larger than allowed in UTF-8": ("return '\\u20ac'.repeat(400_000)", "larger than 1000000 bytes"),
}


@pytest.mark.parametrize(("source", "message"), NOT_JSON.values(), ids=NOT_JSON.keys())
def test_result_that_is_not_json_is_refused(run: Run, source: str, message: str) -> None:
    error = failure(lambda: run(source))

    assert error.code == "output"
    assert message in error.message
    assert not error.retryable


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"x", {"a": object()}])
def test_input_that_is_not_json_is_refused(pool: FunctionPool, value: Json) -> None:
    with pytest.raises(InvalidInput):
        pool.call_sync("(async(input)=>input\n)", value)


def test_input_is_a_copy(run: Run) -> None:
    value: Json = {"list": [1]}

    assert run("input.list.push(2); return input", value).value == {"list": [1, 2]}
    assert value == {"list": [1]}


# -- Errors ------------------------------------------------------------------------------------------------------------

THROWN = {
    "of its own": ("(input) => {\n\n  throw new RangeError('too big');\n}", "RangeError: too big", 3),
    "not a function": ("(input) => {\n  return input.missing();\n}", "TypeError: missing is not a function", 2),
    "not a function by name": (
        "(input) => {\n  const total = 1;\n  return total();\n}",
        "TypeError: total is not a function",
        3,
    ),
    "property of undefined": (
        "const a = input.a;\n\nreturn a.b.c",
        "TypeError: cannot read property 'c' of undefined",
        3,
    ),
    "after await": (
        "await null;\nawait null;\nreturn input.b.x",
        "TypeError: cannot read property 'x' of undefined",
        3,
    ),
    "text": ("throw 'only text'", "only text", None),
    "object": ("throw { code: 4 }", '{"code":4}', None),
    "undefined": ("throw undefined", "undefined", None),
    "text that says null": ("throw 'null'", "null", None),
    "rejection": ("return Promise.reject(new Error('no'))", "Error: no", 1),
    "own class": ("class Bad extends Error { name = 'Bad' }\nthrow new Bad('x')", "Bad: x", 2),
    "stack overflow": ("function f() { return f() }\nreturn f()", "RangeError: Maximum call stack size exceeded", 1),
    "mixing BigInt": ("return input.id + 1", "TypeError: cannot convert BigInt to number", 1),
    "undeclared name": ("total = 1; return total", "ReferenceError: total is not defined", 1),
    "getter that throws": (
        "throw { get message() { throw 1 } }",
        "something that cannot be described was thrown",
        None,
    ),
    "cause": (
        "throw new Error('outer', { cause: new TypeError('inner', { cause: 'deep' }) })",
        "Error: outer, caused by TypeError: inner, caused by deep",
        1,
    ),
    "cause that is an object": ("throw new Error('x', { cause: { code: 4 } })", 'Error: x, caused by {"code":4}', 1),
    "cause that is the error itself": ("const e = new Error('x'); e.cause = e; throw e", "Error: x", 1),
    "several errors": (
        "throw new AggregateError([new Error('a', { cause: 'why' }), 'b'], 'all')",
        "AggregateError: all [Error: a, caused by why; b]",
        1,
    ),
    "several rejections": (
        "return Promise.any([Promise.reject(new Error('a')), Promise.reject(new RangeError('b'))])",
        "AggregateError: [Error: a; RangeError: b]",
        None,
    ),
    "many errors": (
        "throw new AggregateError(Array.from({ length: 100 }, (_, i) => new Error(`e${i}`)), 'all')",
        "AggregateError: all [Error: e0; Error: e1; Error: e2; Error: e3; Error: e4; and 95 more]",
        1,
    ),
    "long error with a cause": (
        "throw new Error('x'.repeat(5e3), { cause: 'why' })",
        f"Error: {'x' * 1_000}, caused by why",
        1,
    ),
    "long cause": (
        "throw new Error('x', { cause: new Error('y'.repeat(5e3)) })",
        f"Error: x, caused by Error: {'y' * 293}",
        1,
    ),
    "promise that never settles": ("await new Promise(() => {}); return 1", "the promise never settles", None),
}


@pytest.mark.parametrize(("source", "message", "line"), THROWN.values(), ids=THROWN.keys())
def test_error_thrown_is_reported_with_the_authors_line(run: Run, source: str, message: str, line: int | None) -> None:
    error = failure(lambda: run(source, {"a": {}, "id": 2**60}))

    assert error.code == "threw"
    assert error.message.startswith(message)
    assert error.line == line
    assert not error.retryable


def test_error_stack_has_only_the_authors_frames_however_long_the_source(run: Run) -> None:
    padding = "// nothing\n" * 400
    source = f"{padding}function inner(x) {{ return x.a.b }}\nexport default (input) => [input].map(inner)"

    error = failure(lambda: run(source, {}))

    assert (error.line, error.column) == (401, 28)
    assert [line.partition(" (")[0].strip() for line in error.stack.split("\n")] == ["at inner", "at <anonymous>"]


def test_error_on_the_first_line_has_the_authors_column(run: Run) -> None:
    expression = failure(lambda: run("(input) => input.call()", {}))
    body = failure(lambda: run("return input.call()", {}))

    assert (expression.line, expression.column) == (1, 17)
    assert (body.line, body.column) == (1, 13)


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("return fetch('http://x')", "call an app's action"),
        ("return setTimeout(() => 1, 5)", "`wait` event"),
        ("return process.env", "pass what is needed in as input"),
        ("return std.open('/etc/passwd')", "pass what is needed in as input"),
        ("module.exports = 1; return 1", "hold all the code"),
        ("return new URL('http://x').host", "not part of the language"),
    ],
)
def test_host_name_that_is_not_there_is_explained(run: Run, source: str, hint: str) -> None:
    error = failure(lambda: run(source))

    assert error.message.startswith("ReferenceError: ")
    assert hint in error.message


def test_globals_are_the_language_and_console_only(run: Run) -> None:
    names = run("return Object.getOwnPropertyNames(globalThis)").value

    assert isinstance(names, list)
    assert {"console", "Date", "Math", "JSON"} <= set(map(str, names))
    assert not {"std", "os", "bjson", "scriptArgs", "print", "fetch", "require", "process", "Worker"} & set(
        map(str, names)
    )


# -- Logs --------------------------------------------------------------------------------------------------------------


def test_console_lines_are_captured_in_order(run: Run) -> None:
    source = """
        console.log("a", 1, null, undefined, true, 5n, { b: [1] });
        console.info("i"); console.warn("w"); console.error(new TypeError("bad")); console.debug();
        await null;
        console.log("half", "\\ud800", "nul\\0", Symbol("s"), function named() {});
        return 1"""

    logs = run(source).logs

    assert logs == (
        LogLine("log", 'a 1 null undefined true 5 {"b":[1]}'),
        LogLine("info", "i"),
        LogLine("warn", "w"),
        LogLine("error", "TypeError: bad"),
        LogLine("debug", ""),
        LogLine("log", "half \ufffd nul\ufffd Symbol(s) [function named]"),
    )


def test_console_lines_are_kept_when_the_function_fails(run: Run) -> None:
    thrown = failure(lambda: run("console.log('before'); throw new Error('x')"))
    stopped = failure(lambda: run("console.log('before'); for (;;) {}\nreturn 1", limits=QUICK))

    assert thrown.logs == stopped.logs == (LogLine("log", "before"),)


@pytest.mark.parametrize("text", ["x", "x".ljust(100), "\u20ac" * 50, ""])
def test_console_lines_beyond_the_limit_are_dropped_with_a_mark(run: Run, text: str) -> None:
    source = "for (let i = 0; i < 20_000; i++) console.log(input);\nreturn 1"

    logs = run(source, text, limits=Limits(log_bytes=2_000)).logs

    assert sum(len(line.text.encode()) for line in logs[:-1]) <= 2_000
    assert len(logs) < 200
    assert logs[-1] == LogLine("warn", "[the log is full; what follows is dropped]")


def test_console_line_that_is_too_long_is_cut(run: Run) -> None:
    logs = run("console.log('x'.repeat(1e6)); return 1", limits=Limits(log_bytes=2_000)).logs

    assert len(logs[0].text) == 1_984
    assert len(logs) == 2


# -- Limits ------------------------------------------------------------------------------------------------------------

ENDLESS = {
    "loop": "for (;;) {}",
    "loop that catches": "for (;;) { try { for (;;) {} } catch {} finally {} }",
    "loop after await": "await null;\nfor (;;) {}",
    "loop of awaits": "for (;;) await null",
    "microtasks": "const again = () => Promise.resolve().then(again);\nawait again()",
    "regular expression": "return /^(a+)+$/.test('a'.repeat(50) + 'b')",
    "generator": "function* f() { for (;;) yield 1 }\nreturn [...(function* () { for (const x of f()) ; })()]",
    "getter in the result": "return { get a() { for (;;) {} } }",
    "sparse array": "const a = []; a.length = 4294967295; return a.join().length",
    "sort of a sparse array": "const a = []; a.length = 4294967295; a.sort(); return 1",
    "waiting on shared memory": "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); for (;;) {}",
}


@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS.keys())
def test_function_that_never_ends_is_stopped(run: Run, source: str) -> None:
    started = time.monotonic()

    error = failure(lambda: run(f"if (input.go) {{ {source} }}\nreturn 1", {"go": True}, limits=QUICK))

    assert error.code in ("timeout", "threw") if "Atomics" in source else error.code == "timeout"
    assert time.monotonic() - started < 3
    assert run("return 'alive'").value == "alive"


BOMBS = {
    "list": "const a = []; for (;;) a.push('x'.repeat(1e6) + a.length)\nreturn 1",
    "string": "const s = []; for (;;) s.push(String(s.length).padEnd(1e5, 'x').toUpperCase())\nreturn 1",
    "typed arrays": "const a = []; for (;;) a.push(new Uint8Array(1e7).fill(1))\nreturn 1",
    "one big allocation": "return new ArrayBuffer(2e9).byteLength",
    "promises": "const a = []; for (;;) a.push(new Promise(() => {}))\nreturn 1",
}


@pytest.mark.parametrize("source", BOMBS.values(), ids=BOMBS.keys())
def test_function_that_takes_all_memory_is_stopped(run: Run, source: str) -> None:
    error = failure(lambda: run(source, limits=Limits(memory_bytes=16 * MEBIBYTE)))

    assert error.code == "memory"
    assert "16 MiB" in error.message
    assert run("return 'alive'").value == "alive"


def test_memory_cannot_be_raised_above_the_pools(run: Run) -> None:
    error = failure(lambda: run(BOMBS["one big allocation"], limits=Limits(memory_bytes=4_000 * MEBIBYTE)))

    assert error.code == "memory"


# -- One call does not reach another -----------------------------------------------------------------------------------

POLLUTION = """
Object.prototype.polluted = 1; Array.prototype.map = () => "polluted"; JSON.stringify = () => "polluted";
globalThis.Promise = null; globalThis.leak = input; Function.prototype.call = null; console.log = null;
String.prototype.toWellFormed = () => "polluted";
return 1
"""


def test_prototypes_bent_by_one_call_are_whole_in_the_next(own_pool: FunctionPool) -> None:
    pollute = compile_function(POLLUTION, "js").javascript
    look = compile_function("return [({}).polluted, [1].map(x => x), typeof leak]", "js").javascript

    own_pool.call_sync(pollute, {"secret": 1})

    assert own_pool.call_sync(look, None).value == [None, [1], "undefined"]
    assert own_pool.call_sync(look, None).value == [None, [1], "undefined"]


# -- Processes ---------------------------------------------------------------------------------------------------------


def pid_of_child(pool: FunctionPool) -> int:
    pool.isolation()
    return next(iter(pool._children)).pid


def test_child_killed_during_a_call_is_a_retryable_crash_and_is_replaced(own_pool: FunctionPool) -> None:
    pid = pid_of_child(own_pool)
    threading.Timer(0.1, os.kill, (pid, signal.SIGKILL)).start()

    error = failure(lambda: own_pool.call_sync("(async()=>{for(;;){}}\n)", None))

    assert error.code == "crashed"
    assert error.retryable
    assert "signal 9" in error.message
    assert own_pool.call_sync("(async()=>1\n)", None).value == 1
    assert pid_of_child(own_pool) != pid


def test_child_that_died_while_idle_is_replaced_unseen(own_pool: FunctionPool) -> None:
    pid = pid_of_child(own_pool)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    assert own_pool.call_sync("(async()=>1\n)", None).value == 1


def test_child_stays_the_same_between_event_loops_and_threads(own_pool: FunctionPool) -> None:
    seen = []

    def one_loop() -> None:
        assert asyncio.run(own_pool.call("(async()=>1\n)", None)).value == 1
        seen.append(pid_of_child(own_pool))

    for _ in range(2):
        thread = threading.Thread(target=one_loop)
        thread.start()
        thread.join()
    one_loop()

    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_child_is_replaced_after_its_share_of_calls(own_pool: FunctionPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "CALLS_PER_CHILD", 3)
    pid = pid_of_child(own_pool)

    results = [own_pool.call_sync("(async(input)=>input\n)", n).value for n in range(7)]

    assert results == list(range(7))
    assert pid_of_child(own_pool) != pid


def test_many_calls_at_once_are_all_answered_with_their_own_result(pool: FunctionPool) -> None:
    async def gather() -> list[Json]:
        results = await asyncio.gather(*(pool.call("(async(input)=>input*2\n)", n) for n in range(200)))
        return [result.value for result in results]

    assert asyncio.run(gather()) == [n * 2 for n in range(200)]
    assert len(pool._children) <= 2


def test_closed_pool_ends_its_children_and_refuses_calls() -> None:
    pool = FunctionPool(processes=1)
    pid = pid_of_child(pool)

    asyncio.run(pool.close())

    assert failure(lambda: pool.call_sync("(async()=>1\n)", None)).code == "unavailable"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_closing_ends_a_call_in_progress() -> None:
    pool = FunctionPool(processes=1)
    pid_of_child(pool)
    call = pool._submit("(async()=>{for(;;){}}\n)", None, None)
    time.sleep(0.05)

    pool.close_sync()

    assert failure(call.result).code == "crashed"


FORK = """
import os, sys
from integrations.connectors.functions.pool import FunctionPool
pool = FunctionPool(processes=1)
pool.isolation()
before = next(iter(pool._children)).pid
child = os.fork()
value = pool.call_sync("(async(input)=>input+1\\n)", 1).value
own = next(iter(pool._children)).pid
if child == 0:
    os._exit(0 if value == 2 and own != before else 1)
status = os.waitpid(child, 0)[1]
sys.exit(0 if status == 0 and value == 2 and own == before else 2)
"""


def test_forked_process_has_children_of_its_own() -> None:
    finished = subprocess.run([sys.executable, "-W", "error", "-c", FORK], capture_output=True, timeout=20, check=False)

    assert finished.returncode == 0, finished.stderr.decode()


ORPHAN = """
import os
from integrations.connectors.functions.pool import FunctionPool
pool = FunctionPool(processes=1)
pool.isolation()
pool._submit("(async()=>{for(;;){}}\\n)", None, None)
print(next(iter(pool._children)).pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_children_end_with_a_parent_that_is_killed() -> None:
    finished = subprocess.run([sys.executable, "-c", ORPHAN], capture_output=True, timeout=20, check=False)

    assert_gone(int(finished.stdout))


def assert_gone(pid: int) -> None:
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.01)
    pytest.fail(f"process {pid} is still there")
