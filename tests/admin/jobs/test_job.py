from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from integrations import models
from integrations.actors import SYSTEM
from integrations.admin.jobs import calendar
from integrations.operations import environments, features, freezes, jobs, runs
from integrations.runtime.execution import in_process
from tests.admin import pages
from tests.admin.conftest import logged_in, member
from tests.scenes.nesting import PAUSE, made_of
from tests.scenes.scene import put
from tests.scenes.scheduling import Hands, end, fire, hands, make_job, runs_of

__all__ = ["hands"]

pytestmark = pytest.mark.django_db

CALENDAR = "admin:integrations_job_calendar"


@pytest.fixture
def home(integration: models.Integration) -> models.Integration:
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    put(integration, "features", publish=True, **made_of("tick", PAUSE))
    return integration


@pytest.fixture
def job(home: models.Integration) -> models.Job:
    schedule = {"cron": "30 6 * * *", "tz": "Europe/Berlin"}
    row: models.Job = put(home, "jobs", tag="tick", env="dev", schedule=schedule)
    return row


def url(job: models.Job, page: str) -> str:
    return reverse(f"admin:integrations_job_{page}", args=[job.pk])


def test_form_makes_a_schedule_of_its_boxes(page: Client, home: models.Integration) -> None:
    environment = environments.fetch(integration=home, tag="dev", by=SYSTEM)
    boxes = {"when": "cron", "cron": "0 6 * * 1", "tz": "Europe/Berlin", "every": "9", "limit": "3"}

    response = pages.send(
        page, pages.add_url(models.Job), integration=home.pk, environment=environment.pk, tag="tick", **boxes
    )

    assert response.status_code == 302, pages.errors(response)
    made = models.Job.objects.get()
    assert made.schedule == {"cron": "0 6 * * 1", "tz": "Europe/Berlin", "limit": 3}
    assert made.next_at is not None


def test_form_shows_the_schedule_that_is_stored_and_keeps_it(page: Client, job: models.Job) -> None:
    before = (job.schedule, job.next_at)

    response = pages.send(page, pages.change_url(job), description="Ticks")

    assert response.status_code == 302, pages.errors(response)
    job.refresh_from_db()
    assert ((job.schedule, job.next_at), job.description) == (before, "Ticks")


@pytest.mark.parametrize(
    ("boxes", "field", "message"),
    [
        ({"when": "cron", "cron": "0 0 31 2 *"}, "cron", "never fires"),
        ({"when": "cron", "cron": "0 0 * * * *"}, "cron", "six fields"),
        ({"when": "every", "every": "0"}, "every", "more than 0"),
        ({"when": "once", "start_at": "2026-01-02", "end_at": "2026-01-01"}, "when", "end_at is not after start_at"),
        ({"when": "once", "start_at": "soon"}, "start_at", "ISO 8601"),
    ],
)
def test_form_says_at_the_box_what_is_wrong(
    page: Client, job: models.Job, boxes: dict[str, str], field: str, message: str
) -> None:
    response = pages.send(page, pages.change_url(job), **boxes)

    assert message in " ".join(pages.errors(response)[field])


def test_form_says_at_the_input_that_it_is_too_large(page: Client, job: models.Job, settings: Settings) -> None:
    settings.DUCTAPE_INPUT_CAP_BYTES = 10

    response = pages.send(page, pages.change_url(job), input='{"note": "longer"}')

    assert "raise DUCTAPE_INPUT_CAP_BYTES" in " ".join(pages.errors(response)["input"])


def test_ledger_names_its_zone_and_shows_utc_once(page: Client, job: models.Job) -> None:
    other = put(job.integration, "jobs", tag="other", env="dev", target={"event": "tick"}, schedule={"every": 600})

    def heads(row: models.Job) -> list[str]:
        text = pages.text(page.get(pages.change_url(row)))
        return re.findall(r"<th[^>]*>([^<]*)</th>", text[text.index('id="ledger-title"') :].split("</thead>")[0])

    assert heads(job) == ["Time (Europe/Berlin)", "Outcome", "Late by", "Why", "Run", "UTC"]
    assert heads(other) == ["Time (UTC)", "Outcome", "Late by", "Why", "Run"]


