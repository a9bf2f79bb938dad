"""A scheduler by itself whose clock runs fast and goes wrong: python -m tests.faults.skewed_scheduler START SPEED SKEW.

Its time is SKEW seconds beside what has passed, SPEED times as fast, since START, in seconds since 1970.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ductape_site.settings")
django.setup()

from django.db import DatabaseError, connection  # noqa: E402  models can be imported only now

from integrations.runtime.db import clock  # noqa: E402
from integrations.workers.scheduler import Scheduler  # noqa: E402


def nominal(real: float, *, start: float, speed: float) -> dt.datetime:
    """Return what an exact clock of this kind says at a real moment."""
    return dt.datetime.fromtimestamp(start + (real - start) * speed, tz=dt.UTC)


def work(*, start: float, speed: float, skew: dt.timedelta) -> None:
    clock.now = lambda: nominal(time.time(), start=start, speed=speed) + skew
    scheduler = Scheduler()
    while True:
        try:
            scheduler.look()
        except DatabaseError:
            # As a worker does: somebody else had the lock for too long.
            connection.close()
        time.sleep(min(scheduler.seconds_left(), 0.05))


if __name__ == "__main__":
    start, speed, skew = map(float, sys.argv[1:])
    work(start=start, speed=speed, skew=dt.timedelta(seconds=skew))
