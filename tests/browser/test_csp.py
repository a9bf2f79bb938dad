"""The admin works under the strict Content-Security-Policy: every kind of page, and what people do on it.

The `browser` fixture fails each of these on any policy report or script error.
"""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from selenium.webdriver.common.keys import Keys

from tests.browser.page import Page

pytestmark = pytest.mark.urls("tests.browser.urls")

#: Add a page of ours here; `{group}` and `{user}` are ids.
PATHS = (
    "/admin/",
    "/admin/auth/",
    "/admin/auth/user/",
    "/admin/auth/user/?is_staff__exact=1&q=ada",
    "/admin/auth/user/add/",
    "/admin/auth/user/{user}/change/",
    "/admin/auth/user/{user}/password/",
    "/admin/auth/permission/",
    "/admin/auth/permission/add/",
    "/admin/auth/group/add/",
    "/admin/auth/group/{group}/change/",
    "/admin/auth/group/{group}/history/",
    "/admin/auth/group/{group}/delete/",
    "/admin/auth/group/add/?_popup=1",
    "/admin/password_change/",
)

MEMBERS_TAB = "#tabs-items a:nth-child(2)"
ADD_MEMBER = "#User_groups-group .add-row"


@pytest.fixture
def group(transactional_db: None) -> Group:
    group = Group.objects.create(name="Night shift")
    group.user_set.add(User.objects.create_user("grace"))
    return group


def test_login_form_filled_in_opens_the_admin(browser: Page) -> None:
    User.objects.create_superuser("ada", password="enchantress")
    browser.open("/admin/login/?next=/admin/")
    browser.type_into("#id_username", "ada")
    browser.type_into("#id_password", "enchantress")

    browser.click("#login-form [type=submit]")

    browser.wait_for("#nav-sidebar")


@pytest.mark.parametrize("size", [Page.DESKTOP, Page.PHONE], ids=["desktop", "phone"])
def test_page_opened_fits_and_breaks_no_rule(admin_page: Page, group: Group, size: tuple[int, int]) -> None:
    admin_page.resize(*size)
    user = User.objects.get(username="grace")

    for path in PATHS:
        admin_page.open(path.format(group=group.pk, user=user.pk))

        assert admin_page.is_visible("h1"), path
        assert admin_page.script("return document.documentElement.scrollWidth") <= size[0], f"{path} scrolls sideways"


def test_policy_refuses_inline_script_and_eval(admin_page: Page) -> None:
    admin_page.script("""
        const script = document.createElement("script");
        script.textContent = "window.ranInline = true";
        document.body.append(script);
    """)

    assert admin_page.script("return window.ranInline") is None
    assert len(admin_page.reports()) >= 1


def test_theme_switched_is_kept_on_the_next_page(admin_page: Page) -> None:
    admin_page.click("[data-account-open]")

    admin_page.click("[data-theme-switch=dark]")

    admin_page.wait_until(lambda: _is_dark(admin_page))
    admin_page.open("/admin/auth/user/")
    assert _is_dark(admin_page)
    admin_page.click("[data-account-open]")
    admin_page.click("[data-theme-switch=light]")
    admin_page.wait_until(lambda: not _is_dark(admin_page))


def test_theme_switched_by_keyboard_changes(admin_page: Page) -> None:
    before = _is_dark(admin_page)

    admin_page.press("e", modifiers=(Keys.CONTROL,))
    admin_page.wait_until(lambda: admin_page.script("return localStorage.getItem('adminTheme')") is not None)
    admin_page.press("e", modifiers=(Keys.CONTROL,))

    admin_page.wait_until(lambda: _is_dark(admin_page) is not before)


def test_sidebar_on_phone_opens_and_closes(admin_page: Page) -> None:
    admin_page.resize(*Page.PHONE)
    assert not admin_page.is_visible("#nav-sidebar")

    admin_page.click("[data-sidebar-open]")
    admin_page.wait_for("#nav-sidebar")
    admin_page.click("[data-sidebar-close]")

    admin_page.wait_until(lambda: not admin_page.is_visible("#nav-sidebar"))


def test_sidebar_closed_on_desktop_stays_closed(admin_page: Page) -> None:
    admin_page.click("[aria-label='Toggle the sidebar']")
    admin_page.wait_until(lambda: not admin_page.is_visible("#nav-sidebar"))

    admin_page.open("/admin/auth/user/")

    assert not admin_page.is_visible("#nav-sidebar")


