"""Resolves planned mappings, running the functions that they call."""

from __future__ import annotations

from integrations.connectors.base import LogLine
from integrations.definitions.values import check_output, check_values
from integrations.engine.execution import Execution
from integrations.engine.failures import EventError
from integrations.engine.plan import FunctionTarget, PlannedMapping
from integrations.engine.resolver import Values, resolve, resolve_calling
from integrations.errors import InvalidInput, Problem, SandboxError
from integrations.types import Json, JsonObject


async def look_up(execution: Execution, mapping: PlannedMapping, values: Values, *, logs: list[LogLine]) -> Json:
    """Return a mapping's value; what its functions log is added to `logs`.

    Raises:
        ResolveError, SandboxError, InvalidInput, EventError: see `FAILURES`.
    """
    if not mapping.needs.function_calls:
        return resolve(mapping.template, values)

    async def call(tag: str, arguments: list[Json]) -> Json:
        return await _call_by_tag(execution, tag, arguments, logs=logs)

    return await resolve_calling(mapping.template, values, call=call)


async def look_up_whole(execution: Execution, mapping: PlannedMapping, values: Values, *, logs: list[LogLine]) -> Json:
    """Return a mapping's value as `look_up` does, but for decisions and calls, which must not go by a redacted value.

    Raises:
        EventError: a result that it reads was redacted when it was stored, before the run went on from there.
    """
    resolved = await look_up(execution, mapping, values, logs=logs)
    if execution.reads_redacted(resolved):
        message = "a value that it reads was redacted when it was stored, before the run went on from there"
        raise EventError(message, code="redacted")
    return resolved


async def call_function(
    execution: Execution,
    target: FunctionTarget,
    value: Json,
    *,
    logs: list[LogLine],
    timeout_seconds: float | None = None,
) -> Json:
    """Return a function's result on `value`, checked against what it declares. Raises as `look_up` does."""
    try:
        result = await execution.context.functions.call(target.javascript, value, timeout_seconds=timeout_seconds)
    except SandboxError as error:
        logs += [line for line in error.logs if isinstance(line, LogLine)]
        raise
    logs += result.logs
    problems = check_output(target.output, result.value, place="result")
    if problems:
        raise EventError("; ".join(map(str, problems)), code="bad_result")
    return result.value


def function_input(target: FunctionTarget, value: Json) -> Json:
    """Return what a function is called with: defaults filled in, everything as its input fields say."""
    if target.fields is None:
        return value
    if not isinstance(value, dict):
        raise InvalidInput([Problem("input", "should be an object")])
    # A function that declares no input takes whatever it is given.
    filled, problems = check_values(target.fields, value, place="input", allow_unknown=not target.fields)
    if problems:
        raise InvalidInput(problems)
    return filled


async def _call_by_tag(execution: Execution, tag: str, arguments: list[Json], *, logs: list[LogLine]) -> Json:
    target = execution.plan.functions.get(tag)
    if target is None:
        raise EventError(f'the release has no function "{tag}"; publish the feature again', code="bad_definition")
    value = function_input(target, _by_field(tag, target, arguments))
    return await call_function(execution, target, value, logs=logs)


def _by_field(tag: str, target: FunctionTarget, arguments: list[Json]) -> JsonObject:
    fields = target.fields or ()
    if len(arguments) > len(fields):
        message = f'function "{tag}" takes {len(fields)} of them, not {len(arguments)}'
        raise InvalidInput([Problem("values", message)])
    return {field.key: argument for field, argument in zip(fields, arguments, strict=False)}
