"""What tests do on an admin page: read its form, send it back changed, and look at its errors."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from django.db.models import Model
from django.forms import BoundField
from django.test import Client
from django.urls import reverse


def list_url(model: type[Model]) -> str:
    return reverse(f"admin:integrations_{model._meta.model_name}_changelist")


def add_url(model: type[Model]) -> str:
    return reverse(f"admin:integrations_{model._meta.model_name}_add")


def change_url(row: Model) -> str:
    return reverse(f"admin:integrations_{row._meta.model_name}_change", args=[row.pk])


def delete_url(row: Model) -> str:
    return reverse(f"admin:integrations_{row._meta.model_name}_delete", args=[row.pk])


def filled_in(client: Client, url: str, **changes: Any) -> dict[str, Any]:
    """Return what a browser would send from the form at `url`, with some boxes filled in anew."""
    context = client.get(url).context
    boxes = dict(_boxes(context["adminform"].form))
    for inline in context["inline_admin_formsets"]:
        boxes |= dict(_boxes(inline.formset.management_form))
        for form in inline.formset.forms:
            boxes |= dict(_boxes(form))
    unknown = {name for name in changes if not name.startswith("_") and name not in _names(context, boxes)}
    assert not unknown, f"no such boxes: {unknown}"
    return {name: value for name, value in {**boxes, **changes}.items() if value is not None}


def send(client: Client, url: str, **changes: Any) -> Any:
    """Fill in the form at `url` and send it."""
    return client.post(url, filled_in(client, url, **changes))


def errors(response: Any) -> dict[str, list[str]]:
    """Return the errors of a form that was shown again, by box; "" is the form as a whole."""
    assert response.status_code == 200, f"it was accepted: {response.status_code} {response.headers.get('Location')}"
    found = dict(_errors(response.context["adminform"].form))
    for inline in response.context["inline_admin_formsets"]:
        for form in inline.formset.forms:
            found |= dict(_errors(form))
    return found


def text(response: Any) -> str:
    shown: str = html.unescape(response.content.decode())
    return shown


def _names(context: Any, boxes: dict[str, Any]) -> set[str]:
    # Switches that are off are sent by nobody, but can be switched on.
    switches = {field.html_name for field in context["adminform"].form}
    rows = {field.html_name for inline in context["inline_admin_formsets"] for form in inline.formset for field in form}
    counts = {name for name in boxes if name.endswith("_FORMS")}
    return {*boxes, *switches, *rows, *counts}


def _boxes(form: Any) -> Iterator[tuple[str, Any]]:
    for field in form:
        value = _sent(field)
        if value is not None:
            yield field.html_name, value


def _sent(field: BoundField) -> Any:
    value = field.value()
    if field.field.disabled or value is False:
        return None
    if value is True:
        return "on"
    return "" if value is None else value


def _errors(form: Any) -> Iterator[tuple[str, list[str]]]:
    for name, listed in form.errors.items():
        key = "" if name == "__all__" else name
        yield (form.add_prefix(key) if key else form.prefix or ""), [str(message) for message in listed]