def test_job_without_an_environment_is_run_where_one_is_chosen(page: Client, home: models.Integration) -> None:
    job = put(home, "jobs", tag="anywhere", target={"event": "tick"})

    text = pages.text(page.get(pages.change_url(job)))

    assert url(job, "run_with") in text
    assert f'"{url(job, "run")}"' not in text
    assert "None: it is chosen each time it is run" in text


def test_list_is_filtered_by_environment(page: Client, job: models.Job) -> None:
    other = put(job.integration, "environments", env_name="Production", slug="prd", auth={})

    def listed(environment: models.Environment) -> int:
        response = page.get(pages.list_url(models.Job), {"environment__id__exact": environment.pk})
        return int(response.context["cl"].result_count)

    assert job.environment is not None
    assert (listed(job.environment), listed(other)) == (1, 0)


def test_page_shows_the_next_times_in_both_zones(page: Client, job: models.Job) -> None:
    text = pages.text(page.get(pages.change_url(job)))

    assert "Europe/Berlin" in text
    assert "06:30:00" in text
    assert "On schedule" in text


def test_preview_answers_while_the_schedule_is_being_written(page: Client, home: models.Integration) -> None:
    preview = reverse("admin:integrations_job_preview")

    good = pages.text(page.get(preview, {"when": "cron", "cron": "0 6 * * *", "tz": "America/New_York"}))
    bad = pages.text(page.get(preview, {"when": "cron", "cron": "0 0 31 2 *"}))
    worse = pages.text(page.get(preview, {"when": "every", "every": "many"}))

    assert good.count("06:00:00") == 5
    assert "America/New_York" in good
    assert "never fires" in bad
    assert "every" in worse
    assert page.post(preview).status_code == 405


@pytest.mark.parametrize("boxes", [{"every": "9" * 5_000}, {"every": "60", "limit": "9" * 5_000}])
def test_preview_refuses_numbers_that_are_too_long(
    page: Client, home: models.Integration, boxes: dict[str, str]
) -> None:
    response = page.get(reverse("admin:integrations_job_preview"), {"when": "every", **boxes})

    assert response.status_code == 200
    assert [*boxes][-1] in pages.text(response)


@pytest.mark.parametrize("job", ["abc", "9" * 5_000])
def test_preview_for_an_unknown_job_is_missing(page: Client, home: models.Integration, job: str) -> None:
    assert page.get(reverse("admin:integrations_job_preview"), {"job": job}).status_code == 404


def test_job_that_has_ended_shows_no_next_times(hands: Hands, page: Client, home: models.Integration) -> None:
    job = make_job(hands, home, schedule={"every": 600, "limit": 1})
    hands.turn(minutes=10)
    fire(hands)

    shown = next_times(page, job)
    longer = next_times(page, job, when="every", every="600", limit="2")
    other = next_times(page, job, when="every", every="600")

    assert "It has come to its end" in shown
    assert "UTC" not in shown
    # A schedule that is changed begins anew.
    assert (longer.count("2026-"), other.count("2026-")) == (2, 5)


def test_next_times_are_as_many_as_the_limit_leaves(hands: Hands, page: Client, home: models.Integration) -> None:
    job = make_job(hands, home, schedule={"every": 600, "limit": 3})
    hands.turn(minutes=10)
    fire(hands)

    assert re.findall(r"[\d-]+ [\d:]+", next_times(page, job)) == ["2026-11-24 12:20:00", "2026-11-24 12:30:00"]


def test_next_times_are_those_to_come_even_if_earlier_ones_are_due(
    hands: Hands, page: Client, home: models.Integration
) -> None:
    job = make_job(hands, home, schedule={"every": 600, "limit": 4})
    hands.turn(minutes=25)

    assert re.findall(r"[\d-]+ [\d:]+", next_times(page, job)) == ["2026-11-24 12:30:00", "2026-11-24 12:40:00"]


