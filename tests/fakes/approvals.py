"""Approvals that are decided when the test says so."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Literal

from integrations.clock import Clock
from integrations.definitions.approval import ApprovalRequest
from integrations.engine.ports import Approval


class FakeApprovals:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.approvals: dict[str, Approval] = {}
        self.requests: dict[str, ApprovalRequest] = {}

    async def find(self, place: str) -> Approval | None:
        found = self.approvals.get(place)
        if found and not found.decision and found.expires_at and found.expires_at <= self._clock.now():
            self.approvals[place] = dataclasses.replace(found, decision="expired", decided_at=found.expires_at)
        return self.approvals.get(place)

    async def request(self, place: str, *, event: str, request: ApprovalRequest) -> Approval:
        seconds = request.expires_in
        expires_at = None if seconds is None else self._clock.now() + dt.timedelta(seconds=seconds)
        self.requests[place] = request
        return self.approvals.setdefault(place, Approval(title=request.title, expires_at=expires_at))

    def decide(self, place: str, decision: Literal["approved", "rejected"], *, reason: str = "") -> None:
        self.approvals[place] = dataclasses.replace(
            self.approvals[place], decision=decision, by="ada", reason=reason, decided_at=self._clock.now()
        )
