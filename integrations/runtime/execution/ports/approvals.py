"""Finds and requests the approvals that a run waits for: fulfils `engine.ports.Approvals`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Literal, cast

from django.contrib.auth.models import Group, User

from integrations import models
from integrations.definitions.approval import ApprovalRequest, Approvers
from integrations.engine.failures import EventError
from integrations.engine.ports import Approval
from integrations.runtime.db import clock
from integrations.runtime.execution.recorder import RunRecorder

Decision = models.Approval.Decision


class Approvals:
    """Reads and writes in the database's thread, while the run's lease lasts."""

    def __init__(self, run: models.Run, recorder: RunRecorder) -> None:
        self._run, self._recorder = run, recorder

    async def find(self, place: str) -> Approval | None:
        return await self._recorder.ask(lambda: self._found(place))

    async def request(self, place: str, *, event: str, request: ApprovalRequest) -> Approval:
        return await self._recorder.ask(lambda: self._found(place) or self._requested(place, event, request))

    def _found(self, place: str) -> Approval | None:
        rows, now = models.Approval.objects.filter(run=self._run, step=place), clock.now()
        row = rows.first()
        if row is not None and row.decide(Decision.EXPIRED, by=None, reason="", now=now):
            row.refresh_from_db()
        return None if row is None else _described(row)

    def _requested(self, place: str, event: str, request: ApprovalRequest) -> Approval:
        users: list[User] = []
        groups: list[Group] = []
        if request.approvers is not None:
            users, groups = _people(request.approvers)
        now = clock.now()
        seconds = request.expires_in
        row = models.Approval.objects.create(
            run=self._run,
            step=place,
            event=event,
            title=request.title,
            description=request.description,
            payload=request.payload,
            is_restricted=request.approvers is not None,
            self_approval=request.self_approval,
            created_at=now,
            expires_at=None if seconds is None else now + dt.timedelta(seconds=seconds),
        )
        row.name_approvers(users=users, groups=groups)
        return _described(row)


def _people(approvers: Approvers) -> tuple[list[User], list[Group]]:
    if not approvers.users and not approvers.groups:
        raise EventError("approvers is empty; name a user or group", code="unknown_approver")
    users = _named(User.objects.filter(is_active=True), "username", approvers.users, kind="active user")
    return users, _named(Group.objects.all(), "name", approvers.groups, kind="group")


def _named(rows: Any, field: str, names: Iterable[str], *, kind: str) -> list[Any]:
    found = {getattr(row, field): row for row in rows.filter(**{f"{field}__in": list(names)})}
    missing = [name for name in names if name not in found]
    if missing:
        listed = ", ".join(f'"{name}"' for name in missing)
        raise EventError(f"approvers: there is no {kind} {listed}", code="unknown_approver")
    return list(found.values())


def _described(row: models.Approval) -> Approval:
    return Approval(
        title=row.title,
        decision=cast('Literal["", "approved", "rejected", "expired"]', str(row.decision)),
        by=row.decided_by_name or ("the system" if row.decision else ""),
        reason=row.reason,
        decided_at=row.decided_at,
        expires_at=row.expires_at,
    )
