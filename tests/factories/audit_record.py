"""Audit records."""

from __future__ import annotations

from factory.django import DjangoModelFactory

from integrations.models import AuditRecord


class AuditRecordFactory(DjangoModelFactory[AuditRecord]):
    class Meta:
        model = AuditRecord

    action = "change"
    kind = "feature"
    tag = "deploy_auction"
