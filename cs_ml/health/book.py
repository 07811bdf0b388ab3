"""Labelled rows of a book, lined up and checked once."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cs_ml.errors import Fault, FrameError, NotEnoughData
from cs_ml.health.relative import BOOK, MIN_ROWS
from cs_ml.health.typical import Typical

__all__ = ["Book"]

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]


@dataclass(frozen=True)
class Book:
    """Labelled rows of a book.

    Parameters
    ----------
    X
        Features, indexed by ``(account_id, as_of)``.
    stayed
        1.0 stayed, 0.0 left, shape (rows,).
    segment
        Segment of each row; ``"*"`` for segments of fewer than 20 accounts.
    margin
        Model's log-odds of churn, NaN where not known, or None without a model.
    account, event
        Numbers of the account and of the churn event of each row; the event is -1 where the row stayed.
    lead
        Days from ``as_of`` until the churn took effect; NaN where it did not, or the labels do not say.
    """

    X: pd.DataFrame
    stayed: Floats
    segment: Texts
    margin: Floats | None
    account: NDArray[np.int64]
    event: NDArray[np.int64]
    lead: Floats

    @classmethod
    def make(cls, X: pd.DataFrame, y: pd.DataFrame | pd.Series, segment: Texts, margin: Floats | None) -> Self:
        """Line up features and labels; rows without a label are left out.

        Parameters
        ----------
        X
            Features, indexed by ``(account_id, as_of)``.
        y
            Churn labels 1, 0 or NaN, or a label frame.
        segment
            Segment of each row of ``X``.
        margin
            Model's log-odds of churn of each row of ``X``, or None.

        Raises
        ------
        FrameError
            If the index is of another kind, or a label is neither 0 nor 1.
        NotEnoughData
            If nobody left, or nobody stayed.
        """
        frame = _labels(X, y)
        known = frame["label"].notna().to_numpy()
        left = (frame["label"][known] == 1).to_numpy()
        index = X.index[known]
        account = pd.factorize(index.get_level_values("account_id"))[0].astype(np.int64)
        _both_happened(left, account)
        effective = frame["effective_at"][known].where(left)
        lead = (pd.DatetimeIndex(effective) - pd.DatetimeIndex(index.get_level_values("as_of"))).days.to_numpy(float)
        return cls(
            X[known],
            1.0 - left.astype(np.float64),
            _large(segment[known], account),
            None if margin is None else margin[known],
            account,
            _events(left, account, effective),
            lead,
        )

    def rows(self, at: NDArray[Any]) -> Book:
        """Return the rows at positions or under a mask."""
        parts: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        cut: dict[str, Any] = {name: part if part is None else part[at] for name, part in parts.items() if name != "X"}
        return replace(self, X=self.X.iloc[at], **cut)

    def among(self, index: pd.Index) -> Book:
        """Return the rows whose account and date are among some."""
        return self.rows(self.X.index.isin(index))

    def without_margin(self) -> Book:
        """Return the same rows without a model."""
        return replace(self, margin=None)

    @property
    def partly_modelled(self) -> bool:
        """Whether the model's margin is known for some rows only."""
        return self.margin is not None and not bool(np.isfinite(self.margin).all())

    @property
    def n_events(self) -> int:
        """Number of distinct churn events."""
        return len(np.unique(self.event[self.event >= 0]))

    @property
    def n_accounts(self) -> int:
        """Number of distinct accounts."""
        return len(np.unique(self.account))

    def columns(self, typical: Typical) -> Floats:
        """Return what the log-odds of each row add up, before weights; shape (rows, columns)."""
        return typical.columns(typical.points(self.X, self.segment), self.segment, self.margin)


def _labels(X: pd.DataFrame, y: pd.DataFrame | pd.Series) -> pd.DataFrame:
    names = list(X.index.names)
    if not {"account_id", "as_of"} <= set(names):
        raise FrameError(Fault("X", "rows indexed by (account_id, as_of)", f"index levels {names}"))
    if not X.index.is_unique:
        raise FrameError(Fault("X", "each (account_id, as_of) once", "twice", rows=int(X.index.duplicated().sum())))
    frame = (y if isinstance(y, pd.DataFrame) else y.to_frame("label")).reindex(X.index)
    odd = frame["label"].notna() & ~frame["label"].isin([0, 1])
    if odd.any():
        raise FrameError(Fault("y", "labels 1, 0 or NaN", str(frame["label"][odd].iloc[0]), rows=int(odd.sum())))
    return frame if "effective_at" in frame else frame.assign(effective_at=pd.Series(pd.NaT, index=frame.index))


def _both_happened(left: NDArray[np.bool_], account: NDArray[np.int64]) -> None:
    n_left, n_rows = int(left.sum()), len(left)
    if n_left in (0, n_rows):
        n_accounts = len(np.unique(account))
        raise NotEnoughData(
            f"expected rows that left and rows that stayed, found {n_left:,} that left and {n_rows - n_left:,} that "
            f"stayed ({n_accounts:,} accounts); wait for outcomes to mature, or score by the expert's weights "
            "alone with HealthScore.expert_only(base_rate, X)"
        )


def _large(segment: Texts, account: NDArray[np.int64]) -> Texts:
    """Let segments of fewer than 20 accounts share the book's typical points."""
    counts = pd.DataFrame({"segment": segment, "account": account}).groupby("segment")["account"].nunique()
    large = set(counts.index[counts >= MIN_ROWS])
    return np.array([name if name in large else BOOK for name in segment], dtype=object)


def _events(left: NDArray[np.bool_], account: NDArray[np.int64], effective: pd.Series) -> NDArray[np.int64]:
    """Give each churn a number: one account at two effective dates leaves twice, seen on two dates once."""
    keys = pd.MultiIndex.from_arrays([account, effective.fillna(pd.Timestamp(0)).to_numpy()])
    codes = np.asarray(pd.factorize(keys)[0], dtype=np.int64)
    return np.where(left, codes, -1)
