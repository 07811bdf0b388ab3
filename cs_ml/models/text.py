"""One number from free text: how much what customers write resembles what leavers wrote."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from cs_ml.models.columns import words
from cs_ml.models.counted import CountedTexts
from cs_ml.models.ngrams import count_grams, gram_keys, gram_texts, tfidf, tidy
from cs_ml.models.threads import one_thread
from cs_ml.timeline.split import TimeSplit, as_of_dates

__all__ = ["TextSignal", "text_folds"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


class TextSignal(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Log-odds of the label from character n-grams, one number a row.

    Character n-grams need no tokenizer, so Japanese and English are read alike. Counts are damped and
    weighted by rarity (TF-IDF), the n-grams that differ most between the labels are kept, and a regularised logistic
    regression weighs them.

    Parameters
    ----------
    max_ngrams
        Size of the vocabulary at most.
    min_positive
        Distinct accounts with a text needed on either side of the label; with fewer the signal is missing everywhere.
    min_texts
        An n-gram must occur in so many distinct texts.
    C
        Inverse strength of the penalty.

    Attributes
    ----------
    usable_ : bool
        Whether there were enough positive texts.
    n_positive_ : int
        Accounts with a text in a positive row (rows, where there are no accounts).

    Examples
    --------
    >>> texts = pd.Series(["解約したい", "解約を検討", "とても便利", "便利です"] * 10 + [None])
    >>> signal = TextSignal(min_positive=1, min_texts=1).fit(texts, [1, 1, 0, 0] * 10 + [0])
    >>> signal.transform(pd.Series(["解約の件", "便利", None])).round(1)
    array([ 1.2, -1.2,  nan])
    """

    def __init__(self, *, max_ngrams: int = 2000, min_positive: int = 20, min_texts: int = 5, C: float = 1.0) -> None:
        self.max_ngrams = max_ngrams
        self.min_positive = min_positive
        self.min_texts = min_texts
        self.C = C

    def fit(self, texts: pd.Series, y: Any) -> Self:
        """Learn vocabulary and weights from rows with text.

        Parameters
        ----------
        texts
            One text a row, None where there is none.
        y
            Labels 0 and 1, shape (n_rows,).

        Returns
        -------
        TextSignal
            Itself.
        """
        counted = CountedTexts(texts, self.min_texts)
        return self.learn_counted(counted, np.arange(len(texts)), np.asarray(y, dtype=np.float64))

    def fit_out_of_fold(
        self, texts: pd.Series, y: Any, *, purge_days: int, origins: int = 6, random_state: int = 0
    ) -> Floats:
        """Learn from all rows, and return what :meth:`out_of_fold` does; the texts are counted once for both."""
        target, counted = np.asarray(y, dtype=np.float64), CountedTexts(texts, self.min_texts)
        self.learn_counted(counted, np.arange(len(texts)), target)
        return self._honest(counted, target, text_folds(texts, target, purge_days, origins, random_state))

    def transform(self, texts: pd.Series) -> Floats:
        """Return log-odds a row, shape (n_rows,); NaN where there is no text or too little was learned."""
        code, distinct = pd.factorize(words(texts))
        plain = [tidy(text) for text in distinct]
        if not self.usable_ or not any(plain):
            return np.full(len(texts), np.nan)
        scores = self.score_counted(count_grams(plain, self.keys_)[0])
        return np.append(np.where(np.array(plain) != "", scores, np.nan), np.nan)[code]

    def out_of_fold(
        self, texts: pd.Series, y: Any, *, purge_days: int, origins: int = 6, random_state: int = 0
    ) -> Floats:
        """Return the signal of each training row from models that saw neither its outcome nor a later one.

        Parameters
        ----------
        texts
            One text a row; with an index (account_id, as_of) the models roll through time.
        y
            Labels 0 and 1.
        purge_days
            Days between a row that trains and the first row that it serves.
        origins
            How many models at most.
        random_state
            Seed of the folds where there is no time.

        Returns
        -------
        numpy.ndarray
            Shape (n_rows,); NaN for rows too early to have a past.
        """
        target = np.asarray(y, dtype=np.float64)
        folds = text_folds(texts, target, purge_days, origins, random_state)
        return self._honest(CountedTexts(texts, self.min_texts), target, folds)

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        return {
            "params": self.get_params(),
            "usable": self.usable_,
            "n_positive": self.n_positive_,
            "ngrams": gram_texts(self.keys_),
            "idf": self.idf_.tolist(),
            "coef": self.coef_.tolist(),
            "intercept": self.intercept_,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the signal that ``to_state`` described."""
        signal = cls(**state["params"])
        signal.usable_, signal.n_positive_ = bool(state["usable"]), int(state["n_positive"])
        signal.keys_ = gram_keys(state["ngrams"])
        signal.idf_, signal.coef_ = np.array(state["idf"], dtype=float), np.array(state["coef"], dtype=float)
        signal.intercept_ = float(state["intercept"])
        return signal

    def learn_counted(self, counted: CountedTexts, rows: Rows, y: Floats) -> Self:
        """Learn from some rows of texts that are counted already."""
        seen = counted.row[rows] >= 0
        text, label, owner = counted.row[rows][seen], y[seen], counted.owner[rows][seen]
        self.n_positive_ = len(np.unique(owner[label == 1]))
        negative = len(np.unique(owner[label == 0]))
        self.keys_, self.idf_, self.coef_ = np.empty(0, dtype=np.int64), np.empty(0), np.empty(0)
        self.intercept_, self.usable_ = 0.0, min(self.n_positive_, negative) >= self.min_positive
        if self.usable_:
            self._weigh(counted, text, label)
        return self

    def _weigh(self, counted: CountedTexts, text: Rows, label: Floats) -> None:
        said = np.bincount(text, minlength=counted.counts.shape[0]).astype(np.float64)
        ones = np.bincount(text, weights=label, minlength=len(said)).astype(np.float64)
        total, positive = counted.by_gram(said), counted.by_gram(ones)
        kept = _telling(total, positive, len(text), float(label.mean()), self.min_texts, self.max_ngrams)
        if not len(kept):
            self.usable_ = False
            return
        self.keys_ = counted.vocabulary[kept]
        self.idf_ = np.log((1.0 + len(text)) / (1.0 + total[kept])) + 1.0
        values = tfidf(counted.columns(self.keys_), self.idf_)
        self._regress(values, ones, said - ones)

    def _regress(self, values: sparse.csr_matrix, ones: Floats, zeros: Floats) -> None:
        """Weigh n-grams; each distinct text counts as often as rows with either label hold it."""
        with_one, with_zero = np.flatnonzero(ones), np.flatnonzero(zeros)
        rows = sparse.vstack([values[with_one], values[with_zero]], format="csr")
        label = np.repeat([1.0, 0.0], [len(with_one), len(with_zero)])
        model = LogisticRegression(C=self.C, solver="liblinear", max_iter=200, tol=1e-6, random_state=0)
        with one_thread():
            model.fit(rows, label, sample_weight=np.concatenate([ones[with_one], zeros[with_zero]]))
        self.coef_, self.intercept_ = np.asarray(model.coef_[0], dtype=float), float(model.intercept_[0])

    def _honest(self, counted: CountedTexts, y: Floats, folds: list[tuple[Rows, Rows]]) -> Floats:
        """Return for each test row the signal of a model that learned from the fold's training rows."""
        out = np.full(len(y), np.nan)
        for train, test in folds:
            model = TextSignal(**self.get_params()).learn_counted(counted, train, y[train])
            row = counted.row[test]
            if model.usable_ and (row >= 0).any():
                asked, place = np.unique(row[row >= 0], return_inverse=True)
                counts = sparse.csr_matrix(counted.columns(model.keys_)[asked])
                out[test[row >= 0]] = model.score_counted(counts)[place]
        return out

    def score_counted(self, counts: sparse.csr_matrix) -> Floats:
        """Return log-odds of texts whose vocabulary is counted already."""
        return np.asarray(tfidf(counts, self.idf_) @ self.coef_ + self.intercept_, dtype=np.float64)


def text_folds(texts: pd.Series, y: Floats, purge_days: int, origins: int, seed: int) -> list[tuple[Rows, Rows]]:
    """Return which rows teach and which are scored: rolling through time, else stratified by label."""
    if "as_of" in texts.index.names:
        n_dates = as_of_dates(texts).nunique()
        split = TimeSplit(purge_days=purge_days, n_origins=n_dates, test_dates=max(-(-n_dates // origins), 1))
        return list(split.split(texts))
    smallest = int(min(y.sum(), len(y) - y.sum()))
    if smallest < 2:
        return []
    return list(StratifiedKFold(min(5, smallest), shuffle=True, random_state=seed).split(texts, y))


def _telling(total: Floats, ones: Floats, n: int, rate: float, min_texts: int, keep: int) -> Rows:
    """Return the n-grams whose presence differs most between the labels (largest absolute z of two shares)."""
    share = total / n
    spread = np.sqrt(np.maximum(n * rate * (1 - rate) * share * (1 - share), 1e-12))
    z = np.where((total >= min_texts) & (total < n), np.abs(ones - total * rate) / spread, -1.0)
    order = np.argsort(-z, kind="stable")[:keep]
    return np.sort(order[z[order] >= 0])
