from __future__ import annotations

from typing import Any

import pytest

from integrations.definitions.base import Definition
from integrations.definitions.feature import Feature
from integrations.definitions.function import Function
from tests.definitions.reference_examples import CHANGED, CREATED


@pytest.mark.parametrize(("kind", "example"), CREATED, ids=lambda value: getattr(value, "__name__", ""))
def test_example_of_creating_parses_and_keeps_what_was_given(kind: type[Definition], example: dict[str, Any]) -> None:
    definition = kind.parse(example)

    assert kind.parse(definition.to_dict()) == definition


@pytest.mark.parametrize(("kind", "changes"), CHANGED, ids=lambda value: getattr(value, "__name__", ""))
def test_example_of_updating_changes_only_what_it_names(kind: type[Definition], changes: dict[str, Any]) -> None:
    before = kind.parse(next(example for each, example in CREATED if each is kind))

    after = before.changed(changes)

    unchanged = set(kind.model_fields) - set(changes)
    assert all(getattr(after, name) == getattr(before, name) for name in unchanged)
    assert after != before


def test_example_feature_has_its_fields_without_keys_named_by_position() -> None:
    feature = Feature.parse(next(example for kind, example in CREATED if kind is Feature))

    assert [field.key for field in feature.input] == ["arg1"]
    assert feature.code_output.type == "string"


def test_example_language_is_normalized() -> None:
    created = Function.parse(next(example for kind, example in CREATED if kind is Function))

    assert created.changed({"language": "TypeScript"}).language == "ts"
