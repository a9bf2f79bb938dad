"""Databases: real databases and the statements that features may run on them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field as Constraint
from pydantic import JsonValue, model_validator
from pydantic_core import PydanticCustomError

from integrations.definitions.base import Definition, Description, Many, Name, Tag
from integrations.definitions.environment import Slug
from integrations.definitions.field import Fields
from integrations.definitions.retry import Seconds


class DatabaseEnvironment(Definition):
    slug: Slug
    #: Sealed when stored.
    connection_url: str


class DatabaseAction(Definition):
    tag: Tag
    name: Name = ""
    description: Description = ""
    operation: Literal["query", "insert", "update", "delete", "upsert", "raw"]
    #: One statement with named placeholders, or `table` and `template`.
    sql: str = ""
    table: str = ""
    template: dict[str, JsonValue] = {}
    input: Fields = ()
    read_only: bool = True
    row_limit: Annotated[int, Constraint(gt=0, le=100_000)] = 1_000
    timeout: Seconds = 30.0

    @model_validator(mode="after")
    def _say_what_to_run(self) -> Self:
        if bool(self.sql) == bool(self.table):
            raise PydanticCustomError("statement", "give either sql, or table and template")
        return self


class Database(Definition):
    tag: Tag
    name: Name = ""
    description: Description = ""
    type: Literal["postgresql", "mysql", "sqlite"] = "postgresql"
    envs: Many[DatabaseEnvironment] = ()
    actions: Many[DatabaseAction] = ()
