"""Runs the demo feature once, for real."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from examples import shop
from integrations import strict_json


class Command(BaseCommand):
    help = "Run the demo feature once and print its steps and output; exits 1 when it does not succeed."

    def handle(self, **_options: Any) -> None:
        sample = strict_json.dumps(shop.SAMPLE_INPUT)
        self.stdout.write(f"run_feature {shop.INTEGRATION} {shop.FEATURE} --env {shop.ENVIRONMENT} --input '{sample}'")
        call_command(
            "run_feature", shop.INTEGRATION, shop.FEATURE, env=shop.ENVIRONMENT, input=sample, stdout=self.stdout
        )
