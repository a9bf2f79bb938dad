"""Messages that a broker accepted and forgot: they are sent again."""

from __future__ import annotations

from tests.celery.celery_installation import PATIENCE_SECONDS, CeleryInstallation
from tests.celery.conftest import SlowApi
from tests.faults.checks import assert_all_done_once
from tests.faults.fake_api import Effect
from tests.faults.installation import wait_for

SENT_AGAIN = "Sent messages again"


def test_runs_whose_messages_are_lost_are_executed_by_the_next_worker_after_another_message(
    installation: CeleryInstallation, api: SlowApi
) -> None:
    run_ids = installation.post("order", 20, number=0)
    assert installation.lose_messages() >= len(run_ids)

    installation.celery_worker()
    installation.wait_until_ended(run_ids, seconds=PATIENCE_SECONDS)

    installation.wait_until_logged(SENT_AGAIN)
    wait_for(lambda: installation.messages() == 0, seconds=PATIENCE_SECONDS, what="messages are left")
    assert_all_done_once(installation, api, run_ids)


def test_message_that_is_lost_while_all_workers_are_full_waits_at_the_broker_again(
    installation: CeleryInstallation, slow_api: SlowApi
) -> None:
    installation.celery_worker("--concurrency", "1")
    [first] = installation.post("hold", 1, seconds=30)
    installation.post("order", 3, number=0)
    wait_for(
        lambda: slow_api.effects[Effect(str(first), "reserve")],
        seconds=PATIENCE_SECONDS,
        what=installation.log.read_text,
    )

    lost = installation.lose_messages()
    wait_for(lambda: installation.messages() > 0, seconds=PATIENCE_SECONDS, what=installation.log.read_text)

    assert lost > 0
    installation.wait_until_logged(SENT_AGAIN)
    assert set(installation.holders()) == {first}


def test_messages_that_wait_because_all_workers_are_full_are_not_sent_again(
    installation: CeleryInstallation, slow_api: SlowApi
) -> None:
    installation.celery_worker("--concurrency", "1")
    run_ids = installation.post("hold", 4, seconds=2.5)

    installation.wait_until_ended(run_ids[:1], seconds=PATIENCE_SECONDS)

    assert SENT_AGAIN not in installation.log.read_text()
