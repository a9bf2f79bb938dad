from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from integrations.connectors.functions import compiler as compiler_module
from integrations.connectors.functions.compiler import Compiler
from integrations.connectors.functions.source import compile_function
from integrations.errors import DefinitionError, SandboxError


@pytest.fixture
def own_compiler() -> Iterator[Compiler]:
    compiler = Compiler()
    yield compiler
    compiler.close()


def children(compiler: Compiler) -> list[int]:
    return [child.pid for child in compiler._pool._children]


def test_sources_are_compiled_by_one_warm_child(own_compiler: Compiler) -> None:
    for source in ("return 1", "const a: number = ;", "return 2"):
        try:
            compile_function(source, "ts", compiler=own_compiler)
        except DefinitionError:
            assert source == "const a: number = ;"

    assert len(children(own_compiler)) == 1


def test_child_that_has_nothing_to_compile_is_ended(own_compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler_module, "_IDLE_SECONDS", 0.0)
    compile_function("return 1", "ts", compiler=own_compiler)
    assert own_compiler._rest is not None
    own_compiler._rest.join()

    assert children(own_compiler) == []
    assert compile_function("return 1", "ts", compiler=own_compiler).language == "ts"


def test_source_that_takes_too_long_is_refused_and_the_next_is_compiled(own_compiler: Compiler) -> None:
    compile_function("return 1", "ts", compiler=own_compiler)
    pool, limits = own_compiler._pool, own_compiler._pool.limits

    pool.limits = replace(limits, time_seconds=0.5)
    with pytest.raises(DefinitionError, match="the source cannot be compiled: the function ran longer"):
        compile_function("return " + "async<a>(" * 30 + "1" + ")" * 30, "ts", compiler=own_compiler)

    pool.limits = limits
    assert compile_function("return 1", "ts", compiler=own_compiler).language == "ts"


def test_closed_compiler_is_unavailable() -> None:
    compiler = Compiler()
    compiler.close()

    with pytest.raises(SandboxError, match="closed"):
        compile_function("return 1", "ts", compiler=compiler)


def test_parsing_has_no_more_stack_than_a_call_will_have(own_compiler: Compiler) -> None:
    # The compiler itself can read this.
    with pytest.raises(DefinitionError, match="nested too deeply"):
        compile_function("return " + "[" * 4_000 + "]" * 4_000, "js", compiler=own_compiler)
