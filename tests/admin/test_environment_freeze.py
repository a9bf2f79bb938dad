from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from integrations import models
from integrations.actors import SYSTEM
from integrations.operations import freezes, jobs
from tests.admin import pages
from tests.admin.conftest import logged_in, member
from tests.scenes.nesting import PAUSE, made_of
from tests.scenes.scene import put

pytestmark = pytest.mark.django_db

CALENDAR = "admin:integrations_job_calendar"


@pytest.fixture
def job(integration: models.Integration) -> models.Job:
    put(integration, "environments", env_name="Development", slug="dev", auth={})
    put(integration, "features", publish=True, **made_of("tick", PAUSE))
    row: models.Job = put(integration, "jobs", tag="tick", env="dev", schedule={"every": 3600})
    return row


def url(job: models.Job, wish: str) -> str:
    assert job.environment is not None
    return reverse("admin:integrations_job_freeze", args=[job.environment.pk, wish])


def test_environment_is_frozen_and_unfrozen_on_its_own_page(page: Client, job: models.Job) -> None:
    assert job.environment is not None
    own = pages.change_url(job.environment)
    assert url(job, "freeze") in pages.text(page.get(own))

    frozen = page.post(url(job, "freeze"), {"reason": "Upgrade", "page": "environment"})

    assert frozen.headers["Location"] == own
    assert "Upgrade" in pages.text(page.get(own))
    assert url(job, "unfreeze") in pages.text(page.get(own))


def test_page_of_a_frozen_environment_says_what_goes_on_and_what_is_to_come(page: Client, job: models.Job) -> None:
    assert job.environment is not None
    begun, retry, _ = (jobs.run(job=job, by=SYSTEM, trigger=models.Run.Trigger.ADMIN) for _ in range(3))
    models.Run.objects.filter(pk=begun.pk).update(started_at=begun.created_at)
    models.Run.objects.filter(pk=retry.pk).update(status="scheduled")
    freezes.freeze(environment=job.environment, by=SYSTEM)

    text = pages.text(page.get(pages.change_url(job.environment)))

    assert "1 run of its jobs goes on to its end." in text
    assert "1 is queued and still to begin." in text
    assert "1 retry waits until the environment is unfrozen." in text
    assert "inactive" not in text.split("calendar-freeze")[1].split("</section>")[0]


def test_page_of_an_inactive_environment_says_how_many_runs_wait_in_it(page: Client, job: models.Job) -> None:
    assert job.environment is not None
    jobs.run(job=job, by=SYSTEM, trigger=models.Run.Trigger.ADMIN)
    models.Environment.objects.filter(pk=job.environment.pk).update(active=False)

    text = pages.text(page.get(pages.change_url(job.environment)))

    assert "1 run that has not begun waits until the environment is active again" in text


def test_calendar_says_what_is_frozen_and_where_to_freeze(page: Client, job: models.Job) -> None:
    assert job.environment is not None
    before = pages.text(page.get(reverse(CALENDAR)))
    freezes.freeze(environment=job.environment, by=SYSTEM, reason="Upgrade")

    after = pages.text(page.get(reverse(CALENDAR)))

    assert "freeze an environment" in before
    assert pages.change_url(job.environment) in after
    assert "Upgrade" in after


def test_freeze_of_another_integration_is_not_shown(job: models.Job, engineer: User) -> None:
    assert job.environment is not None
    freezes.freeze(environment=job.environment, by=SYSTEM, reason="Upgrade")
    job.integration.members.clear()

    assert "Upgrade" not in pages.text(logged_in(engineer).get(reverse(CALENDAR)))


def test_page_tells_those_who_may_only_look(job: models.Job) -> None:
    assert job.environment is not None
    viewer = logged_in(member(job.integration, "Viewers"))

    text = pages.text(viewer.get(pages.change_url(job.environment)))

    assert "it is not frozen" in text
    assert url(job, "freeze") not in text


def test_page_of_a_new_environment_says_nothing_of_it(page: Client, job: models.Job) -> None:
    assert "calendar-freeze" not in pages.text(page.get(pages.add_url(models.Environment)))
