"""The health score: measures with learned weights, on the log-odds of staying."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from cs_ml.errors import ConfigError, Fault, FrameError
from cs_ml.health.card_file import default_scorecard
from cs_ml.health.fitted import FittedHealth
from cs_ml.health.inputs import GIVEN, aligned, learning_rows, margin_for, segment_name, segment_of
from cs_ml.health.learn import KAPPA, Learned, assume, learn
from cs_ml.health.promises import as_published
from cs_ml.health.publish import Reading, contributions_of, publish
from cs_ml.health.scorecard import Scorecard
from cs_ml.health.segments import learn_segment, segment_rows, with_segments
from cs_ml.health.typical import Typical
from cs_ml.timeline.split import TimeSplit

__all__ = ["HealthScore"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
MRR = "contracts_mrr_current"
SCALES = ("odds", "probability")


class HealthScore(FittedHealth):
    """Health of accounts, 0 to 100: 50 is as likely to stay as the book, ten points more is twice the odds.

    Parameters
    ----------
    scorecard
        Measures and the expert's weights; None for the default scorecard cut down to the features that exist.
    purge_days
        Days until a row's outcome is known: gap plus horizon (plus settling time).
    n_origins
        How many out-of-time origins choose and test the weights.
    test_dates
        How many dates one origin tests.
    min_events
        With fewer distinct churns the weights are the expert's proportions, at a size shrunk towards nothing.
    scale
        ``"odds"``: points as above. ``"probability"``: health is 100 times the probability of staying; bands still go
        by odds.
    segment_offset
        Whether segments of at least 20 accounts have a base rate of their own.

    Attributes
    ----------
    weights_, comparison_, verdict_
        The weights with evidence and intervals; how they did out of time; the same in a sentence.
    reliability_, checks_, missingness_, notes_, meaning_
        What to know before one believes the score: see :class:`~cs_ml.health.fitted.FittedHealth`.

    Notes
    -----
    ``x = (points - typical points of the segment) / 100``; ``eta = alpha + sum w x``; ``eta' = a + b eta``;
    ``health = 50 + PDO / ln 2 (eta' - eta_ref)``, cut at 0 and 100: the convention of credit scorecards
    (Siddiqi, Credit Risk Scorecards). The weights minimise log loss plus ``lambda / 2 * sum (w - kappa * prior)^2``
    with ``w >= 0`` and ``kappa`` free; rows count as events, not as rows: each weighs churn events over churn rows.

    Examples
    --------
    >>> rng = np.random.default_rng(7)
    >>> index = pd.MultiIndex.from_product([[f"a{i:03}" for i in range(100)],
    ...     pd.date_range("2025-01-01", periods=12, freq="MS")], names=["account_id", "as_of"])
    >>> X = pd.DataFrame({"usage_days_distinct_30d": rng.uniform(0, 20, 1200)}, index=index)
    >>> y = (rng.uniform(size=1200) < 1 / (1 + np.exp(X["usage_days_distinct_30d"] / 4))).astype(float)
    >>> health = HealthScore(purge_days=90).fit(X, y)
    >>> scores = health.score(X)
    >>> parts, base = health.contributions(X)
    >>> bool(np.allclose(base + parts.sum(axis=1), scores["health"], rtol=0, atol=1e-9))
    True
    """

    def __init__(
        self,
        scorecard: Scorecard | None = None,
        *,
        purge_days: int = 90,
        n_origins: int = 12,
        test_dates: int = 1,
        min_events: int = 15,
        scale: Literal["odds", "probability"] = "odds",
        segment_offset: bool = True,
    ) -> None:
        self.scorecard = scorecard
        self.purge_days = purge_days
        self.n_origins = n_origins
        self.test_dates = test_dates
        self.min_events = min_events
        self.scale = scale
        self.segment_offset = segment_offset

    def fit(
        self,
        X: pd.DataFrame,
        y: pd.DataFrame | pd.Series,
        margin: pd.Series | Floats | None = None,
        segment: pd.Series | str | None = None,
        *,
        out_of_time_margin: pd.Series | Floats | None = None,
    ) -> Self:
        """Learn weights, calibration and reference from labelled rows.

        Parameters
        ----------
        X
            Features, indexed by ``(account_id, as_of)``.
        y
            Churn labels 1, 0, NaN, or a label frame with ``label`` (and ``effective_at``); NaN is left out.
        margin
            Model's calibrated log-odds of churn, one more measure with a learned weight. Taken as given: a model
            that has seen these rows earns too much weight.
        segment
            Segment of each row, a series or a column name; ``accounts_segment_current`` where it exists.
        out_of_time_margin
            Margins of models that had not seen the row; used instead of ``margin``, and rows without one are left
            out. Where fewer than 30 churns would be left, no row is left out, and weights are an average over expert
            and model by the evidence of each; where fewer than 5 would be left, the margin is not used.

        Returns
        -------
        self

        Raises
        ------
        NotEnoughData
            If no row left or no row stayed.
        ConfigError
            If a measure reads a feature that does not exist.
        FrameError
            If index, labels or margins cannot be used.
        """
        if self.scale not in SCALES:
            raise ConfigError(Fault("HealthScore: scale", " or ".join(SCALES), repr(self.scale)))
        book, note = learning_rows(X, y, segment, margin, out_of_time_margin)
        if book.n_events < self.min_events and not book.partly_modelled:
            book, note = book.without_margin(), None  # the fit says so itself
        split = TimeSplit(purge_days=self.purge_days, n_origins=self.n_origins, test_dates=self.test_dates)
        card = self._card(X)
        learned = learn(book, card, split, self.min_events, offsets=self.segment_offset)
        segments = {
            own.name: learn_segment(
                book, segment_rows(card, book.X)[own.name], card.for_segment(own), learned, split, self.min_events
            )
            for own in card.segments
        }
        learned = with_segments(learned, segments.values(), book) if segments else learned
        notes = [*learned.notes, *([] if note is None else [note])]
        notes += [f"segment {name}: {told}" for name, part in segments.items() for told in part.notes]
        self._adopt(learned, tuple(notes), segment_name(X, segment), segments)
        self.out_of_time_ = as_published(learned.unseen, learned.eta_ref, book, card)
        return self

    @classmethod
    def expert_only(
        cls,
        base_rate: float,
        X: pd.DataFrame,
        scorecard: Scorecard | None = None,
        segment: pd.Series | str | None = None,
        *,
        kappa: float = KAPPA,
    ) -> Self:
        """Return a score by the expert's weights alone, for a book without outcomes.

        Parameters
        ----------
        base_rate
            Churn rate that stands for 50 points, between 0 and 1.
        X
            Features of the book, to learn typical points from.
        scorecard
            Measures; None for the default.
        segment
            As in :meth:`fit`.
        kappa
            Log-odds of staying that 100 expert points are assumed to be worth.

        Raises
        ------
        ConfigError
            If ``base_rate`` is not between 0 and 1, or ``kappa`` not above 0.
        """
        if not (0 < base_rate < 1 and kappa > 0):
            found = f"base_rate {base_rate!r}, kappa {kappa!r}"
            raise ConfigError(Fault("expert_only", "base_rate between 0 and 1 and kappa above 0", found))
        self = cls(scorecard)
        labels = segment_of(X, segment)
        card = self._card(X)
        learned = assume(Typical.learn(card, X, labels, None, offsets=False), base_rate, kappa)
        rows = segment_rows(card, X)
        segments = {
            own.name: assume(
                Typical.learn(card.for_segment(own), X[rows[own.name]], labels[rows[own.name]], None, offsets=False),
                base_rate,
                kappa,
            )
            for own in card.segments
        }
        return self._adopt(learned, learned.notes, segment_name(X, segment), segments)

    def score(
        self,
        X: pd.DataFrame,
        margin: pd.Series | Floats | None = None,
        segment: pd.Series | str | None = None,
        *,
        mrr: pd.Series | Floats | None = None,
    ) -> pd.DataFrame:
        """Return the published score of each row.

        Parameters
        ----------
        X
            Features.
        margin
            Model's calibrated log-odds of churn; required when fitted with one.
        segment
            As in :meth:`fit`; None for the column used there.
        mrr
            MRR of each row, for bands by capacity; None for ``contracts_mrr_current``.

        Returns
        -------
        pandas.DataFrame
            Index of ``X``; columns ``health, health_low, health_high`` (90 %), ``p_stay, band, coverage,
            health_reason, scorecard_version`` and ``points_<dimension>``. Below the coverage floor health,
            interval, p_stay and band are null and ``health_reason`` says why.

        Raises
        ------
        FrameError
            If the margin, the segment or MRR is needed and not given.
        ConfigError
            If features are missing.
        """
        parts = self._read(X, margin, segment)
        if mrr is None and parts[0].card.bands.capacity is not None and MRR in X:
            mrr = X[MRR]
        return publish(parts, None if mrr is None else aligned(mrr, X, "mrr"))

    def contributions(
        self, X: pd.DataFrame, margin: pd.Series | Floats | None = None, segment: pd.Series | str | None = None
    ) -> tuple[pd.DataFrame, float]:
        """Return what each measure adds to the published score, in health points.

        Parameters
        ----------
        X, margin, segment
            As in :meth:`score`.

        Returns
        -------
        parts
            Index of ``X``; a column a measure, ``segment`` and ``model`` where they are used, and ``clipped``, the
            points that the cut at 0 and 100 takes or gives. Rows without a score are NaN.
        base
            Points of a typical account. ``base`` plus the row's sum is the published score, to 1e-9;
            without ``clipped`` it is the score before the cut.
        """
        return contributions_of(self._read(X, margin, segment))

    def _card(self, X: pd.DataFrame) -> Scorecard:
        card = default_scorecard(X.columns) if self.scorecard is None else self.scorecard
        card.check(X.columns)
        return card

    def _read(
        self, X: pd.DataFrame, margin: pd.Series | Floats | None, segment: pd.Series | str | None
    ) -> list[Reading]:
        """Read the rows of the default scorecard, and then those of each segment that has one."""
        check_is_fitted(self, "learned_")
        card = self.learned_.typical.scorecard
        card.check(X.columns)
        if segment is None and self.segment_ == GIVEN:
            raise FrameError(Fault("segment", "a series, because the score was fitted with one", "none"))
        labels = segment_of(X, self.segment_ if segment is None else segment)
        given = margin_for(X, margin, self.learned_.typical)
        rows = segment_rows(card, X)
        left = ~np.logical_or.reduce([np.zeros(len(X), bool), *rows.values()])
        own = [(self.learned_, left), *((self.segments_[name], part) for name, part in rows.items())]
        return [self._reading(part, X, given, labels, np.flatnonzero(at)) for part, at in own]

    def _reading(
        self, learned: Learned, X: pd.DataFrame, margin: Floats | None, labels: NDArray[np.object_], at: Ints
    ) -> Reading:
        typical, part = learned.typical, X.iloc[at]
        points = typical.points(part, labels[at])
        columns = typical.columns(points, labels[at], None if margin is None else margin[at])
        return Reading(learned, part.index, points, columns, self.scale, at)
