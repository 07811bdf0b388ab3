"""The users of an account, who sits on which seat, and who has left."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cs_ml.simulate.frames import BLOCK, Block, Ints, Strings
from cs_ml.simulate.latents import Latents
from cs_ml.simulate.life import Life

__all__ = ["FEATURES", "PLAN_FEATURES", "ROLES", "Users", "seat_order", "seats_within", "user_ids"]

ROLES = ("champion", "decision_maker", "admin", "user")
FEATURES = (
    "dashboard",
    "search",
    "tasks",
    "calendar",
    "reports",
    "files",
    "comments",
    "templates",
    "forms",
    "integrations",
    "workflow",
    "forecast",
    "api",
    "audit_log",
)  # fmt: skip  from the most to the least popular
PLAN_FEATURES = np.array([6, 10, 14])  # the first so many are part of the plan
MOST_USERS = 99
NO_SEAT = 1_000_000


class Users(NamedTuple):
    """Users of a block, sorted by account and number, each of shape (n_users,).

    Attributes
    ----------
    account
        Position of the account in the block.
    number
        Number within the account, from 0; number 0 is the champion.
    role
        Position in ``ROLES``.
    """

    account: Ints
    number: Ints
    role: Ints

    @classmethod
    def of(cls, latents: Latents, life: Life) -> Users:
        """Return one user for each seat that an account ever had and one to follow its champion, at most 99.

        Parameters
        ----------
        latents, life
            When the champion leaves, and how many seats there are.

        Returns
        -------
        Users
            The users of the block.
        """
        most = np.minimum(life.seats.max(axis=1) + (latents.champion_month < life.months), MOST_USERS)
        account = np.repeat(np.arange(BLOCK), most)
        number = np.arange(len(account)) - np.repeat(np.cumsum(most) - most, most)
        return cls(account, number, np.minimum(number, len(ROLES) - 1))


def seat_order(users: Users, latents: Latents, months: Ints) -> Ints:
    """Return which seat each user takes in each month; all move up when the champion has left.

    Parameters
    ----------
    users
        The users.
    latents
        When the champion leaves.
    months
        Month positions, shape (m,).

    Returns
    -------
    numpy.ndarray
        Seats from 0, shape (n_users, m); a very high number for a champion who has left.
    """
    left = months > latents.champion_month[users.account][:, None]
    number = users.number[:, None]
    return np.where(left & (number == 0), NO_SEAT, number - left)


def seats_within(life: Life, months: Ints) -> Ints:
    """Return the seats that can be used throughout the part of each month under contract.

    Parameters
    ----------
    life
        What happened.
    months
        Month positions, at least 1, shape (m,).

    Returns
    -------
    numpy.ndarray
        Seats before the decision of the month, those after it where the contract only begins, shape (BLOCK, m).
    """
    return np.where(life.alive[:, months - 1], life.seats[:, months - 1], life.seats[:, months])


def user_ids(block: Block, users: Users) -> Strings:
    """Return ids such as A000123-U04.

    Parameters
    ----------
    block
        The block.
    users
        Its users.

    Returns
    -------
    numpy.ndarray
        Strings, shape (n_users,).
    """
    pairs = zip(users.account, users.number, strict=True)
    return np.array([f"{block.ids[account]}-U{number + 1:02d}" for account, number in pairs], dtype=object)
