"""What people write in their own words, such as why they cancel a run: kept and shown without the secrets in it."""

from __future__ import annotations

import logging

from integrations import models
from integrations.connectors.redaction import REDACTED, Redactor
from integrations.runtime.starting import credentials
from integrations.sealing import SealBroken

logger = logging.getLogger(__name__)


def without_secrets(text: str, *integrations: models.Integration) -> str:
    """Return `text`, stripped, as it may be stored about something of these integrations.

    No secret of any of their environments is in it. Where one of these does not open, nobody knows whether it is in the
    text, so nothing of it is kept; what it was to be the reason for goes on.
    """
    text = text.strip()
    if not text:
        return text
    try:
        return Redactor(secret for integration in integrations for secret in credentials.texts_of(integration)).text(
            text
        )
    except SealBroken:
        logger.warning("A remark is not kept, since secrets do not open", extra={"action": "remark_dropped"})
        return REDACTED
