"""Why a run does not begin for now, although it is there and due: because of where it is to run."""

from __future__ import annotations

from integrations import models


def why(run: models.Run) -> str:
    """Return why no worker takes the run up, with what to do about it; "" when its environment withholds it not."""
    return why_from_everyone(run) or _why_frozen(run)


def why_from_everyone(run: models.Run) -> str:
    """Return why nobody may execute the run, also who wants this very one; "" when somebody may."""
    if run.is_final or run.started_at is not None or run.parent_id is not None:
        return ""
    environment = models.Environment.objects.filter(pk=run.environment_id, active=False).first()
    return "" if environment is None else f'environment "{environment}" is inactive; activate it to start runs in it'


def _why_frozen(run: models.Run) -> str:
    if run.status != models.Run.Status.SCHEDULED:
        return ""
    freezes = models.Freeze.objects.in_force().filter(environment=run.environment_id)
    freeze = freezes.select_related("environment").first()
    if freeze is None:
        return ""
    because = f" ({freeze.reason})" if freeze.reason else ""
    return f'environment "{freeze.environment}" is frozen{because}; this retry begins once it is released'
