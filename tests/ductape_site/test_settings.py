from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "ductape_site.settings",
    "DUCTAPE_ENV_FILE": "",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "DUCTAPE_ENCRYPTION_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    "ALLOWED_HOSTS": "console.example.com",
    "DATABASE_URL": "sqlite://:memory:",
}


def read(name: str) -> tuple[str, str]:
    """Return the arguments for a Python that prints one setting."""
    return "-c", f"from django.conf import settings; print(settings.{name})"


def start(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Start a process that loads the settings as a production server would, with `changes` to its environment."""
    environment = {"PATH": os.environ["PATH"]} | PRODUCTION | changes
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", ["SECRET_KEY", "DUCTAPE_ENCRYPTION_KEYS", "ALLOWED_HOSTS"])
def test_start_without_a_production_value_stops_and_says_what_to_set(name: str) -> None:
    process = start(*read("DEBUG"), **{name: ""})

    assert process.returncode != 0
    assert f"{name} is missing. Set {name} (or {name}_FILE" in process.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["DEBUG", "DUCTAPE_HTTPS", "DUCTAPE_FUNCTIONS_ENABLED"])
def test_start_with_a_misspelled_boolean_stops_and_names_it(name: str) -> None:
    process = start(*read("DEBUG"), **{name: "flase"})

    assert process.returncode != 0
    assert f"{name} is 'flase', which is neither yes nor no." in process.stderr.splitlines()[-1]


def test_start_secret_from_a_file_is_enough(tmp_path: Path) -> None:
    secret = tmp_path / "secret_key"
    secret.write_text("from a file\n")

    process = start(*read("SECRET_KEY"), SECRET_KEY="", SECRET_KEY_FILE=str(secret))

    assert process.stdout == "from a file\n"


def test_deploy_check_with_production_values_has_nothing_to_say() -> None:
    process = start("manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert process.returncode == 0, process.stderr
    assert "no issues" in process.stdout


def test_debug_is_off_unless_asked_for() -> None:
    assert start(*read("DEBUG")).stdout == "False\n"


def test_page_forbids_inline_scripts_and_foreign_content(client: Client) -> None:
    header = client.get("/admin/login/").headers["Content-Security-Policy"]

    directives = {name: values for name, _, values in (part.partition(" ") for part in header.split("; "))}
    assert directives["default-src"] == "'self'"
    assert directives["script-src"] == "'self'"
    assert directives["object-src"] == directives["frame-ancestors"] == "'none'"
    assert directives["base-uri"] == directives["form-action"] == "'self'"
    assert re.fullmatch(r"'self'( 'nonce-[^']+')?", directives["style-src"])


def test_page_says_not_to_frame_sniff_or_leak_its_address(client: Client) -> None:
    headers = client.get("/admin/login/").headers

    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_home_leads_to_the_admin(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/admin/"


def test_static_files_and_pages_refer_only_to_files_that_exist(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    """With hashed names a broken reference stops `collectstatic`, or the page that holds it."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    }

    call_command("collectstatic", interactive=False, verbosity=0)

    assert (tmp_path / "staticfiles.json").is_file()
    assert client.get("/admin/login/").status_code == 200
