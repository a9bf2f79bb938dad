"""Forms of functions and features: source code, and graphs of sequences."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.forms.widgets import Media, Script
from unfold.widgets import UnfoldAdminSelectWidget

from integrations.admin.forms.base import DefinitionForm
from integrations.admin.forms.fields import FIELDS_HELP, TAG_HELP, JsonField
from integrations.admin.forms.widgets import CodeEditorWidget
from integrations.types import JsonObject

OUTPUT_HELP = (
    '{"type": "object", "output_keys": [{"key": "total", "type": "float"}]}; empty allows any value. Results are '
    "checked against it."
)

_SHOWN_WHEN = Media(
    js=[Script("integrations/js/shown-when.js", type="module")],  # type: ignore[list-item]  # as in widgets.py
)


def source_field(**kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label="Source",
        strip=False,
        widget=CodeEditorWidget(language_from="#id_language", place_prefix="function", attrs={"rows": 18}),
        help_text="A function expression, a declaration, a default export, or a bare body that uses input. It is given "
        "one object, input, and sees no files and no network.",
        **kwargs,
    )


class CodeForm(DefinitionForm):
    """A form with source code, which only people with the code-execution grant may change."""

    may_write_code: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("function", "language"):
            if name in self.fields and not self.may_write_code:
                self.fields[name].disabled = True
                self.fields[name].help_text = "Writing code needs the permission “May write code that runs”."
        for field in self.fields.values():
            if self.check_url and "data-editor" in field.widget.attrs:
                field.widget.attrs["data-check-url"] = self.check_url


class FunctionForm(CodeForm):
    SHAPE = ("tag", "name", "description", "language", "function", "input", "output")

    function = source_field()
    input = JsonField(empty=[], place="input", help_text=FIELDS_HELP)
    output = JsonField(empty={}, place="output", help_text=OUTPUT_HELP)

    class Meta:
        help_texts = {"tag": TAG_HELP}


class FeatureForm(CodeForm):
    SHAPE = (
        *("tag", "name", "description", "input", "language", "function", "sequence", "output", "store_event_results"),
        *("timeout", "concurrency", "rate_limit", "deduplicate"),
    )
    SEQUENCES, CODE = "sequences", "code"
    #: The fields that belong to one of the two only.
    ONLY_FOR: ClassVar = {"sequence": SEQUENCES, "language": CODE, "function": CODE}

    kind = forms.ChoiceField(
        label="Made of",
        choices=[(SEQUENCES, "Sequences of events"), (CODE, "Code")],
        widget=UnfoldAdminSelectWidget(),
        help_text="A graph of calls, or one function of its own.",
    )
    function = source_field(required=False)
    input = JsonField(empty=[], place="input", help_text=FIELDS_HELP)
    sequence = JsonField(
        label="Sequences",
        empty=[],
        place="sequence",
        rows=18,
        help_text='[{"sequence_tag": "pay", "parents": [], "events": [{"type": "action", "app": "orders", "event": '
        '"create_order", "input": {"body": {"amount": "$Input{amount}"}}}]}]. A sequence starts when its parents have '
        "finished; those without a path between them run at the same time.",
    )
    output = JsonField(
        place="output",
        help_text='A mapping: {"id": "$Sequence{pay}{create_order}{data}{id}"}. For code: {"type": "object", '
        '"output_keys": [{"key": "total", "type": "float"}]}.',
    )
    rate_limit = JsonField(
        place="rate_limit", rows=3, help_text='At most 10 runs a minute: {"limit": 10, "period": 60}.'
    )
    deduplicate = JsonField(
        label="Deduplication",
        place="deduplicate",
        rows=3,
        help_text='Runs of equal key within the window (seconds) are one: {"key": "$Input{order_id}", "window": 3600}.',
    )

    class Meta:
        labels = {"store_event_results": "Keep each event's result", "concurrency": "Runs at the same time"}
        help_texts = {
            "tag": TAG_HELP,
            "store_event_results": "Lets a run go on behind its last finished event after a crash. Off keeps only the "
            "run's own result, for speed.",
            "timeout": "Seconds for the whole run; empty is no limit.",
            "concurrency": "At most so many; empty is no limit.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("kind", self.CODE if self.instance.language else self.SEQUENCES)
        for name, kind in self.ONLY_FOR.items():
            if name in self.fields:
                self.fields[name].widget.attrs["data-shown-when"] = f"kind={kind}"

    @property
    def media(self) -> Media:
        return super().media + _SHOWN_WHEN

    def given(self) -> JsonObject:
        kind = self.cleaned_data.get("kind")
        return {name: value for name, value in super().given().items() if self.ONLY_FOR.get(name, kind) == kind}
