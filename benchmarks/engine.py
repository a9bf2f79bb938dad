"""Measures how many runs of a feature of three events one process makes a second, on connectors that answer at once.

python benchmarks/engine.py [seconds]
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from integrations.connectors.base import ActionCall, Binding, FunctionResult, Reply
from integrations.connectors.redaction import Redactor
from integrations.definitions.app import App
from integrations.definitions.release import Release
from integrations.engine.context import Context, RunInfo
from integrations.engine.executor import execute
from integrations.types import Json
from tests.fakes.recorders import RecordingRecorder

RELEASE = Release.parse(
    {
        "integration": "shop",
        "version": 1,
        "feature": {
            "tag": "order",
            "sequence": [
                {
                    "sequence_tag": "main",
                    "events": [
                        {
                            "type": "action",
                            "app": "orders",
                            "event": "create",
                            "retries": 2,
                            "input": {
                                "headers": {"Authorization": "Bearer $Auth{login}{token}"},
                                "body": {"item": "$Input{item}", "count": "$Input{count}"},
                            },
                        },
                        {
                            "type": "function",
                            "event": "total",
                            "input": {"price": "$Sequence{main}{create}{price}", "count": "$Input{count}"},
                        },
                        {
                            "type": "action",
                            "app": "orders",
                            "event": "pay",
                            "condition": {"subject": "$Input{count}", "decision_type": "greater-than", "value": 0},
                            "input": {
                                "params": {"id": "$Sequence{main}{create}{id}"},
                                "body": {"amount": "$Sequence{main}{total}"},
                            },
                        },
                    ],
                }
            ],
            "output": {"id": "$Sequence{main}{create}{id}", "paid": "$Sequence{main}{pay}{paid}"},
        },
        "functions": {
            "total": {
                "definition": {
                    "tag": "total",
                    "language": "js",
                    "function": "input.price * input.count",
                    "input": [{"key": "price", "type": "number"}, {"key": "count", "type": "number"}],
                    "output": {"type": "number"},
                },
                "javascript": "",
                "version": 1,
            }
        },
        "apps": {
            "orders": {
                "app_name": "Orders",
                "tag": "orders",
                "actions": [
                    {
                        "tag": "create",
                        "method": "POST",
                        "resource": "/orders",
                        "body": [{"key": "item", "type": "string"}, {"key": "count", "type": "number"}],
                    },
                    {"tag": "pay", "method": "POST", "resource": "/orders/:id/pay"},
                ],
                "auths": [{"tag": "login", "setup_type": "token_access"}],
            }
        },
    }
)
BINDING = Binding(
    access_tag="orders", app_env_slug="live", base_url="https://api.example.com", hosts=("api.example.com",)
)
REDACTOR = Redactor(["a-long-client-secret"])


class InstantActions:
    async def call(self, call: ActionCall) -> Reply:
        return Reply(status=200, body={"id": "o-1", "price": 5, "paid": True})

    async def token(self, *, app: App, auth_tag: str, binding: Binding, stale: Json = None) -> Json:
        return {"token": "a-token-of-this-connection"}


class InstantFunctions:
    async def call(self, javascript: str, value: Json, *, timeout_seconds: float | None = None) -> FunctionResult:
        return FunctionResult(value=15)


async def run_once(number: int) -> None:
    context = Context(
        run=RunInfo(
            id=str(number),
            integration="shop",
            feature="order",
            environment_slug="prd",
            environment_name="Production",
            created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        ),
        release=RELEASE,
        input={"item": "chair", "count": 3},
        bindings={"orders": BINDING},
        actions=InstantActions(),
        functions=InstantFunctions(),
        recorder=RecordingRecorder(),
        redactor=REDACTOR,
    )
    outcome = await execute(context)
    assert outcome.output == {"id": "o-1", "paid": True}, outcome


async def measure(seconds: float) -> float:
    started, number = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        await run_once(number)
        number += 1
    return number / (time.perf_counter() - started)


if __name__ == "__main__":
    per_second = asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0))
    print(f"{per_second:,.0f} runs/s of three events, one process")
