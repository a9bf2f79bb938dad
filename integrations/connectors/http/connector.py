"""Calls the actions of apps: adds what their auth asks for and sends it, logging in where that takes a token."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from integrations.clock import Clock
from integrations.connectors.base import ActionCall, Binding, Reply
from integrations.connectors.egress import EgressClient, EgressError, EgressRequest, Timeouts
from integrations.connectors.egress.messages import DEFAULT_TIMEOUTS
from integrations.connectors.http import answers
from integrations.connectors.http import auth as auths
from integrations.connectors.http.errors import RETRYABLE_STATUSES, AuthFailed, UnexpectedBody
from integrations.connectors.http.request import build_request
from integrations.connectors.http.response import HttpResponse, read_response, without_body
from integrations.connectors.http.token_answers import error_code_in, token_in
from integrations.connectors.http.tokens import Fetch, TokenCache
from integrations.definitions import periods
from integrations.definitions import values as field_values
from integrations.definitions.app import Action, App, Auth
from integrations.types import Json, JsonObject


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
        return answers.reply_of(call.action, response, secrets=secrets, now=self._clock.now())

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
        return await self._answer(_request(call, credentials))

    async def _answer(self, request: EgressRequest) -> HttpResponse:
        """Return the answer; one whose body cannot be had says what is wrong with it."""
        try:
            return read_response(await self._client.send(request))
        except EgressError as error:
            if error.answer is None:
                raise
            return without_body(error.answer, error)

    def _login_fetch(self, app: App, auth: Auth, binding: Binding) -> Fetch:
        async def fetch(_replaced: Json) -> tuple[Json, dt.datetime | None]:
            now = self._clock.now()
            call = _login_call(app, auth, binding)
            asked = f'auth "{auth.tag}": {answers.title_of(call.action)}'
            response = await self._login_answer(asked, _request(call, auths.NOTHING))
            if not answers.is_success(call.action, response):
                raise answers.bare_status_error(asked, response, now=now)
            token = token_in(response)
            is_unread = response.fault is not None and not isinstance(token, dict)
            if is_unread or answers.body_problems(call.action, dataclasses.replace(response, body=token)):
                raise UnexpectedBody(f"{asked} answered {response.status}, but not what its definition says")
            return token, _own_expiry(auth, now=now)

        return fetch

    def _oauth2_fetch(self, auth: Auth, binding: Binding) -> Fetch:
        async def fetch(replaced: Json) -> tuple[Json, dt.datetime | None]:
            now = self._clock.now()
            authorization, form = auths.token_form(auth, binding.auth_data, replaced=replaced)
            asked = f'auth "{auth.tag}": the token URL'
            response = await self._login_answer(asked, _token_request(auth, binding, authorization, form))
            token = self._token_response(asked, response)
            ends = auths.oauth2_expiry(token, now=now) or _own_expiry(auth, now=now)
            return auths.with_refresh_token(token, replaced=replaced), ends

        return fetch

    async def _login_answer(self, asked: str, request: EgressRequest) -> HttpResponse:
        """Return the answer to a login, without which the call that asks for it is not sent."""
        try:
            response = await self._answer(request)
        except EgressError as error:
            if not error.retryable:
                raise
            raise AuthFailed(f"{asked}: {error.message}", retryable=True) from None
        if response.fault is not None and response.fault.retryable and response.status < 400:
            raise AuthFailed(f"{asked} answered {response.status}, but {response.fault.message}", retryable=True)
        return response

    def _token_response(self, asked: str, response: HttpResponse) -> Json:
        """Return the token if there is one. Some servers answer errors with 200; such an answer is not kept."""
        token = token_in(response)
        error = answers.bare_status_error(asked, response, now=self._clock.now(), said=error_code_in(token))
        if response.status in RETRYABLE_STATUSES:
            raise error
        if not 200 <= response.status < 300:
            raise AuthFailed(error.message)
        if not auths.has_access_token(token):
            raise AuthFailed(f"{error.message}, without an access_token")
        return token


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
