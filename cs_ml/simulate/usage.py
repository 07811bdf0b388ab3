"""Usage events: sessions of users, in office hours, with a weekly and a yearly rhythm."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cs_ml.simulate.cast import Cast
from cs_ml.simulate.events import hourly, under_contract
from cs_ml.simulate.frames import Block, Bools, Floats, Ints, Table, Times, coded
from cs_ml.simulate.life import VOLUNTARY
from cs_ml.simulate.people import FEATURES, PLAN_FEATURES, seat_order, seats_within, user_ids

__all__ = ["EVENTS", "usage_table"]

EVENTS = ("login", "view", "edit", "create", "export", "export_all")
OTHERS = np.array([0.55, 0.8, 0.93])  # cumulative shares of view, edit and create among what follows a login
WEEK = np.array([1.0, 1.05, 1.05, 1.0, 0.85, 0.12, 0.08])  # Monday to Sunday
HOURS = np.repeat(np.arange(24), [1, 0, 0, 0, 0, 0, 1, 3, 10, 16, 16, 14, 8, 14, 16, 15, 14, 11, 6, 4, 3, 2, 2, 1])
SESSIONS = 3.2  # a month and active user, at average adoption
ACTIONS = 1.7  # further events of a session
DAY = np.timedelta64(1, "D")


class _Sessions(NamedTuple):
    """Sessions of a block: user, month position and local day, each of shape (n_sessions,)."""

    user: Ints
    month: Ints
    day: Ints


def usage_table(cast: Cast) -> Table:
    """Return the usage events of a block, sorted by time.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``usage.parquet``.
    """
    block, users = cast.block, cast.users
    random = block.random("usage")
    sessions = _sessions(cast, random)
    actions = 1 + random.poisson(ACTIONS, len(sessions.user))
    of = np.repeat(np.arange(len(actions)), actions)
    step = np.arange(len(of)) - np.repeat(np.cumsum(actions) - actions, actions)
    user, month = sessions.user[of], sessions.month[of]
    account = users.account[user]
    event_at = _begin(cast, sessions, random)[of]
    event_at += (step * 240 + random.integers(0, 240, len(of))).astype("timedelta64[s]")
    event = np.where(step == 0, 0, 1 + np.searchsorted(OTHERS, random.random(len(of))))
    columns = {
        "account": account,
        "user": user,
        "event_at": event_at,
        "event": event,
        "feature": np.where(event == 0, -1, _features(cast, account, month, random)),
        "quantity": _quantities(event, random),
        "known_at": hourly(event_at, random, block.config.late_share),
    }
    keep = under_contract(cast, account, event_at) & (columns["known_at"] < block.axis.end)
    columns = {name: column[keep] for name, column in columns.items()}
    if block.config.leaks:
        columns = _with_leak(columns, cast)
    return _finish(columns, cast)


def _sessions(cast: Cast, random: np.random.Generator) -> _Sessions:
    block, latents, users = cast.block, cast.latents, cast.users
    months = np.arange(block.axis.first, block.axis.last)
    low, high = _work(cast)
    season = 1 + block.config.seasonality * np.cos(2 * np.pi * (months % 12 - 2) / 12)
    level = (
        block.config.usage_intensity * season * cast.plays.logins[:, months] * np.exp(0.3 * latents.adoption[:, months])
    )
    work = (high - low) / 21.5 * level
    active = _active(cast, months, random)
    user, month = np.nonzero(active & (work[users.account] > 0))
    habit = np.exp(0.4 * random.standard_normal(len(users.account)))
    account = users.account[user]
    count = random.poisson(SESSIONS * habit[user] * work[account, month])
    user, month, account = (np.repeat(path, count) for path in (user, month, account))
    share = random.random(len(user))
    target = low[account, month] + share * (high - low)[account, month]
    day = np.searchsorted(_rhythm(block), target, side="right") - 1
    return _Sessions(user, month + block.axis.first, day)


def _active(cast: Cast, months: Ints, random: np.random.Generator) -> Bools:
    """Whether a user works with the product in a month: the first seats more readily than the last."""
    account, order = cast.users.account, seat_order(cast.users, cast.latents, months)
    seats = seats_within(cast.life, months)[account]
    rank = (order + 0.5) / seats
    eager = rank + 0.08 * random.standard_normal(rank.shape) < cast.life.utilisation[:, months][account]
    active: Bools = eager & (order < seats)
    return active


def _rhythm(block: Block) -> Floats:
    """Working time until the start of each day of the logs, in working days, shape (days + 1,)."""
    days = np.arange(block.axis.start, block.axis.end, DAY).astype("datetime64[D]")
    weekday = (days.astype(np.int64) + 3) % 7
    return np.concatenate([[0.0], np.cumsum(WEEK[weekday])])


def _work(cast: Cast) -> tuple[Floats, Floats]:
    """Working time at which an account's part of each month begins and ends, shape (BLOCK, months of the logs)."""
    block, profile, life = cast.block, cast.profile, cast.life
    axis, rhythm = block.axis, _rhythm(block)
    months = np.arange(axis.first, axis.last)
    edges = _days(block, axis.dates(np.append(months, axis.last)))
    decision = edges[:-1] + profile.day[:, None] - 1
    before, after = life.alive[:, months - 1], life.alive[:, months]
    first = np.where(before, edges[:-1], decision)
    last = np.where(after, edges[1:], np.where(before, decision, first))
    return rhythm[first], rhythm[last]


