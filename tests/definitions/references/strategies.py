"""Hypothesis strategies for trees that the parser can give, and for JSON values."""

from __future__ import annotations

from hypothesis import strategies as st

from integrations.definitions.references import (
    FunctionCall,
    Interpolation,
    ListNode,
    Literal,
    ObjectNode,
    Operator,
    Reference,
    Template,
)
from integrations.types import Json

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
DOLLAR_TEXTS = st.text('$a{}[]()", é', max_size=12)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
SCALARS = st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | TEXTS | DOLLAR_TEXTS
KEYS = TEXTS | st.text('{}[]"0a\\', max_size=6)

JSON_VALUES: st.SearchStrategy[Json] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)

REFERENCES: st.SearchStrategy[Reference] = (
    st.builds(Reference, st.just("Input"), st.lists(KEYS | st.integers(-9, 9), max_size=4).map(tuple))
    | st.builds(Reference, st.just("Sequence"), st.lists(KEYS, min_size=2, max_size=4).map(tuple))
    | st.sampled_from([Reference("Now"), Reference("Index"), Reference("Env", ("slug",)), Reference("Secret", ("s",))])
)


def _operators(inner: st.SearchStrategy[Template]) -> st.SearchStrategy[Template]:
    """Operators that take anything, so that no tree is refused for its types."""
    pair = st.tuples(inner, inner)
    return st.builds(Operator, st.just("Default"), pair) | st.builds(
        Operator, st.sampled_from(["Size", "Length"]), st.just((Reference("Input", ("a",)),))
    )


def _interpolations() -> st.SearchStrategy[Template]:
    """Text, a reference and text; text behind a reference may not go on with its name or its keys."""
    before = (TEXTS | DOLLAR_TEXTS).filter(bool).map(Literal)
    after = TEXTS.map(lambda text: Literal(f" {text}"))
    return st.tuples(before, REFERENCES, after).map(Interpolation)


def _containers(inner: st.SearchStrategy[Template]) -> st.SearchStrategy[Template]:
    children = st.lists(inner, max_size=3).map(tuple)
    members = st.dictionaries(TEXTS, inner, max_size=3).map(lambda each: tuple(each.items()))
    return (
        st.builds(ListNode, children)
        | st.builds(ObjectNode, members)
        | st.builds(FunctionCall, st.sampled_from(["f", "total"]), children)
        | _operators(inner)
    )


TEMPLATES: st.SearchStrategy[Template] = st.recursive(
    SCALARS.map(Literal) | REFERENCES | _interpolations(), _containers, max_leaves=10
)
