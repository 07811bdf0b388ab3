"""What labels of a contract business share: a horizon with grace."""

from __future__ import annotations

from dataclasses import dataclass

from cs_ml.labels.state import Horizon

__all__ = ["ContractualLabeler"]


@dataclass(frozen=True)
class ContractualLabeler:
    """The days ahead in which something happens to contracts, and the days until it is certain.

    Parameters
    ----------
    horizon_days
        Length of the horizon.
    gap_days
        Days between ``as_of`` and the horizon.
    grace_days
        A contract that restarts within so many days is continuous.
    settling_days
        Further days until bookings are complete.

    Examples
    --------
    >>> ContractualLabeler(horizon_days=60, settling_days=5).purge_days
    95
    """

    horizon_days: int = 90
    gap_days: int = 0
    grace_days: int = 30
    settling_days: int = 0

    @property
    def horizon(self) -> Horizon:
        """Days ahead that count, and days until they are certain."""
        return Horizon(self.horizon_days, self.gap_days, self.grace_days + self.settling_days)

    @property
    def purge_days(self) -> int:
        """Days between a training date and the first date on which its outcome was certain."""
        return self.horizon.purge_days
