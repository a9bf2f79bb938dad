"""The pages of definitions in a browser: fields that come and go, rows, and problems shown while typing."""

from __future__ import annotations

import pytest

from integrations import models
from tests.browser.page import Page
from tests.factories import AppBindingFactory, EnvironmentFactory, FeatureFactory, FunctionFactory, JobFactory

SEQUENCE = "#id_sequence + .code-editor"
MISSPELLED = '[{"sequence_tag": "main", "events": [{"type": "function", "event": "totl"}]}]'
#: What reaches beyond the right edge of the window.
TOO_WIDE = """
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= width) return [];
return [...document.querySelectorAll("main *, #page *")]
    .filter((element) => element.getBoundingClientRect().right > width)
    .map((element) => `${element.tagName}.${element.className}`);
"""
#: Every kind of page that is not Django's own layout.
KINDS = ("integration", "environment", "app", "connectedapp", "function", "feature", "job", "database", "notification")


@pytest.fixture
def feature(transactional_db: None) -> models.Feature:
    feature = FeatureFactory.create(tag="charge")
    FunctionFactory.create(integration=feature.integration, tag="total")
    return feature


def test_kind_chosen_shows_its_own_fields(admin_page: Page, feature: models.Feature) -> None:
    admin_page.open(f"/admin/integrations/feature/{feature.pk}/change/")
    assert not admin_page.is_visible(SEQUENCE)
    admin_page.wait_for("#id_language")

    _choose(admin_page, "#id_kind", "sequences")

    admin_page.wait_for(SEQUENCE)
    assert not admin_page.is_visible("#id_language")
    assert not admin_page.is_visible("#id_function + .code-editor")


def test_problem_typed_is_shown_at_its_place_before_saving(admin_page: Page, feature: models.Feature) -> None:
    admin_page.open(f"/admin/integrations/feature/{feature.pk}/change/")
    _choose(admin_page, "#id_kind", "sequences")

    admin_page.replace_editor_text("id_sequence", MISSPELLED)

    admin_page.wait_for_text(f"{SEQUENCE} .problem-list", 'did you mean "total"?')
    admin_page.click(f"{SEQUENCE} .problem-list__jump")
    assert admin_page.script("return getSelection().toString()") == '"totl"'


def test_feature_saved_and_published_has_a_version(admin_page: Page, feature: models.Feature) -> None:
    admin_page.open(f"/admin/integrations/feature/{feature.pk}/change/")

    admin_page.click("[name=_publish]")

    admin_page.wait_until(lambda: feature.versions.exists())


def test_action_added_to_an_app_is_saved_with_it(admin_page: Page, transactional_db: None) -> None:
    app = AppBindingFactory.create().connected_app.app
    admin_page.open(f"/admin/integrations/app/{app.pk}/change/#actions")
    admin_page.click("#actions-group .add-row")
    admin_page.wait_until(lambda: admin_page.count("#id_actions-0-body + .code-editor") == 1)
    admin_page.type_into("#id_actions-0-tag", "get_order")
    admin_page.type_into("#id_actions-0-resource", "/orders")
    _choose(admin_page, "#id_actions-0-method", "GET")
    _write(admin_page, "id_actions-0-query", '[{"key": "state", "type": "string"}]')

    admin_page.click("[name=_save]")

    admin_page.wait_until(lambda: app.actions.exists())
    assert app.actions.get().query == [{"key": "state", "type": "string"}]


@pytest.mark.parametrize("size", [Page.DESKTOP, Page.PHONE], ids=["desktop", "phone"])
def test_pages_fit_their_window_and_break_no_rule(admin_page: Page, size: tuple[int, int]) -> None:
    row = AppBindingFactory.create()
    job = JobFactory.create(integration=row.environment.integration)
    paths = [f"/admin/integrations/{kind}/{page}" for kind in KINDS for page in ("", "add/")]
    paths += [f"/admin/integrations/connectedapp/{row.connected_app.pk}/change/#bindings"]
    paths += [f"/admin/integrations/job/{job.pk}/{page}/" for page in ("change", "delete")]
    paths += [f"/admin/integrations/environment/{EnvironmentFactory.create().pk}/change/"]
    admin_page.resize(*size)

    for path in paths:
        admin_page.open(path)

        assert admin_page.script(TOO_WIDE) == [], path


def _choose(page: Page, selector: str, value: str) -> None:
    page.script(
        """
        const field = document.querySelector(arguments[0]);
        field.value = arguments[1];
        field.dispatchEvent(new Event("change", {bubbles: true}));
        """,
        selector,
        value,
    )


def _write(page: Page, field: str, text: str) -> None:
    """Write into the editor of a row without the keyboard: Chromium gives what is inserted there a style of its own."""
    page.driver.execute_async_script(
        """
        const [field, text, done] = arguments;
        import("/static/vendor/codemirror/codemirror.js").then(({EditorView}) => {
            const view = EditorView.findFromDOM(document.querySelector(`#${field} + .code-editor .cm-editor`));
            view.dispatch({changes: {from: 0, to: view.state.doc.length, insert: text}});
            done();
        });
        """,
        field,
        text,
    )
