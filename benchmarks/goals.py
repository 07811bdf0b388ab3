"""What a benchmark promises: figures held against bounds that were set before they were measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MARK = "goal "


@dataclass(frozen=True)
class Goal:
    """A figure and its bound.

    Parameters
    ----------
    name
        What was measured.
    value
        The figure; NaN never holds.
    bound
        What it may be at most, or at least.
    at_most
        Which of the two.

    Examples
    --------
    >>> print(Goal("peak memory, GiB", 1.25, 2))
    goal peak memory, GiB: 1.25 (<= 2) holds
    """

    name: str
    value: float
    bound: float
    at_most: bool = True

    @property
    def holds(self) -> bool:
        """Whether the figure lies within its bound."""
        return bool(self.value <= self.bound if self.at_most else self.value >= self.bound)

    def __str__(self) -> str:
        """Write one line that other programs can find."""
        sign, verdict = "<=" if self.at_most else ">=", "holds" if self.holds else "falls short"
        return f"{MARK}{self.name}: {self.value:.3g} ({sign} {self.bound:.3g}) {verdict}"


def judge(goals: Iterable[Goal]) -> int:
    """Print the goals, and return the exit status: 0 only when all hold."""
    goals = list(goals)
    print(*goals, sep="\n")
    return 0 if all(goal.holds for goal in goals) else 1
