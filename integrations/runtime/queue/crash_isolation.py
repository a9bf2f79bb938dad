"""Tries runs apart that were lost with their worker, so that whichever takes workers down is found out, and only it.

All runs that a lost worker held are suspect, and nobody knows which one it was. A worker tries few of those at once
that were lost once. One that was lost twice is on its last chance, and is tried by a worker that holds nothing else: no
run has a third crash that another one may have caused.

A worker that comes upon a run on its last chance takes up nothing more until it is free for it, or another worker was
faster. Behind each such run it takes up others that wait, so that many on their last chance hold up nobody for long.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from dataclasses import dataclass

from integrations import models
from integrations.models import run_queue
from integrations.models.run_queue import Candidate

#: A run that was lost so often is on its last chance.
_LAST_CHANCE = 2
#: How many runs that were lost once a worker executes at the same time.
_MOST_SUSPECTS = 10
#: How long a worker waits at most to be free; then it goes on as before, and the run gets its chance later.
_PATIENCE_SECONDS = 30.0
_LATER = dt.timedelta(seconds=60)
#: A run that is put off makes way for those behind it in the queue.
_PUT_OFF = dt.timedelta(seconds=0.25)


@dataclass(frozen=True, slots=True)
class _Choice:
    run_id: uuid.UUID
    give_up_at: float


#: What workers of this process try alone, or wait to be free for, by the worker's name.
_choices: dict[str, _Choice] = {}


def admitted(heads: list[Candidate], *, worker: str, now: dt.datetime) -> list[Candidate]:
    """Return those of these claimable, locked runs that `worker` may take up beside what it holds; put off the others.

    A run on its last chance is returned alone, also when it was found earlier and is not among `heads`.
    """
    had_choice = worker in _choices
    if had_choice and (alone := _tried_alone(worker, now)) is not None:
        return alone
    if not any(head.crashes for head in heads):
        return heads
    last = [head for head in heads if head.crashes >= _LAST_CHANCE]
    others = [head for head in heads if head.crashes < _LAST_CHANCE]
    if last and not (had_choice and others):
        _choices[worker] = _Choice(last[0].run_id, time.monotonic() + _PATIENCE_SECONDS)
        return _tried_alone(worker, now) or []
    crowd = _crowd(others, worker)
    _put_off([*last, *crowd], until=now + _PUT_OFF)
    return [head for head in others if head not in crowd]


def _tried_alone(worker: str, now: dt.datetime) -> list[Candidate] | None:
    """Return the worker's choice once it holds nothing; [] until then and while it is tried; None when that is over."""
    choice = _choices[worker]
    held = set(models.Run.objects.held_by(worker).values_list("pk", flat=True))
    if choice.run_id in held:
        return []
    found = run_queue.locked(models.Run.objects.claimable().filter(pk=choice.run_id))
    if found and time.monotonic() < choice.give_up_at:
        return [] if held else found
    del _choices[worker]
    _put_off(found, until=now + _LATER)
    return None


def _crowd(heads: list[Candidate], worker: str) -> list[Candidate]:
    """Return which of these would be too many that were lost once, beside those that the worker holds."""
    held = models.Run.objects.held_by(worker).filter(crashes__gt=0).count()
    return [head for head in heads if head.crashes][max(_MOST_SUSPECTS - held, 0) :]


def _put_off(heads: list[Candidate], *, until: dt.datetime) -> None:
    run_ids = [head.run_id for head in heads]
    models.Run.objects.claimable().filter(pk__in=run_ids, due_at__lt=until).update(due_at=until)
