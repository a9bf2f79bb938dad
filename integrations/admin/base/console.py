"""What the admin pages of definitions share: only what one may see, saved and deleted by the operations."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, StackedInline

from integrations.admin.base.deletion import Deletion, deletion_of
from integrations.admin.forms.base import DefinitionForm, Operations
from integrations.admin.forms.parts import PartFormSet
from integrations.errors import IntegrationsError

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: unfold's classes carry some types, which contradict Django's own: taken as untyped, as the rest of unfold is.
_ModelAdmin: Any = ModelAdmin
_StackedInline: Any = StackedInline

ROWS_PER_PAGE = 50


class ConsoleAdmin(_ModelAdmin):  # type: ignore[misc]  # see above
    """Lists what the user may see, 50 a page; an id that they may not see answers like a missing one."""

    list_per_page = ROWS_PER_PAGE
    list_filter_submit = True
    compressed_fields = False
    #: What an empty list says besides that it is empty.
    empty_hint: ClassVar[str] = ""

    @admin.display(description="Updated", ordering="updated_at")
    def updated(self, row: Any) -> str:
        return date_format(timezone.localtime(row.updated_at), "j M Y, H:i")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).visible_to(request.user)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        if row is None:
            raise Http404
        return row

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer and accept only what the user may see."""
        related = db_field.remote_field.model.objects
        if hasattr(related, "visible_to"):
            kwargs.setdefault("queryset", related.visible_to(request.user))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class ReadOnlyAdmin(ConsoleAdmin):
    """Shows rows that nobody changes by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class PartInline(_StackedInline):  # type: ignore[misc]  # see above
    """Edits the rows that are one field of the definition above them."""

    #: The definition's field.
    part: ClassVar[str]
    formset = PartFormSet
    extra = 0
    tab = True
    compressed_fields = False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).order_by("pk")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer no links that would leave this form, half filled in, for that of a related row."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget
        return field


class DefinitionAdmin(ConsoleAdmin):
    """Edits one kind of definition: the form checks with the operations, and the operations write."""

    operations: Operations
    #: The bulk actions that deal with each row by itself and may call the outside; all others do all rows or none.
    one_by_one: ClassVar[frozenset[str]] = frozenset()
    warn_unsaved_form = True
    change_form_before_template = "admin/integrations/revision.html"
    delete_confirmation_template = "admin/integrations/delete_confirmation.html"
    delete_selected_confirmation_template = "admin/integrations/delete_selected_confirmation.html"

    # The form

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return a form class of this request's own, so that what it is told is seen by nobody else."""
        form = super().get_form(request, obj, change, **kwargs)
        form.operations = self.operations
        form.refusal = getattr(request, "refusal", None)
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Keep a definition in its integration: what it refers to is there."""
        fixed = ("integration",) if obj is not None and hasattr(obj, "integration_id") else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show the form again, filled in as it was, with the reason why the operation refused to save it."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrationsError as error:
            if request.method != "POST":
                raise
            request.refusal = error  # type: ignore[attr-defined]  # read in get_form
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: DefinitionForm, change: bool) -> None:
        self.operations.save(row=obj, definition=form.definition, by=actor(request))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Leave the inlines alone: the operation has written them with the rest."""

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Name the changed fields only; the audit record has all details."""
        return super().construct_change_message(request, form, [], add)

    def _create_formsets(self, request: HttpRequest, obj: Any, change: bool) -> Any:
        """Let the form find the rows that are parts of its definition; Django validates it before them."""
        formsets, inlines = super()._create_formsets(request, obj, change)
        pairs = zip(formsets, inlines, strict=True)
        obj.parts_in_form = {inline.part: formset for formset, inline in pairs if isinstance(inline, PartInline)}
        return formsets, inlines

    # Deleting

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say what goes, and what refers to it and so keeps it; Django would list every row of every table."""
        deletions = [deletion_of(row, self.operations) for row in objs]
        return (
            [deletion.title for deletion in deletions],
            {str(self.opts.verbose_name_plural): len(deletions)},
            set(),
            list(_obstacles(deletions)),
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            response: HttpResponse = super().delete_view(request, object_id, extra_context)
        except IntegrationsError as error:
            return self._refused(request, error)
        return response

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.operations.delete(row=obj, by=actor(request))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            self.operations.delete(row=row, by=actor(request))

    def response_action(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        """Do a bulk action for all rows or for none, unless it deals with each by itself."""
        is_whole = not self.one_by_one.issuperset(request.POST.getlist("action"))
        try:
            with transaction.atomic() if is_whole else contextlib.nullcontext():
                response: HttpResponse | None = super().response_action(request, queryset)
        except IntegrationsError as error:
            return self._refused(request, error)
        return response

    def _refused(self, request: HttpRequest, error: IntegrationsError) -> HttpResponse:
        self.message_user(request, error.message, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


def _obstacles(deletions: Sequence[Deletion]) -> Iterator[SafeString]:
    for deletion in deletions:
        for place in deletion.places:
            yield format_html("{} <code>{}</code>", f"{deletion.title}:" if len(deletions) > 1 else "", place)


def actor(request: HttpRequest) -> User:
    """Return on whose behalf an operation runs; the admin lets nobody in who is not known."""
    return cast("User", request.user)
