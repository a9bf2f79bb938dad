from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from ductape_site import dotenv


def read(tmp_path: Path, content: str | bytes) -> dict[str, str]:
    path = tmp_path / ".env"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return dotenv.read(path)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=v", "v"),
        ("KEY = v", "v"),
        ("  KEY=v  ", "v"),
        ("export KEY=v", "v"),
        ("KEY=v # why", "v"),
        ("KEY='v' # why", "v"),
        ('KEY="a # b" # why', "a # b"),
        ("KEY=sqlite:////srv/a#b/x.sqlite3", "sqlite:////srv/a#b/x.sqlite3"),
        ("KEY=$HOME/${HOME}", "$HOME/${HOME}"),
        ("KEY=a=b", "a=b"),
        ("KEY=", ""),
        ("\ufeffKEY=v", "v"),
        ("# why\n\nKEY=v\r\n", "v"),
    ],
)
def test_line_is_read_as_people_mean_it(line: str, value: str, tmp_path: Path) -> None:
    assert read(tmp_path, line) == {"KEY": value}


@pytest.mark.parametrize("line", ["SECRET_KEY", "hush hush", "KEY='hush", "SECRET KEY=hush", "'KEY' hush"])
def test_line_that_cannot_be_read_is_refused_by_its_number(line: str, tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        read(tmp_path, f"ONE=1\n# why\n{line}\n")

    assert "line 3: this is not NAME=value" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="is not UTF-8 text"):
        read(tmp_path, b"KEY=\xff\xfe")
