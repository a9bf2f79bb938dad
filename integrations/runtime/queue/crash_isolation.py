"""Isolates runs whose worker crashed, so that only the run that crashes workers is quarantined.

All runs that a crashed worker had are suspects: any of them may be the poison run. A worker executes few suspects at a
time. A run that was lost twice is probed: it is executed by a worker that has no other run, so that no run has a third
crash that another one may have caused.

A worker that finds a run to probe claims nothing more until its other runs have ended, or another worker has claimed
that run. After each probe it first claims others that wait, so that many runs to probe delay them only briefly.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import dataclass

from integrations import models
from integrations.models import run_queue
from integrations.models.run_queue import Candidate

#: A run that was lost so often is probed.
_PROBED_FROM = 2
#: How many suspects a worker executes at the same time.
_MOST_SUSPECTS = 10
#: How long a worker waits at most for its other runs to end; then it claims as before, and the probe is postponed.
_PATIENCE_SECONDS = 30.0
_LATER = dt.timedelta(seconds=60)
#: A run that is not admitted makes way for those behind it in the queue.
_SOON = dt.timedelta(seconds=0.25)


@dataclass(frozen=True, slots=True)
class _Probe:
    run_id: uuid.UUID
    give_up_at: float


#: What each worker of this process probes, or is about to, by the worker's name.
_probes: dict[str, _Probe] = {}


def admitted(candidates: list[Candidate], *, worker: str, now: dt.datetime) -> list[Candidate]:
    """Return those of these claimable, locked runs that `worker` may execute beside its own; postpone the others.

    A run to probe is returned alone, also when it was found earlier and is not among `candidates`.
    """
    had_probe = worker in _probes
    if had_probe and (probed := _probed(worker, now)) is not None:
        return probed
    if not any(candidate.crashes for candidate in candidates):
        return candidates
    to_probe = [candidate for candidate in candidates if candidate.crashes >= _PROBED_FROM]
    others = [candidate for candidate in candidates if candidate.crashes < _PROBED_FROM]
    if to_probe and not (had_probe and others):
        _probes[worker] = _Probe(to_probe[0].run_id, time.monotonic() + _PATIENCE_SECONDS)
        return _probed(worker, now) or []
    own_suspects = models.Run.objects.leased_to(worker).filter(crashes__gt=0).count()
    too_many = [candidate for candidate in others if candidate.crashes][max(_MOST_SUSPECTS - own_suspects, 0) :]
    _postpone([*to_probe, *too_many], until=now + _SOON)
    return [candidate for candidate in others if candidate not in too_many]


def _probed(worker: str, now: dt.datetime) -> list[Candidate] | None:
    """Return the worker's probe once it has no other run; [] until then and while it executes; None when it is over."""
    probe = _probes[worker]
    own_run_ids = set(models.Run.objects.leased_to(worker).values_list("pk", flat=True))
    if probe.run_id in own_run_ids:
        return []
    found = run_queue.locked(models.Run.objects.claimable().filter(pk=probe.run_id))
    if found and time.monotonic() < probe.give_up_at:
        return [] if own_run_ids else found
    del _probes[worker]
    _postpone(found, until=now + _LATER)
    return None


def _postpone(candidates: list[Candidate], *, until: dt.datetime) -> None:
    run_ids = [candidate.run_id for candidate in candidates]
    models.Run.objects.claimable().filter(pk__in=run_ids, due_at__lt=until).update(due_at=until)
