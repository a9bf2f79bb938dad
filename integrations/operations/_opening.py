"""Opens what a run needs in its environment: bindings and secrets, decrypted only here and only for that run."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations import models, strict_json
from integrations.connectors.base import Binding
from integrations.connectors.http.auth import texts_in
from integrations.errors import OperationRefused
from integrations.operations import secrets as secret_operations
from integrations.types import Json

#: Keys of auth data whose values name somebody and prove nothing.
_NAMES = frozenset({"user", "username", "login", "email", "client_id", "grant_type", "scope"})
_SECRET = re.compile(r"\$Secret\{([^{}]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Decrypted values: they live while a run executes, and are never stored, logged or shown."""

    bindings: Mapping[str, Binding] = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every text that must be redacted from whatever leaves the run."""
        auth_data = [_without_names(binding.auth_data) for binding in self.bindings.values()]
        return (*self.secrets.values(), *texts_in(auth_data))


def open_for(environment: models.Environment) -> Opened:
    """Return its integration's bindings and secrets in this environment."""
    secrets = secret_operations.opened_for(environment)
    default_auth = environment.open_auth()
    rows = models.AppBinding.objects.filter(environment=environment).select_related(
        "connected_app__app", "app_environment"
    )
    bindings = {row.connected_app.access_tag: _opened(row, default_auth, secrets) for row in rows}
    return Opened(bindings=bindings, secrets=secrets)


def _without_names(auth_data: Json) -> Json:
    """Return the data without what only says who connects: it is no secret, and often a common word."""
    if not isinstance(auth_data, dict):
        return auth_data
    return {key: _without_names(value) for key, value in auth_data.items() if key.lower() not in _NAMES}


def _opened(row: models.AppBinding, default_auth: Json, secrets: Mapping[str, str]) -> Binding:
    app_environment = row.app_environment.to_definition()
    variables = {each["key"]: _with_secrets(each["value"], secrets) for each in row.variables}
    own_auth = row.open_auth()
    auth_data = _with_secrets(default_auth if own_auth is None else own_auth, secrets)
    return Binding(
        access_tag=row.connected_app.access_tag,
        app_env_slug=app_environment.slug,
        base_url=app_environment.base_url,
        hosts=app_environment.hosts,
        request_type=app_environment.request_type,
        variables=variables,
        auth_tag=row.auth_tag or None,
        auth_data=auth_data,
        digest=_digest([app_environment.to_compact_dict(), variables, row.auth_tag, auth_data]),
    )


def _with_secrets(value: Json, secrets: Mapping[str, str]) -> Json:
    """Return `value` with each text that is just `$Secret{key}` replaced; other texts are data and stay as they are."""
    if isinstance(value, dict):
        return {key: _with_secrets(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_secrets(item, secrets) for item in value]
    named = _SECRET.fullmatch(value) if isinstance(value, str) else None
    if named is None:
        return value
    if named[1] not in secrets:
        raise OperationRefused(f'a binding uses the secret "{named[1]}", which has no value in this environment')
    return secrets[named[1]]


def _digest(parts: Json) -> str:
    """Return a short fingerprint that tells bindings apart; one way, so that it gives nothing away."""
    return hashlib.sha256(strict_json.canonical(parts).encode()).hexdigest()[:16]
