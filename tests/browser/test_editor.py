"""The code editor in a real form: what it shows, where it jumps, what the form sends; and that secrets stay away."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import Group
from selenium.webdriver.common.keys import Keys

from tests.browser.page import Page

pytestmark = pytest.mark.urls("tests.browser.urls")

MISSPELLED = '[{"sequence_tag": "pay", "events": [{"type": "action", "event": "chrage"}]}]'
EDITOR = "#id_sequence + .code-editor"


@pytest.fixture
def form(admin_page: Page) -> Page:
    admin_page.open("/admin/auth/group/add/")
    admin_page.wait_for(f"{EDITOR} .cm-content")
    return admin_page


def test_text_typed_is_in_the_form_at_once(form: Page) -> None:
    form.replace_editor_text("id_sequence", '{"a": 1}')

    assert _text(form) == '{"a": 1}'


def test_editor_has_the_name_of_its_label(form: Page) -> None:
    name = form.find(f"{EDITOR} .cm-content").get_attribute("aria-label")

    assert name == "Sequence"


def test_syntax_error_is_listed_with_its_line(form: Page) -> None:
    form.replace_editor_text("id_sequence", '{\n"a": ]\n}')

    form.wait_for_text(f"{EDITOR} .problem-list", "line 2")
    form.wait_for(f"{EDITOR} .cm-lint-marker-error")


def test_problem_of_the_server_clicked_selects_its_place(form: Page) -> None:
    form.replace_editor_text("id_sequence", MISSPELLED)
    form.wait_for_text(f"{EDITOR} .problem-list", 'there is no action "chrage"')

    form.click(f"{EDITOR} .problem-list__jump")

    assert form.script("return getSelection().toString()") == '"chrage"'
    form.wait_for(f"{EDITOR} .cm-lintRange-error")


def test_check_that_fails_says_so(form: Page) -> None:
    form.script("document.querySelector('#group_form [name=csrfmiddlewaretoken]').value = 'wrong'")

    form.replace_editor_text("id_sequence", "[1]")

    form.wait_for_text(f"{EDITOR} .code-editor__status", "Could not check this now")
    assert "403" in form.reports()[0]


def test_problem_repaired_disappears(form: Page) -> None:
    form.replace_editor_text("id_sequence", MISSPELLED)
    form.wait_for_text(f"{EDITOR} .problem-list", "chrage")

    form.replace_editor_text("id_sequence", MISSPELLED.replace("chrage", "charge"))

    form.wait_for_text(f"{EDITOR} .code-editor__status", "No problems found")
    assert form.count(f"{EDITOR} .problem-list li") == 0


def test_form_saved_with_a_problem_shows_it_at_its_place(form: Page) -> None:
    form.type_into("#id_name", "Billing")
    form.replace_editor_text("id_sequence", MISSPELLED)

    form.click("[name=_save]")

    form.wait_for(".errornote")
    form.wait_for_text(f"{EDITOR} .problem-list", "did you mean")
    assert form.count(".problem-list li:not([hidden] li)") == 1


def test_error_without_a_place_is_shown(form: Page) -> None:
    form.replace_editor_text("id_sequence", "")

    form.click("[name=_save]")

    form.wait_for(".errornote")
    form.wait_for_text(f"{EDITOR} .problem-list", "required")


def test_form_saved_sends_what_the_editor_shows(form: Page) -> None:
    form.type_into("#id_name", "Billing")
    form.replace_editor_text("id_sequence", '[{"sequence_tag": "pay"}]')

    form.click("[name=_save]")

    form.wait_until(lambda: Group.objects.filter(name="Billing").exists())


@pytest.mark.parametrize("how", ["button", "keys"])
def test_format_keeps_every_digit_and_repeated_names(form: Page, how: str) -> None:
    form.replace_editor_text("id_sequence", '{"n":12345678901234567890,"n":1.50,"empty":[ ],"t":"\\u00e9"}')

    if how == "button":
        form.click(f"{EDITOR} .code-editor__button")
    else:
        form.press("f", modifiers=(Keys.ALT, Keys.SHIFT))

    expected = '{\n  "n": 12345678901234567890,\n  "n": 1.50,\n  "empty": [],\n  "t": "\\u00e9"\n}'
    form.wait_until(lambda: _text(form) == expected)


def test_format_of_broken_json_leaves_it_alone(form: Page) -> None:
    form.replace_editor_text("id_sequence", '{"a": }')

    form.click(f"{EDITOR} .code-editor__button")

    form.wait_for(f"{EDITOR} .problem-list__jump")
    assert _text(form) == '{"a": }'


def test_tab_indents_and_after_escape_leaves(form: Page) -> None:
    form.replace_editor_text("id_sequence", "1")
    form.press(Keys.HOME, Keys.TAB)
    assert _text(form) == "  1"

    form.press(Keys.ESCAPE, Keys.TAB)

    assert not form.script(f"return document.querySelector('{EDITOR} .cm-editor').contains(document.activeElement)")
    assert _text(form) == "  1"


def test_language_chosen_colors_the_source(form: Page) -> None:
    form.click("#id_source + .code-editor .cm-content")
    language = "return document.querySelector('#id_source + .code-editor .cm-content').dataset.language"
    assert form.script(language) == "typescript"

    form.script("""
        const field = document.querySelector("#id_language");
        field.value = "js";
        field.dispatchEvent(new Event("change", {bubbles: true}));
    """)

    form.wait_until(lambda: form.script(language) == "javascript")


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("sequence[1]/events[0]/input/body/amount", "7"),
        ("features/pay/sequence[0]/sequence_tag", '"one"'),
        ("sequence[1]/events[0]/input/body/missing", '"body"'),
        ("sequence[1]/events", '"events"'),
        ("sequence[9]", "["),
        ("sequence[0]/a\\b", '"x"'),
    ],
)
def test_place_is_found_in_the_text(form: Page, place: str, expected: str) -> None:
    document = [
        {"sequence_tag": "one", "a\\b": "x"},
        {"events": [{"input": {"body": {"amount": 7}}}]},
    ]

    found = form.driver.execute_async_script(
        """
        const [text, place, done] = arguments;
        (async () => {
            const {EditorState, json} = await import("/static/vendor/codemirror/codemirror.js");
            const {rangeAt, segmentsBelow} = await import("/static/integrations/js/editor/places.js");
            const state = EditorState.create({doc: text, extensions: [json()]});
            const {from, to} = rangeAt(state, segmentsBelow("sequence", place));
            done(state.sliceDoc(from, to));
        })();
        """,
        json.dumps(document),
        place,
    )

    assert found == expected


def test_secret_typed_is_not_given_back_after_an_error(form: Page) -> None:
    form.replace_editor_text("id_sequence", MISSPELLED)
    form.script("document.querySelector('#id_token').value = 'hunter2'")

    form.click("[name=_save]")

    form.wait_for(".errornote")
    assert "hunter2" not in form.driver.page_source
    assert form.find("#id_token").get_attribute("value") == ""


def _text(page: Page) -> str:
    return str(page.script("return document.querySelector('#id_sequence').value"))
