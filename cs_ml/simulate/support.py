"""Tickets and onboarding."""

from __future__ import annotations

import numpy as np

from cs_ml.simulate.cast import Cast
from cs_ml.simulate.events import happen, hourly, not_after
from cs_ml.simulate.frames import BLOCK, Ints, Table, Times, coded, numbered
from cs_ml.simulate.life import VOLUNTARY

__all__ = ["onboarding_table", "ticket_table"]

SEVERITIES = ("low", "medium", "high", "critical")
CATEGORIES = ("how_to", "bug", "billing", "feature_request", "outage", "offboarding")
STEPS = ("kickoff", "setup", "data_import", "training", "go_live")
DUE_DAYS = np.array([7, 14, 28, 42, 60])


def ticket_table(cast: Cast) -> Table:
    """Return support tickets; what came after the end of the logs is blank.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``tickets.parquet``. With leaks, one old ticket of most leavers is filed under offboarding.
    """
    block, random = cast.block, cast.block.random("tickets")
    axis = block.axis
    months = np.arange(axis.first, axis.last)
    burden = cast.latents.support
    rate = 0.22 * np.maximum(cast.life.seats[:, months], 1) ** 0.4 * np.exp(0.6 * burden[:, months])
    opened = happen(cast, rate, random)
    n, heavy = len(opened.at), burden[opened.account, opened.month]
    severity = np.clip(np.floor(random.exponential(0.8 + 0.15 * np.clip(heavy, -2, 3))), 0, 3).astype(np.int64)
    response = opened.at + (60 * random.exponential(8.0 / (1 + severity))).astype("timedelta64[m]")
    resolved = response + (60 * random.exponential(30.0 * np.exp(0.3 * heavy))).astype("timedelta64[m]")
    resolved[random.random(n) < 0.03] = np.datetime64("NaT")
    reopened = np.where(
        random.random(n) < 0.08, resolved + random.integers(60, 9_000, n).astype("timedelta64[m]"), np.datetime64("NaT")
    )
    known = hourly(opened.at, random, block.config.late_share)
    category = random.choice(5, n, p=[0.36, 0.28, 0.14, 0.17, 0.05])
    if block.config.leaks:
        category[_betrayed(cast, opened.account, opened.at)] = CATEGORIES.index("offboarding")
    keep = known < axis.end
    columns = {
        "opened_at": opened.at,
        "first_response_at": not_after(response, axis.end),
        "resolved_at": not_after(resolved, axis.end),
        "reopened_at": not_after(reopened, axis.end),
        "contacts": 1 + random.poisson(0.5 * np.exp(0.2 * np.clip(heavy, -2, 3))),
        "severity": severity,
        "category": category,
        "known_at": known,
    }
    columns = {name: column[keep] for name, column in columns.items()}
    columns |= {"severity": coded(columns["severity"], SEVERITIES), "category": coded(columns["category"], CATEGORIES)}
    account = opened.account[keep]
    return {"ticket_id": numbered(block, account, "T"), "account_id": coded(account, block.ids)} | columns


def onboarding_table(cast: Cast) -> Table:
    """Return the five onboarding steps of every account; those ready to adopt complete them sooner.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``onboarding.parquet``.
    """
    block, profile, random = cast.block, cast.profile, cast.block.random("onboarding")
    begun = block.axis.dates(profile.first, profile.day)
    ready = cast.latents.adoption[np.arange(BLOCK), profile.first][:, None]
    shape = (BLOCK, len(STEPS))
    minutes = 60 * 24 * DUE_DAYS * np.exp(-0.15 - 0.3 * ready + 0.35 * random.standard_normal(shape))
    done = begun[:, None] + minutes.astype("timedelta64[m]")
    done[random.random(shape) < 1 / (1 + np.exp(2.6 + ready))] = np.datetime64("NaT")
    account, step = np.nonzero((begun < block.axis.end)[:, None] & np.ones(shape, dtype=bool))
    return {
        "account_id": coded(account, block.ids),
        "step": coded(step, STEPS),
        "due_at": begun[account] + DUE_DAYS[step].astype("timedelta64[D]"),
        "completed_at": not_after(done, block.axis.end)[account, step],
    }


def _betrayed(cast: Cast, account: Ints, opened: Times) -> Ints:
    """Find the last ticket 5 to 100 days before each notice: refiled later, stamped as known when opened."""
    axis, life = cast.block.axis, cast.life
    who, month = np.nonzero((life.churn == VOLUNTARY) & (life.lead > 0))
    notice = axis.dates(month, cast.profile.day[who]) - life.lead[who, month].astype("timedelta64[D]")
    who, notice = who[notice < axis.end], notice[notice < axis.end]
    row, event = np.nonzero(
        (account[:, None] == who)
        & (opened[:, None] < notice - np.timedelta64(5, "D"))
        & (opened[:, None] > notice - np.timedelta64(100, "D"))
    )
    last = dict(zip(event.tolist(), row.tolist(), strict=True))
    return np.array(sorted(last.values()), dtype=np.int64)
