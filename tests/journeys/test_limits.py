"""Limits from end to end: runs that are executed for real, calls to a server on this machine."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Iterator

import pytest

from examples.orders_api import RunningApi
from integrations import models
from integrations.actors import SYSTEM
from integrations.engine.circuits import FEWEST_CALLS
from integrations.operations import runs
from integrations.types import Json, JsonObject
from tests.scenes.scene import make_app, make_integration, put

pytestmark = pytest.mark.django_db(transaction=True)


def make_feature(
    url: str, *, calls: int = 1, rate_limit: JsonObject | None = None, **event: Json
) -> models.Integration:
    """Return an integration whose feature `ask` calls the status page of the API at `url` so many times.

    Its cache `hourly` is for the first of these events, all of which have what else is in `event`.
    """
    live: JsonObject = {"slug": "live", "base_url": url, **({"rate_limit": rate_limit} if rate_limit else {})}
    make_app(
        {
            "app_name": "Orders",
            "tag": "orders",
            "envs": [live],
            "actions": [{"tag": "get_status", "method": "GET", "resource": "/v1/status"}],
        }
    )
    integration = make_integration()
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    envs = [{"app_env_slug": "live", "integration_env_slug": "dev"}]
    put(integration, "connected_apps", access_tag="orders", app_tag="orders", envs=envs)
    put(integration, "caches", tag="hourly", sequence_tag="main", event_tag="ask0", expiry=1, period="hours")
    ask: JsonObject = {"type": "action", "event": "get_status", "app": "orders", "allow_fail": True, **event}
    events: list[Json] = [{**ask, "name": f"ask{number}"} for number in range(calls)]
    sequence: list[Json] = [{"sequence_tag": "main", "events": events}]
    put(integration, "features", publish=True, tag="ask", sequence=sequence, output=None)
    return integration


@pytest.fixture
def silent_url(local_calls: None) -> Iterator[str]:
    """The URL of a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def run_ask(integration: models.Integration) -> models.Run:
    return runs.run_feature(
        integration=integration.tag,
        environment="dev",
        feature="ask",
        input={},
        by=SYSTEM,
        trigger=models.Run.Trigger.API,
        patience_seconds=1.0,
    )


def test_run_waits_for_the_rate_budget_without_a_worker(orders_api: RunningApi) -> None:
    integration = make_feature(orders_api.url, calls=3, rate_limit={"limit": 2, "period": 600.0})

    run = run_ask(integration)

    assert (run.status, len(orders_api.requests)) == ("waiting", 2)
    parked = run.steps.get(status="waiting")
    assert parked.event == "ask2"
    assert 'waits for the rate budget of app "orders": 2 calls in 600 s' in parked.reason


def test_api_that_is_gone_is_not_called_any_more(local_calls: None) -> None:
    # Nothing listens on port 9, the old discard service.
    integration = make_feature("http://127.0.0.1:9", calls=FEWEST_CALLS + 3)

    run = run_ask(integration)

    codes = list(run.steps.order_by("position").values_list("error_code", flat=True))
    assert codes == ["connection_failed"] * FEWEST_CALLS + ["circuit_open"] * 3
    assert models.Circuit.objects.get().state == "open"
    assert "too many calls failed" in run.steps.get(event=f"ask{FEWEST_CALLS}").error_message


def test_probe_whose_time_is_up_opens_the_circuit_for_longer_at_once(silent_url: str) -> None:
    integration = make_feature(silent_url, timeout=0.5)
    app_environment = models.AppEnvironment.objects.get()
    models.Circuit.objects.create(
        environment=integration.environments.get(),
        app_environment=app_environment,
        state="open",
        until=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        openings=1,
    )

    run = run_ask(integration)

    circuit = models.Circuit.objects.get()
    assert (run.steps.get().error_code, circuit.state, circuit.openings) == ("timeout", "open", 2)


def test_call_whose_time_is_up_frees_its_cache_key_at_once(silent_url: str) -> None:
    integration = make_feature(silent_url, timeout=0.5, cache="hourly")

    run = run_ask(integration)

    assert (run.steps.get().error_code, models.CacheEntry.objects.get().filling_by) == ("timeout", "")
