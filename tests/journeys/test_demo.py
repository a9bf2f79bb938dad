from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from examples import shop
from examples.orders_api import RunningApi
from integrations import models
from integrations.actors import SYSTEM
from integrations.builder import Ductape
from integrations.types import Json

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(orders_api: RunningApi) -> RunningApi:
    call_command("load_demo", api_url=orders_api.url, stdout=io.StringIO())
    return orders_api


def run_command(name: str, *arguments: str, **options: str) -> tuple[int, str]:
    """Return the exit code and what was printed."""
    printed = io.StringIO()
    try:
        call_command(name, *arguments, stdout=printed, **options)
    except SystemExit as ended:
        return int(ended.code or 0), printed.getvalue()
    return 0, printed.getvalue()


def run_feature(input: Json) -> tuple[int, str]:
    return run_command("run_feature", shop.INTEGRATION, shop.FEATURE, env=shop.ENVIRONMENT, input=json.dumps(input))


def test_demo_logs_in_once_orders_pays_at_the_third_try_and_says_what_it_cost(demo: RunningApi) -> None:
    result = (
        Ductape(user=SYSTEM)
        .get_processor()
        .process_feature(
            integration=shop.INTEGRATION, env=shop.ENVIRONMENT, feature_tag=shop.FEATURE, input=shop.SAMPLE_INPUT
        )
    )

    assert (result.status, result.error) == ("succeeded", "")
    output: Any = result.output
    assert output.pop("left_in_stock") in (10_000, 9_997)  # looked up beside the order, before or after it
    assert output == {"order_id": "order-1", "payment": "paid", "total": 78.72, "summary": "3 x lamp for 78.72 EUR"}
    asked = Counter((exchange.request.path, exchange.status) for exchange in demo.requests)
    assert asked == {
        ("/v1/login", 200): 1,
        ("/v1/orders", 201): 1,
        ("/v1/stock/lamp", 200): 1,
        ("/v1/orders/order-1/payments", 503): 2,
        ("/v1/orders/order-1/payments", 201): 1,
    }
    pays = [step for step in result.steps if step.event == "pay_order"]
    assert [(step.attempt, step.status) for step in pays] == [(1, "failed"), (2, "failed"), (3, "succeeded")]


def test_payment_carries_the_same_idempotency_key_at_each_try(demo: RunningApi) -> None:
    run_feature(shop.SAMPLE_INPUT)

    keys = [each.request.headers["idempotency-key"] for each in demo.requests if each.request.path.endswith("payments")]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def test_run_feature_prints_each_step_and_the_output_and_exits_0(demo: RunningApi) -> None:
    code, printed = run_feature(shop.SAMPLE_INPUT)

    lines = printed.splitlines()
    assert code == 0
    payments = [line.split() for line in lines if line.startswith("  payment/pay_order")]
    assert payments[0][:3] == ["payment/pay_order", "action", "failed"]
    assert payments[2][:5] == ["payment/pay_order", "(attempt", "3)", "action", "succeeded"]
    assert "      log: 3 pieces, 10% off: 78.72" in lines
    assert json.loads(printed.partition(" succeeded\n")[2])["payment"] == "paid"


def test_run_feature_that_fails_says_why_and_where_and_exits_1(demo: RunningApi) -> None:
    code, printed = run_feature({"item": "\a", "quantity": 3, "unit_price": 24.5})

    assert code == 1
    last = printed.splitlines()[-1]
    assert "failed at order/create_order: POST /v1/orders answered 400: item is a text of" in last


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ('{"item": "lamp", "quantity": 0}', "input/quantity: should be 1 or more\ninput/unit_price"),
        ('{"item": "lamp"', "line 1 column"),
        ("[]", "input: should be an object"),
        ("NaN", "NaN"),
    ],
)
def test_run_feature_with_a_bad_input_starts_nothing(demo: RunningApi, given: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        run_command("run_feature", shop.INTEGRATION, shop.FEATURE, env=shop.ENVIRONMENT, input=given)

    assert message in str(caught.value)
    assert not models.Run.objects.exists()
    assert demo.requests == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("shp", "place_order", "dev"), 'there is no integration "shp"; there are: "shop"'),
        (("shop", "place", "dev"), 'there is no feature "place"; there are: "place_order"'),
        (("shop", "place_order", "stg"), 'there is no environment "stg"; there are: "dev", "prd"'),
        (("shop", "place_order", "prd"), 'environment "prd" is inactive'),
    ],
)
def test_run_feature_of_something_that_is_not_there_names_what_is(
    demo: RunningApi, arguments: tuple[str, str, str], message: str
) -> None:
    integration, feature, env = arguments
    with pytest.raises(CommandError) as caught:
        run_command("run_feature", integration, feature, env=env, input=json.dumps(shop.SAMPLE_INPUT))

    assert str(caught.value).startswith(message)


def test_run_feature_reads_its_input_from_standard_input(demo: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(shop.SAMPLE_INPUT)))

    code, printed = run_command("run_feature", shop.INTEGRATION, shop.FEATURE, env=shop.ENVIRONMENT, input="-")

    assert code == 0
    assert "3 x lamp" in printed


def test_run_demo_shows_the_command_that_it_runs(demo: RunningApi) -> None:
    code, printed = run_command("run_demo")

    assert code == 0
    assert printed.startswith("run_feature shop place_order --env dev --input '{")
    assert '"payment": "paid"' in printed


def test_run_demo_without_its_api_exits_1(local_calls: None) -> None:
    call_command("load_demo", api_url="http://127.0.0.1:9", stdout=io.StringIO())

    code, printed = run_command("run_demo")

    assert code == 1
    assert "failed at order/create_order" in printed.splitlines()[-1]


def test_demo_loaded_again_changes_nothing(demo: RunningApi) -> None:
    before = models.AuditRecord.objects.count()

    call_command("load_demo", api_url=demo.url, stdout=io.StringIO())

    assert models.AuditRecord.objects.count() == before


def test_demo_follows_the_api_to_its_new_address(demo: RunningApi) -> None:
    before = models.AuditRecord.objects.count()

    call_command("load_demo", api_url="http://127.0.0.1:9", stdout=io.StringIO())

    assert models.AppEnvironment.objects.get().base_url == "http://127.0.0.1:9"
    assert models.AuditRecord.objects.count() == before + 1


def test_resume_run_of_a_run_that_has_ended_says_so(demo: RunningApi) -> None:
    run_feature(shop.SAMPLE_INPUT)
    run = models.Run.objects.get()

    with pytest.raises(CommandError, match=f"run {run.pk} .*succeeded"):
        run_command("resume_run", str(run.pk))


def test_resume_run_of_no_run_says_so(db: None) -> None:
    with pytest.raises(CommandError, match='there is no run "0190'):
        run_command("resume_run", "01900000-0000-7000-8000-000000000000")
    with pytest.raises(CommandError, match="invalid UUID value: 'first'"):
        run_command("resume_run", "first")
