"""No regular expression uses what `re` of Python 3.11.0 to 3.11.4 has wrong, such as that of Debian 12."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("integrations", "ductape_site", "examples", "scripts", "tests", "benchmarks")
#: Possessive quantifiers and atomic groups: https://github.com/python/cpython/issues/106052 and 101955.
_POSSESSIVE = re.compile(r"(?<!\\)[*+?}]\+|\(\?>")
_IN_A_SET = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_USES = {"compile", "match", "fullmatch", "search", "finditer", "findall", "split", "sub", "subn"}


def _patterns() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _USES:
                    # The parts of a text with fields, too.
                    for part in ast.walk(node.args[0]) if node.args else ():
                        if isinstance(part, ast.Constant) and isinstance(part.value, str):
                            yield f"{path.relative_to(ROOT)}:{part.lineno}:{part.col_offset}", part.value


def test_no_pattern_has_possessive_quantifiers_or_atomic_groups() -> None:
    patterns = dict(_patterns())

    assert len(patterns) > 50
    assert {place for place, text in patterns.items() if _POSSESSIVE.search(_IN_A_SET.sub("[]", text))} == set()


@pytest.mark.parametrize("pattern", ["a++", "(?:ab)*+", "x?+", "a{2}+", "(?>a)"])
def test_such_a_pattern_would_be_found(pattern: str) -> None:
    assert _POSSESSIVE.search(_IN_A_SET.sub("[]", pattern))
