from __future__ import annotations

import pytest

from integrations.errors import (
    AlreadyExists,
    ConnectorError,
    DefinitionError,
    InUse,
    InvalidInput,
    NotAvailableYet,
    NotFound,
    OperationRefused,
    Problem,
    SandboxError,
    join_place,
)


@pytest.mark.parametrize(
    ("prefix", "place", "expected"),
    [
        ("", "", ""),
        ("features/a", "", "features/a"),
        ("", "tag", "tag"),
        ("features/a", "tag", "features/a/tag"),
        ("features/a/sequence", "[0]", "features/a/sequence[0]"),
    ],
)
def test_join_place_glues_indexes_and_separates_names(prefix: str, place: str, expected: str) -> None:
    assert join_place(prefix, place) == expected


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a/b", "is wrong", "mend it"), "a/b: is wrong (mend it)"),
        (Problem("a/b", "is wrong"), "a/b: is wrong"),
        (Problem("", "is wrong"), "is wrong"),
    ],
)
def test_problem_as_text_names_place_and_hint(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_problem_under_prefix_keeps_message_and_hint() -> None:
    moved = Problem("[0]/key", "is wrong", "mend it").under("input")

    assert moved == Problem("input[0]/key", "is wrong", "mend it")
    assert moved.to_dict() == {"place": "input[0]/key", "message": "is wrong", "hint": "mend it"}


def test_definition_error_carries_every_problem() -> None:
    problems = [Problem("a", "is wrong"), Problem("b", "is missing")]

    error = DefinitionError(problems)

    assert error.problems == tuple(problems)
    assert error.message == "a: is wrong\nb: is missing"


def test_definition_error_from_a_sentence_has_one_problem_about_everything() -> None:
    assert InvalidInput("is wrong").problems == (Problem("", "is wrong"),)


def test_not_found_names_what_exists_in_order() -> None:
    assert NotFound("env", "prd", ["stg", "dev"]).message == 'there is no env "prd"; there are: "dev", "stg"'


def test_not_found_among_nothing_says_so() -> None:
    assert NotFound("env", "prd", []).message == 'there is no env "prd"; there are none yet'


def test_not_found_where_nobody_has_looked_what_there_is_says_nothing_of_it() -> None:
    assert NotFound("run", "prd").message == 'there is no run "prd"'


def test_not_found_of_an_odd_name_can_be_printed_and_is_short() -> None:
    message = NotFound("env", f"\ud800{'x' * 10_000}").message

    assert message.encode().startswith(b'there is no env "\\ud800xx')
    assert len(message) < 200


@pytest.mark.parametrize(
    ("kind", "message"), [("env", "there is already an env"), ("cache", "there is already a cache")]
)
def test_already_exists_reads_well(kind: str, message: str) -> None:
    assert AlreadyExists(kind, "x").message == f'{message} "x"'


def test_not_found_among_many_lists_twenty() -> None:
    error = NotFound("env", "x", [f"e{number:02}" for number in range(30)])

    assert '"e19"' in error.message
    assert '"e20"' not in error.message
    assert len(error.existing) == 30


def test_in_use_lists_the_places() -> None:
    error = InUse("cache", "hourly", ["features/a", "features/b"])

    assert error.places == ("features/a", "features/b")
    assert error.message == 'cache "hourly" is used in: features/a, features/b'


def test_error_without_message_takes_its_first_docstring_line() -> None:
    assert NotAvailableYet().message == "It is stored and checked, but this release cannot run it yet."


def test_refusals_are_caught_as_one_family() -> None:
    for error in (NotFound("a", "b"), AlreadyExists("a", "b"), InUse("a", "b", []), NotAvailableYet()):
        assert isinstance(error, OperationRefused)


def test_connector_error_is_not_retried_unless_it_says_so() -> None:
    error = ConnectorError("no answer", code="connect_timeout")

    assert (error.code, error.retryable, error.retry_after_seconds) == ("connect_timeout", False, None)


@pytest.mark.parametrize(("code", "retryable"), [("crashed", True), ("threw", False), ("timeout", False)])
def test_sandbox_error_is_worth_retrying_only_after_a_crash(code: str, *, retryable: bool) -> None:
    assert SandboxError("failed", code=code).retryable is retryable
