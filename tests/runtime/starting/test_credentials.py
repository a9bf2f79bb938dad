from __future__ import annotations

from dataclasses import replace

from integrations.connectors.base import Binding
from integrations.runtime.starting.credentials import Opened
from integrations.types import Json


def opened(auth_data: Json) -> Opened:
    binding = Binding(
        access_tag="shop", app_env_slug="live", base_url="https://shop.example.com", hosts=(), auth_data=auth_data
    )
    return Opened(bindings={"shop": binding}, secrets={"token": "hush-hush"})


def test_texts_are_secrets_and_auth_data_but_not_who_connects() -> None:
    data: Json = {"username": "shop", "password": "swordfish", "headers": {"X-Key": "k-123456"}}

    assert set(opened(data).texts) == {"hush-hush", "swordfish", "k-123456"}


def test_texts_hold_numbers_of_auth_data_as_they_are_written() -> None:
    data: Json = {"body": {"pin": 471100, "factor": 1.5, "remember": True, "codes": [8123456, None]}}

    assert set(opened(data).texts) == {"hush-hush", "471100", "1.5", "8123456"}


def test_opened_and_its_bindings_show_nothing_when_they_are_printed() -> None:
    binding = replace(opened({"password": "swordfish"}).bindings["shop"], variables={"key": "hush-hush"})

    printed = repr(binding) + repr(opened({"password": "swordfish"}))

    assert "swordfish" not in printed
    assert "hush" not in printed
