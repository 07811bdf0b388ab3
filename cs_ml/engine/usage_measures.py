"""What is measured of usage in windows: the names of the measures, and which part of the state each comes from."""

from __future__ import annotations

from dataclasses import dataclass

from cs_ml.engine.usage_state import Part, UsageState
from cs_ml.errors import FrameError

__all__ = ["ACTIVE", "DISTINCT", "IN_MILLIONTHS", "SUMS", "Question"]

SUMS: dict[str, tuple[str, Part | None]] = {  # measure: value of the state, column it needs
    "events_count": ("rows", None),
    "quantity_sum": ("quantity", "quantity"),
    "days_distinct": ("days", None),
    "active_users_sum": ("active_users", "active"),
    "active_rows_count": ("active_rows", "active"),
    "logins_count": ("logins", "login"),
    "logins_days": ("login_days", "login"),
}
ACTIVE = {"days": "rows", "login_days": "logins"}
IN_MILLIONTHS = ("quantity", "active_users")
DISTINCT = {"users_distinct": "users", "features_distinct": "features", "logins_users": "logins"}  # measure: field


@dataclass(frozen=True)
class Question:
    """Windows and periods before each date.

    Parameters
    ----------
    windows
        Days to look back, each at least one.
    periods, period_days
        How many consecutive periods of how many days to measure besides; period 0 is the newest.

    Raises
    ------
    FrameError
        If a window is shorter than a day, or comes twice.
    """

    windows: tuple[int, ...]
    periods: int = 0
    period_days: int = 30

    def __post_init__(self) -> None:
        """Refuse windows of no days and those named twice."""
        if any(window < 1 for window in self.windows) or len(set(self.windows)) < len(self.windows):
            raise FrameError(f"expected windows of at least one day, each once, found {list(self.windows)}")

    @property
    def reach(self) -> int:
        """Days that the longest look back takes."""
        return max([*self.windows, self.periods * self.period_days], default=1)

    def names(self, state: UsageState) -> list[str]:
        """Names of all measures, in their order."""
        kinds = [kind for kind, (_, part) in SUMS.items() if part is None or state.has(part)]
        kinds += [kind for kind, part in DISTINCT.items() if getattr(state, part) is not None]
        named = [f"{kind}_{window}d" for kind in kinds for window in self.windows]
        parts = ["events", "users"] if state.users is not None else ["events"]
        return [
            *named,
            "events_recency",
            "events_age",
            *(f"{part}_period_{i}" for part in parts for i in range(self.periods)),
        ]
