"""An admin with one page of every kind (inlines, tabs, filters, bulk actions, editors) on Django's own models."""

from __future__ import annotations

import json

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.sites import UnfoldAdminSite

from ductape_site.favicon import FaviconView
from integrations.admin.forms.problems import ShowsProblems, form_error
from integrations.admin.forms.widgets import CodeEditorWidget, JsonEditorWidget, SecretInput
from integrations.admin.users import UserAdmin
from integrations.errors import Problem

CHECK_PATH = "/check/"

#: What the check below is about; the place is as the checker writes it, with the feature in front.
PROBLEM = Problem(
    "features/charge/sequence[0]/events[0]/event", 'there is no action "chrage"', 'did you mean "charge"?'
)


@require_POST
def check(request: HttpRequest) -> JsonResponse:
    """Answer as the console's own check does: whoever names the event "chrage" has a problem."""
    problems = [PROBLEM.to_dict()] if "chrage" in request.POST["sequence"] else []
    return JsonResponse({"problems": problems})


class EditorForm(ShowsProblems, forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    sequence = forms.CharField(widget=JsonEditorWidget(place_prefix="sequence", check_url=CHECK_PATH), initial="[]")
    language = forms.ChoiceField(choices=[("ts", "TypeScript"), ("js", "JavaScript"), ("python", "Python")])
    source = forms.CharField(required=False, widget=CodeEditorWidget(language_from="#id_language"))
    token = forms.CharField(required=False, widget=SecretInput(is_set=True))

    class Meta:
        model = Group
        fields = ("name", "permissions")

    def clean_sequence(self) -> str:
        text: str = self.cleaned_data["sequence"]
        if "chrage" in text:
            raise form_error([PROBLEM])
        json.loads(text)
        return text


class MembershipInline(TabularInline):
    model = User.groups.through
    extra = 0
    tab = True


class GrantInline(StackedInline):
    model = Group.permissions.through
    extra = 1
    max_num = 5


class GroupWithEverything(ModelAdmin):
    form = EditorForm
    inlines = (MembershipInline, GrantInline)
    search_fields = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "sequence")}),
        ("Code", {"fields": ("language", "source"), "classes": ("tab",)}),
        ("Access", {"fields": ("token", "permissions"), "classes": ("tab",)}),
    )
    filter_horizontal = ("permissions",)
    warn_unsaved_form = True


class PermissionWithAutocomplete(ModelAdmin):
    list_display = ("name", "codename")
    list_filter = ("content_type",)
    list_filter_submit = True
    autocomplete_fields = ("content_type",)
    search_fields = ("name",)


class ContentTypeWithSearch(ModelAdmin):
    search_fields = ("model",)
    ordering = ("model",)


site = UnfoldAdminSite(name="admin")
# The console's own pages too, under the same names.
site._registry = {
    **admin.site._registry,
    User: UserAdmin(User, site),
    Group: GroupWithEverything(Group, site),
    ContentType: ContentTypeWithSearch(ContentType, site),
    Permission: PermissionWithAutocomplete(Permission, site),
}

urlpatterns = [
    path("favicon.ico", FaviconView.as_view()),
    path("admin/", site.urls),
    path(CHECK_PATH.lstrip("/"), check),
]
