"""The Python SDK: the builders of integrations and apps, and the processor that runs features."""

from __future__ import annotations

from integrations.builder.client import Ductape
from integrations.builder.processor import ProcessResult

__all__ = ["Ductape", "ProcessResult"]
