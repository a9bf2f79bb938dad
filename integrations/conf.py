"""What an installation decides, typed. Read in functions, so that importing this needs no Django settings."""

from __future__ import annotations

from typing import Literal, cast

from django.conf import settings

#: How long a page waits for a run that is executed in its own process; it follows the run from then on.
PAGE_PATIENCE_SECONDS = 2.0


def encryption_keys() -> dict[str, bytes]:
    """Return the 32-byte data-encryption keys by key id, never empty. The first one seals; every one opens.

    From DUCTAPE_ENCRYPTION_KEYS, checked when the process starts.
    """
    return settings.DUCTAPE_ENCRYPTION_KEYS


def egress_allow() -> tuple[str, ...]:
    """Return the private or special addresses that outside calls may reach, none by default.

    Each is a host name, an IP address or a network (CIDR), with an optional `:port`. From DUCTAPE_EGRESS_ALLOW; only
    whoever runs the server sets it, never a form.
    """
    return settings.DUCTAPE_EGRESS_ALLOW


def functions_enabled() -> bool:
    """Return whether user code may run at all. From DUCTAPE_FUNCTIONS_ENABLED."""
    return settings.DUCTAPE_FUNCTIONS_ENABLED


def function_processes() -> int:
    """Return how many child processes run user code at the same time, 1 or more. From DUCTAPE_FUNCTION_PROCESSES."""
    return settings.DUCTAPE_FUNCTION_PROCESSES


def dispatch() -> Literal["database", "celery"]:
    """Return how workers hear of queued runs: from the database itself, or from a broker. From DUCTAPE_DISPATCH."""
    return cast("Literal['database', 'celery']", settings.DUCTAPE_DISPATCH)


def broker_url() -> str:
    """Return the broker's URL, which may hold a password; "" unless `dispatch()` is celery. From CELERY_BROKER_URL."""
    return settings.CELERY_BROKER_URL


def lease_seconds() -> int:
    """Return how long a run stays leased to a worker that does not report, 2 or more. From DUCTAPE_LEASE_SECONDS."""
    return settings.DUCTAPE_LEASE_SECONDS


def stop_seconds() -> int:
    """Return how long a worker that is to stop continues its runs. From DUCTAPE_STOP_SECONDS."""
    return settings.DUCTAPE_STOP_SECONDS


def queue_cap() -> int:
    """Return how many runs may be unfinished before integrations are refused new ones. From DUCTAPE_QUEUE_CAP."""
    return settings.DUCTAPE_QUEUE_CAP


def prunes() -> bool:
    """Return whether workers delete what is past its retention. From DUCTAPE_PRUNE."""
    return settings.DUCTAPE_PRUNE


def slot_keep_days() -> int:
    """Return for how many days the schedule ledger is kept, 1 or more. From DUCTAPE_SLOT_KEEP_DAYS."""
    return settings.DUCTAPE_SLOT_KEEP_DAYS


def payload_cap_bytes() -> int:
    """Return how large a step's input, result or log, or what an approval shows, is stored whole at most.

    Beyond, a result is not kept in a cache either. From DUCTAPE_PAYLOAD_CAP_BYTES.
    """
    return settings.DUCTAPE_PAYLOAD_CAP_BYTES


def input_cap_bytes() -> int:
    """Return how large the input of a run may be. From DUCTAPE_INPUT_CAP_BYTES."""
    return settings.DUCTAPE_INPUT_CAP_BYTES


def output_cap_bytes() -> int:
    """Return how large the result of a run may be. From DUCTAPE_OUTPUT_CAP_BYTES."""
    return settings.DUCTAPE_OUTPUT_CAP_BYTES
