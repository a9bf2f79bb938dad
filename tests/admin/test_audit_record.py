"""The audit log: read by those who may, changed by nobody."""

from __future__ import annotations

from django.test import Client

from integrations import models
from tests.admin import pages
from tests.admin.conftest import logged_in, member
from tests.factories import AuditRecordFactory, IntegrationFactory, UserFactory


def test_audit_log_is_shown_to_auditors(integration: models.Integration) -> None:
    auditor = logged_in(member(IntegrationFactory.create(), "Auditors"))
    record = AuditRecordFactory.create(
        integration=integration, by=UserFactory.create(username="grace"), changes={"name": {"from": "A", "to": "B"}}
    )

    assert "grace" in pages.text(auditor.get(pages.list_url(models.AuditRecord)))
    assert '"from": "A"' in pages.text(auditor.get(pages.change_url(record)))


def test_audit_log_is_hidden_from_engineers(page: Client) -> None:
    assert page.get(pages.list_url(models.AuditRecord)).status_code == 403


def test_audit_record_is_changed_by_nobody(admin_client: Client) -> None:
    record = AuditRecordFactory.create()

    assert admin_client.get(pages.add_url(models.AuditRecord)).status_code == 403
    assert admin_client.post(pages.change_url(record), {"tag": "other"}).status_code == 403
    assert admin_client.post(pages.delete_url(record), {"post": "yes"}).status_code == 403


def test_change_is_written_down_with_who_and_what(page: Client, integration: models.Integration) -> None:
    pages.send(page, pages.change_url(integration), description="Keeps orders in step")

    record = models.AuditRecord.objects.get()
    assert record.by is not None
    assert record.changes == {"description": {"from": "", "to": "Keeps orders in step"}}
