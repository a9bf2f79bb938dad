from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.core.management import call_command

from integrations.models import AppBinding, Environment
from tests.factories.app import AppBindingFactory
from tests.factories.integration import EnvironmentFactory


@pytest.mark.django_db
def test_migrations_are_up_to_date_with_the_models() -> None:
    call_command("makemigrations", "integrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_references_to_secrets_are_shown_where_all_was_masked() -> None:
    environment, binding, lost = EnvironmentFactory.create(), AppBindingFactory.create(), AppBindingFactory.create()
    environment.set_auth({"key": "$Secret{api_pw}", "user": "ada"})
    binding.set_auth({"headers": {"X-Api-Key": "$Secret{api_pw}"}})
    for row in (environment, binding):
        row.auth_shape = {"key": "[sealed]"}
        row.save()
    AppBinding.objects.filter(pk=lost.pk).update(sealed_auth="v1.gone.AAAA", auth_shape={"key": "[sealed]"})

    migration = importlib.import_module("integrations.migrations.0012_show_which_secrets_auth_data_names")
    migration.show_references(apps, None)

    assert Environment.objects.get(pk=environment.pk).auth_shape == {"key": "$Secret{api_pw}", "user": "[sealed]"}
    assert AppBinding.objects.get(pk=binding.pk).auth_shape == {"headers": {"X-Api-Key": "$Secret{api_pw}"}}
    assert AppBinding.objects.get(pk=lost.pk).auth_shape == {"key": "[sealed]"}
