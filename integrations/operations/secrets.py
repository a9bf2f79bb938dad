"""Secrets of an integration: written here, read only while a run executes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integrations import models
from integrations.actors import Actor, require, user_of
from integrations.connectors.redaction import SHORTEST_SECRET
from integrations.definitions import checking
from integrations.definitions.base import TAG_PATTERN, may_exist
from integrations.errors import DefinitionError, InUse, Problem
from integrations.operations import _audit
from integrations.operations._transactions import all_or_nothing, lock
from integrations.runtime.releases.contents import contents_of
from integrations.types import JsonObject

MAX_CHARACTERS = 100_000
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


def put(
    *,
    integration: models.Integration,
    key: str,
    value: str,
    by: Actor,
    environment: models.Environment | None = None,
    description: str | None = None,
) -> models.Secret:
    """Set the secret for one environment, or for all that have none of their own.

    Raises:
        DefinitionError: the key is not a tag, the value is empty, too short or too long, or the environment is another
            integration's.
    """
    row = _find(integration, environment, key)
    verb = "change" if row else "add"
    require(by, f"{verb}_secret", to="write secrets")
    found = [*problems(key=key, value=value), *_foreign(integration, environment)]
    if found:
        raise DefinitionError(found)
    row = row or models.Secret(integration=integration, environment=environment, key=key)
    with all_or_nothing():
        row.description = row.description if description is None else description
        row.updated_by = user_of(by)
        row.set_value(value)
        row.save()
        where = environment.slug if environment else "every environment"
        _audit.write(verb, kind="secret", tag=key, by=by, integration=integration, after={"environment": where})
        integration.touch()
    return row


def describe(*, row: models.Secret, description: str, by: Actor) -> models.Secret:
    """Change what a secret is said to be for; its value stays."""
    require(by, "change_secret", to="change secrets")
    if description == row.description:
        return row
    before: JsonObject = {"description": row.description}
    with all_or_nothing():
        row.description = description
        row.save(update_fields=["description", "updated_at"])
        after: JsonObject = {"description": description}
        _audit.write(
            "change", kind="secret", tag=row.key, by=by, integration=row.integration, before=before, after=after
        )
    return row


def in_use(row: models.Secret) -> Sequence[str]:
    """Return every place that would find no value any more in an environment that has one now."""
    contents = contents_of(row.integration)
    own = row.environment.slug if row.environment else ""
    left = contents.secrets.get(row.key, frozenset()) - {own}
    losing = [slug for slug in contents.environments if slug not in left and own in ("", slug)]
    if "" in left or (left and not losing):
        return []
    return checking.places_reading_secret(contents, row.key, environments=losing)


def delete(*, row: models.Secret, by: Actor) -> None:
    """Delete the secret.

    Raises:
        InUse: with every place that reads it.
    """
    require(by, "delete_secret", to="delete secrets")
    with all_or_nothing():
        lock(row.integration)
        places = in_use(row)
        if places:
            raise InUse("secret", row.key, places)
        row.delete()
        _audit.write("delete", kind="secret", tag=row.key, by=by, integration=row.integration)
        row.integration.touch()


def problems(*, key: str, value: str) -> list[Problem]:
    """Return everything that speaks against a secret of this key and value; `put` refuses for just these."""
    found = []
    if not _is_tag(key):
        found.append(Problem("secrets/key", f"{key!r} is not a key", "use letters, digits and _ . : -"))
    if not value:
        found.append(Problem("secrets/value", "the value is empty"))
    elif len(value.strip()) < SHORTEST_SECRET:
        hint = "one that short stands in too many texts to be kept out of what runs store"
        found.append(Problem("secrets/value", f"the value is shorter than {SHORTEST_SECRET} characters", hint))
    if len(value) > MAX_CHARACTERS:
        found.append(Problem("secrets/value", f"the value is longer than {MAX_CHARACTERS} characters"))
    if _UNSENDABLE.search(value):
        found.append(Problem("secrets/value", "the value holds U+0000 or half of a surrogate pair"))
    return found


def _find(integration: models.Integration, environment: models.Environment | None, key: str) -> models.Secret | None:
    rows = models.Secret.objects.for_integration(integration)
    return rows.filter(key=key, environment=environment).first() if may_exist(key) else None


def _foreign(integration: models.Integration, environment: models.Environment | None) -> list[Problem]:
    if environment is None or environment.integration_id == integration.pk:
        return []
    return [Problem("secrets/environment", "this environment belongs to another integration")]


def _is_tag(key: str) -> bool:
    return re.fullmatch(TAG_PATTERN, key) is not None
