"""Whatever fails, and however it is then retried or replayed: nothing is written twice unless somebody said so."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import OperationRefused
from integrations.operations import replays, runs
from integrations.types import Json, JsonObject
from tests.scenes.nesting import calling, made_of
from tests.scenes.replaying import ORDER, call, execute, make_store, refused, scripted

pytestmark = pytest.mark.django_db

EACH: JsonObject = {"type": "for_each", "subject": "$Input{all}", "parallel": 2}
LINE = made_of(
    "line",
    call("create", input={"body": {"n": "$Input{n}"}}),
    call("pay", input={"body": {"id": "$Input{id}"}}),
    input={"n": "number", "id": "string"},
)
LINES = made_of(
    "lines",
    call("look"),
    calling("line", input={"n": "$Item", "id": "line $Item"}, condition=EACH),
    call("create", name="each", input={"body": {"n": "$Add($Item, 10)"}}, condition=EACH, fallback=call("mail")),
    calling("order", input={"n": 99}),
    call("remove"),
    input={"all": "array"},
)
WAYS: list[Callable[[models.Run], models.Run]] = [
    lambda run: replays.retry(run, by=SYSTEM, reason="any"),
    lambda run: replays.replay(run, by=SYSTEM, reason="any", start="failure"),
    lambda run: replays.replay(run, by=SYSTEM, reason="any", other_writes="take_over"),
]


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_written_twice(seed: int) -> None:
    chance = random.Random(seed)
    written: Counter[tuple[str, str]] = Counter()

    def answering(tag: str, answer: Any) -> Any:
        def answered(call: Any) -> Json:
            if chance.random() < 0.3:
                raise refused()
            written[tag, str(call.body)] += tag != "look"
            return answer  # type: ignore[no-any-return]

        return answered

    with scripted() as api:
        api.answers = {tag: answering(tag, answer) for tag, answer in api.answers.items()}
        execute(make_store(ORDER, LINE, LINES), "lines", all=[1, 2, 3])
        for _ in range(12):
            failed = list(models.Run.objects.filter(status="failed").order_by("pk"))
            try:
                runs.execute(chance.choice(WAYS)(chance.choice(failed)))
            except (IndexError, OperationRefused):
                continue

    mails = written.pop(("mail", "None"), 0)  # one stands in for the loop, one is the order's
    assert mails <= 2
    assert {calls for calls, times in written.items() if times > 1} == set()
