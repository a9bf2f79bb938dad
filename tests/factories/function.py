"""Functions and their versions."""

from __future__ import annotations

from factory.declarations import LazyAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from integrations.models import Function, FunctionVersion
from tests.factories.integration import IntegrationFactory


class FunctionFactory(DjangoModelFactory[Function]):
    class Meta:
        model = Function

    integration = SubFactory(IntegrationFactory)
    tag = Sequence(lambda number: f"function_{number}")
    language = Function.Language.JAVASCRIPT
    function = "(input) => input"


class FunctionVersionFactory(DjangoModelFactory[FunctionVersion]):
    class Meta:
        model = FunctionVersion

    function = SubFactory(FunctionFactory)
    number = 1
    definition = LazyAttribute(lambda version: version.function.to_definition().to_compact_dict())
    javascript = LazyAttribute(lambda version: version.function.function)
