"""How comments sound, learned from those that people rated: sentiment for the comments that nobody rated."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator

from cs_ml.models.text_encoder import TextEncoder, dot, encoder_from_state, make_encoder
from cs_ml.models.text_said import Said
from cs_ml.models.threads import one_thread
from cs_ml.timeline.split import TimeSplit

__all__ = ["CommentTone"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


class CommentTone(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    r"""Sentiment of a row from -1 to 1: of its comments, as people rated them, else as ridge regression would.

    Comments are rated by ``voc.sentiment`` or by the score of the survey they came with. With too few ratings, or where
    predictions on later ratings were no better than the mean, the estimator says so and gives nothing.

    Parameters
    ----------
    encoder
        Name of the encoder, or one of your own; see :mod:`cs_ml.models.text_encoder`.
    min_ratings
        Rated comments needed; half as many in the test on later dates.
    min_unrated
        Share of comments that nobody rated; with fewer the given ratings say it all.
    penalty
        Strength of the ridge.

    Attributes
    ----------
    usable_ : bool
        Whether it gives anything.
    n_ratings_ : int
        Rated comments, each counted once.
    skill_ : float
        Share of the variance of later ratings that was foreseen, NaN where it could not be tested.
    note_ : str
        Why it is not usable; empty where it is.

    Examples
    --------
    >>> from cs_ml.models.text_ngrams import NgramEncoder
    >>> cells = pd.Series(["+0.80\tとても便利", "-0.80\t遅い", "便利です", None])
    >>> tone = CommentTone(NgramEncoder(min_texts=1), min_ratings=2).fit(cells)
    >>> tone.transform(cells).round(1)
    array([ 0.8, -0.8,  0.2,  nan])
    """

    def __init__(
        self, encoder: str | TextEncoder = "ngrams", *, min_ratings: int = 100, min_unrated: float = 0.05,
        penalty: float = 1.0,
    ) -> None:  # fmt: skip
        self.encoder = encoder
        self.min_ratings = min_ratings
        self.min_unrated = min_unrated
        self.penalty = penalty
        self.usable_ = False

    def fit(self, cells: pd.Series) -> Self:
        """Learn from the ratings in a column of cells."""
        self.fit_out_of_fold(cells)
        return self

    def fit_out_of_fold(self, cells: pd.Series, said: Said | None = None, *, origins: int = 6) -> Floats:
        """Learn from all ratings; return the sentiment of each row from models that knew nothing of its date or later.

        Parameters
        ----------
        cells
            One cell a row (see :mod:`cs_ml.tables.comments`), by (account_id, as_of) where there is time.
        said
            What they say, where it was read before.
        origins
            How many models at most.

        Returns
        -------
        numpy.ndarray
            Shape (n_rows,); NaN without comments, or before enough ratings were known.
        """
        said = said or Said.read(cells)
        rated = _rated(said)
        self.n_ratings_, self.skill_, self.note_ = len(rated), np.nan, ""
        honest, tested = self._through_time(said, rated, cells, origins)
        self._regress(said, rated)
        self._judge(said, tested)
        return honest if self.usable_ else np.full(len(cells), np.nan)

    def transform(self, cells: pd.Series) -> Floats:
        """Return sentiments, shape (n_rows,); NaN where nothing was said or nothing was learned."""
        return self.scores(Said.read(cells)) if self.usable_ else np.full(len(cells), np.nan)

    def scores(self, said: Said) -> Floats:
        """Return the sentiment of each row, where something was learned."""
        guess = self._texts(said)[said.text] if len(said.text) else np.empty(0)
        return said.mean(np.where(np.isnan(said.rating), guess, said.rating))

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        params = {"min_ratings": self.min_ratings, "min_unrated": self.min_unrated, "penalty": self.penalty}
        return {
            "params": params,
            "usable": self.usable_,
            "n_ratings": self.n_ratings_,
            "skill": None if np.isnan(self.skill_) else self.skill_,
            "note": self.note_,
            "encoder": self.encoder_.to_state() if self.usable_ else None,
            "coef": self.coef_.tolist() if self.usable_ else [],
            "intercept": self.intercept_,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the estimator that ``to_state`` described."""
        encoder = None if state["encoder"] is None else encoder_from_state(state["encoder"])
        tone = cls("ngrams" if encoder is None else encoder.name, **state["params"])
        tone.usable_, tone.n_ratings_, tone.note_ = bool(state["usable"]), int(state["n_ratings"]), state["note"]
        tone.skill_ = np.nan if state["skill"] is None else float(state["skill"])
        if encoder is not None:
            tone.encoder_ = encoder
        tone.coef_, tone.intercept_ = np.array(state["coef"], dtype=np.float64), float(state["intercept"])
        return tone

    def _through_time(self, said: Said, rated: Rows, cells: pd.Series, origins: int) -> tuple[Floats, Floats]:
        """Return sentiments of rows, and errors squared of later ratings beside those of the mean, shape (n, 2)."""
        honest, tested = np.full(len(cells), np.nan), [np.empty((0, 2))]
        splits = _origins(cells, origins)
        for (train, test), (soon, _) in zip(splits, [*splits[1:], (splits[-1][1], None)], strict=True):
            known = rated[np.isin(said.row[rated], train)]
            model = deepcopy(self)._regress(said, known)  # noqa: SLF001  one of its own
            if not model.usable_:
                continue
            honest[test] = model.scores(said)[test]
            later = rated[np.isin(said.row[rated], np.setdiff1d(soon, train))]
            guess = model._texts(said)[said.text[later]] if len(later) else np.empty(0)  # noqa: SLF001
            mean = said.rating[known].mean()
            tested.append(np.column_stack([(said.rating[later] - guess) ** 2, (said.rating[later] - mean) ** 2]))
        return honest, np.concatenate(tested)

    def _judge(self, said: Said, tested: Floats) -> None:
        """Say whether the estimator gives anything, and if not, why."""
        if len(tested):
            self.skill_ = float(1.0 - tested[:, 0].mean() / max(tested[:, 1].mean(), 1e-12))
        unrated = float(np.isnan(said.rating).mean()) if len(said.rating) else 0.0
        if self.n_ratings_ < self.min_ratings or not self.usable_:
            self.note_ = f"{self.n_ratings_} comments with a rating, of {self.min_ratings}"
        elif unrated < self.min_unrated:
            self.note_ = "nearly every comment has a rating of its own"
        elif len(tested) >= self.min_ratings / 2 and self.skill_ <= 0:
            self.note_ = f"later ratings were not foreseen (skill {self.skill_:.2f})"
        self.usable_ = not self.note_

    def _regress(self, said: Said, rated: Rows) -> Self:
        """Weigh columns by ridge regression of the ratings."""
        self.coef_, self.intercept_ = np.empty(0), 0.0
        ratings = said.rating[rated]
        self.usable_ = len(rated) >= self.min_ratings and bool(np.ptp(ratings) > 0)
        if not self.usable_:
            return self
        made = make_encoder(self.encoder) if isinstance(self.encoder, str) else deepcopy(self.encoder)
        known, text = np.unique(said.text[rated], return_inverse=True)
        texts = [said.texts[at] for at in known]
        self.encoder_ = made.fit(texts)
        columns = self.encoder_.transform(texts)[text]
        self.intercept_ = float(ratings.mean())
        with one_thread():
            gram, moment = columns.T @ columns, columns.T @ (ratings - self.intercept_)
            dense = gram.toarray() if sparse.issparse(gram) else gram
            self.coef_ = np.asarray(np.linalg.solve(dense + self.penalty * np.eye(len(dense)), moment), np.float64)
        return self

    def _texts(self, said: Said) -> Floats:
        if not said.texts:
            return np.empty(0)
        return np.clip(dot(self.encoder_.transform(said.texts), self.coef_) + self.intercept_, -1.0, 1.0)


def _rated(said: Said) -> Rows:
    """Return one mention of each rated comment of an account, the first of them."""
    first = said.first()
    return first[~np.isnan(said.rating[first])]


def _origins(cells: pd.Series, origins: int) -> list[tuple[Rows, Rows]]:
    """Return rows known at the first date of each stretch of dates, and the rows of that stretch."""
    if "as_of" not in cells.index.names:
        everything = np.arange(len(cells))
        return [(everything, everything)]
    n_dates = cells.index.get_level_values("as_of").nunique()
    split = TimeSplit(purge_days=0, n_origins=n_dates, test_dates=max(-(-n_dates // origins), 1))
    return list(split.split(cells))
