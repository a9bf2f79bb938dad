"""How often something may happen."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Constraint

from integrations.definitions.base import Definition


class RateLimit(Definition):
    """At most `limit` times in `period` seconds.

    For a feature that holds of any period, wherever it begins. For an app environment `limit` calls may come at once,
    and from then on one more each `period / limit` seconds.
    """

    limit: Annotated[int, Constraint(gt=0, le=1_000_000)]
    period: Annotated[float, Constraint(gt=0, le=30 * 24 * 3600)]
