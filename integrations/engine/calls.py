"""Makes one attempt's call of what an event names: resolves and checks its input, and returns its checked result."""

from __future__ import annotations

from abc import ABC, abstractmethod

from integrations.connectors.base import ActionCall, Binding, LogLine, Reply
from integrations.definitions.values import complete_action_input, decorate, section_fields
from integrations.engine.execution import Execution
from integrations.engine.failures import FAILURES, EventError
from integrations.engine.limits import Gate
from integrations.engine.lookups import call_function, function_input, look_up_whole
from integrations.engine.plan import ActionTarget, FunctionTarget
from integrations.engine.step import Step
from integrations.errors import ConnectorError, InvalidInput, Problem
from integrations.types import Json, JsonObject


class Call(ABC):
    """One attempt's call. Both halves raise what `FAILURES` lists."""

    #: Whether another run may be given its result.
    may_be_cached = True

    def __init__(self, execution: Execution, step: Step) -> None:
        self.execution, self.step = execution, step
        #: Resolved; None until it is.
        self.input: Json = None
        self.logs: list[LogLine] = []
        #: What is worth telling of a call that succeeded.
        self.reason = ""
        self.idempotency_key = ""

    @abstractmethod
    async def prepare(self) -> None: ...

    @abstractmethod
    async def make(self) -> Json: ...

    @abstractmethod
    def identity(self) -> Json:
        """Return what is called, in that its result with a given input does not change as long as this does not."""

    async def identifying_input(self) -> Json:
        """Return the prepared input, but for what makes no difference to the result."""
        return self.input

    def time_is_up(self) -> None:  # noqa: B027  most calls have nothing to note
        """Take note that the attempt was broken off by its event's timeout."""

    def shown_input(self) -> Json:
        """Return the input as it may be stored."""
        return self.execution.secrecy.json(self.input)

    async def _resolved(self, auths: dict[str, Json] | None = None) -> Json:
        mapping = self.step.planned.input
        if mapping is None:
            return self.execution.context.input
        values = self.execution.values(self.step, auths=auths)
        return await look_up_whole(self.execution, mapping, values, logs=self.logs)


class FunctionCall(Call):
    """Runs a function on its input."""

    def __init__(self, execution: Execution, step: Step, target: FunctionTarget) -> None:
        super().__init__(execution, step)
        self.target = target

    async def prepare(self) -> None:
        self.input = function_input(self.target, await self._resolved())

    async def make(self) -> Json:
        timeout = self.step.planned.event.timeout
        return await call_function(self.execution, self.target, self.input, logs=self.logs, timeout_seconds=timeout)

    def identity(self) -> Json:
        return ["function", self.target.javascript, self.target.output.to_compact_dict()]


class AppCall(Call):
    """Calls an app's action, with a fresh token once when the first one is refused."""

    def __init__(self, execution: Execution, step: Step, target: ActionTarget, *, attempt: int) -> None:
        super().__init__(execution, step)
        self.target = target
        self._gate = Gate(execution, step, attempt=attempt)
        self.idempotency_key = step.idempotency_key(execution.context.run.id)
        self._sections: JsonObject = {}
        self._tokens: dict[str, Json] = {}

    async def prepare(self) -> None:
        mapping = self.step.planned.input
        for tag in sorted(mapping.needs.auths) if mapping else ():
            self._tokens[tag] = await self._token(tag)
        await self._place()

    async def make(self) -> Json:
        try:
            reply = await self._send()
        except ConnectorError as error:
            if error.code != "http_401" or not await self._renew_tokens():
                raise
            self._explain("the token was refused, so a fresh one was fetched")
            await self._place()
            reply = await self._send()
        self.execution.secrecy.learn(reply.secrets)
        for note in reply.notes:
            self._explain(self.execution.secrecy.text(note))
        return reply.body

    def time_is_up(self) -> None:
        self._gate.time_is_up()

    def shown_input(self) -> Json:
        return self.execution.secrecy.action_input(self._sections)

    def identity(self) -> Json:
        auths: list[Json] = [auth.to_compact_dict() for auth in self.target.app.auths]
        action = self.target.action.to_compact_dict()
        return ["action", self.target.access_tag, action, auths, self._binding.digest]

    async def identifying_input(self) -> Json:
        """Whose tokens they are follows from the binding; that they are renewed now and then makes no difference."""
        if not self._tokens:
            return self._sections
        try:
            return await self._resolved({tag: _nameless(token, tag) for tag, token in self._tokens.items()})
        except FAILURES:  # it does with a token what only that token allows
            return self._sections

    async def _place(self) -> None:
        resolved = await self._resolved(self._tokens)
        action = self.target.action
        self._sections = resolved if isinstance(resolved, dict) else {}
        completed, problems = complete_action_input(action, self._sections, place="input")
        if problems:
            raise InvalidInput(problems)
        for section, fields in section_fields(action).items():
            values = completed.get(section)
            if fields and isinstance(values, dict):
                completed[section] = decorate(fields, values)
        self._sections = completed

    async def _send(self) -> Reply:
        call = ActionCall(
            app=self.target.app,
            action=self.target.action,
            binding=self._binding,
            params=_object(self._sections, "params"),
            query=_object(self._sections, "query"),
            headers=_object(self._sections, "headers"),
            body=self._sections.get("body"),
            idempotency_key=self.idempotency_key,
            timeout_seconds=self.step.planned.event.timeout,
        )
        try:
            return await self._gate.through(call.binding, lambda: self.execution.context.actions.call(call))
        finally:
            self._explain(self._gate.reason)

    def _explain(self, reason: str) -> None:
        if reason not in self.reason:
            self.reason = "; ".join(filter(None, (self.reason, reason)))

    async def _renew_tokens(self) -> bool:
        """Return whether there is a token that the other side has not refused yet."""
        refused = dict(self._tokens)
        for tag, token in refused.items():
            self._tokens[tag] = await self._token(tag, stale=token)
        return self._tokens != refused

    async def _token(self, auth_tag: str, *, stale: Json = None) -> Json:
        token = await self.execution.context.actions.token(
            app=self.target.app, auth_tag=auth_tag, binding=self._binding, stale=stale
        )
        self.execution.secrecy.learn([token])
        return token

    @property
    def _binding(self) -> Binding:
        tag, context = self.target.access_tag, self.execution.context
        binding = context.bindings.get(tag)
        if binding is None:
            message = f'the app "{tag}" is not bound in the environment "{context.run.environment_slug}"'
            raise EventError(message, code="not_bound")
        return binding


def _nameless(token: Json, place: str) -> Json:
    """Return a token response with each text replaced by where it stands."""
    if isinstance(token, dict):
        return {key: _nameless(item, f"{place}/{key}") for key, item in token.items()}
    if isinstance(token, list):
        return [_nameless(item, f"{place}[{index}]") for index, item in enumerate(token)]
    return place if isinstance(token, str) else token


def _object(sections: JsonObject, name: str) -> JsonObject:
    """Return one section of an input.

    Raises:
        InvalidInput: it became something else when its reference was resolved.
    """
    section = sections.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise InvalidInput([Problem(f"input/{name}", "should be an object")])
    return section
