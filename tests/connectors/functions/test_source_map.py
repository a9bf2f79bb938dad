from __future__ import annotations

import pytest

from integrations.connectors.functions.source_map import SourceMap, with_map

# From 0: line 0 column 0 comes from line 0 column 4, its column 20 from line 2 column 0; line 2 column 2 from line 1
# column 1.
MAPPINGS = "AAAI,oBAEJ;;EADC"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((1, 1), (1, 5)),
        ((1, 20), (1, 5)),
        ((1, 21), (3, 1)),
        ((1, 900), (3, 1)),
        ((2, 1), None),
        ((3, 2), None),
        ((3, 3), (2, 2)),
        ((4, 1), None),
    ],
)
def test_place_comes_from_the_segment_that_it_lies_in(place: tuple[int, int], expected: tuple[int, int] | None) -> None:
    source_map = SourceMap.of(with_map("one\n\ntwo", MAPPINGS))

    assert source_map is not None
    assert source_map.author_place(*place) == expected


@pytest.mark.parametrize("javascript", ["(\n)", "(// \n//# mappings=AAAA\n)", ""])
def test_script_without_a_map_in_its_last_line_has_none(javascript: str) -> None:
    assert SourceMap.of(javascript) is None
    assert with_map(javascript, None) == javascript
