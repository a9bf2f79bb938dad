"""What a job of an integration can run: the choices of its form, by kind, and what a choice is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from integrations import models, strict_json
from integrations.definitions.contents import Contents
from integrations.definitions.job import JobTarget
from integrations.errors import DefinitionError
from integrations.types import Json

#: A target as the text that its option has, and its label.
Choice: TypeAlias = tuple[str, str]
Group: TypeAlias = tuple[str, list[Choice]]

#: More jobs than these are not offered: of jobs there may be many, and few are started by others.
_MOST_JOBS = 500
_JOBS = "Jobs"
_CHOSEN, _THERE_NO_MORE = "Chosen", "Not there any more"
_BELOW = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} "
_WORDS = {"database_action": "database action"}


def groups(integration: models.Integration, *, own_tag: str) -> list[Group]:
    """Return all that a job of this tag can run, by kind; kinds of which there is nothing are left out."""
    own = as_text({"type": "job", "event": own_tag})
    found = [(heading, [each for each in listed(integration) if each[0] != own]) for heading, listed in _KINDS]
    return [(heading, choices) for heading, choices in map(_cut, found) if choices]


def with_chosen(offered: list[Group], text: str, *, is_there: bool) -> list[Group]:
    """Return the choices with one that is not among them; if it is not there either, it is marked as gone."""
    if not text or any(text == each for _, choices in offered for each, _ in choices):
        return offered
    heading, label = (_CHOSEN, _named(text)) if is_there else (_THERE_NO_MORE, f"{_named(text)} (gone)")
    return [*offered, (heading, [(text, label)])]


def as_text(target: Json) -> str:
    """Return a target as the text of its option, without what says nothing; one that cannot be read as it is."""
    try:
        shape = JobTarget.parse(target)
    except DefinitionError:
        return strict_json.canonical(target)
    unused = {name: None for name, kind in (("app", "action"), ("database", "database_action")) if shape.type != kind}
    return strict_json.canonical(shape.model_copy(update=unused).to_compact_dict())


def in_words(target: JobTarget) -> str:
    """Return what is run, in a few words, such as those of an action: what it is, its app and its tag."""
    above = target.app if target.type == "action" else target.database if target.type == "database_action" else None
    return f"{_WORDS.get(target.type, target.type)} {_below(above, target.event) if above else target.event}"


def contents_with(integration: models.Integration, target: JobTarget) -> Contents:
    """Return contents that hold what the target names, if it is there, as it is saved."""
    found: dict[str, Any] = {}
    match target.type:
        case "action":
            rows = models.ConnectedApp.objects.for_integration(integration).filter(access_tag=target.app or "")
            connected = {row.access_tag: row for row in rows.with_definition()}
            apps = models.App.objects.filter(pk__in=[row.app_id for row in connected.values()]).with_definition()
            by_pk = {app.pk: app.to_definition() for app in apps}
            found["connected_apps"] = {tag: row.to_definition() for tag, row in connected.items()}
            found["apps"] = {tag: by_pk[row.app_id] for tag, row in connected.items()}
        case "notification":  # whose tag and a message's are one text
            found["notifications"] = _defined(models.Notification, integration)
        case "database_action":
            found["databases"] = _defined(models.Database, integration, tag=target.database or "")
        case "feature":
            found["features"] = _defined(models.Feature, integration, tag=target.event)
        case "function":
            found["functions"] = _defined(models.Function, integration, tag=target.event)
        case "job":
            found["jobs"] = _defined(models.Job, integration, tag=target.event)
    return Contents(tag=integration.tag, **found)


def _defined(model: Any, integration: models.Integration, **only: str) -> dict[str, Any]:
    rows = model.objects.for_integration(integration).filter(**only).with_definition()
    return {row.tag: row.to_definition() for row in rows}


def _cut(group: Group) -> Group:
    heading, choices = group
    if heading == _JOBS and len(choices) > _MOST_JOBS:
        return f"{_JOBS}, the first {_MOST_JOBS} by tag", choices[:_MOST_JOBS]
    return group


def _tagged(model: Any, kind: str, *, most: int | None = None) -> Callable[[models.Integration], Iterator[Choice]]:
    def listed(integration: models.Integration) -> Iterator[Choice]:
        rows = model.objects.for_integration(integration).order_by("tag").values_list("tag", "name")
        return (_choice(tag, name, type=kind, event=tag) for tag, name in rows[:most])

    return listed


def _actions(integration: models.Integration) -> Iterator[Choice]:
    rows = models.AppAction.objects.filter(app__connections__integration=integration)
    values = rows.values_list("app__connections__access_tag", "tag", "name")
    for app, tag, name in values.order_by("app__connections__access_tag", "tag"):
        yield _choice(_below(app, tag), name, type="action", event=tag, app=app)


def _messages(integration: models.Integration) -> Iterator[Choice]:
    for tag, messages in _with_parts(models.Notification, integration, "messages"):
        for message in messages:
            event = f"{tag}:{message['tag']}"
            yield _choice(event, "", type="notification", event=event)


def _statements(integration: models.Integration) -> Iterator[Choice]:
    for tag, actions in _with_parts(models.Database, integration, "actions"):
        for action in actions:
            name = action.get("name", "")
            yield _choice(_below(tag, action["tag"]), name, type="database_action", event=action["tag"], database=tag)


def _with_parts(model: Any, integration: models.Integration, parts: str) -> Any:
    return model.objects.for_integration(integration).order_by("tag").values_list("tag", parts)


def _choice(label: str, name: str, **target: str) -> Choice:
    return as_text({**target}), f"{label} – {name}" if name and name != label else label


def _below(above: str, tag: str) -> str:
    return f"{above}{_BELOW}{tag}"


def _named(text: str) -> str:
    try:
        return in_words(JobTarget.parse(strict_json.loads(text)))
    except DefinitionError:
        return text


_NOT_YET = "cannot be run yet"
_KINDS: tuple[tuple[str, Callable[[models.Integration], Iterator[Choice]]], ...] = (
    ("Features", _tagged(models.Feature, "feature")),
    ("Actions", _actions),
    ("Functions", _tagged(models.Function, "function")),
    # Two more: the job itself is left out, and the other one tells that there are more.
    (_JOBS, _tagged(models.Job, "job", most=_MOST_JOBS + 2)),
    (f"Notifications, {_NOT_YET}", _messages),
    (f"Database actions, {_NOT_YET}", _statements),
)
