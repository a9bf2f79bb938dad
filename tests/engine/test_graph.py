from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.engine.graph import CyclicSequences, children_of, in_order
from integrations.errors import DefinitionError


def test_in_order_of_a_chain_of_any_depth() -> None:
    parents = {f"s{index}": [f"s{index - 1}"] if index else [] for index in reversed(range(20_000))}

    ordered = in_order(parents)

    assert ordered == [f"s{index}" for index in range(20_000)]


def test_in_order_names_the_loop_and_nothing_beside_it() -> None:
    parents = {"start": [], "a": ["start", "c"], "b": ["a"], "c": ["b"], "after": ["c"]}

    with pytest.raises(CyclicSequences) as raised:
        in_order(parents)

    assert set(raised.value.loop) == {"a", "b", "c"}
    loop = (*raised.value.loop, raised.value.loop[0])
    assert all(before in parents[after] for before, after in pairwise(loop))
    assert " → ".join(loop) in str(raised.value)


def test_in_order_a_sequence_that_waits_for_itself_is_a_loop() -> None:
    with pytest.raises(CyclicSequences, match="a → a"):
        in_order({"a": ["a"]})


def test_children_of_an_unknown_parent_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(DefinitionError, match='did you mean "charge"'):
        children_of({"charge": [], "ship": ["chrage"]})


def test_in_order_a_parent_named_twice_counts_once() -> None:
    assert in_order({"a": [], "b": ["a", "a"]}) == ["a", "b"]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Draw graphs that may have loops."""
    tags = [f"s{index}" for index in range(draw(st.integers(1, 12)))]
    return {tag: draw(st.lists(st.sampled_from(tags), max_size=3)) for tag in tags}


@given(graphs())
def test_in_order_puts_parents_first_or_names_a_real_loop(parents: dict[str, list[str]]) -> None:
    try:
        ordered = in_order(parents)
    except CyclicSequences as error:
        loop = (*error.loop, error.loop[0])
        assert all(before in parents[after] for before, after in pairwise(loop))
        return

    assert sorted(ordered) == sorted(parents)
    position = {tag: index for index, tag in enumerate(ordered)}
    assert all(position[parent] < position[tag] for tag, above in parents.items() for parent in above)