def test_job_that_is_held_says_so_instead_of_next_times(hands: Hands, page: Client, home: models.Integration) -> None:
    job = make_job(hands, home)
    environment = environments.fetch(integration=home, tag="dev", by=SYSTEM)

    freezes.freeze(environment=environment, by=SYSTEM)
    frozen = next_times(page, job)
    jobs.pause(jobs=[job], by=SYSTEM)
    paused, written = next_times(page, job), next_times(page, job, when="every", every="60")

    assert "Its environment is frozen" in frozen
    assert "The job is paused" in paused
    assert "2026-" not in frozen + paused
    assert "The job is paused" in written
    assert written.count("2026-") == 5


def next_times(page: Client, job: models.Job, **boxes: str) -> str:
    """Return what the job's page says comes next; with boxes, what it says while they are being written."""
    preview = reverse("admin:integrations_job_preview")
    asked = {**boxes, "job": str(job.pk)}
    text = pages.text(page.get(preview, asked) if boxes else page.get(pages.change_url(job)))
    [found] = re.findall(r'<div class="next-times.*?</div>', text, re.DOTALL)
    return str(found)


def test_run_now_starts_a_run_and_shows_it(page: Client, job: models.Job) -> None:
    response = page.post(url(job, "run"))

    run = models.Run.objects.get()
    assert response.headers["Location"] == reverse("admin:integrations_run_change", args=[run.pk])
    assert (run.job, run.nominal_at) == (job, None)


def test_run_that_is_refused_says_why(page: Client, job: models.Job) -> None:
    environments.update(integration=job.integration, tag="dev", changes={"active": False}, by=SYSTEM)

    response = page.post(url(job, "run"), follow=True)

    assert "is inactive" in pages.text(response)


def test_what_became_wrong_later_is_shown_on_the_job(page: Client, job: models.Job) -> None:
    features.update(
        integration=job.integration, tag="tick", changes={"input": {"n": "number"}}, by=SYSTEM, publish=True
    )

    text = pages.text(page.get(pages.change_url(job)))

    assert "It could not start now" in text
    assert '"n" is required' in text


def test_schedule_that_cannot_be_read_any_more_is_shown_as_broken(page: Client, job: models.Job) -> None:
    schedule = {"cron": "0 6 * * *", "tz": "Mars/Olympus"}
    models.Job.objects.filter(pk=job.pk).update(schedule=schedule, next_at=None)

    text = pages.text(page.get(pages.change_url(job)))

    assert "Broken" in text
    assert 'unknown time zone "Mars/Olympus"' in text
    assert "broken" in pages.text(page.get(pages.list_url(models.Job)))


def test_buttons_pause_and_resume(page: Client, job: models.Job) -> None:
    page.post(url(job, "pause"))
    assert "paused" in pages.text(page.get(pages.change_url(job)))
    job.refresh_from_db()
    assert (job.paused, job.next_at) == (True, None)

    page.post(url(job, "resume"))

    job.refresh_from_db()
    assert not job.paused
    assert job.next_at is not None


@pytest.mark.parametrize(("name", "paused"), [("pause_selected", True), ("resume_selected", False)])
def test_list_pauses_and_resumes_those_that_are_selected(
    page: Client, job: models.Job, name: str, paused: bool
) -> None:
    jobs.update(integration=job.integration, tag="tick", changes={"paused": not paused}, by=SYSTEM)

    page.post(pages.list_url(models.Job), {"action": name, "_selected_action": [job.pk]})

    job.refresh_from_db()
    assert job.paused is paused


def test_list_runs_those_that_are_selected(page: Client, job: models.Job) -> None:
    page.post(pages.list_url(models.Job), {"action": "run_selected", "_selected_action": [job.pk]})

    assert models.Run.objects.get().job == job


