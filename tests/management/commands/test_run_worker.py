from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize("arguments", [("--concurrency", "-5"), ("--concurrency", "0"), ("--processes", "0")])
def test_numbers_with_which_nothing_would_ever_run_are_refused(arguments: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=f"{arguments[0]}: should be a whole number from 1 to"):
        call_command("run_worker", *arguments)
