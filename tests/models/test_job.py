from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import RestrictedError

from integrations.models import Job
from tests.factories import EnvironmentFactory, JobFactory

pytestmark = pytest.mark.django_db


def test_second_job_of_the_same_tag_is_refused() -> None:
    job = JobFactory.create(tag="nightly")

    with pytest.raises(IntegrityError):
        JobFactory.create(integration=job.integration, tag="nightly")


def test_delete_of_an_environment_with_a_job_is_refused() -> None:
    environment = EnvironmentFactory.create()
    JobFactory.create(integration=environment.integration, environment=environment)

    with pytest.raises(RestrictedError):
        environment.delete()


def test_delete_of_the_integration_takes_job_and_environment_along() -> None:
    environment = EnvironmentFactory.create()
    JobFactory.create(integration=environment.integration, environment=environment)

    environment.integration.delete()

    assert not Job.objects.exists()


def test_job_in_an_environment_of_another_integration_is_refused() -> None:
    job = JobFactory.create(environment=EnvironmentFactory.create())

    with pytest.raises(ValidationError, match="another integration"):
        job.clean()
