"""What tests of limits share: limited features that can be started, and claims from several threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection

from integrations.actors import SYSTEM
from integrations.models import Environment, Feature, Run
from integrations.operations import features, runs
from tests.factories.feature import FeatureFactory
from tests.factories.integration import EnvironmentFactory

Result = TypeVar("Result")


def published(**columns: Any) -> tuple[Feature, Environment]:
    """Return a published code feature with these limits, and an environment to start it in."""
    feature = FeatureFactory.create(**columns)
    features.publish(row=feature, by=SYSTEM)
    return feature, EnvironmentFactory.create(integration=feature.integration)


def start(feature: Feature, environment: Environment, **input: Any) -> Run:
    return runs.start(feature=feature, environment=environment, input=input, by=SYSTEM, trigger=Run.Trigger.API)


def at_once(work: Callable[[int], Result], *, threads: int) -> list[Result]:
    """Return what each of several threads makes of its number, each with a connection of its own, started together."""
    gate = threading.Barrier(threads)

    def in_thread(number: int) -> Result:
        try:
            gate.wait(timeout=10)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(in_thread, range(threads)))
