"""When things happen and when they become known."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cs_ml.simulate.cast import Cast
from cs_ml.simulate.frames import Bools, Floats, Ints, Times
from cs_ml.simulate.people import seats_within

__all__ = ["Happenings", "happen", "hourly", "moments", "not_after", "seated", "under_contract"]

LATE_DAYS = (1, 13)  # how late a late row is, in days, half open


class Happenings(NamedTuple):
    """Things that happened to accounts, sorted by account and time, each of shape (n,).

    Attributes
    ----------
    account
        Position in the block.
    month
        Month position.
    at
        Instant, UTC.
    """

    account: Ints
    month: Ints
    at: Times


def happen(cast: Cast, rate: Floats, random: np.random.Generator) -> Happenings:
    """Draw things that happen by chance in office hours while the account is under contract.

    Parameters
    ----------
    cast
        The accounts.
    rate
        Mean number a month, shape (BLOCK, months of the logs).
    random
        Source of chance.

    Returns
    -------
    Happenings
        What happened, before the end of the logs.
    """
    axis = cast.block.axis
    account, month = np.nonzero(np.ones(rate.shape, dtype=bool))
    count = random.poisson(rate[account, month])
    account, month = np.repeat(account, count), np.repeat(month, count) + axis.first
    at = moments(axis.dates(month, random.integers(1, 29, len(month))), random, cast.profile.utc_offset[account])
    order = np.lexsort((at, account))
    account, month, at = account[order], month[order], at[order]
    keep = under_contract(cast, account, at)
    return Happenings(account[keep], month[keep], at[keep])


def under_contract(cast: Cast, account: Ints, at: Times) -> Bools:
    """Return whether an account was under contract at an instant inside the logs.

    Parameters
    ----------
    cast
        The accounts.
    account
        Positions in the block, shape (n,).
    at
        Instants, shape (n,).

    Returns
    -------
    numpy.ndarray
        Flags, shape (n,); False outside the logs.
    """
    axis = cast.block.axis
    month = at.astype("datetime64[M]").astype(np.int64) - axis.dates(0).astype("datetime64[M]").astype(np.int64)
    month = np.clip(month, 1, axis.size - 1)
    decided = at >= axis.dates(month, cast.profile.day[account])
    running: Bools = cast.life.alive[account, np.where(decided, month, month - 1)]
    return running & (at >= axis.start) & (at < axis.end)


def moments(days: Times, random: np.random.Generator, offset_hours: Any = 0) -> Times:
    """Return an instant in office hours (9 to 18 local, whole minutes) of each day.

    Parameters
    ----------
    days
        Midnights, shape (n,).
    random
        Source of chance.
    offset_hours
        Hours that local time is ahead of UTC, scalar or shape (n,).

    Returns
    -------
    numpy.ndarray
        ``datetime64[us]``, shape (n,), UTC.

    Examples
    --------
    >>> at = moments(np.array(["2026-01-05"], "datetime64[us]"), np.random.default_rng(0))
    >>> 9 <= int((at - at.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)[0]) < 18
    True
    """
    minutes = random.integers(9 * 60, 18 * 60, len(days)) - np.asarray(offset_hours, dtype=np.int64) * 60
    result: Times = days + minutes.astype("timedelta64[m]")
    return result


def hourly(at: Times, random: np.random.Generator, late_share: float = 0.0) -> Times:
    """Return when rows became known: at the next full hour, a share of them 1 to 12 days later.

    Parameters
    ----------
    at
        When they happened, shape (n,).
    random
        Source of chance.
    late_share
        Share of late rows.

    Returns
    -------
    numpy.ndarray
        ``datetime64[us]``, shape (n,), after ``at``.

    Examples
    --------
    >>> hourly(np.array(["2026-01-05T09:20"], "datetime64[us]"), np.random.default_rng(0))
    array(['2026-01-05T10:00:00.000000'], dtype='datetime64[us]')
    """
    late = (random.random(len(at)) < late_share) * random.integers(*LATE_DAYS, len(at))
    next_hour = at.astype("datetime64[h]") + np.timedelta64(1, "h")
    known: Times = next_hour.astype("datetime64[us]") + late.astype("timedelta64[D]")
    return known


def not_after(at: Times, end: np.datetime64) -> Times:
    """Return the instants with those at or after ``end`` blanked: they have not happened yet.

    Parameters
    ----------
    at
        Instants, shape (n,).
    end
        First instant that is not known.

    Returns
    -------
    numpy.ndarray
        Shape (n,).
    """
    return np.where(at < end, at, np.datetime64("NaT", "us"))


def seated(cast: Cast, account: Ints, month: Ints, number: Ints) -> Ints:
    """Return the positions of users by their number, -1 where nobody with that number has a seat then.

    Parameters
    ----------
    cast
        The accounts.
    account, month, number
        Position of the account, month position, number of the user within the account; each of shape (n,).

    Returns
    -------
    numpy.ndarray
        Positions in ``cast.users``, shape (n,).
    """
    first = np.searchsorted(cast.users.account, account)
    seats = seats_within(cast.life, np.arange(1, cast.block.axis.size))[account, month - 1]
    left = month > cast.latents.champion_month[account]
    there = np.where(number == 0, ~left, number - left < seats)
    there &= number < np.searchsorted(cast.users.account, account, side="right") - first
    return np.where(there, first + number, -1)
