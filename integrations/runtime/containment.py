"""Keeps an internal error within the one job, run or pass that it is about."""

from __future__ import annotations

import logging
from types import TracebackType

from django.db import DatabaseError

logger = logging.getLogger(__name__)

#: What ledgers and lists say in place of an internal error's own words, which may quote a secret.
INTERNAL_ERROR = "internal error, see the server log"


class contained:  # noqa: N801  (reads like `contextlib.suppress`)
    """Log an error of the block as `what`, with `about` as its context, and continue behind the block.

    A database that does not answer concerns more than this block, so DatabaseError passes.
    """

    def __init__(self, what: str, *, action: str, **about: object) -> None:
        self._what = what
        self._extra = {"action": action, **about}

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception) or isinstance(error, DatabaseError):
            return False
        logger.error(self._what, exc_info=error, extra=self._extra)
        return True
