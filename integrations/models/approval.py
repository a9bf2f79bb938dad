"""Approvals: what runs wait for that people decide, each exactly once."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from integrations.models.fields import CappedJSONField
from integrations.models.run import Run
from integrations.models.visibility import ScopedQuerySet, Viewer

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class ApprovalQuerySet(ScopedQuerySet["Approval"]):
    INTEGRATION = "run__integration"
    MEMBERS = "run__integration__members"

    def undecided(self, now: dt.datetime) -> ApprovalQuerySet:
        """Return those that somebody may still decide: neither decided nor expired, and their run has not ended."""
        waiting = self.filter(decision="", run__finished_at=None)
        return waiting.filter(Q(expires_at=None) | Q(expires_at__gt=now))

    def open_for(self, user: Viewer, now: dt.datetime) -> ApprovalQuerySet:
        """Return those that this very person may decide now."""
        if not (user.is_active and user.has_perm("integrations.decide_approval")):
            return self.none()
        return self.visible_to(user).undecided(now).decidable_by(user)

    def decidable_by(self, user: Viewer) -> ApprovalQuerySet:
        """Return those whose approvers `user` is among, but for runs of their own where that is not wanted."""
        if user.pk is None:
            return self.all()  # whoever runs the server
        named = Approval.users.through.objects.filter(user_id=user.pk).values("approval_id")
        in_group = Approval.groups.through.objects.filter(group__user=user.pk).values("approval_id")
        among = Q(is_restricted=False) | Q(pk__in=named) | Q(pk__in=in_group)
        return self.filter(among).filter(Q(self_approval=True) | Q(run__created_by=None) | ~Q(run__created_by=user.pk))


class Approval(models.Model):
    class Decision(models.TextChoices):
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        EXPIRED = "expired", "Expired"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="approvals", db_index=False)
    #: Which attempt of which step waits for it, such as `ship/release` or `ship/release[3]#2`.
    step = models.CharField(max_length=300)
    #: The event's tag.
    event = models.CharField(max_length=130)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    #: What there is to look at, redacted.
    payload = CappedJSONField(null=True, blank=True)
    #: Whether only the people below may decide; else everyone with the permission.
    is_restricted = models.BooleanField(default=False)
    users = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    groups = models.ManyToManyField(Group, related_name="+", blank=True)
    #: Whether the person who started the run may decide.
    self_approval = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)

    #: "" until then.
    decision = models.CharField(max_length=16, choices=Decision, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: The name of that user then, which stays when the user is deleted; "" is the system.
    decided_by_name = models.CharField(max_length=150, blank=True, default="")
    reason = models.TextField(blank=True, default="")

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        permissions = [("decide_approval", "May decide approvals")]
        indexes = [models.Index(fields=["created_at"], condition=Q(decision=""), name="approval_undecided")]
        constraints = [
            models.UniqueConstraint(fields=["run", "step"], name="approval_step_unique"),
            models.CheckConstraint(
                condition=Q(decision="", decided_at=None) | (~Q(decision="") & Q(decided_at__isnull=False)),
                name="approval_decided_at_with_decision",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.step})"

    # Mutators

    def name_approvers(self, *, users: list[User], groups: list[Group]) -> None:
        self.users.set(users)
        self.groups.set(groups)

    def decide(self, decision: Decision, *, by: User | None, reason: str, now: dt.datetime) -> bool:
        """Store a decision, unless there is one; return whether it is this one. An expiry comes in its time only."""
        is_late = Q(expires_at__lte=now)
        in_time = is_late if decision == self.Decision.EXPIRED else ~is_late | Q(expires_at=None)
        undecided = Approval.objects.filter(pk=self.pk, decision="").filter(in_time)
        changes: dict[str, Any] = {
            "decision": decision,
            "decided_at": F("expires_at") if decision == self.Decision.EXPIRED else now,
            "decided_by": by,
            "decided_by_name": by.get_username() if by else "",
            "reason": reason,
        }
        return undecided.update(**changes) == 1
