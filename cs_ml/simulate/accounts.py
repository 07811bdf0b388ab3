"""Master data: accounts, their users, and what they are entitled to."""

from __future__ import annotations

import numpy as np

from cs_ml.simulate.cast import Cast
from cs_ml.simulate.frames import BLOCK, Ints, Table, Times, coded
from cs_ml.simulate.people import FEATURES, PLAN_FEATURES, ROLES, seat_order, user_ids
from cs_ml.simulate.profile import CSMS, INDUSTRIES, REGIONS, SEGMENTS

__all__ = ["account_table", "entitlement_table", "user_table"]

JAPANESE = ("北野", "青葉", "東雲", "松本", "桜井", "中島", "高瀬", "水野", "藤川", "白石", "浅間", "富岡")
ENGLISH = (
    "Alder",
    "Birch",
    "Cedar",
    "Dover",
    "Elm",
    "Fern",
    "Harbor",
    "Juniper",
    "Linden",
    "Maple",
    "North",
    "Oakfield",
)
TRADES = ("システム", "製作所", "商店", "ファイナンス", "メディカル", "教育", "物流", "メディア")
WORKS = ("Systems", "Works", "Stores", "Finance", "Health", "Learning", "Logistics", "Media")
NEVER = np.datetime64("NaT", "us")


def account_table(cast: Cast) -> Table:
    """Return the accounts, one row for each version of segment and CSM.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``accounts.parquet``. With leaks, ``account_status`` tells how things stand at the end of the logs.
    """
    block, profile, random = cast.block, cast.profile, cast.block.random("accounts")
    signed = block.axis.dates(profile.first, profile.day)
    created = signed - random.integers(20, 70, BLOCK).astype("timedelta64[D]")
    staff = np.rint(profile.seats * 2.5 * np.exp(0.6 * random.standard_normal(BLOCK)) + 2)
    staff[random.random(BLOCK) < 0.05] = np.nan
    parents = np.where(random.random(BLOCK) < 0.05, random.integers(0, np.maximum(np.arange(BLOCK), 1)), -1)
    parents[0] = -1
    versions = _versions(cast, random)
    account = versions["account"]
    names = [_name(cast, i) for i in range(BLOCK)]
    columns = {
        "account_id": coded(account, block.ids),
        "name": coded(account, names),
        "created_at": created[account],
        "parent_id": coded(parents[account], block.ids),
        "segment": coded(versions["segment"], SEGMENTS),
        "industry": coded(profile.industry[account], INDUSTRIES),
        "region": coded(profile.region[account], REGIONS),
        "csm": coded(versions["csm"], CSMS),
        "employees": staff[account],
        "valid_from": np.where(versions["number"] == 0, created[account], versions["since"]),
        "valid_to": versions["until"],
    }
    keep = created[account] < block.axis.end
    columns = {name: _take(column, keep) for name, column in columns.items()}
    return columns | (_leak(cast, account[keep]) if block.config.leaks else {})


def user_table(cast: Cast) -> Table:
    """Return the users who had begun before the end of the logs.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``users.parquet``. Only a champion who leaves has an ``active_to``.
    """
    axis, users, life = cast.block.axis, cast.users, cast.life
    account = users.account
    order = seat_order(users, cast.latents, np.arange(axis.size))
    before = np.pad(life.alive * life.seats, ((0, 0), (1, 0)))[:, :-1]
    seated = np.maximum(before, life.alive * life.seats)[account] > order
    month = np.argmax(seated, axis=1)
    moved_up = before[account, month] > order[np.arange(len(month)), month]
    begun = axis.dates(month, np.where(moved_up, 0, cast.profile.day[account]))
    left_month = cast.latents.champion_month[account]
    left = axis.dates(left_month + 1, 2)
    leaves = (users.role == 0) & life.alive[account, np.minimum(left_month, axis.size - 1)] & (left < axis.end)
    rows = seated.any(axis=1) & (begun < axis.end)
    return {
        "user_id": user_ids(cast.block, users)[rows],
        "account_id": coded(account[rows], cast.block.ids),
        "role": coded(users.role[rows], ROLES),
        "active_from": begun[rows],
        "active_to": np.where(leaves, left, NEVER)[rows],
    }


def entitlement_table(cast: Cast) -> Table:
    """Return which features an account is entitled to, and since when.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``entitlements.parquet``; a better plan adds rows, nothing is taken away.
    """
    axis, life = cast.block.axis, cast.life
    dates = axis.dates(np.arange(axis.size), cast.profile.day[:, None])
    granted = PLAN_FEATURES[life.plan] * (life.alive & (dates < axis.end))
    has = granted[:, :, None] > np.arange(len(FEATURES))
    account, feature = np.nonzero(has.any(axis=1))
    month = np.argmax(has, axis=1)[account, feature]
    return {
        "account_id": coded(account, cast.block.ids),
        "feature": coded(feature, FEATURES),
        "valid_from": axis.dates(month, cast.profile.day[account]),
        "valid_to": np.full(len(account), NEVER),
    }


def _versions(cast: Cast, random: np.random.Generator) -> dict[str, Ints | Times]:
    """At most two versions of an account: a quarter get another CSM, some of them another segment as well."""
    profile = cast.profile
    again = ~np.isnat(profile.handover)
    account = np.repeat(np.arange(BLOCK), 1 + again)
    second = np.append([-1], account[:-1]) == account
    grown = second & (random.random(BLOCK) < 0.25)[account]
    return {
        "account": account,
        "number": second.astype(np.int64),
        "segment": np.minimum(profile.segment[account] + grown, 2),
        "csm": np.where(second, profile.next_csm[account], profile.csm[account]),
        "since": profile.handover[account],
        "until": np.where(second, NEVER, profile.handover[account]),
    }


def _name(cast: Cast, account: int) -> str:
    trade, number = cast.profile.industry[account], int(cast.block.ids[account][1:])
    if cast.profile.region[account] == 0:
        return f"株式会社{JAPANESE[number % 12]}{TRADES[trade]}{number % 997:03d}"
    return f"{ENGLISH[number % 12]} {WORKS[trade]} {number % 997:03d}"


def _take(column: object, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> object:
    return column[keep] if isinstance(column, np.ndarray) else column.filter(keep)  # type: ignore[attr-defined]


def _leak(cast: Cast, account: Ints) -> Table:
    """Whether the account is a customer at the end of the logs: overwritten, so it betrays the outcome."""
    axis = cast.block.axis
    return {"account_status": coded(cast.life.alive[account, axis.last - 1].astype(np.int64), ("cancelled", "active"))}
