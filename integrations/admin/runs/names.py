"""What a run is called on pages: its feature or job, or what its release holds where neither is there any more."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Func, JSONField, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform


class _AsJson(Func):
    """Our JSON, which is text to the database, as what it can look into."""

    template = "%(expressions)s"
    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        # Not jsonb, which would refuse a text with U+0000 anywhere in it.
        return self.as_sql(compiler, connection, template="(%(expressions)s)::json")


def with_names(runs: Any) -> Any:
    """Add `release_tag`, read only for runs of which there is neither feature nor job."""
    feature = KeyTransform("feature", _AsJson("release__content"))
    return runs.annotate(release_tag=Case(When(feature=None, job=None, then=KeyTextTransform("tag", feature))))


def name_of(run: Any) -> str:
    """Return what was run; the tag that it had when the feature was deleted since."""
    if run.feature or run.job:
        return str(run.feature or run.job)
    tag = run.release_tag if hasattr(run, "release_tag") else run.release.content["feature"]["tag"]
    return str(tag)
