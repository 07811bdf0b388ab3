"""What moves inside an account, month by month, and is never seen directly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cs_ml.simulate.frames import BLOCK, Block, Bools, Floats, Ints
from cs_ml.simulate.profile import Profile

__all__ = ["Latents"]

TREND_MONTHS = 5  # a trend is a month against the mean of so many months before it
CHAMPION_MONTHS = 6  # how long the loss of a champion is felt


@dataclass(frozen=True)
class Latents:
    """Latent states of the accounts of a block, each of shape (BLOCK, months).

    Parameters
    ----------
    adoption, trend, satisfaction, support, interest
        Level of use, its change against the five months before, content with the product, burden of problems,
        and curiosity about more of it; standard deviation about 1.
    champion_lost
        Whether the champion left in this month or the five before.
    champion_month
        Month position in which the champion leaves, shape (BLOCK,); may lie after the last month.
    """

    adoption: Floats
    trend: Floats
    satisfaction: Floats
    support: Floats
    interest: Floats
    champion_lost: Bools
    champion_month: Ints

    @classmethod
    def draw(cls, block: Block, profile: Profile) -> Latents:
        """Draw the latent states of a block.

        Parameters
        ----------
        block
            The block.
        profile
            Its profiles.

        Returns
        -------
        Latents
            States by account and month.

        Examples
        --------
        >>> from cs_ml.simulate.config import WorldConfig
        >>> block = Block(WorldConfig(), 0)
        >>> Latents.draw(block, Profile.draw(block)).adoption.shape
        (256, 60)
        """
        random, months = block.random("latents"), block.axis.size
        adoption = (
            0.65 * random.standard_normal((BLOCK, 1)) + _wander(random, months, 0.8, 0.4) + _regimes(random, months)
        )
        support = _wander(random, months, 0.8, 1.0)
        own = 0.55 * random.standard_normal((BLOCK, 1)) + _wander(random, months, 0.92, 0.65)
        left = profile.first + random.geometric(0.015, BLOCK)
        month = np.arange(months)
        return cls(
            adoption=adoption,
            trend=_trend(adoption),
            satisfaction=own + 0.3 * adoption - 0.25 * support,
            support=support,
            interest=_wander(random, months, 0.8, 1.0),
            champion_lost=(month >= left[:, None]) & (month < left[:, None] + CHAMPION_MONTHS),
            champion_month=left,
        )


def _wander(random: np.random.Generator, months: int, memory: float, spread: float) -> Floats:
    """First-order autoregression with standard deviation ``spread`` from its first month on."""
    steps = spread * random.standard_normal((BLOCK, months))
    steps[:, 1:] *= np.sqrt(1 - memory**2)
    return _remember(steps, memory)


def _regimes(random: np.random.Generator, months: int) -> Floats:
    """Now and then an account slides down, or climbs, for half a year, and recovers slowly."""
    falls, climbs = (random.random((BLOCK, months)) < share for share in (0.02, 0.014))
    slopes = 0.3 * climbs - 0.33 * falls
    half_year = sum(np.pad(slopes, ((0, 0), (lag, 0)))[:, :months] for lag in range(6))
    return _remember(np.asarray(half_year), 0.92)


def _remember(steps: Floats, memory: float) -> Floats:
    path = steps.copy()
    for month in range(1, path.shape[1]):
        path[:, month] += memory * path[:, month - 1]
    return path


def _trend(level: Floats) -> Floats:
    """Month against the mean of the months before it, over its usual size; 0 while there is too little past."""
    total = np.cumsum(np.pad(level, ((0, 0), (1, 0))), axis=1)
    past = (total[:, TREND_MONTHS:-1] - total[:, : -TREND_MONTHS - 1]) / TREND_MONTHS
    trend = np.zeros_like(level)
    trend[:, TREND_MONTHS:] = (level[:, TREND_MONTHS:] - past) / 0.5
    return trend
