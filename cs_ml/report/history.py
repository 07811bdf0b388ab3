"""One account over time: past scores, contract terms, usage."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from cs_ml.report.summary import has, require_columns
from cs_ml.report.timecharts import line
from cs_ml.report.timeline import Term, timeline
from cs_ml.report.words import Words
from cs_ml.timeline.terms import NEVER, effective_end

__all__ = ["contracts_chart", "score_charts", "usage_charts"]


def score_charts(history: pd.DataFrame, band_edges: tuple[float, float], words: Words) -> list[dict[str, Any]]:
    """Draw past health with its interval on its bands, and past probabilities; nothing for a single date.

    Parameters
    ----------
    history
        Scores of one account by as_of, ascending.
    band_edges
        Health at which yellow and green begin.
    words
        Language.

    Returns
    -------
    list of dict
        label and drawing.
    """
    if len(history) < 2:
        return []
    when, drawn = list(history.index), []
    if has(history, "health"):
        drawn.append({"label": words("health"), "drawing": _health_line(history, band_edges, words)})
    for name in ("p_churn", "p_upsell"):
        if has(history, name):
            chart = line(when, _floats(history[name]), title=words(name), percent=True)
            drawn.append({"label": words(name), "drawing": chart})
    return drawn


def _health_line(history: pd.DataFrame, band_edges: tuple[float, float], words: Words) -> Markup:
    """Draw past health, with its interval where there is one."""
    known = has(history, "health_low", "health_high")
    return line(
        list(history.index),
        _floats(history["health"]),
        low=_floats(history["health_low"]) if known else None,
        high=_floats(history["health_high"]) if known else None,
        title=words("health"),
        ends=(0.0, 100.0),
        bands=band_edges,
    )


def usage_charts(usage: pd.DataFrame | None, words: Words) -> list[dict[str, Any]]:
    """Draw each measure of usage over time.

    Parameters
    ----------
    usage
        Index of dates, one numeric column a measure; or None.
    words
        Language.

    Returns
    -------
    list of dict
        label and drawing.
    """
    if usage is None:
        return []
    rows = usage.droplevel("account_id") if "account_id" in usage.index.names else usage
    rows = rows.set_axis(pd.DatetimeIndex(rows.index)).sort_index()
    return [
        {"label": words.label(name), "drawing": line(list(rows.index), _floats(rows[name]), title=words.label(name))}
        for name in rows.select_dtypes("number")
    ]


def contracts_chart(contracts: pd.DataFrame | None, now: pd.Timestamp, words: Words) -> Markup | None:
    """Draw contract terms as bars, one lane a product; terms that overlap get lanes of their own.

    Parameters
    ----------
    contracts
        Terms of one account, or None.
    now
        Where the line of the present stands.
    words
        Language.

    Returns
    -------
    markupsafe.Markup or None
        The drawing.

    Raises
    ------
    FrameError
        If there is no column start_at.
    """
    if contracts is None:
        return None
    require_columns(contracts, {"start_at"}, "contracts")
    terms: list[Term] = []
    ended = effective_end(contracts).replace(pd.Timestamp(NEVER), pd.NaT)
    for row in contracts.assign(ended=ended).sort_values("start_at", kind="stable").to_dict("records"):
        terms.append(_term(row, terms, words))
    return timeline(terms, title=words("contracts"), now=now, now_label=f"{words('as_of')} {words.date(now)}")


def _term(row: dict[Any, Any], others: list[Term], words: Words) -> Term:
    """Return the bar of one term."""
    start, end = pd.Timestamp(row["start_at"]), _instant(row.get("end_at"))
    cancelled = _instant(row.get("cancelled_at"))
    product = _text(row.get("product")) or words("contract")
    parts = [_text(row.get("plan")), words.money(row["mrr"]) if _known(row.get("mrr")) else ""]
    parts += [words("seats_count", count=words.number(row["seats"]))] if _known(row.get("seats")) else []
    span = f"{words.date(start)} - {words.date(end) if end is not None else words('open_end')}"
    detail = ", ".join([product, *filter(None, parts), span])
    if cancelled is not None:
        detail += f", {words('cancelled')} {words.date(cancelled)}"
    return Term(
        lane=_free_lane(product, start, others),
        start=start,
        end=_instant(row["ended"]),
        label=" · ".join(filter(None, parts)),
        detail=detail,
        ended=cancelled is not None,
    )


def _free_lane(product: str, start: pd.Timestamp, others: list[Term]) -> str:
    """Return the product's first lane in which nothing runs at this start."""
    number, lane = 1, product
    while any(other.lane == lane and (other.end is None or other.end > start) for other in others):
        number += 1
        lane = f"{product} ({number})"
    return lane


def _instant(value: Any) -> pd.Timestamp | None:
    """Return an instant, None where null."""
    return pd.Timestamp(value) if _known(value) else None


def _known(value: Any) -> bool:
    """Tell a value from null."""
    return value is not None and not pd.isna(value)


def _text(value: Any) -> str:
    """Return a text, empty where null."""
    return str(value) if _known(value) else ""


def _floats(column: pd.Series) -> list[float]:
    """Return a column as plain numbers, NaN where null."""
    return [float(value) for value in column.astype("float64")]
