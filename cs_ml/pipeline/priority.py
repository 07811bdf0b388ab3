"""Whom to work on first, given how many accounts the team can work on."""

from __future__ import annotations

import pandas as pd

from cs_ml.config import Config
from cs_ml.models.periods import DAYS_A_MONTH, Periods

__all__ = ["LISTED", "describe_priority", "priority_of", "with_stake"]

LISTED = ("mrr", "term_months", "at_stake", "at_stake_low", "at_stake_high", "covered", "health", "band")


def with_stake(config: Config, scores: pd.DataFrame, X: pd.DataFrame) -> pd.DataFrame:
    """Return scores with ``at_stake`` where it can be said.

    ``at_stake = p * mrr * term_months``, in the currency of the revenue: p is the probability of leaving within the
    horizon. The term is the months that an account which stays is then expected to pay, see
    :class:`cs_ml.pipeline.survival.Survival`; where no stays were learned, it is the length of the contract's own term,
    which a renewal would commit, up to ``survival.term_days``, and there is no interval.

    Parameters
    ----------
    config
        Checked config.
    scores
        Scores by (account_id, as_of).
    X
        Features of the same rows.
    """
    risk = f"p_{config.health.target}"
    if "at_stake" in scores or not {risk, "mrr"} <= set(scores) or Periods().term not in X:
        return scores
    months = X[Periods().term].clip(upper=config.survival.term_days / DAYS_A_MONTH)
    return scores.assign(term_months=months, at_stake=scores[risk] * scores["mrr"] * months)


def priority_of(config: Config, scores: pd.DataFrame, spine: pd.DataFrame) -> pd.DataFrame | None:
    """Return the accounts with most at stake, as many as the team can work on in a month.

    Accounts that have given notice are left out, of the list and of what it is a share of: their probability was not
    learned from their like, and winning them back is other work.

    Parameters
    ----------
    config
        Checked config, with ``priority.capacity``.
    scores
        Scores of one date by (account_id, as_of), with ``at_stake``.
    spine
        Their ``notice_given``.

    Returns
    -------
    pandas.DataFrame or None
        ``rank``, ``account_id``, ``p_leave``, ``mrr``, ``term_months``, ``at_stake``, ``at_stake_low``,
        ``at_stake_high``, ``covered`` (what the list holds down to this line, as a share of all that is at stake at
        accounts that it could hold), and health and band where scored; None where nothing is known to be at stake.
    """
    if "at_stake" not in scores or not scores["at_stake"].gt(0).any():
        return None
    open_ = scores[~spine["notice_given"].reindex(scores.index).to_numpy(dtype=bool) & scores["at_stake"].notna()]
    ordered = open_.sort_index().sort_values("at_stake", ascending=False, kind="stable")
    covered = ordered["at_stake"].cumsum() / ordered["at_stake"].sum()
    first = ordered.assign(covered=covered).head(config.priority.capacity)
    risk = f"p_{config.health.target}" if f"p_{config.health.target}" in first else "p_leave_90"
    found = pd.DataFrame({"rank": range(1, len(first) + 1)}, index=first.index)
    found["account_id"] = first.index.get_level_values("account_id")
    found["p_leave"] = first[risk]
    return found.join(first[[name for name in LISTED if name in first]]).reset_index(drop=True)


def describe_priority(first: pd.DataFrame | None, currency: str | None) -> list[str]:
    """Return in a line of text what the list holds."""
    if first is None or first.empty:
        return []
    total, unit = first["at_stake"].sum(), f" {currency}" if currency else ""
    told = f"first {len(first)} accounts to work on: {total:,.0f}{unit} at stake (risk x MRR x remaining term)"
    return [f"{told}, {first['covered'].iloc[-1]:.0%} of what is at stake at accounts that gave no notice"]
