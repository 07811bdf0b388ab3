"""The account page: how one account is, what that goes along with, what happened, what was said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import pandas as pd
from markupsafe import Markup

from cs_ml.report.cells import facts as written
from cs_ml.report.charts import gauge
from cs_ml.report.history import contracts_chart, score_charts, usage_charts
from cs_ml.report.opinions import opinion_rows
from cs_ml.report.page import Page
from cs_ml.report.reasons import driver_rows, newest
from cs_ml.report.summary import latest, with_loss
from cs_ml.report.survival import survival
from cs_ml.report.themes import theme_rows
from cs_ml.report.voices import quotes, survey_rows
from cs_ml.tables.redact import redact as hide_persons

__all__ = ["AccountReport"]

FIRST = ("health", "churn", "upsell")


class AccountReport(Page):
    """Everything about one account on one page; a section appears only when its data is given.

    Parameters
    ----------
    account_id
        The account. Rows of other accounts in any frame are left out.
    scores
        Scores by ``(account_id, as_of)``: the newest date is the state, all dates are the history.
    name
        Name of the account.
    facts
        Attributes shown below the name: segment, csm, plan, seats, next renewal, ...
    drivers
        Drivers frame; those of the newest date are shown, levers apart from signals.
    themes
        By target ("health", "churn", "upsell", or a name of its own): points of this account by theme, as a series.
    starts
        By target, from where the points are counted: health points, or log-odds.
    contracts
        Contract terms: start_at and where known end_at, mrr, product, plan, seats, cancelled_at.
    usage
        Numbers over time: index of dates, one numeric column a measure.
    surveys
        Survey rows: kind, answered_at or sent_at, and where known score, scale_max, text.
    voc
        Comments: said_at, text, and where known speaker_role, channel, language, sentiment, topic.
    curve
        Survival curve of this account: ``day`` from the newest date on, ``stays``, and where known ``low``, ``high``.
    currency
        Three-letter code of the money.
    opinions
        The CSM's view and overrides by ``(account_id, as_of)``, each with author, reason and expiry; those of the
        newest date stand beside the score.
    redact
        Applied to every free text before it is shown.
    notes
        Sentences the reader must know.
    signal
        Whether the model found anything to tell accounts that leave by.
    band_edges
        Health at which yellow and green begin.
    horizon_days
        Days the probabilities look ahead.
    lang
        "en" or "ja".
    title
        Heading; None takes the name.

    Raises
    ------
    FrameError
        If the account has no scores, or a frame lacks what it must have.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-01-01"))], names=["account_id", "as_of"])
    >>> scores = pd.DataFrame({"health": [62.0], "band": ["green"]}, index=index)
    >>> "Acme &amp; Sons" in AccountReport("a", scores, name="Acme & Sons").html()
    True
    """

    template: ClassVar[str] = "account.html"
    heading: ClassVar[str] = "account"

    def __init__(
        self,
        account_id: str,
        scores: pd.DataFrame,
        *,
        name: str | None = None,
        facts: Mapping[str, Any] | None = None,
        drivers: pd.DataFrame | None = None,
        themes: Mapping[str, pd.Series] | None = None,
        starts: Mapping[str, float] | None = None,
        contracts: pd.DataFrame | None = None,
        usage: pd.DataFrame | None = None,
        surveys: pd.DataFrame | None = None,
        voc: pd.DataFrame | None = None,
        opinions: pd.DataFrame | None = None,
        curve: pd.DataFrame | None = None,
        currency: str | None = None,
        redact: Callable[[str], str] = hide_persons,
        notes: Sequence[str] = (),
        signal: bool = True,
        band_edges: tuple[float, float] = (40.0, 60.0),
        horizon_days: int | None = None,
        lang: str = "en",
        title: str | None = None,
    ) -> None:
        super().__init__(title=title or name or account_id, lang=lang)
        self.account_id, self.facts, self.themes = account_id, facts, dict(themes or {})
        self.starts = dict(starts or {})
        self.history = _of(scores, account_id, level=True).sort_index()
        self.now = with_loss(latest(self.history)).iloc[0]
        self.as_of = self.history.index.get_level_values("as_of").max()
        self.drivers = None if drivers is None else newest(_of(drivers, account_id), self.as_of)
        self.contracts, self.usage = _optional(contracts, account_id), _optional(usage, account_id)
        self.surveys, self.voc = _optional(surveys, account_id), _optional(voc, account_id)
        self.curve, self.currency = _optional(curve, account_id), currency
        self.opinions = _optional(opinions, account_id)
        self.redact, self.notes, self.signal = redact, tuple(notes), signal
        self.band_edges, self.horizon_days = band_edges, horizon_days

    def view(self) -> dict[str, Any]:
        """Return what the template shows."""
        words = self.words
        return {
            "account_id": self.account_id,
            "as_of": words.date(self.as_of),
            "horizon": self.horizon_days,
            "versions": written(
                {n: self.now.get(n) for n in ("scorecard_version", "model_version") if n in self.now}, words
            ),
            "facts": written(self.facts, words),
            "state": self._state(),
            "gauge": self._gauge(),
            "drivers": [found for found in map(self._drivers, self._targets()) if found["roles"] or found["themes"]],
            "survival_note": words("survival_note" if self.signal else "survival_silent_note"),
            "survival": survival(self.curve, self.now.to_dict(), self.as_of, self.currency, words),
            "history": score_charts(self.history.droplevel("account_id"), self.band_edges, words),
            "contracts": contracts_chart(self.contracts, self.as_of, words),
            "usage": usage_charts(self.usage, words),
            "surveys": survey_rows(self.surveys, self.redact, words),
            "opinions": opinion_rows(self.opinions, self.as_of, self.redact, words),
            "quotes": quotes(self.voc, self.redact, words),
            "notes": self.notes,
        }

    def _state(self) -> dict[str, str | None]:
        """Return the newest figures as texts, None where there is no such column."""
        words, now = self.words, self.now
        found: dict[str, str | None] = {
            name: words.percent(now[name]) if pd.notna(now.get(name)) else None
            for name in ("p_churn", "p_upsell", "coverage")
        }
        found |= {name: words.money(now[name]) if name in now else None for name in ("mrr", "expected_loss")}
        band, reason = now.get("band"), now.get("health_reason")
        found["health"] = words.number(now["health"]) if "health" in now else None
        found["interval"] = self._interval()
        found["band"] = band if isinstance(band, str) else None
        found["health_reason"] = words.level(reason) if isinstance(reason, str) and reason else None
        return found

    def _interval(self) -> str | None:
        """Return the interval of health as text."""
        low, high = self.now.get("health_low"), self.now.get("health_high")
        if low is None or high is None or pd.isna(low) or pd.isna(high):
            return None
        return f"{low:.0f} - {high:.0f}"

    def _gauge(self) -> Markup | None:
        """Draw health on its scale."""
        if "health" not in self.now or pd.isna(self.now["health"]):
            return None
        ends = [self.now.get(name) for name in ("health_low", "health_high")]
        low, high = (None if end is None or pd.isna(end) else float(end) for end in ends)
        title = f"{self.words('health')} {self.now['health']:.0f} ({self._interval() or self.words('no_interval')})"
        return gauge(float(self.now["health"]), low, high, self.band_edges, title=title)

    def _targets(self) -> list[str]:
        """Return the targets there is anything to say about, health first."""
        named = {str(target) for target in self.themes}
        named |= set() if self.drivers is None else {str(target) for target in self.drivers["target"]}
        return [*(target for target in FIRST if target in named), *sorted(named - set(FIRST))]

    def _drivers(self, target: str) -> dict[str, Any]:
        """Return what one target's score goes along with: by theme, and by feature, levers apart from signals."""
        rows = None if self.drivers is None else self.drivers[self.drivers["target"] == target]
        roles = {} if rows is None else driver_rows(rows, self.words)
        heading = self.words(f"drivers_{target}") if target in FIRST else self.words.level(target)
        unit = self.words(f"points_{target}") if target in FIRST else self.words("points_other")
        return {"heading": heading, "unit": unit, "roles": roles, "themes": self._themes(target)}

    def _themes(self, target: str) -> list[dict[str, Any]]:
        """Return the starting point, points by theme, largest first, and their sum."""
        if target not in self.themes:
            return []
        return theme_rows(self.themes[target], self.starts.get(target), target, self.words)


def _of(frame: pd.DataFrame, account_id: str, *, level: bool = False) -> pd.DataFrame:
    """Return the rows of one account, so that no other account's rows reach its page."""
    if level and "account_id" in frame.index.names:
        return frame[frame.index.get_level_values("account_id") == account_id]
    return frame[frame["account_id"] == account_id] if "account_id" in frame else frame


def _optional(frame: pd.DataFrame | None, account_id: str) -> pd.DataFrame | None:
    """Return the rows of one account, None where there is no row."""
    rows = None if frame is None else _of(frame, account_id, level=True)
    return None if rows is None or rows.empty else rows
