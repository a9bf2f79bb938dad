from __future__ import annotations

import enum
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import strict_json
from integrations.errors import InvalidInput, Problem
from integrations.strict_json import Limits
from integrations.types import Json

_TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=20)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(strict_json.MIN_INTEGER, strict_json.MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT
)
_JSON = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4), max_leaves=20
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5"),
        (-0.0, "0"),
        (1e16, "10000000000000000"),
        (-2.0, "-2"),
        (123456789012345680000.0, "123456789012345683968"),
        (1e21, "1e+21"),
        (0.5, "0.5"),
        (7, "7"),
        (True, "true"),
        ([5.0], "[5.0]"),
    ],
)
def test_number_within_a_text_has_neither_point_nor_exponent_where_it_is_whole(value: Json, text: str) -> None:
    assert strict_json.as_text(value) == text


@given(_JSON)
def test_any_json_value_comes_back_as_it_went_out(value: Any) -> None:
    assert strict_json.loads(strict_json.dumps(value)) == value
    assert strict_json.loads(strict_json.canonical(value)) == value


@given(st.text(max_size=60) | st.text('{}[]":,0123456789.eE-\\ ntrufals', max_size=60))
def test_any_text_is_a_value_or_the_documented_error(text: str) -> None:
    try:
        strict_json.loads(text)
    except InvalidInput as error:
        assert error.problems


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_the_documented_error(data: bytes) -> None:
    try:
        strict_json.loads(data)
    except InvalidInput as error:
        assert error.problems


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "line 1 column 1", "this is not JSON: Expecting value"),
        ('{"a": 1 2}', "line 1 column 9", "this is not JSON: Expecting ',' delimiter"),
        ('{"a":\n nope}', "line 2 column 2", "this is not JSON: Expecting value"),
        ("NaN", "", "NaN is not a JSON number"),
        ("[-Infinity]", "", "-Infinity is not a JSON number"),
        ("[1e400]", "[0]", "the number is not finite"),
        ("9223372036854775808", "", "an integer does not fit in 64 bits (send it as text)"),
        ("-" + "9" * 5000, "", "an integer does not fit in 64 bits (send it as text)"),
        ('{"a": 1, "b": 2, "a": 3}', "", 'the key "a" appears twice in one object'),
        ('{"a": ["\\u0000"]}', "a[0]", "the text holds U+0000 or half of a surrogate pair"),
        ('{"a": "\\ud800"}', "a", "the text holds U+0000 or half of a surrogate pair"),
        ('{"\\udfff": 1}', "", "the text holds U+0000 or half of a surrogate pair"),
        ('{"a\\udfff": 1e400}', "a\ufffd", "the number is not finite"),
        ('{"\\udfff": 1, "\\udfff": 2}', "", 'the key "\ufffd" appears twice in one object'),
        ("[" * 65 + "]" * 65, "", "the document is nested more than 64 deep"),
        ("[" * 100_000, "", "the document is nested more than 64 deep"),
    ],
)
def test_loads_of_a_refused_text_says_where_and_why(text: str, place: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        strict_json.loads(text)

    assert [(problem.place, problem.message) for problem in caught.value.problems[-1:]] == [(place, message)]


def test_loads_of_bytes_skips_a_byte_order_mark() -> None:
    assert strict_json.loads(b"\xef\xbb\xbf[1]") == [1]


def test_loads_of_bytes_that_are_no_utf8_names_the_byte() -> None:
    with pytest.raises(InvalidInput, match="not UTF-8 \\(byte 1\\)"):
        strict_json.loads(b'"\xff"')


@pytest.mark.parametrize("number", [strict_json.MIN_INTEGER, strict_json.MAX_INTEGER, 0, -1])
def test_loads_keeps_every_64_bit_integer(number: int) -> None:
    assert strict_json.loads(str(number)) == number


def test_loads_keeps_whole_numbers_and_floats_apart() -> None:
    assert [type(each) for each in strict_json.loads("[1, 1.0, true]")] == [int, float, bool]  # type: ignore[union-attr]


def test_loads_keeps_brackets_in_texts_out_of_the_depth() -> None:
    text = json.dumps("[{" * 100 + '"\\')

    assert strict_json.loads(text) == "[{" * 100 + '"\\'


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(max_bytes=5), "the document is larger than 5 bytes"),
        (Limits(max_depth=2), "the document is nested more than 2 deep"),
        (Limits(max_values=3), "more than 3 values"),
    ],
)
def test_loads_past_a_limit_names_the_limit(limits: Limits, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        strict_json.loads('{"a": [[1], 2]}', limits=limits)

    assert caught.value.problems[0].message == message


def test_loads_of_an_unclosed_text_full_of_escapes_takes_linear_time() -> None:
    text = '"' + '\\"' * 200_000  # quadratic work on this would take minutes

    started = time.monotonic()
    with pytest.raises(InvalidInput):
        strict_json.loads(text)

    assert time.monotonic() - started < 5


class Color(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [((1, 2), [1, 2]), ({"a": ({"b": ()},)}, {"a": [{"b": []}]}), (Color.RED, 1), (0, 0), (False, False), ("", "")],
)
def test_check_returns_plain_json(value: object, expected: object) -> None:
    checked = strict_json.check(value)

    assert checked == expected
    assert type(checked) is type(expected)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"a": {1, 2}}, Problem("x/a", "set is not a JSON type")),
        ({"a": [b"no"]}, Problem("x/a[0]", "bytes is not a JSON type")),
        ({1: "a"}, Problem("x", "a key is int, not text")),
        ([float("nan")], Problem("x[0]", "the number is not finite")),
        ([2**63], Problem("x[0]", "the integer does not fit in 64 bits", "send it as text")),
        ("\ud800", Problem("x", "the text holds U+0000 or half of a surrogate pair")),
    ],
)
def test_check_of_a_refused_value_says_where_and_why(value: object, problem: Problem) -> None:
    with pytest.raises(InvalidInput) as caught:
        strict_json.check(value, place="x")

    assert caught.value.problems == (problem,)


def test_check_reports_every_refused_place_up_to_twenty() -> None:
    with pytest.raises(InvalidInput) as caught:
        strict_json.check([object()] * 30)

    assert [problem.place for problem in caught.value.problems] == [f"[{index}]" for index in range(20)]


def test_check_of_a_value_that_holds_itself_ends() -> None:
    loop: list[Any] = []
    loop += [loop, loop]

    with pytest.raises(InvalidInput):
        strict_json.check(loop, limits=Limits(max_values=1_000))


def test_canonical_text_does_not_depend_on_the_order_of_keys() -> None:
    assert strict_json.canonical({"b": 1, "a": [2]}) == strict_json.canonical({"a": [2], "b": 1}) == '{"a":[2],"b":1}'


def test_pretty_keeps_order_and_script() -> None:
    assert strict_json.pretty({"b": "ü", "a": [1]}) == '{\n  "b": "ü",\n  "a": [\n    1\n  ]\n}'
