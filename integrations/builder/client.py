"""Where application code starts."""

from __future__ import annotations

from integrations.actors import Actor
from integrations.builder.app import AppBuilder
from integrations.builder.integration import IntegrationBuilder
from integrations.builder.processor import Processor
from integrations.errors import InvalidInput, Problem


class Ductape:
    """Everything that the SDK offers, on behalf of one user, whose permissions hold.

    builder = Ductape(user=request.user).get_integration_builder()
    builder.create_integration(name="Order sync", description="Keeps the shop and the warehouse equal")
    builder.create_env(env_name="Development", slug="dev", auth={})

    Raises:
        InvalidInput: `user` is no user: `None`, or a name.
    """

    def __init__(self, *, user: Actor) -> None:
        # What has permissions to be asked for; anything else would break off somewhere inside.
        if not callable(getattr(user, "has_perm", None)):
            hint = "give the Django user whose permissions hold, such as request.user"
            raise InvalidInput([Problem("user", f"should be a user, not {type(user).__name__}", hint)])
        self._user = user

    def get_integration_builder(self, tag: str | None = None) -> IntegrationBuilder:
        """Return a builder, opened on the integration of that tag when one is given."""
        builder = IntegrationBuilder(user=self._user)
        if tag is not None:
            builder.initialize_integration(tag)
        return builder

    def get_app_builder(self, tag: str | None = None) -> AppBuilder:
        """Return a builder of catalogue apps, opened on the app of that tag when one is given."""
        builder = AppBuilder(user=self._user)
        if tag is not None:
            builder.initialize_app_by_tag(tag)
        return builder

    def get_processor(self) -> Processor:
        """Return what runs features."""
        return Processor(user=self._user)