def test_command_palette_opens_what_was_searched(admin_page: Page) -> None:
    admin_page.click("[data-command-open]")
    admin_page.type_into("#search-input-command", "user")
    admin_page.wait_for("#command-results-list li")

    admin_page.press(Keys.ENTER)

    admin_page.wait_until(lambda: admin_page.driver.current_url.endswith("/admin/auth/user/"))


def test_command_palette_opens_and_closes_by_keyboard(admin_page: Page) -> None:
    admin_page.press("k", modifiers=(Keys.CONTROL,))
    admin_page.wait_for("#search-input-command")

    admin_page.press(Keys.ESCAPE)

    admin_page.wait_until(lambda: not admin_page.is_visible("#search-input-command"))


def test_filters_opened_narrow_the_list(admin_page: Page) -> None:
    admin_page.open("/admin/auth/permission/")

    admin_page.click("a[x-on\\:click='filterOpen = true']")

    admin_page.wait_for("#changelist-filter")
    admin_page.wait_for("#filter-form [type=submit]")


def test_calendar_opened_fills_in_the_day(admin_page: Page, group: Group) -> None:
    user = User.objects.get(username="grace")
    admin_page.open(f"/admin/auth/user/{user.pk}/change/")
    admin_page.script("document.querySelector('#id_last_login_0').value = ''")

    admin_page.click("#calendarlink0")
    admin_page.click("#calendarin0 td a")

    assert admin_page.find("#id_last_login_0").get_attribute("value")


def test_autocomplete_searched_offers_what_was_found(admin_page: Page) -> None:
    admin_page.open("/admin/auth/permission/add/")

    admin_page.click(".select2-selection")
    admin_page.type_into(".select2-search__field", "group")

    admin_page.wait_for_text(".select2-results__option", "group")


def test_bulk_action_chosen_shows_its_button(admin_page: Page, group: Group) -> None:
    admin_page.open("/admin/auth/group/")

    admin_page.click("tbody input.action-select")
    admin_page.wait_for("#changelist-actions select")
    admin_page.script("""
        const select = document.querySelector("#changelist-actions select");
        select.value = "delete_selected";
        select.dispatchEvent(new Event("change", {bubbles: true}));
    """)
    admin_page.click("#changelist-actions [type=submit]")

    admin_page.wait_until(lambda: "Are you sure" in admin_page.driver.page_source)


def test_tabs_switched_show_their_part(admin_page: Page, group: Group) -> None:
    admin_page.open(f"/admin/auth/group/{group.pk}/change/")
    assert not admin_page.is_visible("#User_groups-group")

    admin_page.click(MEMBERS_TAB)

    admin_page.wait_for("#User_groups-group")
    assert not admin_page.is_visible("#id_name")
    assert "#user_groups" in str(admin_page.find("#group_form").get_attribute("action"))


def test_fieldset_tabs_switched_show_their_part(admin_page: Page, group: Group) -> None:
    admin_page.open(f"/admin/auth/group/{group.pk}/change/")
    assert not admin_page.is_visible("#id_token")

    admin_page.script(
        "[...document.querySelectorAll('a')].find((link) => link.textContent.trim() === 'Access').click()"
    )

    admin_page.wait_for("#id_token")


def test_inline_row_added_gets_its_own_names(admin_page: Page, group: Group) -> None:
    admin_page.open(f"/admin/auth/group/{group.pk}/change/")
    admin_page.click(MEMBERS_TAB)

    admin_page.click(ADD_MEMBER)

    admin_page.wait_until(lambda: admin_page.count("#id_User_groups-1-user") == 1)
    assert admin_page.find("#id_User_groups-TOTAL_FORMS").get_attribute("value") == "2"


def test_inline_row_removed_keeps_what_was_chosen_after_it(admin_page: Page, group: Group) -> None:
    admin_page.open(f"/admin/auth/group/{group.pk}/change/")
    admin_page.click(MEMBERS_TAB)
    for row in (1, 2):
        admin_page.click(ADD_MEMBER)
        admin_page.wait_for(f"#id_User_groups-{row}-user")
    admin_page.script("document.querySelector('#id_User_groups-2-user').selectedIndex = 1")
    chosen = admin_page.script("return document.querySelector('#id_User_groups-2-user').value")

    admin_page.script("document.querySelectorAll('#User_groups-group .delete-template')[0].click()")

    admin_page.wait_until(lambda: admin_page.count("#id_User_groups-2-user") == 0)
    assert admin_page.script("return document.querySelector('#id_User_groups-1-user').value") == chosen


def _is_dark(page: Page) -> bool:
    return bool(page.script("return document.documentElement.classList.contains('dark')"))
