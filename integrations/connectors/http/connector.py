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
from integrations.connectors.http.errors import RETRYABLE_STATUSES, AuthFailed, HttpStatusError, UnexpectedBody
from integrations.connectors.http.request import build_request
from integrations.connectors.http.response import HttpResponse, read_response
from integrations.connectors.http.retry_after import parse_retry_after
from integrations.connectors.http.tokens import Fetch, TokenCache
from integrations.connectors.redaction import Redactor
from integrations.definitions import periods
from integrations.definitions import values as field_values
from integrations.definitions.app import Action, App, Auth, Response
from integrations.errors import Problem
from integrations.types import Json, JsonObject

#: How much of an API's own words goes into an error message.
_EXCERPT_CHARACTERS = 200
_MOST_PROBLEMS = 5
#: Where APIs say what went wrong, the plainest words first. Source: RFC 9457, RFC 6749 section 5.2, and custom.
_WORDS = ("message", "detail", "error_description", "error", "title")


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
        secrets = credentials.secrets()
        if response.status == 401 and auth is not None and auth.setup_type in auths.OAUTH2:
            renewed = await self._credentials(call, auth, refused=credentials)
            if renewed != credentials:
                response = await self._send(call, renewed)
                secrets = (*secrets, *renewed.secrets())
        return self._reply(call, response, secrets=secrets)

    async def token(self, *, app: App, auth_tag: str, binding: Binding, stale: Json = None) -> Json:
        """Return what `$Auth{auth_tag}` reads; see `ActionConnector.token`."""
        auth = auths.auth_of(app, auth_tag)
        if auth.setup_type in auths.OAUTH2:
            fetch = self._oauth2_fetch(auth, binding)
        elif auth.setup_type == "credential_access":
            fetch = self._login_fetch(app, auth, binding)
        else:
            return binding.auth_data
        return await self._tokens.get(auths.token_key(app, auth, binding), fetch=fetch, stale=stale)

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
        redactor = Redactor(secrets)
        if not (declared.success if declared else 200 <= response.status < 300):
            raise self._status_error(_title(call.action), response, redactor)
        if declared is not None:
            _check_body(call.action, declared, response.body, redactor)
        return Reply(status=response.status, body=response.body, headers=response.headers, secrets=secrets)

    def _status_error(self, asked: str, response: HttpResponse, redactor: Redactor) -> HttpStatusError:
        said = _words_of(response.body, redactor)
        return HttpStatusError(
            f"{asked} answered {response.status}" + (f": {said}" if said else ""),
            status=response.status,
            body=redactor.json(response.body),
            retry_after_seconds=parse_retry_after(response.headers.get("retry-after"), now=self._clock.now()),
        )

    def _login_fetch(self, app: App, auth: Auth, binding: Binding) -> Fetch:
        async def fetch(_replaced: Json) -> tuple[Json, dt.datetime | None]:
            now = self._clock.now()
            reply = await self.call(_login_call(app, auth, binding))
            return reply.body, _own_expiry(auth, now=now)

        return fetch

    def _oauth2_fetch(self, auth: Auth, binding: Binding) -> Fetch:
        async def fetch(replaced: Json) -> tuple[Json, dt.datetime | None]:
            now = self._clock.now()
            authorization, form = auths.token_form(auth, binding.auth_data, replaced=replaced)
            response = read_response(await self._client.send(_token_request(auth, binding, authorization, form)))
            redactor = Redactor(auths.texts_in([form, binding.auth_data]))
            token = self._token_response(auth, response, redactor)
            ends = auths.oauth2_expiry(token, now=now) or _own_expiry(auth, now=now)
            return auths.with_refresh_token(token, replaced=replaced), ends

        return fetch

    def _token_response(self, auth: Auth, response: HttpResponse, redactor: Redactor) -> Json:
        """Return the body if it brings a token. Some servers answer errors with 200; such an answer is not kept."""
        error = self._status_error(f'auth "{auth.tag}": the token URL', response, redactor)
        if response.status in RETRYABLE_STATUSES:
            raise error
        if not 200 <= response.status < 300 or not auths.has_access_token(response.body):
            raise AuthFailed(error.message)
        return response.body


