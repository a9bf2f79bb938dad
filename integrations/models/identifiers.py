"""Identifiers that sort by the time they were made."""

from __future__ import annotations

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """Return a UUID of version 7: milliseconds, then their fraction in 1/4096, then 62 random bits.

    Neighbors in time are neighbors in the index, and `order_by("id")` is by age. Source: RFC 9562 sections 5.7 and 6.2
    (method 3). Python has its own from 3.14 on.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = nanoseconds * 4096 // 1_000_000
    random = int.from_bytes(os.urandom(8)) & (1 << 62) - 1
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random)
