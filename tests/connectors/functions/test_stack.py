from __future__ import annotations

from integrations.connectors.functions.stack import HEAD_COLUMNS, Frame, author_frames, format_stack, word_at

JAVASCRIPT = "(" + " " * (HEAD_COLUMNS - 1) + "first(1)\n  second\n)"


def test_frames_on_the_first_line_lose_the_columns_of_the_wrapper() -> None:
    frames = author_frames(f"    at f (<input>:1:{HEAD_COLUMNS + 4})\n    at <input>:2:3\n", javascript=JAVASCRIPT)

    assert frames == (Frame(function="f", line=1, column=4), Frame(function="", line=2, column=3))


def test_frames_that_are_not_the_authors_are_left_out() -> None:
    stack = (
        "    at $hostLog (<input>:2:1)\n    at map (native)\n    at f (<input>:2:3)\n"
        "    at tail (<input>:3:1)\n    at <anonymous> (<input>:1:7)\nnonsense"
    )

    assert author_frames(stack, javascript=JAVASCRIPT) == (Frame(function="f", line=2, column=3),)


def test_frames_of_a_deep_recursion_are_cut() -> None:
    assert len(author_frames("    at f (<input>:2:3)\n" * 500, javascript=JAVASCRIPT)) == 20


def test_stack_text_names_lines_and_columns() -> None:
    frames = (Frame(function="f", line=2, column=3), Frame(function="", line=1, column=1))

    assert format_stack(frames) == "    at f (line 2, column 3)\n    at <anonymous> (line 1, column 1)"


def test_word_at_reads_the_name_under_a_frame() -> None:
    assert word_at(Frame(function="", line=1, column=1), javascript=JAVASCRIPT) == "first"
    assert word_at(Frame(function="", line=2, column=3), javascript=JAVASCRIPT) == "second"
    assert word_at(Frame(function="", line=1, column=6), javascript=JAVASCRIPT) == ""