def test_list_runs_each_by_itself_and_says_which_are_refused(
    page: Client, job: models.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(job.integration, "environments", env_name="Production", slug="prd", auth={})
    other = put(job.integration, "jobs", tag="other", env="prd", target={"event": "tick"})
    environments.update(integration=job.integration, tag="prd", changes={"active": False}, by=SYSTEM)
    depth, executed = len(connection.atomic_blocks), []

    def execute(run: models.Run, **_: object) -> models.Run:
        executed.append((run.job, len(connection.atomic_blocks)))
        return run

    monkeypatch.setattr(in_process, "execute", execute)

    chosen = {"action": "run_selected", "_selected_action": [job.pk, other.pk]}
    text = pages.text(page.post(pages.list_url(models.Job), chosen, follow=True))

    assert [run.job for run in models.Run.objects.all()] == [job]
    assert executed == [(job, depth)]
    assert "Started 1 runs." in text
    assert 'other was not started: environment "prd" is inactive' in text


@pytest.mark.parametrize("name", ["run", "pause", "resume"])
def test_buttons_are_for_those_who_may(home: models.Integration, job: models.Job, name: str) -> None:
    viewer = logged_in(member(home, "Viewers"))

    assert viewer.post(url(job, name)).status_code == 403
    assert viewer.get(url(job, name)).status_code == 405
    assert url(job, name) not in pages.text(viewer.get(pages.change_url(job)))
    assert not models.Run.objects.exists()


def test_job_of_another_integration_answers_like_a_missing_one(job: models.Job, engineer: User) -> None:
    job.integration.members.clear()

    assert logged_in(engineer).post(url(job, "run")).status_code == 404


def test_page_shows_the_ledger_and_the_runs(hands: Hands, page: Client, job: models.Job) -> None:
    assert job.next_at is not None
    hands.now = job.next_at
    fire(hands)
    run = models.Run.objects.get()

    text = pages.text(page.get(pages.change_url(job)))

    assert reverse("admin:integrations_run_change", args=[run.pk]) in text
    assert "What became of each time" in text
    # A time that started something is as good as its run.
    assert 'data-status="queued"' in pages.text(page.get(pages.list_url(models.Job)))


def test_list_says_how_the_last_try_at_the_last_time_stands(
    hands: Hands, page: Client, home: models.Integration
) -> None:
    job, shown = make_job(hands, home, retries=1, retry={"delay": 60, "factor": 1}), []
    hands.turn(minutes=10)
    fire(hands)

    end(runs_of(job)[0], "failed")
    shown.append(badge(page))
    hands.turn(minutes=2)
    end(runs_of(job)[1])
    shown.append(badge(page))
    hands.turn(minutes=8)
    fire(hands)
    shown.append(badge(page))

    assert shown == ["scheduled", "succeeded", "queued"]


def badge(page: Client) -> str:
    """Return the status that the list shows of the last time of its only job."""
    [cell] = re.findall(
        r'<td class="[^"]*field-last_outcome.*?</td>', pages.text(page.get(pages.list_url(models.Job))), re.DOTALL
    )
    return str(re.findall(r'data-status="(\w+)"', cell)[0])


@pytest.mark.parametrize("span", ["week", "month"])
def test_calendar_shows_what_was_and_what_is_to_come(hands: Hands, page: Client, job: models.Job, span: str) -> None:
    assert job.next_at is not None
    hands.now = job.next_at + dt.timedelta(hours=1)
    fire(hands)

    text = pages.text(page.get(reverse(CALENDAR), {"span": span, "day": job.next_at.date().isoformat()}))

    assert pages.change_url(job) in text
    assert "missed" in text


def test_calendar_is_filtered(page: Client, job: models.Job) -> None:
    environment = job.environment
    other = put(job.integration, "environments", env_name="Production", slug="prd", auth={})

    here = pages.text(page.get(reverse(CALENDAR), {"integration": job.integration_id, "environment": environment.pk}))  # type: ignore[union-attr]
    empty = page.get(reverse(CALENDAR), {"integration": job.integration_id, "environment": other.pk})
    there = pages.text(empty)

    assert pages.change_url(job) in here
    assert pages.change_url(job) not in there
    assert ("No schedule fires" in here, "No schedule fires" in there) == (False, True)
    # What unfold would show in the head of the page.
    assert not empty.context["environment"]


@pytest.mark.parametrize("query", [{"day": "x"}, {"day": "0001-01-01"}, {"span": "year"}, {"integration": "9" * 30}])
def test_calendar_of_nonsense_is_that_of_today(page: Client, job: models.Job, query: dict[str, str]) -> None:
    response = page.get(reverse(CALENDAR), query)

    assert response.status_code == 200
    assert 'aria-current="date"' in pages.text(response)


def test_calendar_says_what_it_leaves_out(page: Client, job: models.Job, monkeypatch: pytest.MonkeyPatch) -> None:
    put(job.integration, "jobs", tag="other", env="dev", target={"event": "tick"}, schedule={"cron": "* * * * *"})

    whole = pages.text(page.get(reverse(CALENDAR)))
    monkeypatch.setattr(calendar, "_MOST_JOBS", 1)
    cut = pages.text(page.get(reverse(CALENDAR)))

    assert "there are more" not in whole
    assert "the first 1 jobs; there are more" in cut


def test_environment_is_frozen_and_unfrozen_from_the_calendar(page: Client, job: models.Job) -> None:
    assert job.environment is not None
    freeze, unfreeze = (
        reverse("admin:integrations_job_freeze", args=[job.environment.pk, wish]) for wish in ("freeze", "unfreeze")
    )

    frozen = page.post(freeze, {"reason": "Upgrade"}, follow=True)
    assert "Upgrade" in pages.text(frozen)
    assert "frozen" in pages.text(page.get(pages.change_url(job)))
    page.post(unfreeze)

    assert not models.Freeze.objects.in_force().exists()
    assert "is not frozen" in pages.text(page.post(unfreeze, follow=True))


def test_environment_is_frozen_by_those_who_may(home: models.Integration, job: models.Job) -> None:
    assert job.environment is not None
    viewer = logged_in(member(home, "Viewers"))

    response = viewer.post(reverse("admin:integrations_job_freeze", args=[job.environment.pk, "freeze"]))

    assert response.status_code == 403
    assert not models.Freeze.objects.exists()


def test_list_of_jobs_costs_the_same_for_many(page: Client, job: models.Job) -> None:

    page.get(pages.list_url(models.Job))  # what a first look reads besides
    with CaptureQueriesContext(connection) as few:
        page.get(pages.list_url(models.Job))
    for number in range(5):
        put(job.integration, "jobs", tag=f"other{number}", env="dev", target={"event": "tick"})
    with CaptureQueriesContext(connection) as many:
        page.get(pages.list_url(models.Job))

    assert len(many) == len(few)


def test_run_of_a_job_says_which_and_for_what_time(hands: Hands, page: Client, job: models.Job) -> None:
    assert job.next_at is not None
    hands.now = job.next_at
    fire(hands)

    text = pages.text(page.get(reverse("admin:integrations_run_change", args=[models.Run.objects.get().pk])))

    assert pages.change_url(job) in text
    assert "Job's time" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "every 1 s"),
        (60, "every 1 min"),
        (5_400, "every 1 h 30 min"),
        (90_061, "every 1 day 1 h 1 min 1 s"),
        (172_800, "every 2 days"),
    ],
)
def test_period_is_spelled_in_its_units(page: Client, job: models.Job, seconds: int, words: str) -> None:
    models.Job.objects.update(schedule={"every": seconds})

    assert f">{words}<" in pages.text(page.get(pages.list_url(models.Job)))


def test_what_a_job_ran_besides_a_feature_keeps_its_name_when_the_job_is_gone(
    page: Client, home: models.Integration
) -> None:
    put(home, "functions", publish=True, tag="double", language="js", function="(i) => 4")
    job = put(home, "jobs", tag="two", env="dev", target={"type": "function", "event": "double"})
    run = runs.execute(jobs.run(job=job, by=SYSTEM, trigger=models.Run.Trigger.ADMIN))
    models.Run.objects.update(job=None)

    shown = pages.text(page.get(pages.change_url(run)))

    assert "double in dev" in shown
    assert "deleted" not in shown
    assert "double" in pages.text(page.get(pages.list_url(models.Run)))
    form = pages.text(page.get(reverse("admin:integrations_run_replay", args=[run.pk])))
    assert "version 0" not in form
