"""What an account is from the beginning: size, place, kind of contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cs_ml.simulate.frames import BLOCK, Block, Bools, Floats, Ints, Times

__all__ = ["CSMS", "INDUSTRIES", "REGIONS", "SEGMENTS", "Profile"]

SEGMENTS = ("small", "mid", "enterprise")
REGIONS = ("japan", "north_america", "europe", "apac")
CSMS = ("Aoki", "Baker", "Chen", "Dubois", "Endo", "Fischer", "Garcia", "Honda", "Ito", "Jensen", "Kimura", "Lopez")
INDUSTRIES = ("software", "manufacturing", "retail", "finance", "healthcare", "education", "logistics", "media")
OFFSETS = np.array([9, -6, 1, 8])  # hours ahead of UTC, by region
SEATS = np.array([4.0, 9.0, 22.0])  # median seats at first signature, by segment
NOTICE = {"monthly": (1, 20), "renewing": (31, 60), "lapsing": (0, 0)}  # days of notice given, lowest and highest


@dataclass(frozen=True)
class Profile:
    """Attributes of the accounts of a block that no event changes, each of shape (BLOCK,).

    Parameters
    ----------
    segment, region, industry
        Positions in ``SEGMENTS``, ``REGIONS``, ``INDUSTRIES``.
    utc_offset
        Hours that local time is ahead of UTC.
    day
        Day of the month (2 to 28) on which terms begin and end and every decision falls.
    first
        Month position of the first contract.
    annual
        Whether terms last twelve months rather than one.
    auto_renew
        Whether a term renews itself unless notice is given.
    notice_low, notice_high
        Bounds of the days of notice given before a voluntary end; 0 and 0: lapses without notice.
    seats, plan, discount
        Seats, plan (0 to 2) and discount of the first contract.
    csm, next_csm
        Positions in ``CSMS`` before and after the handover.
    handover
        When another CSM takes over; NaT for most.
    """

    segment: Ints
    region: Ints
    industry: Ints
    utc_offset: Ints
    day: Ints
    first: Ints
    annual: Bools
    auto_renew: Bools
    notice_low: Ints
    notice_high: Ints
    seats: Ints
    plan: Ints
    discount: Floats
    csm: Ints
    next_csm: Ints
    handover: Times

    @classmethod
    def draw(cls, block: Block) -> Profile:
        """Draw the profiles of a block.

        Parameters
        ----------
        block
            The block.

        Returns
        -------
        Profile
            One entry an account.

        Examples
        --------
        >>> from cs_ml.simulate.config import WorldConfig
        >>> profile = Profile.draw(Block(WorldConfig(), 0))
        >>> int(profile.day.min()) >= 2 and int(profile.day.max()) <= 28
        True
        """
        random, axis = block.random("profile"), block.axis
        segment = random.choice(3, BLOCK, p=[0.58, 0.3, 0.12])
        region = random.choice(4, BLOCK, p=[0.4, 0.3, 0.18, 0.12])
        annual = random.random(BLOCK) < np.array([0.22, 0.4, 0.7])[segment]
        renewing = random.random(BLOCK) < 0.6
        old = random.random(BLOCK) < 0.5
        first = np.where(old, random.integers(0, axis.first, BLOCK), random.integers(axis.first, axis.last - 1, BLOCK))
        seats = np.maximum(1, np.rint(SEATS[segment] * np.exp(0.45 * random.standard_normal(BLOCK)))).astype(np.int64)
        if block.config.noise_only:
            annual[:] = False
        day = random.integers(2, 29, BLOCK)
        csm, next_csm = region * 3 + random.integers(0, 3, (2, BLOCK))
        handover = axis.dates(first, day) + random.integers(60, 900, BLOCK).astype("timedelta64[D]")
        handover[(random.random(BLOCK) > 0.25) | (handover >= axis.end)] = np.datetime64("NaT")
        kind = np.where(annual, np.where(renewing, 1, 2), 2 if block.config.noise_only else 0)
        low, high = (np.array([bounds[end] for bounds in NOTICE.values()])[kind] for end in (0, 1))
        return cls(
            segment=segment,
            region=region,
            industry=random.integers(0, len(INDUSTRIES), BLOCK),
            utc_offset=OFFSETS[region],
            day=day,
            first=first,
            annual=annual,
            auto_renew=kind < 2,
            notice_low=low,
            notice_high=high,
            seats=np.minimum(seats, 60),
            plan=random.choice(3, BLOCK, p=[0.5, 0.35, 0.15]),
            discount=random.choice([0.0, 0.05, 0.1, 0.2], BLOCK, p=[0.55, 0.2, 0.15, 0.1]),
            csm=csm,
            next_csm=next_csm,
            handover=handover,
        )
