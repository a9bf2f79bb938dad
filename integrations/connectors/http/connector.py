"""Calls the actions of apps: adds what their auth asks for, sends, and says what counts as an answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from integrations.clock import Clock
from integrations.connectors.base import ActionCall, Binding, Reply
from integrations.connectors.egress import EgressClient, EgressRequest, Timeouts
from integrations.connectors.egress.messages import DEFAULT_TIMEOUTS
from integrations.connectors.http import auth as auths
from integrations.connectors.http.errors import AuthFailed, HttpStatusError, UnexpectedBody
from integrations.connectors.http.request import build_request
from integrations.connectors.http.response import HttpResponse, read_response
from integrations.connectors.http.retry_after import parse_retry_after
from integrations.connectors.http.tokens import Fetch, TokenCache
from integrations.connectors.redaction import Redactor
from integrations.definitions import periods
from integrations.definitions import values as field_values
from integrations.definitions.app import Action, App, Auth, Response
from integrations.types import Json, JsonObject

#: How much of an API's own words goes into an error message.
_EXCERPT_CHARACTERS = 200


class HttpActionConnector:
    """Calls actions over one egress client; for one event loop, shared by all runs in it."""

    def __init__(self, *, client: EgressClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._tokens = TokenCache(clock=clock)

    async def call(self, call: ActionCall) -> Reply:
        """Return the action's answer; see `ActionConnector.call`."""
        auth = auths.auth_of(call.app, call.binding.auth_tag) if call.binding.auth_tag else None
        credentials = await self._credentials(call, auth)
        response = await self._send(call, credentials)
        if response.status == 401 and auth is not None and auth.setup_type in auths.OAUTH2:
            credentials = await self._credentials(call, auth, refused=credentials)
            response = await self._send(call, credentials)
        return self._reply(call, response, secrets=credentials.secrets())

    async def token(self, *, app: App, auth_tag: str, binding: Binding, stale: Json = None) -> Json:
        """Return what `$Auth{auth_tag}` reads; see `ActionConnector.token`."""
        auth = auths.auth_of(app, auth_tag)
        if auth.setup_type in auths.OAUTH2:
            fetch = self._oauth2_fetch(auth, binding)
        elif auth.setup_type == "credential_access":
            fetch = self._login_fetch(app, auth, binding)
        else:
            return binding.auth_data
        return await self._tokens.get(auths.token_key(auth_tag, binding), fetch=fetch, stale=stale)

    async def _credentials(
        self, call: ActionCall, auth: Auth | None, *, refused: auths.Credentials | None = None
    ) -> auths.Credentials:
        if auth is None:
            return auths.NOTHING
        if auth.setup_type not in auths.OAUTH2:
            return auths.static_credentials(auth, call.binding.auth_data)
        token = await self.token(app=call.app, auth_tag=auth.tag, binding=call.binding)
        if refused is not None and auths.bearer(token) == refused:
            token = await self.token(app=call.app, auth_tag=auth.tag, binding=call.binding, stale=token)
        return auths.bearer(token)

    async def _send(self, call: ActionCall, credentials: auths.Credentials) -> HttpResponse:
        response = await self._client.send(_request(call, credentials))
        return read_response(response)

    def _reply(self, call: ActionCall, response: HttpResponse, *, secrets: tuple[str, ...]) -> Reply:
        declared = _declared(call.action, response.status)
        if not (declared.success if declared else 200 <= response.status < 300):
            raise self._status_error(call, response, secrets)
        if declared is not None:
            _check_body(call.action, declared, response.body)
        return Reply(status=response.status, body=response.body, headers=response.headers, secrets=secrets)

    def _status_error(self, call: ActionCall, response: HttpResponse, secrets: tuple[str, ...]) -> HttpStatusError:
        redactor = Redactor(secrets)
        said = redactor.text(_words_of(response.body))
        return HttpStatusError(
            f"{_title(call.action)} answered {response.status}" + (f": {said}" if said else ""),
            status=response.status,
            body=redactor.json(response.body),
            retry_after_seconds=parse_retry_after(response.headers.get("retry-after"), now=self._clock.now()),
        )

    def _login_fetch(self, app: App, auth: Auth, binding: Binding) -> Fetch:
        async def fetch() -> tuple[Json, dt.datetime | None]:
            now = self._clock.now()
            reply = await self.call(_login_call(app, auth, binding))
            ends = periods.after(now, count=auth.expiry, period=auth.period) if auth.expiry else None
            return reply.body, ends

        return fetch

    def _oauth2_fetch(self, auth: Auth, binding: Binding) -> Fetch:
        async def fetch() -> tuple[Json, dt.datetime | None]:
            now = self._clock.now()
            response = read_response(await self._client.send(_token_request(auth, binding)))
            if not 200 <= response.status < 300:
                raise AuthFailed(f'auth "{auth.tag}": the token URL answered {response.status}')
            return response.body, auths.oauth2_expiry(response.body, now=now)

        return fetch


