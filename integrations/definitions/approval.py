"""Approvals: what an event asks people to decide, and who may."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Constraint
from pydantic import JsonValue, StringConstraints

from integrations.definitions.base import Definition, Description, Many, Name
from integrations.definitions.field import Field

LONGEST_TITLE = 200
_LONGEST_WAIT_SECONDS = 3660 * 24 * 3600


class Approvers(Definition):
    """Who may decide, by name; people in one of the groups are as good as those named themselves."""

    groups: Many[Name] = ()
    users: Many[Name] = ()


class ApprovalRequest(Definition):
    """The input of an approval event, resolved."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TITLE)]
    description: Description = ""
    #: None: everyone who may decide approvals and sees the integration.
    approvers: Approvers | None = None
    #: Seconds; None: it waits as long as it takes.
    expires_in: Annotated[float, Constraint(ge=1, le=_LONGEST_WAIT_SECONDS)] | None = None
    #: Whether the person who started the run may decide, too.
    self_approval: bool = False
    #: Anything that is to be looked at.
    payload: JsonValue = None


def _optional(key: str, type: str, **more: object) -> Field:
    return Field.parse({"key": key, "type": type, "required": False, **more})


_NAMES = {"type": "array", "required": False, "items": {"key": "name", "type": "string"}}
#: The same as fields, for inputs that are not resolved yet; `payload` may be anything and is none of them.
APPROVAL_FIELDS = (
    Field.parse({"key": "title", "type": "string", "minLength": 1, "maxLength": LONGEST_TITLE}),
    _optional("description", "string", maxLength=10_000),
    _optional("approvers", "object", fields=[{"key": "groups", **_NAMES}, {"key": "users", **_NAMES}]),
    _optional("expires_in", "float", minimum=1, maximum=_LONGEST_WAIT_SECONDS),
    _optional("self_approval", "boolean"),
)
