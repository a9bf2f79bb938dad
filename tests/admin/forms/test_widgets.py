"""What the widgets render, and that a secret is never part of it."""

from __future__ import annotations

import re

import pytest
from django import forms

from integrations.admin.forms.widgets import CodeEditorWidget, JsonEditorWidget, SecretInput


class SecretForm(forms.Form):
    name = forms.CharField()
    token = forms.CharField(required=False, widget=SecretInput(is_set=True))


def test_json_editor_rendered_carries_its_hooks_and_escaped_text() -> None:
    widget = JsonEditorWidget(place_prefix="sequence", check_url="/check/")

    html = widget.render("sequence", '["</textarea>"]', {"id": "id_sequence"})

    assert 'data-editor="json"' in html
    assert 'data-place-prefix="sequence"' in html
    assert 'data-check-url="/check/"' in html
    assert "[&quot;&lt;/textarea&gt;&quot;]" in html


def test_json_editor_without_options_has_no_empty_hooks() -> None:
    html = JsonEditorWidget().render("sequence", "[]")

    assert re.findall(r"data-[a-z-]+", html) == ["data-editor"]


def test_code_editor_rendered_follows_the_language_field() -> None:
    html = CodeEditorWidget(language="typescript", language_from="#id_language").render("source", "input.a")

    assert 'data-editor="typescript"' in html
    assert 'data-language-from="#id_language"' in html


@pytest.mark.parametrize("widget", [JsonEditorWidget(), CodeEditorWidget()])
def test_editor_given_attributes_keeps_them(widget: JsonEditorWidget | CodeEditorWidget) -> None:
    html = widget.render("source", "", {"id": "id_source", "aria-describedby": "id_source_error"})

    assert 'aria-describedby="id_source_error"' in html
    assert 'spellcheck="false"' in html


def test_editor_media_is_one_module_and_one_stylesheet() -> None:
    media = JsonEditorWidget().media + CodeEditorWidget().media

    html = str(media)

    assert html.count("<script") == 1
    assert 'type="module"' in html
    assert html.count("<link") == 1


@pytest.mark.parametrize(("is_set", "state"), [(True, "Set. Leave empty to keep it"), (False, "Not set")])
def test_secret_input_rendered_says_only_whether_it_is_set(is_set: bool, state: str) -> None:
    html = SecretInput(is_set=is_set).render("token", "hunter2")

    assert "hunter2" not in html
    assert "value=" not in html
    assert f'placeholder="{state}"' in html
    assert 'type="password"' in html
    assert 'autocomplete="new-password"' in html


def test_secret_input_redisplayed_after_an_error_shows_nothing_typed() -> None:
    form = SecretForm({"name": "", "token": "hunter2"}, initial={"token": "stored-token"})

    html = str(form)

    assert form.errors
    assert "hunter2" not in html
    assert "stored-token" not in html


def test_secret_input_submitted_hands_over_what_was_typed() -> None:
    form = SecretForm({"name": "billing", "token": "hunter2"})

    assert form.is_valid()
    assert form.cleaned_data["token"] == "hunter2"
