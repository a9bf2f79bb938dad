from __future__ import annotations

from integrations.engine.context import Cancellation


def test_cancellation_tells_whoever_listens() -> None:
    cancellation, told = Cancellation(), []

    with cancellation.telling(lambda: told.append("yes")):
        cancellation.cancel()

    assert told == ["yes"]
    assert cancellation


def test_cancellation_tells_nobody_who_has_stopped_listening() -> None:
    cancellation, told = Cancellation(), []

    with cancellation.telling(lambda: told.append("yes")):
        pass
    cancellation.cancel()

    assert told == []


def test_cancellation_tells_a_late_listener_at_once() -> None:
    cancellation, told = Cancellation(), []
    cancellation.cancel()

    with cancellation.telling(lambda: told.append("yes")):
        pass

    assert told == ["yes"]
