from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import Settings


@pytest.mark.django_db
def test_healthz_with_a_database_is_ok(client: Client) -> None:
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert "no-cache" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_healthz_over_plain_http_is_not_redirected(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz").status_code == 200
    assert client.get("/admin/login/").status_code == 301


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/livez"])
def test_probe_by_address_is_answered(path: str, client: Client, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["console.example.com"]

    assert client.get(path, headers={"host": "10.42.8.201:8000"}).status_code == 200
    assert client.get("/admin/login/", headers={"host": "10.42.8.201:8000"}).status_code == 400
    assert client.post(path).status_code == 405


def test_livez_needs_no_database(client: Client) -> None:
    assert client.get("/livez").json() == {"status": "ok"}


def test_healthz_without_a_database_is_unavailable_and_gives_no_details(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("password authentication failed")

    monkeypatch.setattr(connection, "cursor", refuse)

    response = client.get("/healthz")

    assert response.status_code == 503
    assert response.json() == {"status": "unavailable"}


def test_healthz_post_is_refused(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
