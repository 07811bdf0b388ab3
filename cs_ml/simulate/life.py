"""The months of an account: it stays, leaves, grows, shrinks, comes back."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cs_ml.simulate.frames import BLOCK, Block, Bools, Floats, Ints
from cs_ml.simulate.latents import Latents
from cs_ml.simulate.odds import Odds
from cs_ml.simulate.plays import Plays
from cs_ml.simulate.profile import Profile

__all__ = ["ADDONS", "COOLDOWN", "INVOLUNTARY", "VOLUNTARY", "Life"]

VOLUNTARY, INVOLUNTARY = 1, 2
ADDONS = ("analytics", "automation")
ADDON_SHARE, ADDON_GAIN, ADDON_LOSS = 0.15, 0.006, 0.06  # owned at first, bought a month, dropped at a term end
COOLDOWN = 2  # months after a change of seats or plan without another
RETURN_SHARE, RETURN_MONTHS = 0.05, (4, 9)  # who comes back, and when: later than any grace period
PLAN_SHARE = 0.35  # of the upsells below the top plan, how many are a better plan; the rest are seats


@dataclass
class Life:
    """What happened to the accounts of a block; arrays of shape (BLOCK, months) unless said otherwise.

    Every decision of month t falls on the account's own day of month t; states are those after it.

    Parameters
    ----------
    months
        Number of months.

    Attributes
    ----------
    alive
        Under contract after the decision of the month.
    began
        A first contract or a return begins in the month.
    term_end
        A term ends in the month (or would, had the account stayed).
    term_start, stint
        Month positions in which the running term, and the unbroken relation, began.
    churn
        0 stays, 1 leaves voluntarily, 2 involuntarily.
    change
        +1 upsell, -1 fewer seats, 0 neither.
    seats, plan
        Contracted seats, plan 0 to 2.
    utilisation
        Latent share of seats in use.
    addons
        Seats of the add-on products, 0 when not owned, shape (BLOCK, months, 2).
    leave, grow, shrink
        Monthly probabilities: voluntary end; upsell and fewer seats given that the account stays, before cooldown.
    lead
        Days of notice before a voluntary end in the month; 0: no notice.
    """

    months: int
    alive: Bools = field(init=False)
    began: Bools = field(init=False)
    term_end: Bools = field(init=False)
    term_start: Ints = field(init=False)
    stint: Ints = field(init=False)
    churn: Ints = field(init=False)
    change: Ints = field(init=False)
    seats: Ints = field(init=False)
    plan: Ints = field(init=False)
    utilisation: Floats = field(init=False)
    addons: Ints = field(init=False)
    leave: Floats = field(init=False)
    grow: Floats = field(init=False)
    shrink: Floats = field(init=False)
    lead: Ints = field(init=False)

    def __post_init__(self) -> None:
        shape = (BLOCK, self.months)
        self.alive, self.began, self.term_end = (np.zeros(shape, dtype=bool) for _ in range(3))
        self.churn, self.change, self.seats, self.plan, self.lead = (np.zeros(shape, dtype=np.int64) for _ in range(5))
        self.term_start, self.stint = (np.full(shape, self.months, dtype=np.int64) for _ in range(2))
        self.utilisation, self.leave, self.grow, self.shrink = (np.zeros(shape) for _ in range(4))
        self.addons = np.zeros((*shape, len(ADDONS)), dtype=np.int64)

    @classmethod
    def live(cls, block: Block, profile: Profile, latents: Latents, plays: Plays) -> Life:
        """Play the months of a block.

        Parameters
        ----------
        block, profile, latents, plays
            The accounts and what is given beforehand.

        Returns
        -------
        Life
            What happened.

        Examples
        --------
        >>> from cs_ml.simulate.config import WorldConfig
        >>> block = Block(WorldConfig(), 0)
        >>> profile = Profile.draw(block)
        >>> latents = Latents.draw(block, profile)
        >>> life = Life.live(block, profile, latents, Plays.draw(block, latents))
        >>> bool((life.churn[:, :24] == 0).all())
        True
        """
        life, odds, random = cls(block.axis.size), Odds(block, profile, latents, plays), block.random("life")
        back = np.full(BLOCK, block.axis.size)
        for month in range(block.axis.size):
            chance = random.random((10, BLOCK))
            life._carry(month, profile)
            if month >= block.axis.first:
                life._decide(month, odds, profile, chance, cooldown=not block.config.noise_only)
                life._addons(month, profile, latents, chance[5:7])
                gone = (life.churn[:, month] > 0) & (chance[7] < RETURN_SHARE)
                back = np.where(gone, month + np.floor(_between(chance[8], *RETURN_MONTHS)).astype(np.int64), back)
            life._begin(month, profile, back, chance[9])
            demand = profile.seats * np.exp(0.5 * latents.adoption[:, month] - 0.55)
            life.utilisation[:, month] = np.clip(demand / np.maximum(life.seats[:, month], 1), 0.0, 1.0)
        return life

    def _carry(self, month: int, profile: Profile) -> None:
        """Start from the month before; see whether a term ends now."""
        if month == 0:
            self.seats[:, 0], self.plan[:, 0] = profile.seats, profile.plan
            return
        for path in (self.alive, self.seats, self.plan, self.addons, self.stint, self.term_start):
            path[:, month] = path[:, month - 1]
        length = np.where(profile.annual, 12, 1)
        ends = month - self.term_start[:, month] >= length
        self.term_end[:, month] = ends
        self.term_start[ends, month] = month

    def _decide(self, month: int, odds: Odds, profile: Profile, chance: Floats, *, cooldown: bool) -> None:
        """Leave, grow, shrink or stay."""
        before = self.alive[:, month].copy()
        leave, grow, shrink = odds.at(month, self)
        self.leave[:, month], self.grow[:, month], self.shrink[:, month] = leave, grow, shrink
        involuntary = before & (chance[0] < odds.involuntary)
        voluntary = before & ~involuntary & (chance[1] < leave)
        self.churn[:, month] = np.where(involuntary, INVOLUNTARY, np.where(voluntary, VOLUNTARY, 0))
        self.alive[:, month] = before & ~involuntary & ~voluntary
        free = self.alive[:, month]
        if cooldown:
            free = free & (self.change[:, month - COOLDOWN : month] == 0).all(axis=1)
        grows = free & (chance[2] < grow)
        shrinks = free & ~grows & (chance[3] < shrink)
        self._resize(month, grows, shrinks, chance[4])
        span = profile.notice_high - profile.notice_low + 1
        self.lead[:, month] = profile.notice_low + np.floor(chance[9] * span).astype(np.int64)

    def _resize(self, month: int, grows: Bools, shrinks: Bools, chance: Floats) -> None:
        seats, plan = self.seats[:, month], self.plan[:, month]
        better = grows & (plan < 2) & (chance < PLAN_SHARE)
        more = np.maximum(1, np.ceil(seats * (0.15 + 0.3 * chance))).astype(np.int64)
        fewer = np.maximum(1, np.floor(0.75 * seats)).astype(np.int64)
        self.change[:, month] = grows.astype(np.int64) - shrinks
        self.plan[:, month] = plan + better
        self.seats[:, month] = np.where(shrinks, fewer, seats + more * (grows & ~better))

    def _addons(self, month: int, profile: Profile, latents: Latents, chance: Floats) -> None:
        """Drop an add-on when a term ends; buy one in a month without another change."""
        owned, alive = self.addons[:, month], self.alive[:, month]
        late = profile.annual & (month - self.term_start[:, month] >= 10)
        buys = alive & ~late & (self.change[:, month] == 0)
        buys &= chance[0] < ADDON_GAIN * np.exp(0.5 * latents.interest[:, month - 3])
        drops = (
            alive
            & self.term_end[:, month]
            & ~buys
            & (chance[1] < np.where(profile.annual, ADDON_LOSS, ADDON_LOSS / 12))
        )
        owned[drops] = 0
        for product in range(len(ADDONS)):
            new = buys & (owned[:, product] == 0)
            owned[new, product] = self.seats[new, month]
            buys &= ~new
        owned[~alive] = 0

    def _begin(self, month: int, profile: Profile, back: Ints, chance: Floats) -> None:
        """Sign for the first time, or again."""
        new, again = profile.first == month, back == month
        begins = new | again
        self.began[:, month], self.alive[begins, month] = begins, True
        self.stint[begins, month] = self.term_start[begins, month] = month
        self.term_end[begins, month] = False
        self.seats[new, month], self.plan[new, month] = profile.seats[new], profile.plan[new]
        with_addon = new & (chance < ADDON_SHARE)
        self.addons[with_addon, month, 0] = profile.seats[with_addon]


def _between(chance: Floats, low: float, high: float) -> Floats:
    return low + (high - low) * chance
