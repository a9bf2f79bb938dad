"""Which runs of an integration are meant: those that fit everything that a filter says."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from integrations.definitions.base import Definition, Many, Name, Tag
from integrations.definitions.environment import Slug
from integrations.definitions.job import Moment

RunStatus = Literal["scheduled", "queued", "running", "waiting", "succeeded", "failed", "cancelled", "quarantined"]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class RunFilter(Definition):
    """What is left out or empty leaves all of them."""

    #: One of these, or just one.
    status: Annotated[Many[RunStatus], BeforeValidator(_listed)] = ()
    feature: Tag | None = None
    env: Slug | None = None
    job: Tag | None = None
    error_code: Name | None = None
    #: The first moment at which it was asked for, and the first one that is too late.
    since: Moment | None = None
    until: Moment | None = None

    @model_validator(mode="after")
    def _leave_some_time(self) -> Self:
        if self.since and self.until and self.until <= self.since:
            raise PydanticCustomError("run_filter", "until is not after since")
        return self

    def __str__(self) -> str:
        """Return it in words: `status = failed or cancelled, env = dev`."""
        said = self.to_compact_dict()
        texts = {
            name: " or ".join(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in said.items()
        }
        return ", ".join(f"{name} = {text}" for name, text in texts.items()) or "any"