def _request(call: ActionCall, credentials: auths.Credentials) -> EgressRequest:
    headers = _merged_headers(_idempotency(call), credentials.headers, call.headers)
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


def _idempotency(call: ActionCall) -> JsonObject:
    if call.action.method in ("GET", "HEAD", "OPTIONS") or not call.idempotency_key:
        return {}
    return {"Idempotency-Key": call.idempotency_key}


def _merged_headers(*layers: JsonObject) -> JsonObject:
    """Return one header of each name, whatever its case: that of the last layer that gives it a value."""
    merged = {name.lower(): (name, value) for layer in layers for name, value in layer.items() if value is not None}
    return dict(merged.values())


def _merged_body(added: JsonObject, body: Json) -> Json:
    """Return the body with what the auth adds to it.

    Raises:
        AuthFailed: there is no place in this body for it.
    """
    if not added:
        return body
    if not isinstance(body, dict | None):
        raise AuthFailed("the auth adds values to the body, so the body should be an object")
    return {**added, **(body or {})}


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
    call = ActionCall(app=app, action=action, binding=dataclasses.replace(binding, auth_tag=None))
    sections: dict[str, Any] = _login_input(action, given, place=f"auth/{auth.tag}/data")
    return dataclasses.replace(call, **sections)


def _login_input(action: Action, given: JsonObject, *, place: str) -> JsonObject:
    """Return what the connection gives to its login action, completed and decorated as any action's input is."""
    placed, misplaced = field_values.place_flat_input(action, given, place=place)
    completed, problems = field_values.complete_action_input(action, placed, place=place)
    if misplaced or problems:
        raise AuthFailed("; ".join(map(str, [*misplaced, *problems])))
    for section, fields in field_values.section_fields(action).items():
        values = completed.get(section)
        if fields and isinstance(values, dict):
            completed[section] = field_values.decorate(fields, values)
    return completed


def _own_expiry(auth: Auth, *, now: dt.datetime) -> dt.datetime | None:
    """Return when a token ends by what its auth says; None is when the API refuses it."""
    return periods.after(now, count=auth.expiry, period=auth.period) if auth.expiry else None


def _token_request(auth: Auth, binding: Binding, authorization: str, form: JsonObject) -> EgressRequest:
    return build_request(
        base_url=auth.token_url or "",
        method="POST",
        resource="",
        request_type="form",
        headers={"Authorization": authorization, "Accept": "application/json"},
        body=form,
        # The client's secret goes along, and the connection's secrets stay with the hosts of its app environment.
        allowed_hosts=binding.hosts,
        follow_redirects=False,
    )


def _declared(action: Action, status: int) -> Response | None:
    return next((response for response in action.responses if response.status_code == status), None)


def _check_body(action: Action, declared: Response, body: Json, redactor: Redactor) -> None:
    """Raise UnexpectedBody when the answer is not what the action's definition says; extra keys are fine."""
    problems = _body_problems(declared, body, place=f"{_title(action)} response")
    if problems:
        # A place may hold a key of the answer.
        raise UnexpectedBody(redactor.text("; ".join(map(str, problems[:_MOST_PROBLEMS]))))


def _body_problems(declared: Response, body: Json, *, place: str) -> list[Problem]:
    if isinstance(declared.body, dict):
        return field_values.check_schema(declared.body, body, place=place)
    if not declared.body:
        return []
    if not isinstance(body, dict):
        return [Problem(place, "should be an object")]
    return field_values.check_values(declared.body, body, place=place, allow_unknown=True)[1]


def _title(action: Action) -> str:
    return f"{action.method} {action.resource}"


def _words_of(body: Json, redactor: Redactor) -> str:
    """Return what the API says of its error, in its own words and without secrets, for the message."""
    said: Json = body
    while isinstance(said, dict):
        said = next((said[key] for key in _WORDS if said.get(key)), "")
    return _excerpt(redactor.text(said)) if isinstance(said, str) else ""


def _excerpt(text: str) -> str:
    """Return the beginning, cut between words: half a secret could not be told to be one by who redacts next."""
    if len(text) <= _EXCERPT_CHARACTERS:
        return text
    kept, _, _ = text[: _EXCERPT_CHARACTERS + 1].rpartition(" ")
    return f"{kept} …" if kept else ""
