"""Contract lines: one row a term, a renewal or an upgrade is a new row."""

from __future__ import annotations

import numpy as np

from cs_ml.simulate.cast import Cast
from cs_ml.simulate.events import moments
from cs_ml.simulate.frames import Block, Floats, Ints, Strings, Table, coded, optional
from cs_ml.simulate.latents import Latents
from cs_ml.simulate.life import ADDONS, INVOLUNTARY, VOLUNTARY

__all__ = ["PLANS", "PRICES", "contract_table", "price_factor"]

PLANS = ("starter", "growth", "scale")
PRICES = np.array([20.0, 40.0, 80.0])  # USD a seat and month, by plan
ADDON_PRICES = (6.0, 9.0)
REASONS = (
    "price",
    "low_usage",
    "missing_features",
    "support",
    "competitor",
    "champion_left",
    "upgrade",
    "payment_failure",
    "business_closed",
)
NOT_YET = np.datetime64("NaT", "us")


def contract_table(cast: Cast) -> Table:
    """Return the contract lines of a block as they stand at the end of the logs.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``contracts.parquet``, sorted by account, product and start. What was decided after the end of the
        logs is not in it.
    """
    block, profile, life = cast.block, cast.profile, cast.life
    lines = [_line(cast, product) for product in range(1 + len(ADDONS))]
    account, start, stop, product = (np.concatenate(part) for part in zip(*lines, strict=True))
    order = np.lexsort((start, product, account))
    account, start, stop, product = account[order], start[order], stop[order], product[order]
    core = product == 0
    plan = np.where(core, life.plan[account, start], 0)
    addon = life.addons[account, start, np.maximum(product - 1, 0)]
    seats = np.where(core, life.seats[account, start], addon)
    list_price = np.where(core, PRICES[plan], np.array([0.0, *ADDON_PRICES])[product]) * price_factor(
        cast, account, start
    )
    discount = profile.discount[account]
    return {
        "contract_line_id": _line_ids(block, account, product),
        "account_id": coded(account, block.ids),
        "product": coded(product, ("core", *ADDONS)),
        "plan": coded(np.where(core, plan, len(PLANS)), (*PLANS, "addon")),
        "tier": plan + 1,
        "seats": seats,
        "list_price": np.round(list_price, 2),
        "discount": discount,
        "mrr": np.round(seats * np.round(list_price, 2) * (1 - discount), 2),
        "currency": coded(np.zeros(len(account)), ("USD",)),
        "billing_months": np.where(profile.annual & (profile.segment > 0), 12, 1)[account],
        "auto_renew": profile.auto_renew[account],
        "notice_days": np.where(profile.notice_low > 1, 30, 0)[account],
    } | _times(cast, account, start, stop)


def price_factor(cast: Cast, account: Ints, month: Ints) -> Floats:
    """Return the factor on the list price of terms that run after the decision of a month.

    Parameters
    ----------
    cast
        The accounts.
    account, month
        Positions, shape (n,).

    Returns
    -------
    numpy.ndarray
        1 for terms begun before the price change, more for later ones, shape (n,).
    """
    config = cast.block.config
    change = config.price_change
    if change is None:
        return np.ones(len(account))
    return np.where(
        cast.life.term_start[account, month] >= cast.block.axis.position(change), 1 + config.price_rise, 1.0
    )


def _line(cast: Cast, product: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Account, first month and next event (a month position) of every row of one product."""
    block, life = cast.block, cast.life
    if product == 0:
        runs, changed = life.alive, life.change != 0
    else:
        runs = life.addons[:, :, product - 1] > 0
        changed = np.zeros_like(runs)
    before = np.pad(runs[:, :-1], ((0, 0), (1, 0)))
    event = runs & (~before | life.term_end | changed | life.began)
    event_or_end = event | (before & ~runs)
    account, month = np.nonzero(event_or_end)
    same = np.append(account[1:] == account[:-1], [False])
    following = np.where(same, np.append(month[1:], 0), block.axis.size)
    rows = event[account, month] & (block.axis.dates(month, cast.profile.day[account]) < block.axis.end)
    return account[rows], month[rows], following[rows], np.full(int(rows.sum()), product)


def _times(cast: Cast, account: Ints, start: Ints, stop: Ints) -> Table:
    profile, life, random = cast.profile, cast.life, cast.block.random("contracts")
    axis, day = cast.block.axis, profile.day[account]
    planned = life.term_start[account, start] + np.where(profile.annual[account], 12, 1)
    start_at, end_at, stop_at = axis.dates(start, day), axis.dates(planned, day), axis.dates(stop, day)
    inside = np.minimum(stop, axis.size - 1)
    churn = np.where(stop < axis.size, life.churn[account, inside], 0)
    lead = life.lead[account, inside]
    told = (churn == VOLUNTARY) & (lead > 0)
    asked = moments(stop_at - lead.astype("timedelta64[D]"), random, profile.utc_offset[account])
    cut = ((stop < planned) & (churn == 0)) | (churn == INVOLUNTARY)
    known = np.where(told, asked, stop_at) < axis.end
    signed = moments(
        start_at - random.integers(1, 15, len(day)).astype("timedelta64[D]"), random, profile.utc_offset[account]
    )
    ended = (told | cut) & known
    reason = np.where(
        churn == VOLUNTARY,
        _reasons(cast.latents, account, inside, random),
        np.where(churn == 0, 6, random.integers(7, 9, len(day))),
    )
    return {
        "start_at": start_at,
        "end_at": end_at,
        "signed_at": np.where(life.began[account, start], signed, start_at),
        "cancel_requested_at": np.where(told & known, asked, NOT_YET),
        "cancelled_at": np.where(ended, stop_at, NOT_YET),
        "cancel_reason": coded(np.where(ended, reason, -1), REASONS),
        "voluntary": optional(churn == VOLUNTARY, ended & (churn > 0)),
    }


def _reasons(latents: Latents, account: Ints, month: Ints, random: np.random.Generator) -> Ints:
    """Choose the reason that a customer gives: mostly what weighed, sometimes politeness."""
    at = account, month - 3
    weights = np.column_stack(
        [
            np.full(len(account), 0.4),
            -latents.adoption[at] - 0.4 * latents.trend[at],
            -0.7 * latents.satisfaction[at],
            0.6 * latents.support[at],
            np.full(len(account), 0.1),
            2.0 * latents.champion_lost[at],
        ]
    )
    chosen: Ints = np.argmax(weights + random.gumbel(0, 0.6, weights.shape), axis=1)
    return chosen


def _line_ids(block: Block, account: Ints, product: Ints) -> Strings:
    """Ids such as A000012-L1-003: product line, row of the line."""
    key = account * 8 + product
    first = np.append([True], key[1:] != key[:-1])
    number = np.arange(len(key)) - np.maximum.accumulate(np.where(first, np.arange(len(key)), 0))
    return np.array(
        [f"{block.ids[a]}-L{p + 1}-{n + 1:03d}" for a, p, n in zip(account, product, number, strict=True)], dtype=object
    )
