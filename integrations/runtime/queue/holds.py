"""Tells why a due run does not begin for now: its environment is inactive or frozen."""

from __future__ import annotations

from integrations import models


def why(run: models.Run) -> str:
    """Return why the run is on hold, with what to do about it; "" when nothing holds it."""
    if held := why_from_everyone(run):
        return held
    if run.status != models.Run.Status.SCHEDULED:
        return ""
    freezes = models.Freeze.objects.in_force().filter(environment=run.environment_id)
    freeze = freezes.select_related("environment").first()
    if freeze is None:
        return ""
    because = f" ({freeze.reason})" if freeze.reason else ""
    return f'environment "{freeze.environment}" is frozen{because}; this retry begins once it is unfrozen'


def why_from_everyone(run: models.Run) -> str:
    """Return why the run may not even be executed when it is asked for by its id; "" when it may."""
    if run.is_final or run.started_at is not None or run.parent_id is not None:
        return ""
    environment = models.Environment.objects.filter(pk=run.environment_id, active=False).first()
    return "" if environment is None else f'environment "{environment}" is inactive; activate it to start runs in it'
