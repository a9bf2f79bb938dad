"""What is asked of every run before it starts, however it is started."""

from __future__ import annotations

from collections.abc import Iterable

from integrations import models
from integrations.connectors.redaction import Redactor
from integrations.errors import DefinitionError, InvalidInput, Problem
from integrations.operations import _opening
from integrations.operations._recent import Stamp
from integrations.types import Json

#: Shorter secrets are common words too often to refuse every input that holds them.
_SHORTEST_PASTED_SECRET = 8


def require_bindings(environment: models.Environment, access_tags: Iterable[str]) -> None:
    """Do nothing when the environment binds all these apps.

    Raises:
        DefinitionError: naming those that it does not.
    """
    bound = set(environment.bindings.values_list("connected_app__access_tag", flat=True))
    missing = sorted(set(access_tags) - bound)
    if missing:
        raise DefinitionError(
            Problem(f"connected_apps/{tag}/envs", f'not bound in environment "{environment.slug}"', "bind it first")
            for tag in missing
        )


def refuse_secrets(values: Json, environment: models.Environment, stamp: Stamp) -> None:
    """Do nothing unless a stored secret was pasted into the input, which is kept and shown.

    Raises:
        InvalidInput
    """
    opened = _opening.open_for(environment, stamp)
    redactor = Redactor(text for text in opened.texts if len(text) >= _SHORTEST_PASTED_SECRET)
    if redactor.json(values) != values:
        hint = "use $Secret{key} in the feature, or an auth, instead"
        raise InvalidInput([Problem("input", "it holds a secret, which would be stored and shown with the run", hint)])
