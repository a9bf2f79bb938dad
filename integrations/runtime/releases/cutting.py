"""Cuts the release that a new run freezes."""

from __future__ import annotations

from integrations import models
from integrations.definitions import releasing
from integrations.definitions.feature import Feature
from integrations.definitions.release import Release, ReleasedFeature, ReleasedFunction
from integrations.errors import OperationRefused
from integrations.runtime.releases.compiling import compiled
from integrations.runtime.releases.contents import contents_of
from integrations.runtime.releases.revision_cache import Revision, RevisionCache

_recent: RevisionCache[tuple[models.Release, Release]] = RevisionCache(most=256)
#: By digest of the release that it is cut out of, and tag.
_recent_nested: RevisionCache[Release] = RevisionCache(most=256, is_read=False)


def current(feature: models.Feature, revision: Revision) -> tuple[models.Release, Release]:
    """Return the feature's latest version with the latest versions of all that it reaches; equal ones share a row.

    `revision` is the integration's, just read. Raises:
        OperationRefused: the feature was never published.
    """
    return _recent.get((feature.pk, revision), lambda: _cut(feature))


def _cut(feature: models.Feature) -> tuple[models.Release, Release]:
    version = feature.latest_version()
    if version is None:
        raise OperationRefused(f'feature "{feature.tag}" has no published version; publish it first')
    return cut(version.to_definition(), feature.integration, version=version)


def cut(
    definition: Feature, integration: models.Integration, *, version: models.FeatureVersion | None = None
) -> tuple[models.Release, Release]:
    """Return a feature with the latest versions of all that it reaches; one without a version is nobody's feature."""
    release = releasing.cut_release(
        definition,
        contents_of(integration, with_jobs=False),
        _published_functions(integration),
        _published_features(integration, definition),
        version=version.number if version else 0,
        javascript=_own_javascript(definition),
    )
    return stored(release, version), release


def nested(release: Release, tag: str, integration: models.Integration) -> tuple[models.Release, Release]:
    """Return the frozen release of a feature that `release` nests."""
    found = _recent_nested.get((release.digest, tag), lambda: releasing.nested_release(release, tag))
    row = models.Release.objects.select_related("feature_version").defer("content").filter(digest=found.digest).first()
    if row is None:
        versions = models.FeatureVersion.objects.for_integration(integration)
        # None once that feature was deleted, or renamed: its version goes by the name that it had.
        row = stored(found, versions.filter(feature__tag=tag, number=found.version).first())
    return row, found


def stored(release: Release, version: models.FeatureVersion | None) -> models.Release:
    """Return the row of a release; equal ones share it."""
    row, _ = models.Release.objects.get_or_create(
        digest=release.digest, defaults={"content": release.to_compact_dict(), "feature_version": version}
    )
    return row


def _own_javascript(definition: Feature) -> str | None:
    return compiled(definition.own_function) if definition.is_code else None


def _published_features(integration: models.Integration, definition: Feature) -> dict[str, ReleasedFeature]:
    """Return the latest versions of what a feature nests, code compiled."""
    if definition.is_code:
        return {}
    latest = {
        version.feature.tag: ReleasedFeature(definition=version.to_definition(), version=version.number)
        for version in models.FeatureVersion.objects.latest_in(integration)
    }
    return {
        tag: each.model_copy(update={"javascript": _own_javascript(each.definition)})
        for tag, each in releasing.nested_features(definition, latest).items()
    }


def _published_functions(integration: models.Integration) -> dict[str, ReleasedFunction]:
    latest = models.FunctionVersion.objects.latest_in(integration)
    return {
        version.function.tag: ReleasedFunction(
            definition=version.to_definition(), javascript=version.javascript, version=version.number
        )
        for version in latest
    }
