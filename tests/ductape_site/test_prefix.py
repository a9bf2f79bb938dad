from __future__ import annotations

from typing import Any

import pytest

from ductape_site.prefix import WithoutPrefix


def seen(path: str, *, prefix: str) -> tuple[str, str]:
    """Return SCRIPT_NAME and PATH_INFO as the application gets them."""
    found: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], _start: Any) -> list[bytes]:
        found.append(environ)
        return []

    environ = {"PATH_INFO": path, "SCRIPT_NAME": ""}
    WithoutPrefix(application, prefix=prefix)(environ, lambda *_: lambda _: None)
    return found[0]["SCRIPT_NAME"], found[0]["PATH_INFO"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/console/admin/", ("/console", "/admin/")),
        ("/console", ("/console", "/")),
        # The proxy has taken the path away.
        ("/admin/", ("", "/admin/")),
        ("/consoles/", ("", "/consoles/")),
    ],
)
def test_path_is_taken_away_where_it_is_there(path: str, expected: tuple[str, str]) -> None:
    assert seen(path, prefix="/console") == expected


def test_console_at_the_root_is_left_alone() -> None:
    assert seen("/console/admin/", prefix="") == ("", "/console/admin/")
