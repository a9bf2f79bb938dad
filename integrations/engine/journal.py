"""Tells the recorder what the feature wants kept of its steps."""

from __future__ import annotations

from collections.abc import Mapping

from integrations.engine.records import Checkpoint, Recorder, StepKey, StepRecord

_UNFINISHED = frozenset({"running", "waiting"})


class Journal:
    """Passes every record on; for a feature that stores no event results only those that cannot be done without.

    Those are failed and cancelled steps, for people, and once the run is parked everything that has finished, or the
    next execution would do it again. After a crash such a run starts again from its beginning.
    """

    def __init__(self, recorder: Recorder, *, stores_results: bool, checkpoints: Mapping[StepKey, Checkpoint]) -> None:
        self._recorder = recorder
        #: The attempts that have begun and not come to an end, this execution's and those of earlier ones.
        self.unfinished = {(key, each.attempts) for key, each in checkpoints.items() if each.status in _UNFINISHED}
        self._stores_results = stores_results
        self._held: list[StepRecord] = []

    async def write(self, record: StepRecord) -> None:
        """Return once the record is stored, or is known not to be wanted yet."""
        change = self.unfinished.add if record.status in _UNFINISHED else self.unfinished.discard
        change((record.key, record.attempt))
        if self._stores_results or record.status in ("failed", "cancelled"):
            await self._recorder.record(record)
        elif record.status != "running":
            self._held.append(record)

    async def store_held(self) -> None:
        """Store what was held back, because the run goes on in another execution."""
        held, self._held = self._held, []
        for record in held:
            await self._recorder.record(record)
