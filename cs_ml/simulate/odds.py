"""Monthly probabilities of leaving, growing and shrinking: the one place where drivers meet outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from cs_ml.simulate.frames import Block, Bools, Floats, Ints
from cs_ml.simulate.latents import Latents
from cs_ml.simulate.plays import Plays
from cs_ml.simulate.profile import Profile

if TYPE_CHECKING:
    from cs_ml.simulate.life import Life

__all__ = ["INVOLUNTARY_HAZARD", "Odds"]

CHURN_BASE, UPSELL_BASE, SHRINK_BASE = -4.4, -4.2, -4.6  # monthly log-odds with all signals at zero
INVOLUNTARY_HAZARD = 0.0012  # a month; insolvency and the like, whatever the account does
NOISE = 0.018, 0.022  # monthly probabilities of leaving and growing in a world of noise
SETTLED = 3  # months before a new account may grow
NEGOTIATION = 2  # months before the end of an annual term in which nothing is sold


class Odds:
    """Probabilities of the decisions of one block.

    Parameters
    ----------
    block, profile, latents, plays
        The accounts and what is given beforehand.

    Notes
    -----
    The log-odds of a voluntary end, and of an upsell, are the base plus the sum over drivers of coefficient times
    signal. Signals that move by chance are taken ``Driver.lag_months`` (three) before, and are zero where the account
    was not under contract then; so an as_of at the start of month t knows the probabilities of months t to t + 2.
    """

    def __init__(self, block: Block, profile: Profile, latents: Latents, plays: Plays) -> None:
        self._config = block.config
        self._profile = profile
        self._chance = {
            "adoption": latents.adoption,
            "trend": latents.trend,
            "satisfaction": latents.satisfaction,
            "support": latents.support,
            "champion_lost": latents.champion_lost,
            "interest": latents.interest,
        }
        self._fixed = _fixed_signals(block, profile)
        self._plays = plays.log_odds
        self.involuntary = 0.0 if block.config.noise_only else INVOLUNTARY_HAZARD

    def at(self, month: int, life: Life) -> tuple[Floats, Floats, Floats]:
        """Return the probabilities of the decisions of one month.

        Parameters
        ----------
        month
            Month position.
        life
            What happened until the month before.

        Returns
        -------
        tuple of numpy.ndarray
            Voluntary end; upsell given that the account stays; fewer seats given neither. Each of shape (BLOCK,).
            Cooldown after a change is left to the caller.
        """
        ends, phase = life.term_end[:, month], month - life.term_start[:, month]
        if self._config.noise_only:
            constant = np.ones(len(ends))
            return NOISE[0] * constant, NOISE[1] * constant, 0 * constant
        churn, upsell = self._log_odds(month, life)
        leave = np.where(ends, expit(churn), 0.0)
        return leave, np.where(self._open(month, phase, life), expit(upsell), 0.0), self._shrink(month, ends, life)

    def _log_odds(self, month: int, life: Life) -> tuple[Floats, Floats]:
        churn = CHURN_BASE + self._config.churn_offset + self._plays[:, month]
        upsell = np.full(len(churn), UPSELL_BASE + self._config.upsell_offset)
        for driver in self._config.drivers:
            signal = self._signal(driver.name, month, driver.lag_months, life)
            churn, upsell = churn + driver.churn * signal, upsell + driver.upsell * signal
        return churn, upsell

    def _signal(self, name: str, month: int, lag: int, life: Life) -> Floats:
        if name == "renewal":
            return (self._profile.annual & life.term_end[:, month]).astype(np.float64)
        if name in self._fixed:
            return self._fixed[name][:, month]
        path = fullness(life.utilisation) if name == "fullness" else self._chance[name]
        return np.where(life.alive[:, month - lag], path[:, month - lag], 0.0)

    def _open(self, month: int, phase: Ints, life: Life) -> Bools:
        negotiating = self._profile.annual & (phase >= 12 - NEGOTIATION)
        settled = month - life.stint[:, month] >= SETTLED
        result: Bools = settled & ~negotiating
        return result

    def _shrink(self, month: int, ends: Bools, life: Life) -> Floats:
        full = self._signal("fullness", month, self._config.driver("fullness").lag_months, life)
        able = ends & (self._profile.seats >= 3)
        return np.where(able, expit(SHRINK_BASE + 1.5 * self._profile.annual - 0.6 * full), 0.0)


def fullness(utilisation: Floats) -> Floats:
    """Return utilisation in units of its usual spread, 0 at 60 %.

    Parameters
    ----------
    utilisation
        Shares of seats in use.

    Returns
    -------
    numpy.ndarray
        Same shape.

    Examples
    --------
    >>> fullness(np.array([0.6, 1.0])).round(6)
    array([0., 2.])
    """
    return (utilisation - 0.6) / 0.2


def _fixed_signals(block: Block, profile: Profile) -> dict[str, Floats]:
    """Signals that calendar and contract fix beforehand, each of shape (BLOCK, months)."""
    month = np.arange(block.axis.size)
    age = np.maximum(month - profile.first[:, None], 0)
    rise = np.zeros(age.shape, dtype=bool)
    if (change := block.config.price_change) is not None:
        since = month - block.axis.position(change)
        span = np.where(profile.annual, 12, 3)[:, None]
        rise = (since >= 0) & (since < span) & (profile.first[:, None] < block.axis.position(change))
    return {
        "tenure": np.log1p(age) - 2.5,
        "small_business": np.broadcast_to((profile.segment == 0)[:, None], age.shape).astype(np.float64),
        "price_rise": rise.astype(np.float64),
    }
