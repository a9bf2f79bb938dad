"""A cache in memory that several runs share."""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.clock import Clock
from integrations.engine.ports import CacheAnswer
from integrations.types import Json


@dataclass(kw_only=True)
class FakeResultCache:
    clock: Clock
    entries: dict[str, CacheAnswer] = field(default_factory=dict)
    #: Who fills, by key.
    fillers: dict[str, str] = field(default_factory=dict)
    is_available: bool = True

    async def look(self, key: str, *, cache: str, filler: str) -> CacheAnswer:
        if not self.is_available:
            return CacheAnswer(status="unavailable")
        if key in self.entries:
            return self.entries[key]
        owner = self.fillers.setdefault(key, filler)
        return CacheAnswer(status="fill" if owner == filler else "filling")

    async def store(self, key: str, value: Json, *, cache: str, filler: str) -> str:
        if self.fillers.pop(key, None) != filler:
            return "another step fills it now"
        self.entries[key] = CacheAnswer(status="hit", value=value, stored_at=self.clock.now())
        return ""

    def abandon(self, key: str, *, filler: str) -> None:
        if self.fillers.get(key) == filler:
            del self.fillers[key]
