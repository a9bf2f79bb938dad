from __future__ import annotations

from integrations.connectors.functions.source_map import with_map
from integrations.connectors.functions.stack import HEAD_COLUMNS, Frame, author_frames, format_stack

JAVASCRIPT = "(" + " " * (HEAD_COLUMNS - 1) + "first(1)\n  second\n)"


def test_frames_on_the_first_line_lose_the_columns_of_the_wrapper() -> None:
    frames = author_frames(f"    at f (<input>:1:{HEAD_COLUMNS + 4})\n    at <input>:2:3\n", javascript=JAVASCRIPT)

    assert frames == (
        Frame(function="f", line=1, column=4, word="st"),
        Frame(function="", line=2, column=3, word="second"),
    )


def test_frames_that_are_not_the_authors_are_left_out() -> None:
    stack = (
        "    at $hostLog (<input>:2:1)\n    at map (native)\n    at f (<input>:2:3)\n"
        "    at tail (<input>:3:1)\n    at far (<input>:99:1)\n    at <anonymous> (<input>:1:7)\nnonsense"
    )

    assert author_frames(stack, javascript=JAVASCRIPT) == (Frame(function="f", line=2, column=3, word="second"),)


def test_frames_of_a_mapped_script_lie_where_their_code_comes_from() -> None:
    # Line 2 column 0 comes from line 4 column 2, its column 6 from line 4 column 12; nothing else is mapped.
    javascript = with_map("(\nfirst second\n)", ";AAIE,MAAU")
    stack = "    at f (<input>:2:1)\n    at g (<input>:2:7)\n    at tail (<input>:3:1)\n    at head (<input>:1:1)"

    assert author_frames(stack, javascript=javascript) == (
        Frame(function="f", line=5, column=3, word="first"),
        Frame(function="g", line=5, column=13, word="second"),
    )


def test_frames_count_characters_where_the_engine_counts_bytes() -> None:
    javascript = "(\n'\u00e4\u20ac\U0001f600'; second\n)"

    (frame,) = author_frames("    at f (<input>:2:14)", javascript=javascript)

    assert (frame.column, frame.word) == (8, "second")


def test_frames_of_a_deep_recursion_are_cut() -> None:
    assert len(author_frames("    at f (<input>:2:3)\n" * 500, javascript=JAVASCRIPT)) == 20


def test_stack_text_names_lines_and_columns() -> None:
    frames = (Frame(function="f", line=2, column=3), Frame(function="", line=1, column=1))

    assert format_stack(frames) == "    at f (line 2, column 3)\n    at <anonymous> (line 1, column 1)"
