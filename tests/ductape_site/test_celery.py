from __future__ import annotations

import os
import subprocess
import sys

import pytest


def start(*command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "ductape_site.settings", **changes}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Celery workers need DUCTAPE_DISPATCH=celery"),
        ({"DUCTAPE_DISPATCH": "celery"}, "CELERY_BROKER_URL is missing"),
        ({"DUCTAPE_DISPATCH": "celery", "CELERY_BROKER_URL": "sqs://"}, "CELERY_BROKER_URL names no broker"),
    ],
)
def test_celery_without_a_broker_says_what_to_set(changes: dict[str, str], said: str) -> None:
    done = start("-m", "celery", "-A", "ductape_site", "worker", **changes)

    assert done.returncode != 0
    assert said in done.stdout + done.stderr


def test_celery_finds_the_application_by_the_projects_name() -> None:
    urls = {"DUCTAPE_DISPATCH": "celery", "CELERY_BROKER_URL": "redis://127.0.0.1:1/0"}

    done = start("-c", "from celery.app.utils import find_app; print(*find_app('ductape_site').tasks)", **urls)

    assert "ductape.execute_run" in done.stdout, done.stderr


def test_processes_without_celery_mode_do_not_import_celery() -> None:
    modules = (
        "import django, sys; django.setup(); from integrations.operations import runs; print('celery' in sys.modules)"
    )

    done = start("-c", modules)

    assert done.stdout.strip() == "False", done.stderr
