"""Scorecards of segments: what an expert says of them, learned with the weights of the whole book as prior."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.health.book import Book
from cs_ml.health.calibrate import Affine, slope_of
from cs_ml.health.drift import Spaced
from cs_ml.health.folds import published
from cs_ml.health.learn import MIN_CHOICE_EVENTS, Learned
from cs_ml.health.missingness import missingness_table
from cs_ml.health.pooled import Past, Pooled, pool
from cs_ml.health.posterior import Posterior
from cs_ml.health.promises import promises
from cs_ml.health.scorecard import Scorecard
from cs_ml.health.typical import Typical
from cs_ml.health.weights import LOOSEST, choose_lambda, event_tempo
from cs_ml.timeline.split import TimeSplit, as_of_dates

__all__ = ["learn_segment", "segment_rows", "with_segments"]

Floats = NDArray[np.float64]
INF = float("inf")


def segment_rows(card: Scorecard, X: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return the rows of each segment that has a scorecard; of two that fit, the one declared first has the row.

    Examples
    --------
    >>> from cs_ml.health.measure import Measure
    >>> from cs_ml.health.segment_card import SegmentCard
    >>> days = Measure(name="days", feature="d", dimension="adoption", relative="higher")
    >>> big = SegmentCard(name="big", when={"size": ("L",)})
    >>> eastern = SegmentCard(name="eastern", when={"region": ("east",)})
    >>> card = Scorecard(measures=(days,), segments=(big, eastern))
    >>> X = pd.DataFrame({"size": ["L", "S", "S"], "region": ["east", "east", None]})
    >>> {name: rows.tolist() for name, rows in segment_rows(card, X).items()}
    {'big': [True, False, False], 'eastern': [False, True, False]}
    """
    free, found = np.ones(len(X), dtype=bool), {}
    for segment in card.segments:
        fits = np.logical_and.reduce([X[name].astype(object).isin(values) for name, values in segment.when.items()])
        found[segment.name] = np.asarray(fits & free)
        free = free & ~found[segment.name]
    return found


def learn_segment(
    book: Book, rows: NDArray[np.bool_], card: Scorecard, parent: Learned, split: TimeSplit, min_events: int
) -> Learned:
    """Learn the weights of a segment.

    Parameters
    ----------
    book
        Labelled rows of the whole book.
    rows
        Which of them belong to the segment.
    card
        The segment's scorecard.
    parent
        What was learned of the whole book: its weights are the prior, its reference stands for 50 points here too.
    split
        Purged rolling origins. At each, the book's weights are learned again from what was known by then.
    min_events
        With fewer churns in the segment, the book's weights and calibration are used as they are.

    Returns
    -------
    Learned
        As of a book; what is measured out of time is that of the segment's rows and of refits on its earlier rows.
    """
    own, enough = book.rows(np.flatnonzero(rows)), book.rows(np.flatnonzero(rows)).n_events >= min_events
    past = Past(book, rows, card, parent, split)
    etas = past.etas() if enough else pd.DataFrame()
    events = book.rows(etas.index.to_numpy(dtype=int)).n_events if len(etas) else 0
    strength = choose_lambda(etas, book) if events >= MIN_CHOICE_EVENTS else INF
    typical = Typical.learn(card, own.X, own.segment, own.margin, offsets=False)
    z = own.columns(typical)
    pooled = pool(own, typical, parent.typical, parent.mode, strength)
    mode = pooled.fit(own, z)
    loose = _loosest(pooled, own, z).about(mode)
    unseen = published(past.folds(strength), book, split.purge_days)
    seen = book.rows(unseen.index.to_numpy(dtype=int))
    affine = parent.affine
    if enough:
        slope = slope_of(unseen["eta"].to_numpy(dtype=float), seen.stayed, event_tempo(seen))
        fitted = np.einsum("ij,j->i", z, mode)
        affine = Affine.fit(slope, Spaced.of(fitted, own.stayed, as_of_dates(own.X), split.purge_days))
    facts = {"rows": len(own.stayed), "accounts": own.n_accounts, "events": own.n_events}
    facts |= {"rows_out_of_time": len(unseen), "events_out_of_time": seen.n_events}
    notes = (f"{own.n_events} churn events; {_told(strength)}",)
    tables = {"weights": _table(typical, pooled, loose, own), "missingness": missingness_table(own, typical)}
    unseen = unseen.assign(whole=parent.unseen["eta"].reindex(unseen.index))
    tables |= {"comparison": pd.DataFrame(), **promises(unseen, parent.eta_ref, book, card)}
    return replace(
        parent, typical=typical, mode=mode, spread=loose.spread, affine=affine, strength=strength, facts=facts,
        tables=tables, notes=notes, unseen=unseen,
    )  # fmt: skip


def with_segments(learned: Learned, segments: Iterable[Learned], book: Book) -> Learned:
    """Return what was learned of a whole book, its promises measured with the weights that each segment had on the day.

    Parameters
    ----------
    learned
        Of the whole book.
    segments
        Of each segment that has a scorecard.
    book
        The rows that all of them learned from.
    """
    unseen = learned.unseen.copy()
    for part in segments:
        unseen.loc[part.unseen.index, ["eta", "published"]] = part.unseen[["eta", "published"]]
    told = promises(unseen, learned.eta_ref, book, learned.typical.scorecard)
    return replace(learned, tables=learned.tables | told, unseen=unseen)


def _told(strength: float) -> str:
    if np.isinf(strength):
        return "the weights of the whole book stand, because the segment's rows do not beat them by a standard error"
    return f"weights of its own, held to those of the whole book by lambda {strength:g}"


def _loosest(pooled: Pooled, own: Book, z: Floats) -> Posterior:
    known = own.n_events > 0 and bool(own.stayed.any())
    return replace(pooled, strength=LOOSEST if known else 1.0).problem(own, z).posterior()


def _table(typical: Typical, pooled: Pooled, loose: Posterior, own: Book) -> pd.DataFrame:
    names = [*typical.scorecard.names, *(["model"] if len(pooled.prior) > typical.n_measures else [])]
    low, high = loose.interval()
    present = ~np.isnan(typical.points(own.X, own.segment))
    events = [own.rows(column).n_events for column in present.T] + [own.n_events] * (len(names) - typical.n_measures)
    columns = {"prior": pooled.prior, "posterior": loose.mode[1:], "low": low[1:], "high": high[1:], "events": events}
    return pd.DataFrame(columns, index=pd.Index(names, name="measure"))
