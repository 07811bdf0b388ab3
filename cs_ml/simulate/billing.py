"""Invoices, costs, and the recurring revenue behind them."""

from __future__ import annotations

import numpy as np

from cs_ml.simulate.cast import Cast
from cs_ml.simulate.config import WorldConfig
from cs_ml.simulate.contracts import ADDON_PRICES, PRICES, price_factor
from cs_ml.simulate.events import not_after
from cs_ml.simulate.frames import Axis, Floats, Ints, Table, coded, numbered

__all__ = ["cost_table", "invoice_table", "running_mrr"]

COSTS = {"payroll": 9.0, "crm_software": 1.2, "support_tools": 0.8, "events": 0.6, "training": 0.5}  # USD an account
NOT_YET = np.datetime64("NaT", "us")


def invoice_table(cast: Cast) -> Table:
    """Return invoices due within the logs.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``invoices.parquet``; due 30 days after the billing date, some paid late, a few not yet.
    """
    block, life, profile, axis = cast.block, cast.life, cast.profile, cast.block.axis
    random = block.random("invoices")
    yearly = (profile.annual & (profile.segment > 0))[:, None]
    billed = life.alive & np.where(yearly, life.term_start == np.arange(axis.size), True)
    billed[:, : axis.first] = False
    account, month = np.nonzero(billed)
    due = axis.dates(month, profile.day[account]) + np.timedelta64(30, "D")
    paid = due + (60 * 24 * random.normal(-2, 6, len(due))).astype("timedelta64[m]")
    paid[random.random(len(due)) < 0.02] = NOT_YET
    keep = due < axis.end
    account, month, due, paid = account[keep], month[keep], due[keep], paid[keep]
    return {
        "invoice_id": numbered(block, account, "I"),
        "account_id": coded(account, block.ids),
        "due_at": due,
        "amount": np.round(running_mrr(cast, account, month) * np.where(yearly[account, 0], 12, 1), 2),
        "paid_at": not_after(paid, axis.end),
    }


def cost_table(config: WorldConfig, active: Ints) -> Table:
    """Return the monthly cost of keeping customers.

    Parameters
    ----------
    config
        The world.
    active
        Accounts under contract at the end of each month of the logs, shape (months,).

    Returns
    -------
    dict
        Columns of ``costs.parquet``.
    """
    axis, random = Axis(config), np.random.default_rng(np.random.SeedSequence(config.seed))
    month, category = (grid.ravel() for grid in np.indices((config.months, len(COSTS))))
    amount = np.array(list(COSTS.values()))[category] * active[month] * random.uniform(0.85, 1.15, len(month))
    return {
        "period": axis.dates(axis.first + month),
        "category": coded(category, tuple(COSTS)),
        "amount": np.round(amount, 2),
    }


def running_mrr(cast: Cast, account: Ints, month: Ints) -> Floats:
    """Return the recurring revenue of accounts after the decision of a month.

    Parameters
    ----------
    cast
        The accounts.
    account, month
        Position in the block and month position, each of shape (n,).

    Returns
    -------
    numpy.ndarray
        USD a month, shape (n,).
    """
    life = cast.life
    core = life.seats[account, month] * PRICES[life.plan[account, month]]
    addons = life.addons[account, month] @ np.array(ADDON_PRICES)
    mrr: Floats = (core + addons) * price_factor(cast, account, month) * (1 - cast.profile.discount[account])
    return mrr
