"""The text signal of encoders of meaning: how much what an account says resembles what leavers said."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from cs_ml.models.text import text_folds
from cs_ml.models.text_encoder import TextEncoder, dot, encoder_from_state, make_encoder
from cs_ml.models.text_said import Said
from cs_ml.models.threads import one_thread

__all__ = ["VectorSignal"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


class VectorSignal(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Log-odds of the label from the mean vector of the comments of a row, one number a row.

    Parameters
    ----------
    encoder
        Name of the encoder, or one of your own; see :mod:`cs_ml.models.text_encoder`.
    min_positive
        As in :class:`cs_ml.models.text.TextSignal`.
    C
        Inverse strength of the penalty.

    Attributes
    ----------
    usable_, n_positive_
        As in :class:`cs_ml.models.text.TextSignal`.

    Examples
    --------
    >>> from cs_ml.models.text_ngrams import NgramEncoder
    >>> texts = pd.Series(["解約したい", "解約を検討", "とても便利", "便利です"] * 10 + [None])
    >>> signal = VectorSignal(NgramEncoder(min_texts=1), min_positive=1).fit(texts, [1, 1, 0, 0] * 10 + [0])
    >>> signal.transform(pd.Series(["解約の件", "便利", None])).round(1)
    array([ 1.2, -1.3,  nan])
    """

    def __init__(self, encoder: str | TextEncoder = "sentence", *, min_positive: int = 20, C: float = 1.0) -> None:
        self.encoder = encoder
        self.min_positive = min_positive
        self.C = C

    def fit(self, texts: pd.Series, y: Any) -> Self:
        """Learn from rows with text; parameters as in :meth:`cs_ml.models.text.TextSignal.fit`."""
        return self._learn(Said.read(texts), np.arange(len(texts)), np.asarray(y, dtype=np.float64))

    def fit_out_of_fold(
        self, texts: pd.Series, y: Any, *, purge_days: int, origins: int = 6, random_state: int = 0
    ) -> Floats:
        """Learn from all rows; return for each row the signal of a model that saw no outcome of its time or later."""
        said, target = Said.read(texts), np.asarray(y, dtype=np.float64)
        out = np.full(len(target), np.nan)
        for train, test in text_folds(texts, target, purge_days, origins, random_state):
            signal = VectorSignal(self.encoder, min_positive=self.min_positive, C=self.C)
            out[test] = signal._learn(said, train, target)._scores(said)[test]  # noqa: SLF001  one of its own
        self._learn(said, np.arange(len(target)), target)
        return out

    def transform(self, texts: pd.Series) -> Floats:
        """Return log-odds a row, shape (n_rows,); NaN where there is no text or too little was learned."""
        return self._scores(Said.read(texts))

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values; weights that came from elsewhere only by name and hash."""
        return {
            "params": {"min_positive": self.min_positive, "C": self.C},
            "usable": self.usable_,
            "n_positive": self.n_positive_,
            "encoder": self.encoder_.to_state(),
            "coef": self.coef_.tolist(),
            "intercept": self.intercept_,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the signal that ``to_state`` described."""
        signal = cls(state["encoder"]["name"], **state["params"])
        signal.usable_, signal.n_positive_ = bool(state["usable"]), int(state["n_positive"])
        signal.encoder_ = encoder_from_state(state["encoder"])
        signal.coef_, signal.intercept_ = np.array(state["coef"], dtype=np.float64), float(state["intercept"])
        return signal

    def _learn(self, said: Said, rows: Rows, y: Floats) -> Self:
        """Learn from some rows."""
        inside = np.zeros(len(y), dtype=bool)
        inside[rows] = True
        mine = inside[said.row]
        speaking = np.unique(said.row[mine])
        sides = [len(np.unique(said.owner[speaking[y[speaking] == label]])) for label in (1, 0)]
        known = np.unique(said.text[mine])
        made = make_encoder(self.encoder) if isinstance(self.encoder, str) else deepcopy(self.encoder)
        self.encoder_ = made.fit([said.texts[at] for at in known])
        self.n_positive_, self.usable_ = sides[0], min(sides) >= self.min_positive
        self.coef_, self.intercept_ = np.empty(0), 0.0
        if self.usable_:
            vectors = _means(self.encoder_, said, mine, known, speaking)
            self.usable_ = vectors.shape[1] > 0
        if self.usable_:
            self._regress(vectors, y[speaking])
        return self

    def _regress(self, vectors: Floats, y: Floats) -> None:
        model = LogisticRegression(C=self.C, max_iter=500, tol=1e-6)
        with one_thread():
            model.fit(vectors, y)
        self.coef_, self.intercept_ = np.asarray(model.coef_[0], dtype=float), float(model.intercept_[0])

    def _scores(self, said: Said) -> Floats:
        if not self.usable_ or not said.texts:
            return np.full(len(said.owner), np.nan)
        return said.mean((dot(self.encoder_.transform(said.texts), self.coef_) + self.intercept_)[said.text])


def _means(encoder: TextEncoder, said: Said, mine: npt.NDArray[np.bool_], known: Rows, speaking: Rows) -> Any:
    """Return the mean vector of the comments of each row that speaks."""
    row = np.searchsorted(speaking, said.row[mine])
    text = np.searchsorted(known, said.text[mine])
    share = 1.0 / np.bincount(row, minlength=len(speaking))
    mixed = sparse.csr_matrix((share[row], (row, text)), shape=(len(speaking), len(known)))
    return mixed @ encoder.transform([said.texts[at] for at in known])
