from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client


def test_favicon_leads_to_a_file_that_is_there(client: Client) -> None:
    response = client.get("/favicon.ico")

    assert response.status_code == 302
    assert finders.find(response.headers["Location"].removeprefix("/static/"))


@pytest.mark.django_db
def test_login_with_a_foreign_destination_leads_to_the_overview(client: Client) -> None:
    User.objects.create_superuser("ada", password="enchantress")
    boxes = {"username": "ada", "password": "enchantress", "next": "https://example.com/"}

    response = client.post("/admin/login/", boxes)

    assert response.headers["Location"] == "/admin/"
