"""What one mapping may cost: its problems are collected here, and its size is counted here."""

from __future__ import annotations

from integrations.errors import Problem

#: Operators, lists, objects and quoted texts inside one text.
MAX_DEPTH = 32
#: Lists and objects around the texts; as deep as the JSON decoder lets them be.
MAX_MAPPING_DEPTH = 64
#: Values, references and operators in one mapping.
MAX_NODES = 2_000
MAX_TEXT = 100_000  # code points


class TooLarge(Exception):
    """The mapping is past its bounds; nothing more of it is looked at. Its problem is in the budget already."""


class Budget:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.nodes = 0

    def spend(self, place: str) -> None:
        """Count one node of the tree."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.refuse(place, f"the mapping holds more than {MAX_NODES:,} values and references")
            raise TooLarge

    def refuse(self, place: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(place, message, hint))
