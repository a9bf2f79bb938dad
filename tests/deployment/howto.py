"""What docs/howto/deploy.md says, taken from it, so that what is tested is what people copy."""

from __future__ import annotations

import re
from pathlib import Path

_TEXT = (Path(__file__).parent.parent.parent / "docs" / "howto" / "deploy.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the document's fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", _TEXT, flags=re.DOTALL | re.MULTILINE)


def units() -> dict[str, str]:
    """Return the systemd units by their file names."""
    names = re.findall(r"`/etc/systemd/system/([\w.-]+)`", _TEXT)
    return dict(zip(names, blocks("ini"), strict=True))
