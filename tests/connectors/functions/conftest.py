"""One warm pool for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from integrations.connectors.base import FunctionResult
from integrations.connectors.functions.compiler import Language
from integrations.connectors.functions.limits import Limits
from integrations.connectors.functions.pool import FunctionPool
from integrations.connectors.functions.source import compile_function
from integrations.types import Json

Run = Callable[..., FunctionResult]


@pytest.fixture(scope="session")
def pool() -> Iterator[FunctionPool]:
    pool = FunctionPool(processes=2, limits=Limits(time_seconds=3))
    yield pool
    pool.close_sync()


@pytest.fixture
def run(pool: FunctionPool) -> Run:
    """Compile and call: `run(source, input, language="js", limits=None)`."""

    def compile_and_call(
        source: str, value: Json = None, *, language: Language = "js", limits: Limits | None = None
    ) -> FunctionResult:
        compiled = compile_function(source, language)
        return pool.call_sync(compiled.javascript, value, limits=limits)

    return compile_and_call
