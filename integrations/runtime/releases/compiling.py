"""Compiles the source of functions to the JavaScript that is run."""

from __future__ import annotations

from integrations.connectors.functions.source import compile_function
from integrations.definitions.function import Function
from integrations.errors import DefinitionError, NotAvailableYet, Problem


def compiled(definition: Function) -> str:
    """Return the JavaScript of a function.

    Raises:
        NotAvailableYet: nothing runs its language yet.
    """
    if definition.language == "python":
        raise NotAvailableYet(
            f"functions/{definition.tag}/language: python is stored, but this release cannot run it yet"
        )
    return compile_function(definition.function, definition.language).javascript


def code_problems(definition: Function, place: str) -> list[Problem]:
    """Return why the source does not compile; a language that nothing runs yet is refused when it is published."""
    if definition.language == "python":
        return []
    try:
        compile_function(definition.function, definition.language)
    except DefinitionError as error:
        return [problem.under(place) for problem in error.problems]
    return []
