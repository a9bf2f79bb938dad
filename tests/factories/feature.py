"""Features, their versions and releases."""

from __future__ import annotations

from factory.declarations import LazyAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from integrations.definitions.release import Release as ReleaseDefinition
from integrations.models import Feature, FeatureVersion, Release
from tests.factories.integration import IntegrationFactory


class FeatureFactory(DjangoModelFactory[Feature]):
    """A feature in code form."""

    class Meta:
        model = Feature

    integration = SubFactory(IntegrationFactory)
    tag = Sequence(lambda number: f"feature_{number}")
    language = "js"
    function = "(input) => input"


class FeatureVersionFactory(DjangoModelFactory[FeatureVersion]):
    class Meta:
        model = FeatureVersion

    feature = SubFactory(FeatureFactory)
    number = 1
    definition = LazyAttribute(lambda version: version.feature.to_definition().to_compact_dict())


class ReleaseFactory(DjangoModelFactory[Release]):
    class Meta:
        model = Release

    feature_version = SubFactory(FeatureVersionFactory)
    content = LazyAttribute(lambda release: _cut(release.feature_version).to_compact_dict())
    digest = LazyAttribute(lambda release: ReleaseDefinition.parse(release.content).digest)


def _cut(version: FeatureVersion) -> ReleaseDefinition:
    return ReleaseDefinition(
        integration=version.feature.integration.tag,
        feature=version.to_definition(),
        version=version.number,
        javascript=version.feature.function,
    )
