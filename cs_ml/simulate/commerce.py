"""Interest and deals."""

from __future__ import annotations

import numpy as np

from cs_ml.simulate.billing import running_mrr
from cs_ml.simulate.cast import Cast
from cs_ml.simulate.events import happen, hourly, moments, not_after, seated
from cs_ml.simulate.frames import Bools, Ints, Table, Times, coded, numbered, optional
from cs_ml.simulate.life import ADDONS, VOLUNTARY
from cs_ml.simulate.people import user_ids

__all__ = ["deal_table", "marketing_table"]

INTERESTS = ("page_view", "mail_open", "white_paper", "webinar")
PRODUCTS = ("core", *ADDONS)
KINDS = ("new", "renewal", "upsell", "cross_sell")


def marketing_table(cast: Cast) -> Table:
    """Return what customers looked at: curiosity that upsells follow three months later.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``marketing.parquet``.
    """
    block, random = cast.block, cast.block.random("marketing")
    months = np.arange(block.axis.first, block.axis.last)
    seen = happen(cast, 0.4 * np.exp(0.6 * cast.latents.interest[:, months]), random)
    n = len(seen.at)
    number = random.integers(0, np.maximum(cast.life.seats[seen.account, seen.month], 1))
    known = hourly(seen.at, random)
    keep = known < block.axis.end
    return {
        "account_id": coded(seen.account[keep], block.ids),
        "happened_at": seen.at[keep],
        "kind": coded(random.choice(4, n, p=[0.5, 0.25, 0.15, 0.1])[keep], INTERESTS),
        "user_id": coded(seated(cast, seen.account, seen.month, number)[keep], user_ids(block, cast.users)),
        "product": coded(random.choice(3, n, p=[0.3, 0.4, 0.3])[keep], PRODUCTS),
        "known_at": known[keep],
    }


def deal_table(cast: Cast) -> Table:
    """Return deals: first contracts, renewals of annual terms, upsells and cross-sells, won and lost.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``deals.parquet``. Upsells and cross-sells open and close on one day, so an open deal betrays
        nothing; how a renewal went is blank until it is closed.
    """
    block, axis, random = cast.block, cast.block.axis, cast.block.random("deals")
    account, month, kind, product, won = _deals(cast, random)
    opened, closed = _spans(cast, account, month, kind, random)
    keep = np.flatnonzero(opened < axis.end)
    keep = keep[np.lexsort((kind[keep], opened[keep], account[keep]))]
    account, month, kind, product = (column[keep] for column in (account, month, kind, product))
    won, opened, closed = won[keep], opened[keep], closed[keep]
    shut = closed < axis.end
    mrr = running_mrr(cast, account, month - (kind == KINDS.index("renewal")))
    return {
        "deal_id": numbered(block, account, "D"),
        "account_id": coded(account, block.ids),
        "kind": coded(kind, KINDS),
        "opened_at": opened,
        "product": coded(product, PRODUCTS),
        "stage": coded(np.where(shut, won, 2), ("lost", "won", "open")),
        "amount": np.round(mrr * np.where(cast.profile.annual[account], 12, 1) * np.where(kind < 2, 1.0, 0.2), 2),
        "closed_at": not_after(closed, axis.end),
        "won": optional(won, shut),
        "known_at": opened,
    }


def _deals(cast: Cast, random: np.random.Generator) -> tuple[Ints, Ints, Ints, Ints, Bools]:
    """Account, month, kind, product and outcome of every deal of a block."""
    life, axis = cast.life, cast.block.axis
    before = np.pad(life.alive[:, :-1], ((0, 0), (1, 0)))
    owned = np.pad(life.addons[:, :-1], ((0, 0), (1, 0), (0, 0))) > 0
    bought = (life.addons > 0) & ~owned & ~life.began[:, :, None]
    lost = life.alive & (random.random(life.alive.shape) < 0.01) & (np.arange(axis.size) >= axis.first)
    where = (
        life.began,
        before & life.term_end & cast.profile.annual[:, None],
        life.change > 0,
        lost,
        bought[:, :, 0],
        bought[:, :, 1],
    )
    parts = [np.nonzero(mask) for mask in where]
    account, month = (np.concatenate(part) for part in zip(*parts, strict=True))
    of = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    kind, product = np.array([0, 1, 2, 2, 3, 3])[of], np.array([0, 0, 0, 0, 1, 2])[of]
    fell_through = (of == 3) | ((kind == 1) & (life.churn[account, month] > 0))
    return account, month, kind, product, ~fell_through


def _spans(cast: Cast, account: Ints, month: Ints, kind: Ints, random: np.random.Generator) -> tuple[Times, Times]:
    life, axis = cast.life, cast.block.axis
    date = axis.dates(month, cast.profile.day[account])
    days = np.array([60, 75, 0, 0])[kind]
    told = (kind == 1) & (life.churn[account, month] == VOLUNTARY)
    closed = date - np.where(told, life.lead[account, month], 0).astype("timedelta64[D]")
    opened = moments(date - days.astype("timedelta64[D]"), random)
    return opened, np.maximum(opened, moments(closed, random))
