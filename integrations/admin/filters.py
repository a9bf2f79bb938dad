"""List filters that offer only what the user may see."""

from __future__ import annotations

from typing import Any

from unfold.contrib.filters.admin import RelatedDropdownFilter


class VisibleRelatedFilter(RelatedDropdownFilter):
    def field_choices(self, field: Any, request: Any, model_admin: Any) -> Any:
        related = field.remote_field.model.objects.visible_to(request.user)
        return field.get_choices(include_blank=False, ordering=("pk",), limit_choices_to={"pk__in": related})


#: For `list_filter` of everything that belongs to an integration.
BY_INTEGRATION = ("integration", VisibleRelatedFilter)
