from __future__ import annotations

import os
import re
import secrets
import socket
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
    key = secrets.token_urlsafe(50)
    secret.write_text(f"{key}\n")

    process = start(*read("SECRET_KEY"), SECRET_KEY="", SECRET_KEY_FILE=str(secret))

    assert process.stdout == f"{key}\n"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"ALLOWED_HOSTS": "https://console.example.com"},
            "ALLOWED_HOSTS: 'https://console.example.com' is not a host",
        ),
        ({"ALLOWED_HOSTS": "console.example.com:8000"}, "ALLOWED_HOSTS: 'console.example.com:8000' is not a host name"),
        ({"ALLOWED_HOSTS": '["c"]'}, "is not a host name. Write console.example.com"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS: '*' is not a host name"),
        ({"CSRF_TRUSTED_ORIGINS": "https://c.example.com/console"}, "is not an origin. Write https://console.example"),
        ({"CSRF_TRUSTED_ORIGINS": "c.example.com"}, "CSRF_TRUSTED_ORIGINS: 'c.example.com' is not an origin"),
        (
            {"DUCTAPE_LOG_LEVEL": "verbose"},
            "DUCTAPE_LOG_LEVEL is 'verbose'. Set it to one of: info, debug, warning, error",
        ),
        ({"SECRET_KEY": "hush"}, "SECRET_KEY can be guessed."),
        ({"SECRET_KEY": f"django-insecure-{secrets.token_urlsafe(50)}"}, "SECRET_KEY can be guessed."),
        ({"SECRET_KEY": "hush" * 20}, "SECRET_KEY can be guessed."),
        ({"DUCTAPE_ENCRYPTION_KEYS": f"k1:{'A' * 43}"}, "DUCTAPE_ENCRYPTION_KEYS: entry 1 is not random"),
        ({"DUCTAPE_EGRESS_ALLOW": "*"}, "DUCTAPE_EGRESS_ALLOW[0]: '*'"),
        ({"DUCTAPE_EGRESS_ALLOW": "localhost,10.0.0.0/33"}, "DUCTAPE_EGRESS_ALLOW[1]: '10.0.0.0/33'"),
        ({"DUCTAPE_PATH": "console"}, "DUCTAPE_PATH is 'console'. Set it to a path such as /console"),
        ({"DUCTAPE_PATH": "/a b"}, "DUCTAPE_PATH is '/a b'."),
        ({"DUCTAPE_QUEUE_CAP": "-1"}, "DUCTAPE_QUEUE_CAP is '-1'. Set it to a whole number"),
        ({"DATABASE_URL": "postgres://app:hush/hush@h/d"}, "DATABASE_URL can be read in two ways."),
        (
            {"DATABASE_URL": "sqlite:////proc/none/x.sqlite3"},
            "The folder /proc/none of the SQLite database cannot be made",
        ),
    ],
)
def test_start_with_a_setting_that_cannot_work_stops_with_one_sentence(changes: dict[str, str], message: str) -> None:
    process = start("manage.py", "check", **changes)

    assert process.returncode == 1
    assert message in process.stderr
    assert len(process.stderr.splitlines()) == 1
    assert "hush" not in process.stderr


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("manage.py", "run_worker"), 1),
        (("-c", "import ductape_site.wsgi"), 4),
        (("-c", "import ductape_site.asgi"), 1),
        (("-c", "import ductape_site.celery"), 1),
    ],
)
def test_web_and_workers_stop_alike(command: tuple[str, ...], status: int) -> None:
    process = start(*command, DUCTAPE_EGRESS_ALLOW="*")

    assert process.returncode == status
    assert process.stderr.startswith("DUCTAPE_EGRESS_ALLOW[0]: '*'")
    assert len(process.stderr.splitlines()) == 1


def test_server_that_is_not_there_ends_a_command_with_its_reason() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        process = start("manage.py", "migrate", DATABASE_URL=f"postgres://app:hush@127.0.0.1:{port}/d")

    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].startswith(
        "The database cannot be reached: connection failed: connection to"
    )
    assert "Connection refused" in process.stderr
    assert "Traceback" not in process.stderr
    assert "hush" not in process.stderr


def test_two_installations_on_one_host_keep_their_cookies_apart() -> None:
    names = {start(*read("SESSION_COOKIE_NAME"), SECRET_KEY=secrets.token_urlsafe(50)).stdout for _ in range(2)}

    assert len(names) == 2
    same = [start(*read("CSRF_COOKIE_NAME")).stdout for _ in range(2)]
    assert same[0] == same[1] != ""


def test_installation_below_a_path_asks_for_its_files_and_cookies_there() -> None:
    def below(name: str) -> str:
        return start(*read(name), DUCTAPE_PATH="/console/").stdout.strip()

    assert start(*read("STATIC_URL"), SCRIPT_NAME="/console").stdout == "/console/static/\n"
    assert below("STATIC_URL") == "/console/static/"
    assert below("SESSION_COOKIE_PATH") == below("CSRF_COOKIE_PATH") == "/console/"


@pytest.mark.parametrize(("level", "django"), [("error", 40), ("warning", 30), ("info", 20), ("debug", 20)])
def test_log_level_holds_for_django_too(level: str, django: int) -> None:
    code = "import django; django.setup(); import logging; print(logging.getLogger('django').getEffectiveLevel())"

    assert start("-c", code, DUCTAPE_LOG_LEVEL=level).stdout == f"{django}\n"


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
