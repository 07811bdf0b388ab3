"""What a simulated world is made of: its size, its dates, its knobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from cs_ml.errors import ConfigError, Fault
from cs_ml.simulate.drivers import DRIVERS, LAG, Driver

__all__ = ["WorldConfig"]


@dataclass(frozen=True)
class WorldConfig:
    """Everything that decides a simulated world; two equal configs give the same bytes.

    Parameters
    ----------
    n_accounts
        Number of accounts, 50 to 1,000,000. A larger world starts with the accounts of a smaller one.
    seed
        Seed of all random streams, 0 or more.
    start, end
        First day of the logs and the day after their last, both first days of a month, at least 12 months apart.
        Contracts of older accounts reach up to 24 months further back.
    late_share
        Share of usage, survey and ticket rows that become known days after they happened, in [0, 1).
    leaks
        Plant columns and rows that betray the outcome (see ``data/README.md``).
    playbook_effect
        Effect of the play ``adoption_review`` on the monthly log-odds of churn, for six months.
    seasonality
        Relative amplitude of the yearly rhythm of usage, in [0, 1).
    price_change
        First day of a month from which new and renewed terms cost ``price_rise`` more; None for never.
    price_rise
        Relative rise of the list price, in [0, 1].
    noise_only
        Outcomes are coin tosses: the same true probability for every account and date.
    usage_intensity
        Factor on the number of usage rows; 1 is about 65 rows an account and month.
    churn_offset, upsell_offset
        Added to the monthly log-odds of churn and of upsell: moves the base rates.
    drivers
        What outcomes depend on, with coefficients.

    Raises
    ------
    ConfigError
        If a value is out of range; all faults at once.

    Examples
    --------
    >>> WorldConfig(n_accounts=300, seed=7).months
    33
    >>> WorldConfig(n_accounts=10)
    Traceback (most recent call last):
    ...
    cs_ml.errors.ConfigError: n_accounts: expected 50 to 1,000,000, found 10
    """

    n_accounts: int = 1_000
    seed: int = 7
    start: date = date(2024, 1, 1)
    end: date = date(2026, 10, 1)
    late_share: float = 0.02
    leaks: bool = False
    playbook_effect: float = -0.8
    seasonality: float = 0.15
    price_change: date | None = date(2025, 4, 1)
    price_rise: float = 0.08
    noise_only: bool = False
    usage_intensity: float = 1.0
    churn_offset: float = 0.0
    upsell_offset: float = 0.0
    drivers: tuple[Driver, ...] = field(default=DRIVERS)

    def __post_init__(self) -> None:
        if faults := [
            Fault(name, expected, repr(getattr(self, name))) for name, expected, good in self._rules() if not good
        ]:
            raise ConfigError(faults[0] if len(faults) == 1 else faults)

    @property
    def months(self) -> int:
        """Number of months from ``start`` to ``end``."""
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month

    def driver(self, name: str) -> Driver:
        """Return the driver called ``name``; one with zero coefficients when the world has none."""
        return next((d for d in self.drivers if d.name == name), Driver(name))

    def _drivers_known(self) -> bool:
        names = [driver.name for driver in self.drivers]
        return len(set(names)) == len(names) and set(names) <= {driver.name for driver in DRIVERS}

    def _drivers_causal(self) -> bool:
        lags = {driver.name: driver.lag_months for driver in DRIVERS}
        return all(LAG <= d.lag_months <= 24 if lags.get(d.name, LAG) else d.lag_months == 0 for d in self.drivers)

    def _rules(self) -> list[tuple[str, str, bool]]:
        firsts = [day.day == 1 for day in (self.start, self.end)]
        return [
            ("n_accounts", "50 to 1,000,000", 50 <= self.n_accounts <= 1_000_000),
            ("seed", "0 or more", self.seed >= 0),
            ("start", "the first day of a month", firsts[0]),
            ("end", "the first day of a month, 12 or more months after start", firsts[1] and self.months >= 12),
            ("late_share", "a share in [0, 1)", 0 <= self.late_share < 1),
            ("seasonality", "an amplitude in [0, 1)", 0 <= self.seasonality < 1),
            ("price_change", "the first day of a month", self.price_change is None or self.price_change.day == 1),
            ("price_rise", "a share in [0, 1]", 0 <= self.price_rise <= 1),
            ("usage_intensity", "more than 0, at most 100", 0 < self.usage_intensity <= 100),
            ("drivers", "names of DRIVERS, each at most once", self._drivers_known()),
            ("drivers", f"lags as in DRIVERS, or {LAG} to 24 months where those are {LAG}", self._drivers_causal()),
        ]
