"""Environments of an integration, with the bindings of its connected apps seen from their side."""

from __future__ import annotations

from collections.abc import Sequence

from integrations import models
from integrations.actors import Actor, require
from integrations.definitions import checking, secrecy
from integrations.definitions.contents import Contents
from integrations.definitions.environment import Environment
from integrations.errors import Problem
from integrations.operations.saving import bindings
from integrations.operations.saving.store import Store
from integrations.runtime.db import wakeups
from integrations.runtime.dispatch import state as dispatch_state


class EnvironmentStore(Store[models.Environment, Environment]):
    model = models.Environment
    shape = Environment
    kind = "environment"
    collection = "environments"
    key = "slug"

    def check(self, definition: Environment, contents: Contents) -> list[Problem]:
        return checking.check_environment(definition, contents)

    def kept_problems(self, row: models.Environment, definition: Environment) -> list[Problem]:
        place = self.place_of(definition.slug)
        stored = row.auth_shape if row.pk else {}
        return [
            *secrecy.problems_of(dict(definition.auth), stored, place=f"{place}/auth"),
            *bindings.kept_problems(row, definition.envs, place=place),
        ]

    def write(self, row: models.Environment, definition: Environment) -> None:
        stored = row.open_auth() if row.pk else {}
        auth = secrecy.unmasked(dict(definition.auth), stored, place=f"{self.place_of(definition.slug)}/auth")
        row.apply(definition)
        row.set_auth(auth if isinstance(auth, dict) else {})
        row.save()
        # What is queued there begins no more, or may begin again.
        dispatch_state.forget()
        wakeups.signal()
        bindings.write_for_environment(row, definition.envs)
        row.forget_prefetched()

    def places_in_use(self, row: models.Environment, contents: Contents) -> Sequence[str]:
        runs = models.Run.objects.filter(environment=row).count()
        history = [f"{runs} runs in its history"] if runs else []
        return [*super().places_in_use(row, contents), *history]


def runs_on_hold(*, environment: models.Environment, by: Actor) -> int:
    """Return how many runs do not begin for now because of the environment: it is inactive, or frozen."""
    require(by, "view_run", to="see runs")
    return models.Run.objects.unfinished().filter(environment=environment).on_hold().count()


store = EnvironmentStore()
create, update, save, delete = store.create, store.update, store.save, store.delete
fetch, fetch_all = store.fetch, store.fetch_all
