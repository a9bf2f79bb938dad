"""Builders on behalf of whoever runs the server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.builder import Ductape
from integrations.builder.integration import IntegrationBuilder
from tests.fakes.connectors import FakeActionConnector
from tests.scenes.replaying import ORDER, make_store, scripted
from tests.scenes.scene import make_app


@pytest.fixture
def ductape(db: None) -> Ductape:
    return Ductape(user=SYSTEM)


@pytest.fixture
def builder(ductape: Ductape) -> IntegrationBuilder:
    """A builder that is open on an integration with the environment `dev`; the catalogue has the app `shop`."""
    make_app()
    builder = ductape.get_integration_builder()
    builder.create_integration(name="Order sync", description="Keeps orders equal")
    builder.create_env(env_name="Development", slug="dev", auth={})
    return builder


@pytest.fixture
def api() -> Iterator[FakeActionConnector]:
    with scripted() as fake:
        yield fake


@pytest.fixture
def store() -> models.Integration:
    """An integration with the feature `order`, whose calls `api` answers."""
    return make_store(ORDER)


@pytest.fixture
def opened(ductape: Ductape, store: models.Integration) -> IntegrationBuilder:
    return ductape.get_integration_builder(store.tag)
