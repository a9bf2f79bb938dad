"""How problems of a definition become form errors with a place."""

from __future__ import annotations

from django import forms

from integrations.admin.forms.problems import ShowsProblems, form_error
from integrations.errors import Problem

FIRST = Problem("sequence[0]/events", "100% of events need a type", 'add "type"')
SECOND = Problem("sequence[1]", "<unknown>")


class DefinitionForm(ShowsProblems, forms.Form):
    name = forms.CharField()
    sequence = forms.CharField()

    def clean_sequence(self) -> str:
        raise form_error([FIRST, SECOND])


def test_form_error_shows_every_problem_with_its_place() -> None:
    form = DefinitionForm({"name": "x", "sequence": "[]"})

    html = str(form["sequence"].errors)

    assert html.count("<li") == 2
    assert 'data-place="sequence[0]/events"' in html
    assert "100% of events need a type" in html
    assert "&lt;unknown&gt;" in html


def test_form_error_names_the_field_that_it_is_about() -> None:
    form = DefinitionForm({"name": "x", "sequence": "[]"}, prefix="feature")

    html = str(form["sequence"].errors)

    assert 'data-problems-for="id_feature-sequence"' in html


def test_other_error_is_a_problem_without_a_place() -> None:
    form = DefinitionForm({"name": "", "sequence": "[]"})

    html = str(form["name"].errors)

    assert 'data-place=""' in html
    assert "This field is required." in html


def test_form_in_a_formset_shows_places_too() -> None:
    formset_class = forms.formset_factory(DefinitionForm)
    data = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-name": "x", "form-0-sequence": "[]"}

    formset = formset_class(data)

    assert 'data-place="sequence[1]"' in str(formset.forms[0]["sequence"].errors)


def test_no_problems_render_nothing() -> None:
    form = DefinitionForm()

    assert str(form["name"].errors).strip() == ""
