"""What tests do with a page: by CSS selector, waiting until it can be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from selenium import webdriver
from selenium.common.exceptions import (
    ElementNotInteractableException,
    JavascriptException,
    NoSuchElementException,
    StaleElementReferenceException,
)
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

_NOT_YET = (
    NoSuchElementException,
    ElementNotInteractableException,
    JavascriptException,
    StaleElementReferenceException,  # a page that keeps itself up to date has just replaced it
)


class Page:
    """One browser window on the live server."""

    DESKTOP: ClassVar = (1366, 860)
    PHONE: ClassVar = (390, 844)
    WAIT_SECONDS: ClassVar = 5

    def __init__(self, driver: webdriver.Chrome, server_url: str) -> None:
        self.driver = driver
        self.server_url = server_url

    def open(self, path: str) -> None:
        self.driver.get(self.server_url + path)
        self.wait_until(lambda: self.script("return !document.documentElement.hasAttribute('x-cloak')"))

    def log_in(self, session_key: str) -> None:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session_key, "url": self.server_url, "httpOnly": True}
        self.driver.execute_cdp_cmd("Network.setCookie", cookie)

    def resize(self, width: int, height: int) -> None:
        """Set the size of the page itself, as a phone has it; the window cannot be that narrow."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def script(self, code: str, *arguments: object) -> Any:
        return self.driver.execute_script(code, *arguments)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_link(self, text: str) -> WebElement:
        return self.driver.find_element(By.LINK_TEXT, text)

    def count(self, selector: str) -> int:
        return len(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def is_visible(self, selector: str) -> bool:
        return any(element.is_displayed() for element in self.driver.find_elements(By.CSS_SELECTOR, selector))

    def wait_until(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.driver, self.WAIT_SECONDS, 0.05, ignored_exceptions=_NOT_YET).until(lambda _: condition())

    def wait_for(self, selector: str) -> None:
        self.wait_until(lambda: self.is_visible(selector))

    def wait_for_text(self, selector: str, text: str) -> None:
        self.wait_until(lambda: text in self.find(selector).text)

    def click(self, selector: str) -> None:
        self.wait_for(selector)
        element = self.find(selector)
        # Away from the bar of buttons at the bottom of a form.
        self.script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def type_into(self, selector: str, text: str) -> None:
        self.wait_for(selector)
        self.find(selector).send_keys(text)

    def press(self, *keys: str, modifiers: tuple[str, ...] = ()) -> None:
        """Press `keys` one after another where the focus is, with the modifiers held down."""
        chain = ActionChains(self.driver)
        for modifier in modifiers:
            chain.key_down(modifier)
        for key in keys:
            chain.send_keys(key)
        for modifier in modifiers:
            chain.key_up(modifier)
        chain.perform()

    def replace_editor_text(self, field: str, text: str) -> None:
        """Type `text` into the code editor of a field, in place of what it has, as a paste does."""
        self.click(f"#{field} + .code-editor .cm-content")
        self.press("a", modifiers=(Keys.CONTROL,))
        self.driver.execute_cdp_cmd("Input.insertText", {"text": text})

    def reports(self) -> list[str]:
        """Return what the console said of the policy or of failing scripts since the last call."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")  # type: ignore[no-untyped-call]  # untyped in Selenium
            if entry["level"] == "SEVERE"
        ]

    def forget(self) -> None:
        """Leave nothing for the next test: no page that could warn of unsaved changes, no cookie, no stored theme."""
        self.script("window.onbeforeunload = null; localStorage.clear(); sessionStorage.clear()")
        self.driver.get("about:blank")
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
