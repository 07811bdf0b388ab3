"""The portfolio page: the book today, who needs attention, who may grow, and how far the figures can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pandas as pd

from cs_ml.report.accounts_table import account_rows, page_address
from cs_ml.report.book import book_tiles
from cs_ml.report.cells import table
from cs_ml.report.evidence import headline_metrics, metric_rows, reliability_note, reliability_plot, reliability_rows
from cs_ml.report.headline import tiles
from cs_ml.report.page import Page, embedded
from cs_ml.report.priority import priority_rows
from cs_ml.report.reasons import driver_rows, newest, top_reasons
from cs_ml.report.said import Said
from cs_ml.report.signal import is_silent, signal_notes
from cs_ml.report.spread import band_rows, bands_overlap, health_chart, move_rows, risk_chart
from cs_ml.report.summary import has, latest, previous, with_loss

__all__ = ["PortfolioReport"]

LISTED = 12
FAMILY = ["parent_id", "account_id", "health", "band", "p_stay", "mrr"]


class PortfolioReport(Page):
    """Everything about a book on one page.

    Parameters
    ----------
    scores
        Scores by ``(account_id, as_of)``: the newest date is the page, the date before it shows movement. Used where
        present: p_churn, p_upsell, health, health_low, health_high, band, mrr, health_reason, scorecard_version,
        model_version, and the attributes name, segment, csm.
    drivers
        Drivers frame, or None.
    reliability
        What came true by bin of score or probability: predicted and observed (or expected and share), low, high, ...
    coverage
        Data by table: any small frame.
    book
        KPIs of the book: one row a period, ascending, one column a KPI.
    metrics
        Model metrics beside baselines: columns metric, model, value, and low, high, target where known. Of the metrics
        known by name only the few that matter here are shown; the model card has them all.
    families
        Health of parent accounts, each followed by its children: parent_id, account_id, health, band, p_stay, mrr.
    priority
        The accounts to work on first, see :func:`cs_ml.report.priority.priority_rows`; with ``capacity``, how many
        accounts can be worked on a month, and ``currency`` of the money.
    verdicts
        What the model of each target was found to be on later dates: ``usable signal``, ``no usable signal``,
        ``not knowable``. Without a signal the page says so first, and ranks nobody by the probability.
    notes
        Sentences the reader must know: missing tables, attributes that are not point-in-time.
    links
        Relative address of an account's page, by account_id.
    horizon_days
        Days the probabilities look ahead, said on the page where given.
    lang
        "en" or "ja".
    title
        Heading; None takes the one of the language.

    Raises
    ------
    FrameError
        If a frame lacks what it must have.
    InputError
        If there is no such language.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-01-01"))], names=["account_id", "as_of"])
    >>> scores = pd.DataFrame({"health": [62.0], "band": ["green"], "p_churn": [0.1], "mrr": [500.0]}, index=index)
    >>> page = PortfolioReport(scores).html()
    >>> page.startswith("<!doctype html>"), "://" in page
    (True, False)
    """

    template: ClassVar[str] = "portfolio.html"
    heading: ClassVar[str] = "portfolio"

    def __init__(
        self,
        scores: pd.DataFrame,
        drivers: pd.DataFrame | None = None,
        *,
        reliability: pd.DataFrame | None = None,
        coverage: pd.DataFrame | None = None,
        book: pd.DataFrame | None = None,
        metrics: pd.DataFrame | None = None,
        families: pd.DataFrame | None = None,
        priority: pd.DataFrame | None = None,
        capacity: int | None = None,
        currency: str | None = None,
        verdicts: Mapping[str, str] | None = None,
        notes: Sequence[str] = (),
        links: Mapping[str, str] | None = None,
        horizon_days: int | None = None,
        lang: str = "en",
        title: str | None = None,
    ) -> None:
        super().__init__(title=title, lang=lang)
        self.now, self.before = with_loss(latest(scores)), previous(scores)
        self.as_of = scores.index.get_level_values("as_of").max()
        self.drivers = None if drivers is None else newest(drivers, self.as_of)
        self.reliability, self.coverage, self.book, self.metrics = reliability, coverage, book, metrics
        self.families, self.priority, self.capacity, self.currency = families, priority, capacity, currency
        self.notes, self.links, self.horizon_days = tuple(notes), dict(links or {}), horizon_days
        self.verdicts = dict(verdicts or {})

    def view(self) -> dict[str, Any]:
        """Return what the template shows."""
        words, now = self.words, self.now
        risk, growth = (top_reasons(self.drivers, words.lang, towards=way) for way in ("risk", "growth"))
        silent = is_silent(self.verdicts, "churn")
        rows = account_rows(
            now, self.before, {} if silent else risk, self.links, words, first="mrr" if silent else None
        )
        return {
            "as_of": words.date(self.as_of),
            "horizon": self.horizon_days,
            "versions": self._versions(),
            "tiles": tiles(now, self.before, words),
            "book": book_tiles(self.book, words),
            "bands": band_rows(now, words),
            "moves": move_rows(now, self.before, words),
            "health_chart": health_chart(now, words),
            "overlapping": bands_overlap(now),
            "risk_chart": risk_chart(now, words),
            "signal": signal_notes(self.verdicts, words),
            "by_revenue": self._by_revenue() if silent else [],
            "at_risk": [] if silent else self._listed("expected_loss", risk, "churn"),
            "priority": [] if silent else self._priority(),
            "capacity": self.capacity,
            "currency": self.currency,
            "growing": [] if is_silent(self.verdicts, "upsell") else self._listed("p_upsell", growth, "upsell"),
            "columns": rows["columns"],
            "accounts": embedded(rows),
            "reliability": reliability_rows(self.reliability, words),
            "reliability_chart": reliability_plot(self.reliability, words),
            "reliability_note": reliability_note(self.reliability, words),
            "metrics": metric_rows(headline_metrics(self.metrics), words),
            "coverage": None if self.coverage is None else table(self.coverage, words),
            "families": None if self.families is None else table(self.families[FAMILY], words),
            "notes": [Said(words)(note) for note in self.notes],
        }

    def _versions(self) -> list[tuple[str, str]]:
        """Return which scorecard and model made the figures."""
        return [
            (self.words(name), ", ".join(sorted({str(value) for value in self.now[name].dropna()})))
            for name in ("scorecard_version", "model_version")
            if has(self.now, name)
        ]

    def _priority(self) -> list[dict[str, Any]]:
        """Return the accounts to work on first, each with its page."""
        rows = priority_rows(self.priority, self.now, self.words)
        return [row | {"link": page_address(self.links.get(row["account_id"]))} for row in rows]

    def _listed(self, column: str, reasons: Mapping[str, str], target: str) -> list[dict[str, Any]]:
        """Return the accounts with the largest value of a column, each with its drivers."""
        if not has(self.now, column):
            return []
        known = self.now[self.now[column].notna()]
        first = known.sort_index().sort_values(column, ascending=False, kind="stable").head(LISTED)
        return [self._account(row, reasons, target) for row in first.reset_index().to_dict("records")]

    def _by_revenue(self) -> list[dict[str, Any]]:
        """Return the accounts with the largest revenue, where nothing is known that would rank them by risk."""
        first = (
            self.now.sort_index().sort_values("mrr", ascending=False, kind="stable") if has(self.now, "mrr") else None
        )
        rows = [] if first is None else first.head(self.capacity or LISTED).reset_index().to_dict("records")
        return [self._account(row, {}, "") for row in rows]

    def _account(self, row: Mapping[Any, Any], reasons: Mapping[str, str], target: str) -> dict[str, Any]:
        """Return one account of a list as texts."""
        words, account = self.words, str(row["account_id"])
        found = {name: words.percent(row[name]) for name in ("p_churn", "p_upsell") if name in row}
        found |= {name: words.money(row[name]) for name in ("mrr", "expected_loss") if name in row}
        return found | {
            "account_id": account,
            "name": row["name"] if isinstance(row.get("name"), str) else account,
            "band": row.get("band") if isinstance(row.get("band"), str) else None,
            "health": words.number(row.get("health")),
            "link": page_address(self.links.get(account)),
            "reason": reasons.get(account, ""),
            "drivers": self._drivers(account, target),
        }

    def _drivers(self, account: str, target: str) -> dict[str, list[dict[str, Any]]]:
        """Return the drivers of one account, levers apart from signals."""
        if self.drivers is None:
            return {}
        rows = self.drivers[(self.drivers["account_id"] == account) & (self.drivers["target"] == target)]
        return driver_rows(rows, self.words)
