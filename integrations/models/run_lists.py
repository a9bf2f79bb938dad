"""Lists runs, the newest first, so that both databases find the first of them without sorting the rest."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from integrations.models.integration import Integration
from integrations.models.run import Run, RunQuerySet
from integrations.models.visibility import Viewer, is_known, sees_every_integration

#: How many runs may be sorted for a page.
_MOST_SORTED = 10_000
#: The order of the indexes by integration, feature, status and so on …
_BY_TIME = ("-created_at", "-pk")
#: … and that of all runs there are: ids are in order of time.
_BY_ID = ("-pk",)


def newest_first(viewer: Viewer, *, is_narrowed: bool) -> RunQuerySet:
    """Return the runs that `viewer` may see. `is_narrowed` says that a filter by an index's first column follows."""
    order = _BY_TIME if is_narrowed else _BY_ID
    if sees_every_integration(viewer) or not is_known(viewer):
        return Run.objects.visible_to(viewer).order_by(*order)
    ids = list(Integration.objects.filter(members=viewer.pk).values_list("pk", flat=True))
    own = Run.objects.filter(integration__in=ids)
    if len(ids) == 1 or not own[_MOST_SORTED:].exists():
        return own.order_by(*_BY_TIME)
    # Not as above: SQLite would sort all runs of these integrations, where it only needs to leave out others.
    is_own = Integration.members.through.objects.filter(integration=OuterRef("integration"), user=viewer.pk)
    return Run.objects.filter(Exists(is_own)).order_by(*order)
