from __future__ import annotations

import pytest
from django.core.exceptions import FieldError, ValidationError
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from integrations.models import Job, Step
from integrations.models.fields import TagField
from integrations.types import Json
from tests.factories import JobFactory, StepFactory

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


class ExactJSONFieldTest(TestCase):
    """A class, since only Hypothesis's own rolls the database back after each example."""

    @given(value=JSON)
    def test_any_json_comes_back_as_it_was_written(self, value: Json) -> None:
        step = StepFactory.create(output=value)

        stored = Step.objects.get(pk=step.pk).output

        assert repr(stored) == repr(value)


@pytest.mark.django_db
@pytest.mark.parametrize("value", [{"b": 1, "a": 2}, [1e22, 1.0], "", 0, False, {}, []])
def test_exact_json_keeps_order_numbers_and_empty_values(value: Json) -> None:
    step = StepFactory.create(output=value)

    step.refresh_from_db()

    assert repr(step.output) == repr(value)


@pytest.mark.django_db
def test_exact_json_none_is_null_where_the_column_allows_it() -> None:
    StepFactory.create(output=None)

    assert Step.objects.filter(output__isnull=True).count() == 1


def test_exact_json_lookup_inside_is_refused() -> None:
    with pytest.raises(FieldError):
        Job.objects.filter(input__customer=1)


@pytest.mark.django_db
def test_exact_json_update_of_a_queryset_stores_it() -> None:
    job = JobFactory.create()

    Job.objects.update(input={"z": 1, "a": [None]})

    job.refresh_from_db()
    assert list(job.input) == ["z", "a"]


@pytest.mark.parametrize("tag", ["a", "orders:2", "A_b.c-d", "a" * 64])
def test_tag_that_fits_is_accepted(tag: str) -> None:
    assert TagField().clean(tag, None) == tag


@pytest.mark.parametrize("tag", ["", "1a", "a b", "a" * 65, "ä", "a\n"])
def test_tag_that_does_not_fit_is_refused(tag: str) -> None:
    with pytest.raises(ValidationError):
        TagField().clean(tag, None)
