"""What a job's target takes, for people to read beside its input, and a sample of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from integrations import models, strict_json
from integrations.admin.jobs import targets
from integrations.admin.jobs.samples import fields_of_schema, sample_of
from integrations.definitions.app import Action, App
from integrations.definitions.checking.targets import Call, action_of, check_call, input_fields
from integrations.definitions.field import Field
from integrations.definitions.job import JobTarget
from integrations.definitions.values.placement import missing_placeholders, section_fields, supplied_by_auths
from integrations.types import JsonObject

_ANYTHING = "It declares no input, so it takes any JSON object."
_OWN_INPUT = "It has an input of its own, which it keeps while this one is empty."


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field, at its place below the input or its section: `lines[]/price`."""

    path: str
    field: Field
    #: Where the value comes from when it is not given.
    otherwise: str = ""

    @property
    def is_required(self) -> bool:
        return self.field.required and self.field.defaultValue is None and not self.otherwise

    @property
    def default(self) -> str:
        return "" if self.field.defaultValue is None else strict_json.dumps(self.field.defaultValue)

    @property
    def choices(self) -> str:
        return ", ".join(strict_json.dumps(choice) for choice in self.field.enum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    #: "" where the input has none.
    name: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Takes:
    """What a target takes. `fields` are those of an input without sections."""

    what: str
    note: str = ""
    fields: Sequence[Field] = ()
    sections: Sequence[Section] = ()
    sample: JsonObject = field(default_factory=dict)

    @property
    def sample_text(self) -> str:
        return strict_json.pretty(self.sample) if self.sample else ""


def takes(integration: models.Integration, target: JobTarget, *, passed: Collection[str] = ()) -> Takes | None:
    """Return what the target takes as it is saved, None if it is not there.

    `passed` are the jobs that it was come to by, each of which starts the next.
    """
    contents = targets.contents_with(integration, target)
    call = Call(type=target.type, event=target.event, app=target.app, database=target.database)
    if any(check_call(call, contents, place="target")):
        return None
    if target.type == "job":
        job = contents.jobs[target.event]
        is_loop = target.event in passed
        below = None if is_loop else takes(integration, job.own_target, passed=[*passed, target.event])
        return _of_job(target, job.input, below)
    found = action_of(call, contents)
    if found is not None:
        return _of_action(target, *found)
    return of_fields(targets.in_words(target), input_fields(call, contents))


def of_fields(what: str, fields: Sequence[Field]) -> Takes:
    sections = [Section(name="", rows=[*_rows(fields)])] if fields else []
    note = "" if fields else _ANYTHING
    return Takes(what=what, note=note, fields=fields, sections=sections, sample=sample_of(fields))


def _of_job(target: JobTarget, input: JsonObject, below: Takes | None) -> Takes:
    """A job takes what it starts takes, in place of its own input."""
    sample = input or (below.sample if below else {})
    sections = below.sections if below else ()
    return Takes(what=targets.in_words(target), note=_OWN_INPUT, sections=sections, sample=sample)


def _of_action(target: JobTarget, app: App, action: Action) -> Takes:
    supplied = supplied_by_auths(app)
    declared = {**section_fields(action)}
    in_path = missing_placeholders(action, {each.key for each in action.params})
    path = f"In {action.resource}"
    declared["params"] = [*action.params, *(Field(key=key, type="string", description=path) for key in in_path)]
    if action.body_schema is not None:
        declared["body"] = fields_of_schema(action.body_schema)
    named = {name: [*_rows(fields, supplied=supplied[name])] for name, fields in declared.items()}
    sections = [Section(name=name, rows=rows) for name, rows in named.items() if rows]
    wanted = {name: [each for each in fields if each.key not in supplied[name]] for name, fields in declared.items()}
    samples: JsonObject = {name: sample for name, fields in wanted.items() if (sample := sample_of(fields))}
    note = f"{action.method} {action.resource}"
    return Takes(what=targets.in_words(target), note=note, sections=sections, sample=samples)


def _rows(fields: Sequence[Field], *, above: str = "", supplied: Collection[str] = ()) -> Iterator[Row]:
    for each in fields:
        path = above + each.key
        yield Row(path=path, field=each, otherwise="from the app's auth" if each.key in supplied else "")
        inner = each.items.fields if each.items else each.fields
        yield from _rows(inner, above=f"{path}[]/" if each.type == "array" else f"{path}/")
