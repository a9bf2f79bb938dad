"""Catalogue apps, and the apps that an integration connects."""

from __future__ import annotations

from factory.declarations import LazyAttribute, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from integrations.models import App, AppBinding, AppEnvironment, ConnectedApp
from tests.factories.integration import EnvironmentFactory, IntegrationFactory


class AppFactory(DjangoModelFactory[App]):
    class Meta:
        model = App

    app_name = Sequence(lambda number: f"App {number}")
    tag = Sequence(lambda number: f"app_{number}")


class AppEnvironmentFactory(DjangoModelFactory[AppEnvironment]):
    class Meta:
        model = AppEnvironment

    app = SubFactory(AppFactory)
    slug = "live"
    base_url = "https://api.example.com"


class ConnectedAppFactory(DjangoModelFactory[ConnectedApp]):
    class Meta:
        model = ConnectedApp

    integration = SubFactory(IntegrationFactory)
    app = SubFactory(AppFactory)
    access_tag = LazyAttribute(lambda connected: connected.app.tag)


class AppBindingFactory(DjangoModelFactory[AppBinding]):
    class Meta:
        model = AppBinding

    connected_app = SubFactory(ConnectedAppFactory)
    environment = SubFactory(EnvironmentFactory, integration=SelfAttribute("..connected_app.integration"))
    app_environment = SubFactory(AppEnvironmentFactory, app=SelfAttribute("..connected_app.app"))
