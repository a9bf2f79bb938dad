"""What is known of results before there are any, for references that point into them."""

from __future__ import annotations

from collections.abc import Mapping

from integrations.definitions.app import Action
from integrations.definitions.feature import Event
from integrations.definitions.field import Field, FieldType, Output
from integrations.definitions.function import Function
from integrations.definitions.references import FunctionShape, KnownShape, Shape
from integrations.definitions.values.outputs import element_of
from integrations.types import Json

#: What JSON Schema's types are called here; of null there is none.
SCHEMA_TYPES: Mapping[str, FieldType] = {
    "string": "string",
    "integer": "number",
    "number": "float",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
}


def of_field(field: Field) -> Shape:
    """Return what a field holds; the objects in an array may be declared by its `fields` in place of `items`."""
    if field.type != "array" or field.items is not None or not field.fields:
        return field
    return KnownShape(key=field.key, type="array", items=KnownShape(key="item", type="object", fields=field.fields))


def of_output(output: Output, name: str) -> Shape | None:
    """Return what code returns; its declared keys are the ones that references may name."""
    if output.type is None:
        return None
    if output.type == "object":
        return KnownShape(key=name, type="object", fields=output.output_keys)
    if output.type == "array":
        return KnownShape(key=name, type="array", items=element_of(output) if output.output_keys else None)
    return KnownShape(key=name, type=output.type)


def of_function(function: Function) -> FunctionShape:
    needed = [index for index, field in enumerate(function.input, 1) if field.required and field.defaultValue is None]
    output = of_output(function.output, f"the result of {function.tag}")
    return FunctionShape(inputs=function.input, required=max(needed, default=0), output=output)


def of_action(action: Action) -> Shape | None:
    """Return what a successful call answers: known when exactly one successful response declares a body.

    A sample says what may come, never what may not, so it is not used.
    """
    declared = [response.body for response in action.responses if response.success and response.body]
    if len(declared) != 1:
        return None
    body, name = declared[0], f"the response of {action.tag}"
    if isinstance(body, dict):
        return of_schema(body, name)
    return KnownShape(key=name, type="object", fields=body)


def of_approval(event: Event) -> Shape:
    """Return what an approval leaves behind once it is given."""
    keys = tuple(KnownShape(key=key, type="string") for key in ("decision", "by", "reason", "at"))
    return KnownShape(key=f"the decision on {event.tag}", type="object", fields=keys)


def of_schema(schema: Json, name: str) -> Shape | None:
    """Return what a JSON Schema says for certain: keys are only known where it allows no others."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or not isinstance(kind, str) or kind not in SCHEMA_TYPES:
        return None
    if kind == "array":
        return KnownShape(key=name, type="array", items=of_schema(schema.get("items"), "item"))
    properties = schema.get("properties")
    if kind != "object" or schema.get("additionalProperties") is not False or not isinstance(properties, dict):
        return KnownShape(key=name, type=SCHEMA_TYPES[kind])
    return KnownShape(key=name, type="object", fields=tuple(_property(each, key) for key, each in properties.items()))


def of_value(value: Json, name: str) -> Shape | None:
    """Return the shape of a constant: its keys are all there, its type is certain."""
    match value:
        case bool():
            return KnownShape(key=name, type="boolean")
        case int():
            return KnownShape(key=name, type="number")
        case float():
            return KnownShape(key=name, type="float")
        case str():
            return KnownShape(key=name, type="string")
        case list():
            return KnownShape(key=name, type="array")
        case dict():
            fields = tuple(of_value(each, key) or KnownShape(key=key) for key, each in value.items())
            return KnownShape(key=name, type="object", fields=fields)
    return None


def of_event(event: Event, result: Shape | None) -> Shape | None:
    """Return what an event leaves behind: a for_each a list, a do_while its last result; a fallback's is unknown."""
    if event.fallback is not None:
        return None
    if event.condition is not None and event.condition.type == "for_each":
        return KnownShape(key=f"the results of {event.tag}", type="array", items=result)
    return result


def _property(schema: Json, name: str) -> Shape:
    return of_schema(schema, name) or KnownShape(key=name)
