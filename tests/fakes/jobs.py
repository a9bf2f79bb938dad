"""Jobs that are only written down."""

from __future__ import annotations

from integrations.types import JsonObject


class FakeJobs:
    """Keeps what was started by place."""

    def __init__(self) -> None:
        self.started: dict[str, tuple[str, JsonObject]] = {}

    async def start(self, place: str, *, job: str, input: JsonObject) -> str:
        self.started.setdefault(place, (job, input))
        return f"run {place}"
