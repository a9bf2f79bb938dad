"""What the events of a release do to the outside, as the catalogue says today and not as it said back then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from integrations import models
from integrations.definitions.checking.uses import events_of
from integrations.definitions.effects import Effect, effect_of_type
from integrations.definitions.feature import Event
from integrations.definitions.release import Release

_ORDER: tuple[Effect, ...] = ("read", "write", "irreversible")


class Effects:
    """Answers for one release; somebody who marks an action as irreversible means its past calls, too."""

    def __init__(self, release: Release, catalogue: Mapping[tuple[str, str], Effect]) -> None:
        self._release, self._catalogue = release, catalogue

    @classmethod
    def read(cls, release: Release, integration_id: int) -> Effects:
        rows = models.ConnectedApp.objects.filter(integration=integration_id, access_tag__in=list(release.apps))
        actions = models.AppAction.objects.filter(app__connections__in=rows)
        columns = ("app__connections__access_tag", "tag", "effect")
        marked = actions.filter(app__connections__in=rows).exclude(effect="").values_list(*columns)
        return cls(release, {(access_tag, tag): effect for access_tag, tag, effect in marked})

    def of(self, *, type: str, target: str, app: str) -> Effect:
        """Return what one call does; of a nested feature the strongest of all that it may call."""
        if type == "action":
            return self._of_action(app, target)
        if type == "feature":
            return self._of_feature(target)
        return effect_of_type(type)

    def of_events(self, events: Iterable[Event]) -> Effect:
        found = [self.of(type=event.type, target=event.event, app=event.app or "") for event in events]
        return max(found, key=_ORDER.index, default="read")

    def _of_action(self, access_tag: str, tag: str) -> Effect:
        if (access_tag, tag) in self._catalogue:
            return self._catalogue[access_tag, tag]
        app = self._release.apps.get(access_tag)
        action = app.action(tag) if app else None
        return action.own_effect if action else "write"

    def _of_feature(self, tag: str) -> Effect:
        nested = self._release.features.get(tag)
        if nested is None:
            return "write"
        return self.of_events(event for _, event in events_of(nested.definition, place=""))
