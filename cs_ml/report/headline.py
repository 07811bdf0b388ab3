"""The headline figures of a book, as tiles of label, value and note."""

from __future__ import annotations

from typing import TypedDict

import pandas as pd

from cs_ml.report.summary import expected_events, has
from cs_ml.report.words import Words

__all__ = ["Tile", "tiles"]


class Tile(TypedDict):
    """One figure."""

    label: str
    value: str
    note: str


def tiles(now: pd.DataFrame, before: pd.DataFrame | None, words: Words) -> list[Tile]:
    """Return the figures for which there are columns.

    Parameters
    ----------
    now
        Scores of the newest date, with expected_loss.
    before
        Scores of the date before, or None.
    words
        Language.

    Returns
    -------
    list of Tile
        Accounts, MRR, MRR at risk, expected churns and expansions with interval, mean health.

    Examples
    --------
    >>> scores = pd.DataFrame({"p_churn": [0.5, 0.5]}, index=["a", "b"])
    >>> [(tile["label"], tile["value"], tile["note"]) for tile in tiles(scores, None, Words("en"))]
    [('Accounts', '2', ''), ('Expected churns', '1.0', '0 to 2 (90 %), if probabilities are right')]
    """
    found = [_accounts(now, before, words)]
    if has(now, "mrr"):
        found.append(_mrr(now, before, words))
    if has(now, "expected_loss"):
        found.append(_at_risk(now, words))
    if has(now, "p_churn"):
        found.append(_expected(now["p_churn"], "expected_churns", words))
    if has(now, "p_upsell"):
        found.append(_expected(now["p_upsell"], "expected_upsells", words))
    if has(now, "health"):
        found.append(_health(now["health"], words))
    return found


def _accounts(now: pd.DataFrame, before: pd.DataFrame | None, t: Words) -> Tile:
    """Count accounts, and who joined or left the list since the date before."""
    note = ""
    if before is not None:
        joined, gone = now.index.difference(before.index), before.index.difference(now.index)
        note = t("joined_gone", joined=t.number(len(joined)), gone=t.number(len(gone)))
    return {"label": t("accounts"), "value": t.number(len(now)), "note": note}


def _mrr(now: pd.DataFrame, before: pd.DataFrame | None, t: Words) -> Tile:
    """Add up MRR, and how it moved since the date before."""
    note = ""
    if before is not None and "mrr" in before and before["mrr"].sum() > 0:
        change = now["mrr"].sum() / before["mrr"].sum() - 1
        note = t("since_before", change=("+" if change >= 0 else "") + t.percent(change, 1))
    return {"label": t("mrr"), "value": t.money(now["mrr"].sum()), "note": note}


def _at_risk(now: pd.DataFrame, t: Words) -> Tile:
    """Add up probability of leaving times MRR."""
    lost, whole = now["expected_loss"].sum(), now["mrr"].sum()
    note = t("of_mrr", share=t.percent(lost / whole)) if whole > 0 else ""
    return {"label": t("mrr_at_risk"), "value": t.money(lost), "note": note}


def _expected(probabilities: pd.Series, label: str, t: Words) -> Tile:
    """Add up probabilities, with an interval."""
    found = expected_events(probabilities)
    note = t("interval_90", low=t.number(found.low), high=t.number(found.high))
    return {"label": t(label), "value": t.number(found.mean, 1 if found.mean < 100 else 0), "note": note}


def _health(health: pd.Series, t: Words) -> Tile:
    """Average health, and how many accounts have none."""
    null = int(health.isna().sum())
    note = t("without_health", count=t.number(null)) if null else t("all_have_health")
    return {"label": t("mean_health"), "value": t.number(health.mean(), 1), "note": note}
