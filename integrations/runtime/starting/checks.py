"""Checks of every run before it starts: its bindings, and whether its input can be kept."""

from __future__ import annotations

from collections.abc import Iterable

from integrations import conf, models
from integrations.connectors.redaction import Redactor
from integrations.definitions import truncation
from integrations.errors import DefinitionError, InvalidInput, Problem
from integrations.runtime.releases.revision_cache import Revision
from integrations.runtime.starting import credentials
from integrations.types import Json

#: Shorter secrets are common words too often to refuse every input that holds them.
_SHORTEST_PASTED_SECRET = 8


class UnfitInput(InvalidInput):
    """The input cannot be kept with a run, whatever is to take it."""


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


def refuse_unfit(values: Json, environment: models.Environment, revision: Revision) -> None:
    """Do nothing unless the input cannot be kept: it is too large, or holds a secret.

    Raises:
        UnfitInput
    """
    refuse_large(values)
    _refuse_secrets(values, environment, revision)


def refuse_large(values: Json) -> None:
    """Do nothing unless the input is larger than it may be; unlike a result it cannot be truncated: the run reads it.

    Raises:
        UnfitInput
    """
    cap = conf.input_cap_bytes()
    size = truncation.size_beyond(values, cap_bytes=cap)
    if size is not None:
        hint = "send less, such as a link to it, or raise DUCTAPE_INPUT_CAP_BYTES"
        raise UnfitInput([Problem("input", f"it is {size} bytes long and may have {cap}", hint)])


def _refuse_secrets(values: Json, environment: models.Environment, revision: Revision) -> None:
    """Do nothing unless a stored secret was pasted into the input, which is kept and shown.

    Raises:
        UnfitInput
    """
    opened = credentials.open_for(environment, revision)
    redactor = Redactor(text for text in opened.texts if len(text) >= _SHORTEST_PASTED_SECRET)
    if redactor.json(values) != values:
        hint = "use $Secret{key} in the feature, or an auth, instead"
        raise UnfitInput([Problem("input", "it holds a secret, which would be stored and shown with the run", hint)])
