"""What a book may decide about its KPIs; every choice has a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cs_ml.errors import ConfigError, Fault

__all__ = ["KpiOptions"]

COHORTS = ("month", "quarter", "year")


@dataclass(frozen=True)
class KpiOptions:
    """Choices behind the definitions.

    Parameters
    ----------
    grace_days
        A contract that restarts within so many days is continuous.
    early_days
        A renewal may begin so many days before the term ends.
    gross_margin
        Share of revenue that is left after the cost of delivery; for LTV and CAC payback.
    purchase_frequency
        Purchases a year for the simple LTV, which is absent without it.
    onboarding_days
        Days within which onboarding must be complete.
    csat_positive
        Share of the scale from which an answer is positive; 0.8 is the top two of five.
    reopen_days
        A ticket reopened within so many days was not resolved at first contact.
    login_events
        Values of ``usage.event`` that are logins.
    good_levels
        Levels of the CSM's sentiment that are good.
    acquisition_costs
        Cost categories that win customers; all others keep them.
    cohort
        Calendar of cohorts by first contract: month, quarter or year.
    rollup
        Count children under their topmost parent.
    fx
        Value of one unit of each currency in the currency of the book.

    Raises
    ------
    ConfigError
        With every choice that cannot be.

    Examples
    --------
    >>> KpiOptions(grace_days=0).csat_positive
    0.8
    """

    grace_days: int = 30
    early_days: int = 90
    gross_margin: float = 1.0
    purchase_frequency: float | None = None
    onboarding_days: int = 90
    csat_positive: float = 0.8
    reopen_days: int = 7
    login_events: tuple[str, ...] = ("login",)
    good_levels: tuple[str, ...] = ("good", "great", "positive", "green")
    acquisition_costs: tuple[str, ...] = ()
    cohort: str = "quarter"
    rollup: bool = False
    fx: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        days = ("grace_days", "early_days", "onboarding_days", "reopen_days")
        faults = [Fault(name, "0 or more", str(getattr(self, name))) for name in days if getattr(self, name) < 0]
        for name in ("gross_margin", "csat_positive"):
            value = getattr(self, name)
            if not 0 < value <= 1:
                faults.append(Fault(name, "a share above 0, at most 1", str(value)))
        if self.cohort not in COHORTS:
            faults.append(Fault("cohort", f"one of {', '.join(COHORTS)}", repr(self.cohort)))
        if faults:
            raise ConfigError(faults)
