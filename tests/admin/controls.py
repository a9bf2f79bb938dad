"""Reads a page's form as a browser does: what its controls would send when nothing is touched."""

from __future__ import annotations

from html.parser import HTMLParser


class _Controls(HTMLParser):
    """Collects the successful controls of the page's form. Source: HTML, section 4.10.22.4."""

    def __init__(self, form_id: str) -> None:
        super().__init__(convert_charrefs=True)
        self.sent: dict[str, list[str]] = {}
        self._form_id, self._in_form = form_id, False
        self._select = self._textarea = ""
        self._first_option: str | None = None
        self._takes_several = False
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self._in_form = found.get("id") == self._form_id
        if not self._in_form or "disabled" in found:
            return
        name = found.get("name") or ""
        if tag == "input" and name and found.get("type") not in ("submit", "button", "reset", "file", "image"):
            if found.get("type") not in ("checkbox", "radio") or "checked" in found:
                self._add(name, found.get("value") or ("on" if found.get("type") == "checkbox" else ""))
        elif tag == "select":
            # One that takes several sends nothing when nothing is chosen.
            self._select, self._first_option = name, None
            self._takes_several = "multiple" in found
        elif tag == "option" and self._select:
            value = found.get("value") or ""
            if "selected" in found:
                self._add(self._select, value)
            elif self._first_option is None and not self._takes_several:
                self._first_option = value
        elif tag == "textarea":
            self._textarea, self._text = name, ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._in_form = False
        elif tag == "select" and self._select:
            if self._select not in self.sent and self._first_option is not None:
                self._add(self._select, self._first_option)
            self._select = ""
        elif tag == "textarea" and self._textarea:
            self._add(self._textarea, self._text.removeprefix("\n"))
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._text += data

    def _add(self, name: str, value: str) -> None:
        self.sent.setdefault(name, []).append(value)


def untouched(page: str, *, form_id: str) -> dict[str, list[str]]:
    """Return by name what the form of that id sends as it is."""
    controls = _Controls(form_id)
    controls.feed(page)
    # Rows that a script copies are not sent.
    return {name: values for name, values in controls.sent.items() if "__prefix__" not in name}
