"""Connectors that answer from a script and remember what they were asked."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from integrations.connectors.base import ActionCall, Binding, FunctionResult, Reply
from integrations.definitions.app import App
from integrations.types import Json

ActionAnswer: TypeAlias = "Json | Reply | Exception | Callable[[ActionCall], Json | Reply | Awaitable[Json | Reply]]"
FunctionAnswer: TypeAlias = "Callable[[Json], Json | FunctionResult | Awaitable[Json | FunctionResult]]"


class FakeActionConnector:
    """Answers by action tag: a value, an exception, a callable on the call, or with `script` one after the other."""

    def __init__(self, answers: dict[str, ActionAnswer] | None = None, *, tokens: Iterable[Json] = ()) -> None:
        self.answers = dict(answers or {})
        self.scripts: dict[str, list[ActionAnswer]] = {}
        self.calls: list[ActionCall] = []
        #: Token responses, one after the other; the last one stays.
        self.tokens = list(tokens)
        #: What was handed in as stale, each time a token was asked for.
        self.token_requests: list[Json] = []

    def script(self, tag: str, *answers: ActionAnswer) -> None:
        self.scripts[tag] = list(answers)

    def calls_of(self, tag: str) -> list[ActionCall]:
        return [call for call in self.calls if call.action.tag == tag]

    async def call(self, call: ActionCall) -> Reply:
        self.calls.append(call)
        script = self.scripts.get(call.action.tag)
        answer = script.pop(0) if script else self.answers[call.action.tag]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            given = answer(call)
            answer = await given if inspect.isawaitable(given) else given
        return answer if isinstance(answer, Reply) else Reply(status=200, body=answer)

    async def token(self, *, app: App, auth_tag: str, binding: Binding, stale: Json = None) -> Json:
        self.token_requests.append(stale)
        while len(self.tokens) > 1 and self.tokens[0] == stale:
            self.tokens.pop(0)
        return self.tokens[0]


@dataclass(slots=True)
class FakeFunctionConnector:
    """Runs Python functions in place of JavaScript ones, by their source text."""

    answers: dict[str, FunctionAnswer] = field(default_factory=dict)
    calls: list[tuple[str, Json]] = field(default_factory=list)

    async def call(self, javascript: str, value: Json, *, timeout_seconds: float | None = None) -> FunctionResult:
        self.calls.append((javascript, value))
        given = self.answers[javascript](value)
        answer = await given if inspect.isawaitable(given) else given
        return answer if isinstance(answer, FunctionResult) else FunctionResult(value=answer)


def after(seconds: float, answer: Json) -> Callable[[object], Awaitable[Json]]:
    """Return an answer that takes `seconds` of the loop's time."""

    async def answer_late(_: object) -> Json:
        await asyncio.sleep(seconds)
        return answer

    return answer_late
