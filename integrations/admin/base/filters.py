"""List filters that offer only what the user may see."""

from __future__ import annotations

import uuid
from typing import Any

from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter

from integrations import models

#: How many error codes are offered.
_MOST_CODES = 200


class VisibleRelatedFilter(RelatedDropdownFilter):
    def field_choices(self, field: Any, request: Any, model_admin: Any) -> Any:
        related = field.remote_field.model.objects.visible_to(request.user)
        return field.get_choices(include_blank=False, ordering=("pk",), limit_choices_to={"pk__in": related})

    def has_output(self) -> bool:
        """Also with a single choice once that is made: Django would drop the condition with the filter."""
        return bool(super().has_output() or self.lookup_val)


#: For `list_filter` of everything that belongs to an integration.
BY_INTEGRATION = ("integration", VisibleRelatedFilter)


class ErrorCodeFilter(DropdownFilter):
    """Of a list of runs: those that failed with a code. Offers the codes of failures that the user may see."""

    title = "error code"
    parameter_name = "error_code"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        groups = models.FailureGroup.objects.visible_to(request.user)
        codes = set(groups.values_list("error_code", flat=True).distinct()[:_MOST_CODES])
        chosen = request.GET.get(self.parameter_name, "")
        return [(code, code) for code in sorted(codes | {chosen} - {""})]

    def queryset(self, request: Any, queryset: Any) -> Any:
        return queryset.filter(error_code=self.value()) if self.value() else queryset


class BulkResultFilter(DropdownFilter):
    """Of a list of runs: those that one bulk operation has started. Offered where a link has asked for it only."""

    title = "started by"
    parameter_name = "bulk_operation"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        operation = self._operation(request)
        return [(str(operation.pk), f"Bulk operation: {operation}")] if operation else []

    def queryset(self, request: Any, queryset: Any) -> Any:
        operation = self._operation(request)
        if operation is None:
            return queryset
        return queryset.filter(pk__in=operation.items.filter(result_id__isnull=False).values("result_id"))

    def _operation(self, request: Any) -> models.BulkOperation | None:
        try:
            operation_id = uuid.UUID(request.GET.get(self.parameter_name, ""))
        except ValueError:
            return None
        return models.BulkOperation.objects.visible_to(request.user).filter(pk=operation_id).first()
