"""What it takes to trust a server: its certificate, checked against its host name, and nothing from the environment."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

import certifi


@cache  # reading the authorities takes longer than most requests
def trusting_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a context that trusts the well-known authorities, or those in `ca_file` instead.

    Not `ssl.create_default_context`: that one reads SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=str(ca_file or certifi.where()))
    return context
