"""Holds values against what fields, outputs, schemas and actions declare; no message ever holds a value."""

from __future__ import annotations

from integrations.definitions.values.declarations import check_fields
from integrations.definitions.values.decoration import decorate
from integrations.definitions.values.equality import json_equal
from integrations.definitions.values.fields import check_value, check_values
from integrations.definitions.values.outputs import check_output
from integrations.definitions.values.placement import (
    SECTIONS,
    complete_action_input,
    place_flat_input,
    section_fields,
)
from integrations.definitions.values.schemas import check_schema, check_schema_itself

__all__ = [
    "SECTIONS",
    "check_fields",
    "check_output",
    "check_schema",
    "check_schema_itself",
    "check_value",
    "check_values",
    "complete_action_input",
    "decorate",
    "json_equal",
    "place_flat_input",
    "section_fields",
]
