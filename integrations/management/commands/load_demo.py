"""Loads the demo integration, which uses the example API of this project."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from examples import shop
from integrations.actors import SYSTEM
from integrations.builder import Ductape
from integrations.errors import IntegrationsError


class Command(BaseCommand):
    help = "Load the demo integration `shop`, or point it at another address of the example API."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--api-url", required=True, help="where the example API listens")

    def handle(self, *, api_url: str, **_options: Any) -> None:
        try:
            shop.load(Ductape(user=SYSTEM), api_url=api_url)
        except IntegrationsError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f'The demo integration "{shop.INTEGRATION}" uses {api_url}.')
