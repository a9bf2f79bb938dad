"""Measures parsing and resolving of mappings with 50 references: `python benchmarks/references.py`.

Resolving is also given as a multiple of the same lookups written out in Python, which is the least it could cost.
"""

from __future__ import annotations

import statistics
import sys
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from integrations.definitions.references import parse_template, render_template
from integrations.engine.resolver import Values, resolve
from integrations.types import Json

REFERENCES = 50
REPEATS = 15
CALLS = 500

MAPPING: Json = {f"field_{number}": f"$Input{{customer}}{{orders}}{{[{number}]}}" for number in range(REFERENCES)}
#: Text around a reference, and an operator over one that is missing.
MIXED: Json = {
    f"field_{number}": f"$Input{{customer}}{{name}}: $Default($Input{{missing}}, $Add({number}, 1))"
    for number in range(REFERENCES // 2)
}
INPUT: dict[str, Json] = {"customer": {"name": "Ada", "orders": [*range(REFERENCES)]}}


def look_up_by_hand(source: Any) -> dict[str, Json]:
    """Return what the mapping resolves to, written as plain lookups."""
    return {f"field_{number}": source["customer"]["orders"][number] for number in range(REFERENCES)}


def median_microseconds(work: Callable[[], object]) -> float:
    seconds = timeit.repeat(work, number=CALLS, repeat=REPEATS)
    return statistics.median(seconds) / CALLS * 1_000_000


def main() -> None:
    values = Values(input=INPUT)
    template, mixed = parse_template(MAPPING), parse_template(MIXED)
    assert resolve(template, values) == look_up_by_hand(INPUT)

    works: dict[str, Callable[[], object]] = {
        "look up by hand": lambda: look_up_by_hand(INPUT),
        "resolve references (goal: under 200)": lambda: resolve(template, values),
        "resolve references in texts and operators": lambda: resolve(mixed, values),
        "parse": lambda: parse_template(MAPPING),
        "render": lambda: render_template(template),
    }
    medians = {name: median_microseconds(work) for name, work in works.items()}
    for name, median in medians.items():
        print(f"{name:<45}{median:8.1f} µs  {median / medians['look up by hand']:6.1f} x by hand")


if __name__ == "__main__":
    main()
