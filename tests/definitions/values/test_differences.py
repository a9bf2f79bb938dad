from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.definitions.values.differences import Difference, differences
from integrations.definitions.values.equality import json_equal
from integrations.types import Json

_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
_json: st.SearchStrategy[Any] = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc/["), inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        (1, 1.0, []),
        (1, True, [("", "changed")]),
        (None, {}, [("", "changed")]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("a/b", "changed")]),
        ({"a": 1}, {"b": 1}, [("a", "removed"), ("b", "added")]),
        ({"a": None}, {}, [("a", "removed")]),
        (
            {"items": [{"n": 1}, {"n": 2}]},
            {"items": [{"n": 1}, {"n": 3}, 4]},
            [("items[1]/n", "changed"), ("items[2]", "added")],
        ),
        ([1, 2], [1], [("[1]", "removed")]),
        ([], {}, [("", "changed")]),
    ],
)
def test_differences_are_found_at_their_places(left: Json, right: Json, found: list[tuple[str, str]]) -> None:
    assert [(each.place, each.kind) for each in differences(left, right)] == found


@given(_json, _json)
def test_differences_lead_from_one_value_to_the_other(left: Json, right: Json) -> None:
    assert json_equal(_applied(left, differences(left, right)), right)


@given(_json, _json)
def test_only_unequal_values_differ(left: Json, right: Json) -> None:
    assert bool(differences(left, right)) is not json_equal(left, right)
    assert differences(left, copy.deepcopy(left)) == []


@given(_json, _json)
def test_the_other_way_round_is_the_same_mirrored(left: Json, right: Json) -> None:
    mirrored = {"added": "removed", "removed": "added", "changed": "changed"}

    there = {(each.path, mirrored[each.kind]) for each in differences(left, right)}

    assert there == {(each.path, each.kind) for each in differences(right, left)}


def test_endless_differences_are_cut() -> None:
    assert len(differences(list(range(9)), [], most=4)) == 4


def _applied(value: Any, found: list[Difference]) -> Any:
    """Return what the differences make of a value; removals from lists last ones first, so that indexes hold."""
    root = {"value": copy.deepcopy(value)}
    for each in (
        *(one for one in found if one.kind != "removed"),
        *(one for one in found[::-1] if one.kind == "removed"),
    ):
        path: tuple[Any, ...] = ("value", *each.path)
        holder: Any = root
        for key in path[:-1]:
            holder = holder[key]
        if each.kind == "removed":
            del holder[path[-1]]
        elif isinstance(holder, list) and each.kind == "added":
            holder.append(each.right)
        else:
            holder[path[-1]] = each.right
    return root["value"]
