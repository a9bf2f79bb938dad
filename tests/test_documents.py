"""Documents name only files, folders and commands that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).parent.parent
#: The changelog tells of files that are gone.
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")} - {ROOT / "CHANGELOG.md"})

_FOLDERS = "integrations|tests|docs|ductape_site|templates|static|scripts|benchmarks|examples|\\.ci"
#: Up to a space, a placeholder (`<noun>`, `…`, `*`) or a test's name.
_PATH = re.compile(rf"`((?:{_FOLDERS})/[\w./-]*)([^`]*)`")
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
_COMMAND = re.compile(r"manage\.py ([a-z_]+)")


def _paths(document: Path) -> Iterator[Path]:
    text = document.read_text()
    for path, rest in _PATH.findall(text):
        # Of what ends in a placeholder, the folder.
        yield ROOT / (path.rpartition("/")[0] if rest[:1] in ("<", "…", "*") else path)
    yield from (document.parent / link for link in _LINK.findall(text))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_document_names_only_what_exists(document: Path) -> None:
    missing = [str(path.relative_to(ROOT)) for path in _paths(document) if not path.resolve().exists()]
    unknown = set(_COMMAND.findall(document.read_text())) - set(get_commands())

    assert (missing, unknown) == ([], set())


def test_documents_are_looked_at() -> None:
    assert sum(1 for document in DOCUMENTS for _ in _paths(document)) > 100
