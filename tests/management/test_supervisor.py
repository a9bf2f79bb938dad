from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from integrations.management.supervisor import RESTART_SECONDS, Supervisor


@dataclass
class Process:
    """Lives until it is terminated or dies."""

    started_at: float
    is_alive: bool = True
    was_terminated: bool = False

    def poll(self) -> int | None:
        return None if self.is_alive else -9

    def terminate(self) -> None:
        self.is_alive, self.was_terminated = False, True


@dataclass
class Machine:
    """A machine in whose time nobody waits: what is planned happens while the supervisor sleeps."""

    seconds: float = 0.0
    processes: list[Process] = field(default_factory=list)
    #: By when they happen; once each.
    planned: dict[float, Callable[[], None]] = field(default_factory=dict)
    handlers: dict[int, Callable[..., None]] = field(default_factory=dict)
    #: Called while a process is being started, before anybody has it.
    on_start: Callable[[], None] = lambda: None

    def popen(self, _command: object) -> Process:
        self.processes.append(Process(self.seconds))
        self.on_start()
        return self.processes[-1]

    def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        for at in sorted(at for at in self.planned if at <= until):
            self.seconds = at
            self.planned.pop(at)()
        self.seconds = until
        assert until < 60, "the supervisor goes on for ever"

    def kill(self, number: int) -> None:
        self.processes[number].is_alive = False

    def ask_to_stop(self) -> None:
        self.handlers[signal.SIGTERM](signal.SIGTERM, None)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine()
    monkeypatch.setattr(subprocess, "Popen", machine.popen)
    monkeypatch.setattr(signal, "signal", machine.handlers.__setitem__)
    monkeypatch.setattr(time, "sleep", machine.sleep)
    monkeypatch.setattr(time, "monotonic", lambda: machine.seconds)
    return machine


def test_supervisor_stops_all_that_it_has_started(machine: Machine) -> None:
    machine.planned[5.0] = machine.ask_to_stop

    Supervisor(3, ["work"]).run()

    assert [process.was_terminated for process in machine.processes] == [True] * 3
    assert 5 <= machine.seconds < 6


def test_process_that_dies_is_started_again_after_a_pause_and_holds_up_no_other(machine: Machine) -> None:
    machine.planned = {1.0: lambda: machine.kill(0), 1.5: lambda: machine.kill(1), 5.0: machine.ask_to_stop}

    Supervisor(3, ["work"]).run()

    first, second = (process.started_at for process in machine.processes[3:])
    assert 1.0 + RESTART_SECONDS <= first < 1.5 + RESTART_SECONDS
    assert 1.5 + RESTART_SECONDS <= second < 2.0 + RESTART_SECONDS


def test_process_that_dies_at_once_is_started_again_at_the_same_pace(machine: Machine) -> None:
    machine.planned[5.5] = machine.ask_to_stop
    machine.on_start = lambda: machine.kill(-1)

    Supervisor(1, ["work"]).run()

    assert 4 <= len(machine.processes) <= 6


def test_supervisor_that_is_stopped_while_a_dead_process_waits_to_be_started_again_starts_none(
    machine: Machine,
) -> None:
    machine.planned = {1.0: lambda: machine.kill(0), 1.7: machine.ask_to_stop}

    Supervisor(2, ["work"]).run()

    assert len(machine.processes) == 2
    assert not any(process.is_alive for process in machine.processes)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_supervisor_that_is_stopped_while_it_starts_a_process_leaves_none_behind(machine: Machine, number: int) -> None:
    machine.planned[1.0] = lambda: machine.kill(0)
    machine.on_start = lambda: machine.ask_to_stop() if len(machine.processes) == number else None

    Supervisor(3, ["work"]).run()

    assert len(machine.processes) == number
    assert not any(process.is_alive for process in machine.processes)


#: Each process says its id in one piece, so that two do not mix.
_SUPERVISOR = """
import sys
from integrations.management.supervisor import Supervisor

child = "import os, time; os.write(1, str(os.getpid()).encode() + bytes([10])); time.sleep(60)"
Supervisor(2, [sys.executable, "-c", child]).run()
"""


def test_supervisor_of_real_processes_ends_with_them() -> None:
    with subprocess.Popen([sys.executable, "-c", _SUPERVISOR], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        children = [int(supervisor.stdout.readline()) for _ in range(2)]

        supervisor.terminate()

        assert supervisor.wait(timeout=20) == 0
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