def _request(call: ActionCall, credentials: auths.Credentials) -> EgressRequest:
    idempotency = {} if call.action.method in ("GET", "HEAD", "OPTIONS") else {"Idempotency-Key": call.idempotency_key}
    headers = {**(idempotency if call.idempotency_key else {}), **credentials.headers, **call.headers}
    return build_request(
        base_url=call.binding.base_url,
        method=call.action.method,
        resource=call.action.resource,
        request_type=call.action.request_type or call.binding.request_type,
        params={**credentials.params, **call.params},
        query={**credentials.query, **call.query},
        headers=headers,
        body=_merged_body(credentials.body, call.body),
        allowed_hosts=call.binding.hosts,
        # Any header may hold a secret that a reference brought, so none follows a redirect to another origin.
        secret_headers=headers,
        timeouts=_timeouts(call.timeout_seconds),
    )


def _merged_body(added: JsonObject, body: Json) -> Json:
    if not added:
        return body
    return {**added, **(body if isinstance(body, dict) else {})}


def _timeouts(total_seconds: float | None) -> Timeouts:
    if total_seconds is None:
        return DEFAULT_TIMEOUTS
    return dataclasses.replace(
        DEFAULT_TIMEOUTS,
        connect_seconds=min(DEFAULT_TIMEOUTS.connect_seconds, total_seconds),
        read_seconds=total_seconds,
        total_seconds=total_seconds,
    )


def _login_call(app: App, auth: Auth, binding: Binding) -> ActionCall:
    """Return the call of the auth's login action; it must not itself ask for the token that it fetches."""
    action = app.action(auth.action_tag or "")
    if action is None:
        raise AuthFailed(f'auth "{auth.tag}" names the action "{auth.action_tag}", which app "{app.tag}" does not have')
    given = binding.auth_data if isinstance(binding.auth_data, dict) else {}
    placed, problems = field_values.place_flat_input(action, given, place=f"auth/{auth.tag}/data")
    if problems:
        raise AuthFailed("; ".join(map(str, problems)))
    call = ActionCall(app=app, action=action, binding=dataclasses.replace(binding, auth_tag=None))
    sections: dict[str, Any] = placed
    return dataclasses.replace(call, **sections)


def _token_request(auth: Auth, binding: Binding) -> EgressRequest:
    authorization, form = auths.token_form(auth, binding.auth_data)
    return build_request(
        base_url=auth.token_url or "",
        method="POST",
        resource="",
        request_type="form",
        headers={"Authorization": authorization, "Accept": "application/json"},
        body=form,
        follow_redirects=False,
    )


def _declared(action: Action, status: int) -> Response | None:
    return next((response for response in action.responses if response.status_code == status), None)


def _check_body(action: Action, declared: Response, body: Json) -> None:
    """Raise UnexpectedBody when the answer is not what the action's definition says; extra keys are fine."""
    place = f"{_title(action)} response"
    if isinstance(declared.body, dict):
        problems = field_values.check_schema(declared.body, body, place=place)
    elif declared.body and isinstance(body, dict):
        _, problems = field_values.check_values(declared.body, body, place=place, allow_unknown=True)
    else:
        return
    if problems:
        raise UnexpectedBody("; ".join(map(str, problems[:5])))


def _title(action: Action) -> str:
    return f"{action.method} {action.resource}"


def _words_of(body: Json) -> str:
    """Return what the API says of its error, in its own words, for the message."""
    said: Json = body
    while isinstance(said, dict):
        said = next((said[key] for key in ("message", "detail", "error", "title") if said.get(key)), "")
    return said[:_EXCERPT_CHARACTERS] if isinstance(said, str) else ""
