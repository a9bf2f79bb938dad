from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.definitions.checking.graphs import MAX_LOOPS, Ancestors, search

_NAMES = "abcdef"
_GRAPHS = st.dictionaries(st.sampled_from(_NAMES), st.lists(st.sampled_from(_NAMES), max_size=4)).map(
    lambda edges: {name: edges.get(name, []) for name in _NAMES}
)


@pytest.mark.parametrize(
    ("edges", "loops"),
    [
        ({"a": ["a"]}, ["a → a"]),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, ["b → c → b"]),
        ({"a": ["b"], "b": ["a"], "c": ["d"], "d": ["c"]}, ["a → b → a", "c → d → c"]),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}, []),
    ],
)
def test_search_names_every_loop(edges: dict[str, list[str]], loops: list[str]) -> None:
    assert [str(loop) for loop in search(edges, edges).loops] == loops


def test_long_loop_is_shortened_in_its_middle() -> None:
    edges = {f"s{number}": [f"s{(number + 1) % 100}"] for number in range(100)}

    assert str(search(edges, edges).loops[0]) == "s0 → s1 → s2 → s3 → s4 → s5 → … → s96 → s97 → s98 → s99 → s0"


def test_loops_past_the_limit_are_not_listed() -> None:
    edges = {str(number): [str(number)] for number in range(MAX_LOOPS * 2)}

    assert len(search(edges, edges).loops) == MAX_LOOPS


def test_sequence_is_reachable_through_any_number_of_parents() -> None:
    count = 5_000
    ancestors = Ancestors({f"s{number}": [f"s{number - 1}"] if number else [] for number in range(count)})

    assert ancestors.loops == []
    assert ancestors.is_above("s0", f"s{count - 1}")
    assert not ancestors.is_above(f"s{count - 1}", "s0")
    assert not ancestors.is_above("s0", "s0")
    assert not ancestors.is_above("nobody", "s0")


@given(_GRAPHS)
def test_ancestors_are_those_that_following_parents_meets(parents: dict[str, list[str]]) -> None:
    ancestors = Ancestors(parents)
    if ancestors.loops:
        return

    def reached(name: str) -> set[str]:
        return set(parents[name]).union(*map(reached, parents[name]))

    for name in _NAMES:
        assert {other for other in _NAMES if ancestors.is_above(other, name)} == reached(name)


@given(_GRAPHS)
def test_search_finishes_every_name_after_those_that_it_leads_to(edges: dict[str, list[str]]) -> None:
    found = search(edges, edges)

    assert sorted(found.finished) == sorted(_NAMES)
    if not found.loops:
        position = {name: index for index, name in enumerate(found.finished)}
        assert all(position[below] < position[name] for name in edges for below in edges[name])
