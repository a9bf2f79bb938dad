"""What an installation decides, typed. Read in functions, so that importing this needs no Django settings."""

from __future__ import annotations

from django.conf import settings


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
