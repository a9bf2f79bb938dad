"""Holds an API's answer against what its action declares: what counts as success, and what is said of the rest.

The status decides first. Whatever is wrong with the body of an answer that is no success is a note beside its status.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from integrations.connectors.base import Reply
from integrations.connectors.egress import EgressError
from integrations.connectors.egress.connections import BODILESS_STATUSES
from integrations.connectors.http.errors import HttpStatusError, UnexpectedBody
from integrations.connectors.http.response import HttpResponse
from integrations.connectors.http.retry_after import parse_retry_after
from integrations.connectors.redaction import Redactor
from integrations.definitions import values as field_values
from integrations.definitions.app import Action, Response
from integrations.errors import Problem
from integrations.types import Json

#: How much of an API's own words goes into an error message.
_EXCERPT_CHARACTERS: Final = 200
_MOST_PROBLEMS: Final = 5
#: Where APIs say what went wrong, the plainest words first. Source: RFC 9457, RFC 6749 section 5.2, and custom.
_WORDS: Final = ("message", "detail", "error_description", "error", "title")
#: RFC 9110 section 15.3.6 adds 205 to those that never have one.
_WITHOUT_BODY: Final = BODILESS_STATUSES | {205}


def title_of(action: Action) -> str:
    return f"{action.method} {action.resource}"


def is_success(action: Action, response: HttpResponse) -> bool:
    declared = _declared(action, response.status)
    return declared.success if declared else 200 <= response.status < 300


def reply_of(action: Action, response: HttpResponse, *, secrets: tuple[str, ...], now: dt.datetime) -> Reply:
    """Return what the action answered.

    Raises:
        HttpStatusError: with a status that is no success.
        EgressError: with success, but the body cannot be used.
        UnexpectedBody: it can, and is not what the action declares.
    """
    redactor = Redactor(secrets)
    if not is_success(action, response):
        raise _status_error(title_of(action), response, redactor, now=now)
    if response.fault is not None:
        raise _unusable(title_of(action), response, redactor)
    problems = body_problems(action, response)
    if problems:
        # A place may hold a key of the answer.
        raise UnexpectedBody(redactor.text("; ".join(map(str, problems[:_MOST_PROBLEMS]))))
    return Reply(
        status=response.status,
        body=response.body,
        headers=response.headers,
        secrets=secrets,
        notes=tuple(map(redactor.text, response.notes)),
    )


def body_problems(action: Action, response: HttpResponse) -> list[Problem]:
    """Return where a body is not what the action declares; extra keys are fine, and so is none where there is none."""
    declared = _declared(action, response.status)
    if declared is None or action.method == "HEAD" or response.status in _WITHOUT_BODY:
        return []
    place = f"{title_of(action)} response"
    if isinstance(declared.body, dict):
        return field_values.check_schema(declared.body, response.body, place=place)
    if not declared.body:
        return []
    if not isinstance(response.body, dict):
        return [Problem(place, "should be an object")]
    return field_values.check_values(declared.body, response.body, place=place, allow_unknown=True)[1]


def bare_status_error(asked: str, response: HttpResponse, *, now: dt.datetime, said: str = "") -> HttpStatusError:
    """Return the error of an answer of which nothing may be quoted but what the caller hands over."""
    return HttpStatusError(
        f"{asked} answered {response.status}" + (f": {said}" if said else ""),
        status=response.status,
        retry_after_seconds=parse_retry_after(response.headers.get("retry-after"), now=now),
    )


def _status_error(asked: str, response: HttpResponse, redactor: Redactor, *, now: dt.datetime) -> HttpStatusError:
    said = _words_of(response.body, redactor)
    if not said and response.fault is not None:
        said = redactor.text(response.fault.message)
    error = bare_status_error(asked, response, now=now, said=said)
    error.body = redactor.json(response.body)
    return error


def _unusable(asked: str, response: HttpResponse, redactor: Redactor) -> EgressError:
    assert response.fault is not None  # noqa: S101 (for the type checker: it is what is wrong)
    return type(response.fault)(redactor.text(f"{asked} answered {response.status}, but {response.fault.message}"))


def _declared(action: Action, status: int) -> Response | None:
    return next((response for response in action.responses if response.status_code == status), None)


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
