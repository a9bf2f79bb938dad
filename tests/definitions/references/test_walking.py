"""Finding and renaming what a mapping refers to."""

from __future__ import annotations

from hypothesis import given, settings

from integrations.definitions.references import (
    FunctionCall,
    Reference,
    Template,
    parse_template,
    references_of,
    rename_function,
    rename_path,
    render_template,
    replace_references,
)
from integrations.types import Json
from tests.definitions.references.strategies import TEMPLATES

VALUE: Json = {
    "id": "$Sequence{pay}{charge}{id}",
    "note": 'for $Default($Sequence{pay}{charge}{note}, "$Sequence{pay}{refund}")',
    "total": [{"function": "sum", "values": ["$Input{a}", {"function": "sum", "values": []}]}],
}


def test_references_are_given_in_order_with_their_places() -> None:
    found = [(place, each) for place, each in references_of(parse_template(VALUE), "body")]

    assert found == [
        ("body/id", Reference("Sequence", ("pay", "charge", "id"))),
        ("body/note", Reference("Sequence", ("pay", "charge", "note"))),
        ("body/note", Reference("Sequence", ("pay", "refund"))),
        ("body/total[0]", FunctionCall("sum", (Reference("Input", ("a",)), FunctionCall("sum", ())))),
        ("body/total[0]/values[0]", Reference("Input", ("a",))),
        ("body/total[0]/values[1]", FunctionCall("sum", ())),
    ]


def test_lists_inside_a_text_have_the_place_of_the_text() -> None:
    template = parse_template({"a": '$Concat([1, $Input{b}], "")'})

    assert [place for place, _ in references_of(template)] == ["a"]


def test_renamed_event_is_followed_everywhere_and_nothing_else() -> None:
    renamed = rename_path(parse_template(VALUE), root="Sequence", old=("pay", "charge"), new=("pay", "bill"))

    assert render_template(renamed) == {
        "id": "$Sequence{pay}{bill}{id}",
        "note": "for $Default($Sequence{pay}{bill}{note}, $Sequence{pay}{refund})",
        "total": [{"function": "sum", "values": ["$Input{a}", {"function": "sum", "values": []}]}],
    }


def test_renamed_function_is_followed_in_nested_calls() -> None:
    renamed = rename_function(parse_template(VALUE), old="sum", new="add")

    assert [each.tag for _, each in references_of(renamed) if isinstance(each, FunctionCall)] == ["add", "add"]


@settings(max_examples=100, deadline=None)
@given(TEMPLATES)
def test_replacing_references_by_themselves_changes_nothing(template: Template) -> None:
    assert replace_references(template, lambda each: each) == template
