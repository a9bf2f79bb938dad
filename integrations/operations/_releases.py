"""Cuts the release that a new run freezes."""

from __future__ import annotations

from integrations import models
from integrations.definitions import releasing
from integrations.definitions.release import Release, ReleasedFunction
from integrations.errors import OperationRefused
from integrations.operations._contents import contents_of
from integrations.operations._recent import Recent, Stamp
from integrations.operations.features import own_function
from integrations.operations.functions import compiled

_recent: Recent[tuple[models.Release, Release]] = Recent(most=256)


def current(feature: models.Feature, stamp: Stamp) -> tuple[models.Release, Release]:
    """Return the feature's latest version with the latest versions of all that it reaches; equal ones share a row.

    `stamp` is the integration's, just read. Raises:
        OperationRefused: the feature was never published.
    """
    return _recent.get((feature.pk, stamp), lambda: _cut(feature))


def _cut(feature: models.Feature) -> tuple[models.Release, Release]:
    version = feature.latest_version()
    if version is None:
        raise OperationRefused(f'feature "{feature.tag}" has no published version; publish it first')
    definition = version.to_definition()
    release = releasing.cut_release(
        definition,
        contents_of(feature.integration),
        _published_functions(feature.integration),
        version=version.number,
        javascript=compiled(own_function(definition)) if definition.is_code else None,
    )
    row, _ = models.Release.objects.get_or_create(
        digest=release.digest, defaults={"content": release.to_compact_dict(), "feature_version": version}
    )
    return row, release


def _published_functions(integration: models.Integration) -> dict[str, ReleasedFunction]:
    latest = models.FunctionVersion.objects.latest_in(integration)
    return {
        version.function.tag: ReleasedFunction(
            definition=version.to_definition(), javascript=version.javascript, version=version.number
        )
        for version in latest
    }