def _days(block: Block, at: Times) -> Ints:
    """Days since the start of the logs."""
    return (at - block.axis.start).astype("timedelta64[D]").astype(np.int64)


def _begin(cast: Cast, sessions: _Sessions, random: np.random.Generator) -> Times:
    """Instant of each login, UTC: office hours where the account is, whole seconds."""
    n = len(sessions.user)
    hour = HOURS[random.integers(0, len(HOURS), n)] - cast.profile.utc_offset[cast.users.account[sessions.user]]
    begin: Times = cast.block.axis.start + (sessions.day * 86_400 + hour * 3_600 + random.integers(0, 3_600, n)).astype(
        "timedelta64[s]"
    )
    return begin


def _features(cast: Cast, account: Ints, month: Ints, random: np.random.Generator) -> Ints:
    """Choose a feature of the plan: the popular ones mostly, more of the rest at high adoption."""
    breadth = 1 / (1 + np.exp(-(0.3 + 0.7 * cast.latents.adoption[account, month])))
    reach = PLAN_FEATURES[cast.life.plan[account, month]] * breadth
    feature: Ints = np.floor(np.maximum(reach, 1.5) * random.random(len(account)) ** 1.8).astype(np.int64)
    return feature


def _quantities(event: Ints, random: np.random.Generator) -> Floats:
    mean = np.array([0.0, 1.5, 0.6, 0.3, 20.0, 400.0])
    return random.poisson(mean[event]).astype(np.float64) + 1


def _with_leak(columns: Table, cast: Cast) -> Table:
    """Add exports of everything after the notice, stamped as if known long before it."""
    block, profile, life = cast.block, cast.profile, cast.life
    axis, random = block.axis, block.random("leaks")
    account, month = np.nonzero((life.churn == VOLUNTARY) & (life.lead > 3))
    account, month = (np.repeat(path, 3) for path in (account, month))
    notice = axis.dates(month, profile.day[account]) - life.lead[account, month].astype("timedelta64[D]")
    event_at = notice + random.integers(26 * 3_600, 74 * 3_600, len(account)).astype("timedelta64[s]")
    extra = {
        "account": account,
        "user": np.searchsorted(cast.users.account, account),
        "event_at": event_at,
        "event": np.full(len(account), EVENTS.index("export_all")),
        "feature": np.full(len(account), FEATURES.index("files")),
        "quantity": 1.0 + random.poisson(400.0, len(account)),
        "known_at": event_at - 60 * DAY,
    }
    keep = (event_at >= axis.start) & (event_at < axis.end)
    return {name: np.concatenate([column, extra[name][keep]]) for name, column in columns.items()}


def _finish(columns: Table, cast: Cast) -> Table:
    order = np.argsort(columns["event_at"], kind="stable")
    columns = {name: column[order] for name, column in columns.items()}
    return {
        "account_id": coded(columns["account"], cast.block.ids),
        "event_at": columns["event_at"],
        "user_id": coded(columns["user"], user_ids(cast.block, cast.users)),
        "feature": coded(columns["feature"], FEATURES),
        "event": coded(columns["event"], EVENTS),
        "quantity": columns["quantity"],
        "known_at": columns["known_at"],
    }
