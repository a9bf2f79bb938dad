"""Opens what a run needs in its environment: bindings and secrets, decrypted only here and only for that run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from integrations import models, strict_json
from integrations.connectors.base import Binding
from integrations.connectors.http.auth import texts_in
from integrations.definitions.app import AppEnvironment
from integrations.definitions.secrecy import secret_named_by
from integrations.errors import OperationRefused
from integrations.runtime.releases.revision_cache import Revision, RevisionCache
from integrations.types import Json

#: Keys of auth data whose values name somebody and prove nothing.
_NAMES = frozenset({"user", "username", "login", "email", "client_id", "grant_type", "scope"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Decrypted values: they live while a run executes, and are never stored, logged or shown."""

    bindings: Mapping[str, Binding] = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every text that must be redacted from whatever leaves the run."""
        auth_data: Json = [_secret_parts(binding.auth_data) for binding in self.bindings.values()]
        return (*self.secrets.values(), *texts_in(auth_data))


@dataclass(frozen=True, slots=True)
class _SealedBinding:
    row: models.AppBinding
    app_environment: AppEnvironment
    digest: str


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What is stored for an environment, nothing of it opened."""

    environment: models.Environment
    bindings: tuple[_SealedBinding, ...]
    secrets: tuple[models.Secret, ...]


#: By environment and revision.
_recent: RevisionCache[_Sealed] = RevisionCache(most=500)


def open_for(environment: models.Environment, revision: Revision) -> Opened:
    """Return its integration's bindings and secrets in this environment; `revision` is the integration's, just read."""
    sealed = _recent.get((environment.pk, revision), lambda: _read(environment))
    secrets = {secret.key: secret.open_value() for secret in sealed.secrets}
    default_auth = sealed.environment.open_auth()
    bindings = {
        binding.row.connected_app.access_tag: _opened(binding, default_auth, secrets) for binding in sealed.bindings
    }
    return Opened(bindings=bindings, secrets=secrets)


def texts_of(integration: models.Integration) -> Iterator[str]:
    """Yield every secret text of an integration, whichever environment it is for, also where no run could be opened.

    Raises:
        SealBroken: one of them does not open.
    """
    for secret in models.Secret.objects.for_integration(integration):
        yield secret.open_value()
    environments = models.Environment.objects.for_integration(integration)
    bindings = models.AppBinding.objects.filter(environment__in=environments)
    auth_data: Json = [_secret_parts(row.open_auth()) for row in (*environments, *bindings)]
    # A text that only names a secret is none.
    yield from (text for text in texts_in(auth_data) if secret_named_by(text) is None)


def _read(environment: models.Environment) -> _Sealed:
    rows = models.AppBinding.objects.for_environment(environment).select_related("connected_app", "app_environment")
    fresh = models.Environment.objects.get(pk=environment.pk)
    secrets = tuple(models.Secret.objects.in_effect(environment))
    # What a binding may take from outside itself.
    shared: Json = [fresh.sealed_auth, *sorted(secret.sealed_value for secret in secrets)]
    return _Sealed(environment=fresh, bindings=tuple(_sealed_binding(row, shared) for row in rows), secrets=secrets)


def _sealed_binding(row: models.AppBinding, shared: Json) -> _SealedBinding:
    """Return a binding with its digest, another one after every change of what may matter to it."""
    app_environment = row.app_environment.to_definition()
    parts: Json = [app_environment.to_compact_dict(), row.variables, row.auth_tag, row.sealed_auth, shared]
    return _SealedBinding(row, app_environment, _digest(parts))


def _secret_parts(auth_data: Json) -> Json:
    """Return the data without what only says who connects, no secret and often a common word; numbers as text.

    A PIN is a secret, however it is written.
    """
    if isinstance(auth_data, dict):
        return {key: _secret_parts(value) for key, value in auth_data.items() if key.lower() not in _NAMES}
    if isinstance(auth_data, list):
        return [_secret_parts(item) for item in auth_data]
    is_number = isinstance(auth_data, int | float) and not isinstance(auth_data, bool)
    return strict_json.dumps(auth_data) if is_number else auth_data


def _opened(binding: _SealedBinding, default_auth: Json, secrets: Mapping[str, str]) -> Binding:
    row, app_environment = binding.row, binding.app_environment
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
        digest=binding.digest,
        environment_id=row.environment_id,
        app_environment_id=row.app_environment_id,
        rate_limit=app_environment.rate_limit,
    )


def _with_secrets(value: Json, secrets: Mapping[str, str]) -> Json:
    """Return `value` with each text that is just `$Secret{key}` replaced; other texts are data and stay as they are."""
    if isinstance(value, dict):
        return {key: _with_secrets(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_secrets(item, secrets) for item in value]
    key = secret_named_by(value)
    if key is None:
        return value
    if key not in secrets:
        raise OperationRefused(f'a binding uses the secret "{key}", which has no value in this environment')
    return secrets[key]


def _digest(parts: Json) -> str:
    """Return a short fingerprint that tells bindings apart."""
    return hashlib.sha256(strict_json.canonical(parts).encode()).hexdigest()[:16]
