from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import Settings

from integrations.connectors.base import LogLine
from integrations.engine.records import StepKey, StepRecord
from integrations.models import RunLog, Step
from integrations.runtime.execution.persistence import StepNumbers, ready_steps, store_steps
from tests.factories.run import NOON, RunFactory, StepFactory

pytestmark = pytest.mark.django_db


def test_step_stores_a_large_payload_as_a_mark_and_a_small_one_whole(settings: Settings) -> None:
    settings.DUCTAPE_PAYLOAD_CAP_BYTES = 1024
    step = StepFactory.create(input={"text": "x" * 2000}, output={"text": "x" * 900})

    step.refresh_from_db()

    assert step.input == {"truncated": True, "size_bytes": 2011, "preview": '{"text":"' + "x" * 1991}
    assert step.output == {"text": "x" * 900}


def test_turn_stores_truncated_outputs_and_logs(settings: Settings) -> None:
    settings.DUCTAPE_PAYLOAD_CAP_BYTES = 1024
    run = RunFactory.create(running=True)
    record = StepRecord(
        key=StepKey(sequence="a", event="b"),
        attempt=1,
        type="action",
        target="b",
        status="succeeded",
        output=["y" * 5000],
        started_at=NOON,
        finished_at=NOON + dt.timedelta(seconds=1),
        logs=(LogLine("info", "z" * 1000), LogLine("warn", "z" * 1000), LogLine("info", "last")),
    )

    store_steps(ready_steps([(StepNumbers(run), record)]))

    assert Step.objects.get().output["size_bytes"] == 5004
    texts = list(RunLog.objects.order_by("id").values_list("text", flat=True))
    assert texts == ["z" * 1000, "z" * 24 + "… [truncated: 980 bytes more]"]
