"""How the accounts of a book are spread: over health, over risk, over bands, and from band to band."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from cs_ml.report.charts import histogram
from cs_ml.report.summary import has
from cs_ml.report.words import Words

__all__ = ["BANDS", "band_rows", "bands_overlap", "health_chart", "move_rows", "risk_chart"]

BANDS = ("red", "yellow", "green")
RISK_EDGES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


def health_chart(now: pd.DataFrame, words: Words) -> Markup | None:
    """Draw how many accounts of which band have which health.

    Parameters
    ----------
    now
        Scores of one date.
    words
        Language.

    Returns
    -------
    markupsafe.Markup or None
        The drawing; None without health.
    """
    if not has(now, "health"):
        return None
    known = now[now["health"].notna()]
    shown = known["health"].round(1).to_numpy()  # as it is written: 49.99 stands as 50.0, and belongs beside it
    place = np.minimum(shown // 5, 19).astype(int)
    band = (known["band"] if has(known, "band") else pd.Series(index=known.index, dtype=object)).to_numpy()
    named = {name: words(f"band_{name}") for name in BANDS}
    counts = {name: np.bincount(place[band == name], minlength=20).tolist() for name in BANDS}
    counts["accent"] = np.bincount(place[~np.isin(band.astype(str), BANDS)], minlength=20).tolist()
    labels = [f"{words('health')} {5 * bin_}-{5 * bin_ + 5}" for bin_ in range(20)]
    edges = [str(5 * bin_) if bin_ % 4 == 0 else "" for bin_ in range(21)]
    title, named["accent"] = words("health_distribution"), words("band_none")
    return histogram(counts, labels, title=title, x_label=words("health"), names=named, edge_labels=edges)


def bands_overlap(now: pd.DataFrame) -> bool:
    """Tell whether some account has a higher score than one of a better band.

    Parameters
    ----------
    now
        Scores of one date.

    Examples
    --------
    >>> bands_overlap(pd.DataFrame({"health": [41.0, 39.0], "band": ["red", "yellow"]}))
    True
    """
    if not has(now, "health", "band"):
        return False
    found = now.groupby("band")["health"].agg(["min", "max"]).reindex(BANDS).dropna()
    return bool((found["max"].cummax().shift() > found["min"]).any())


def risk_chart(now: pd.DataFrame, words: Words) -> Markup | None:
    """Draw how many accounts have which probability of leaving, in bins that widen with it.

    Parameters
    ----------
    now
        Scores of one date.
    words
        Language.

    Returns
    -------
    markupsafe.Markup or None
        The drawing; None without p_churn.
    """
    if not has(now, "p_churn"):
        return None
    edges = np.array(RISK_EDGES)
    counts, _ = np.histogram(now["p_churn"].dropna(), bins=edges)
    texts = [words.percent(edge, 0) for edge in edges]
    labels = [f"{words('p_churn')} {texts[bin_]} - {texts[bin_ + 1]}" for bin_ in range(len(counts))]
    title = words("risk_distribution")
    return histogram({"accent": counts.tolist()}, labels, title=title, x_label=words("p_churn"), edge_labels=texts)


def band_rows(now: pd.DataFrame, words: Words) -> list[dict[str, Any]]:
    """Return accounts, MRR, expected churns and expected loss by band, accounts without one last.

    Parameters
    ----------
    now
        Scores of one date, with expected_loss.
    words
        Language.

    Returns
    -------
    list of dict
        band, label, share (0-100, for a bar), and texts; empty without bands.
    """
    if not has(now, "band"):
        return []
    band = now["band"].where(now["band"].isin(BANDS), "none")
    rows = []
    for name in (*BANDS, "none"):
        inside = now[band == name]
        if inside.empty and name == "none":
            continue
        row = {"band": name, "label": words(f"band_{name}"), "share": 100 * len(inside) / len(now)}
        row |= {"accounts": words.number(len(inside)), "percent": words.percent(len(inside) / len(now))}
        row |= {"mrr": _sum(inside, "mrr", words), "loss": _sum(inside, "expected_loss", words)}
        row["churns"] = words.number(inside["p_churn"].sum(), 1) if has(now, "p_churn") else None
        rows.append(row)
    return rows


def _sum(rows: pd.DataFrame, column: str, words: Words) -> str | None:
    """Write the sum of money in a column, None where there is no such column."""
    return words.money(rows[column].sum()) if column in rows else None


def move_rows(now: pd.DataFrame, before: pd.DataFrame | None, words: Words) -> list[dict[str, Any]]:
    """Return how many accounts went from which band to which since the date before.

    Parameters
    ----------
    now, before
        Scores of the newest date and of the one before, or None.
    words
        Language.

    Returns
    -------
    list of dict
        One row a former band: label, band and counts of today's bands; empty where there is nothing to compare.
    """
    if before is None or not has(now, "band") or not has(before, "band"):
        return []
    both = pd.DataFrame({"then": before["band"], "now": now["band"]}).dropna()
    counts = pd.crosstab(both["then"], both["now"]).reindex(index=BANDS, columns=BANDS, fill_value=0)
    return [
        {
            "band": then,
            "label": words(f"band_{then}"),
            "cells": [
                {"band": band, "text": words.number(counts.loc[then, band]), "same": band == then} for band in BANDS
            ],
        }
        for then in BANDS
    ]
