"""Shows a definition's problems on a form: each as an error of its field, with the place that the editor jumps to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.forms.utils import ErrorList

from integrations.errors import Problem


class ProblemError(ValidationError):
    """A form error that remembers its problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem), code="problem")
        self.problem = problem


def form_error(problems: Iterable[Problem]) -> ValidationError:
    """Return one error with all `problems`, to raise from a form's `clean` or to hand to `add_error`."""
    return ValidationError([ProblemError(problem) for problem in problems])


class ProblemErrorList(ErrorList):
    """An error list whose items carry their place; other errors look as always."""

    template_name = "_components/problem_list.html"
    template_name_ul = template_name  # the admin asks for this one by name

    def __init__(self, *args: Any, field_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.field_id = field_id
        # The default renderer of forms does not look into the project's template folder.
        self.renderer = TemplatesSetting()

    def get_context(self) -> dict[str, Any]:
        return {"problems": [_as_problem(error) for error in self.as_data()], "field_id": self.field_id}


def _as_problem(error: ValidationError) -> Problem:
    return error.problem if isinstance(error, ProblemError) else Problem("", error.messages[0])


class ShowsProblems:
    """Mix into a form, in front of its base class, to show its errors with their places."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Formsets pass Django's own class by keyword, so a default would not do.
        kwargs["error_class"] = ProblemErrorList
        super().__init__(*args, **kwargs)
