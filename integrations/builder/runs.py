"""What the integration builder does with runs that there are: cancel, retry and replay them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from integrations import models
from integrations.actors import Actor
from integrations.builder.processor import ProcessResult, result_of
from integrations.errors import NotFound
from integrations.operations import replays, runs
from integrations.types import Json


class RunMethods:
    """The methods of the builder that take a run's id, which is a result's `process_id`. Each returns how it stands."""

    if TYPE_CHECKING:
        _user: Actor

        @property
        def _open(self) -> models.Integration: ...

    def cancel_run(self, run_id: str, *, reason: str = "") -> ProcessResult:
        """End a run, and those that it has started: at once when nobody executes it, else within a second.

        Raises:
            OperationRefused: it has ended already.
        """
        return result_of(runs.cancel(run=self._run(run_id), by=self._user, reason=reason))

    def retry_run(self, run_id: str, *, reason: str) -> ProcessResult:
        """Start another run that goes on where this one failed; what any attempt at it wrote is not written again.

        Raises:
            OperationRefused: it has succeeded, or a later attempt has; or one of them has not ended.
            InvalidInput: there is no reason, or a result cannot be taken over.
        """
        return result_of(replays.go_on(replays.retry(self._run(run_id), by=self._user, reason=reason)))

    def replay_run(
        self,
        run_id: str,
        *,
        reason: str,
        input: Json = None,
        version: replays.Version = "original",
        start: str = replays.BEGINNING,
        writes: Mapping[str, replays.Choice] | None = None,
    ) -> ProcessResult:
        """Start another run for one that has ended.

        `input` is the same unless given; `version` is `original` or `latest`; `start` is `beginning`, `failure` (behind
        all that has finished) or a step, `sequence/event`. `writes` says by step whether what any attempt has written
        there is done `again` or its result is a thing to `take_over`; otherwise what stands before the start and what
        cannot be undone is taken over, and the rest is done again.

        Raises:
            NotFound: there is no such step.
            InvalidInput: there is no such choice, or nothing was written where `writes` names it; the input does not
                fit, there is no reason, or a result cannot be taken over.
            OperationRefused: the run or another attempt has not ended, or there is no such version any more.
        """
        replay = replays.replay(
            self._run(run_id), by=self._user, reason=reason, input=input, version=version, start=start, writes=writes
        )
        return result_of(replays.go_on(replay))

    def _run(self, run_id: str) -> models.Run:
        run = runs.fetch(run_id=run_id, by=self._user)
        if run.integration_id != self._open.pk:
            raise NotFound("run", run_id)
        return run
