"""The reference language: mappings whose texts point at inputs, earlier results and bindings (design section 4).

Values are literals or text that holds references. They are data: parsed once into a small tree, checked against the
names in scope, and looked up at run time by `integrations.engine.resolver`. Nothing is ever evaluated.
"""

from __future__ import annotations

from integrations.definitions.references.checking import check_references
from integrations.definitions.references.names import (
    COMPARISONS,
    OPERATORS,
    ROOTS,
    OperatorForm,
    Parameter,
    Root,
    suggestion,
    type_words,
)
from integrations.definitions.references.nodes import (
    FunctionCall,
    Interpolation,
    ListNode,
    Literal,
    ObjectNode,
    Operator,
    Path,
    Reference,
    Template,
)
from integrations.definitions.references.parsing import ReferenceSyntaxError, parse_template
from integrations.definitions.references.rendering import render_template, render_text
from integrations.definitions.references.scope import Names, Scope
from integrations.definitions.references.shapes import FunctionShape, KnownShape, Shape, json_types
from integrations.definitions.references.static_types import static_shape, static_type
from integrations.definitions.references.walking import (
    Pointer,
    references_of,
    rename_function,
    rename_path,
    replace_references,
)

__all__ = [
    "COMPARISONS",
    "OPERATORS",
    "ROOTS",
    "FunctionCall",
    "FunctionShape",
    "Interpolation",
    "KnownShape",
    "ListNode",
    "Literal",
    "Names",
    "ObjectNode",
    "Operator",
    "OperatorForm",
    "Parameter",
    "Path",
    "Pointer",
    "Reference",
    "ReferenceSyntaxError",
    "Root",
    "Scope",
    "Shape",
    "Template",
    "check_references",
    "json_types",
    "parse_template",
    "references_of",
    "rename_function",
    "rename_path",
    "render_template",
    "render_text",
    "replace_references",
    "static_shape",
    "static_type",
    "suggestion",
    "type_words",
]
