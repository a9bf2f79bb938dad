"""Jobs of an integration."""

from __future__ import annotations

from integrations import models
from integrations.definitions import checking
from integrations.definitions.contents import Contents
from integrations.definitions.job import Job
from integrations.errors import Problem
from integrations.operations.store import Store


class JobStore(Store[models.Job, Job]):
    model = models.Job
    shape = Job
    kind = "job"
    collection = "jobs"

    def check(self, definition: Job, contents: Contents) -> list[Problem]:
        return checking.check_job(definition, contents)


store = JobStore()
create, update, save, delete = store.create, store.update, store.save, store.delete
fetch, fetch_all = store.fetch, store.fetch_all
