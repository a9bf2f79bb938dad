"""The one way out: every outside connection of this package goes through `EgressClient`."""

from __future__ import annotations

from integrations.connectors.egress.client import EgressClient
from integrations.connectors.egress.errors import (
    ConnectionBroken,
    ConnectionFailed,
    ConnectTimeout,
    EgressError,
    EgressRefused,
    InvalidRequest,
    NameNotResolved,
    ProtocolFailed,
    ReadTimeout,
    ResponseTooLarge,
    TlsFailed,
    TooManyRedirects,
    TotalTimeout,
)
from integrations.connectors.egress.messages import EgressRequest, EgressResponse, Timeouts
from integrations.connectors.egress.policy import EgressPolicy
from integrations.connectors.egress.pool import EgressLimits

__all__ = [
    "ConnectTimeout",
    "ConnectionBroken",
    "ConnectionFailed",
    "EgressClient",
    "EgressError",
    "EgressLimits",
    "EgressPolicy",
    "EgressRefused",
    "EgressRequest",
    "EgressResponse",
    "InvalidRequest",
    "NameNotResolved",
    "ProtocolFailed",
    "ReadTimeout",
    "ResponseTooLarge",
    "Timeouts",
    "TlsFailed",
    "TooManyRedirects",
    "TotalTimeout",
]
