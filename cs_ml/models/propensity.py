"""The propensity classifier: encode, learn, blend in log-odds, calibrate by a straight line."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from cs_ml.models.calibrate import AffineCalibrator
from cs_ml.models.columns import open_frame
from cs_ml.models.ensemble import Ensemble
from cs_ml.models.folds import training_folds
from cs_ml.models.hedge import adapted
from cs_ml.models.learners import TrainingRows
from cs_ml.models.roster import candidates
from cs_ml.models.target import Target
from cs_ml.models.text_columns import TextColumns
from cs_ml.models.training import choose_calibration, gather, learner_weights

__all__ = ["PropensityClassifier"]

Floats = npt.NDArray[np.float64]


class PropensityClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Calibrated probability of an event, with contributions that add up to its log-odds.

    Everything that is chosen (penalty, number of trees and columns, weights, calibration) is chosen on rows
    predicted before their outcome was known: rolling origins inside the training period, purged by ``purge_days``.
    The final fit then uses every labelled row.

    Parameters
    ----------
    learners
        ``auto``, or names among ``base_rate``, ``logistic``, ``additive``, ``tree``, ``free_tree``, simplest first.
        ``auto`` lets trees in from 30 events and freer ones from 60, and falls back to a strongly shrunk logistic below
        15 and to the base rate below 5.
    blend
        ``auto``, or a weight for each learner; what is left of one goes to the base rate.
    calibrate
        ``auto``, ``none``, ``temperature`` or ``sigmoid``.
    purge_days
        Days between a training row and the first row it may help to predict: gap + horizon (+ settling time).
    n_origins
        Origins inside the training period.
    text
        Names of free-text columns. Each becomes a few numbers, learned out of fold in time.
    text_encoder
        How texts become columns: ``ngrams``, ``sentence`` (extra ``text``), or one of your own by its name.
    monotone
        Feature name to +1 or -1, for the trees.
    monotone_rule
        ``always``: trees are bound by ``monotone``; ``no_loss``: where that does not lose out of time.
    tree_options
        Options of the learner called ``tree`` in place of those that the number of events gives, as tuning finds them.
    weights_half_life_days
        Rows that much older than the newest count half; None counts all rows alike.
    random_state
        Seed.
    n_jobs
        Threads; the result does not depend on it.

    Attributes
    ----------
    classes_ : numpy.ndarray
        The two labels; probabilities are of the second.
    learner_weights_ : dict
        Weight of each learner, and of the base rate.
    calibration_ : AffineCalibrator
        From blended margin to calibrated log-odds.
    n_events_ : int
        Distinct events in the training rows.
    ensemble_, texts_ : Ensemble, TextColumns
        Encoder, fitted learners, weights and calibration; text signals.
    out_of_time_ : pandas.DataFrame
        For each row predicted out of time: label, calibrated margin, one margin a learner, origin. Where
        ``report_["folds"]["kind"]`` is not ``time``, the rows were predicted across accounts instead.
    report_ : dict
        Counts, settings chosen, and notes on what the data could not bear.

    Notes
    -----
    Rows without an ``as_of`` level have no time: folds are then stratified by label and grouped by account where there
    is one, as they are while the history is too short for three purged origins (``report_`` says so).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"logins": rng.poisson(5, 300).astype(float), "seats": rng.poisson(20, 300).astype(float)})
    >>> y = (rng.random(300) < 1 / (1 + np.exp(X["logins"] - 4))).astype(int)
    >>> model = PropensityClassifier(learners=("logistic",)).fit(X, y)
    >>> parts, bias = model.contributions(X)
    >>> bool(np.abs(parts.sum(axis=1) + bias - model.margin(X)).max() < 1e-9)
    True
    """

    def __init__(
        self,
        learners: str | tuple[str, ...] = "auto",
        blend: str | dict[str, float] = "auto",
        calibrate: str = "auto",
        *,
        purge_days: int = 90,
        n_origins: int = 6,
        text: tuple[str, ...] = (),
        text_encoder: str = "ngrams",
        monotone: dict[str, int] | None = None,
        monotone_rule: str = "always",
        tree_options: dict[str, Any] | None = None,
        weights_half_life_days: float | None = None,
        random_state: Any = 0,
        n_jobs: int = 1,
    ) -> None:
        self.learners = learners
        self.blend = blend
        self.calibrate = calibrate
        self.purge_days = purge_days
        self.n_origins = n_origins
        self.text = text
        self.text_encoder = text_encoder
        self.monotone = monotone
        self.monotone_rule = monotone_rule
        self.tree_options = tree_options
        self.weights_half_life_days = weights_half_life_days
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from snapshot rows and their labels.

        Parameters
        ----------
        X
            Feature frame indexed by (account_id, as_of), or a numeric array of shape (n_rows, n_features).
        y
            Label frame with a column ``label``, series or array. Rows without a label are left out and counted.

        Returns
        -------
        PropensityClassifier
            Itself.

        Raises
        ------
        NotEnoughData
            If the labelled rows hold only one class.
        FrameError
            If a column cannot be used, or a text column is missing.
        """
        frame, seed = open_frame(self, X, reset=True), self._seed()
        target = Target.read(frame.index, y)
        labelled = frame if np.array_equal(target.rows, np.arange(len(frame))) else frame.iloc[target.rows]
        self.texts_, encoded = TextColumns.learn(
            labelled, target.y, self.text, purge_days=self.purge_days, seed=seed, encoder=self.text_encoder
        )
        notes = self.texts_.notes()
        rows = TrainingRows(encoded, target.y, target.weights(self.weights_half_life_days), target.clusters)
        learners = candidates(
            self.learners,
            target,
            list(encoded.columns),
            monotone=self.monotone,
            seed=seed,
            n_jobs=self.n_jobs,
            notes=notes,
        )
        learners = adapted(learners, rule=self.monotone_rule, options=self.tree_options)
        folds = training_folds(
            target.dates, target.y, target.clusters, purge_days=self.purge_days, n_origins=self.n_origins, seed=seed
        )
        if folds.kind != "time" and target.dates is not None:
            notes.append(
                f"fewer than three origins {self.purge_days} days apart: choices rest on accounts, not on time"
            )
        evidence = gather(learners, rows, folds, n_jobs=self.n_jobs)
        weights = learner_weights(evidence, self.blend)
        calibration, margin = choose_calibration(evidence, weights, self.calibrate, target)
        self.ensemble_ = Ensemble.train(evidence.learners, weights, calibration, rows)
        self.classes_, self.n_events_ = target.classes, target.n_events
        self.out_of_time_ = evidence.table(margin, labelled.index)
        self.report_ = evidence.report(target, weights, calibration, notes)
        return self

    @property
    def learner_weights_(self) -> dict[str, float]:
        """Weight of each learner; ``base_rate`` has what the others leave of one."""
        return dict(self.report_["weights"])

    @property
    def calibration_(self) -> AffineCalibrator:
        """From blended margin to calibrated log-odds."""
        return self.ensemble_.calibration

    def margin(self, X: Any) -> Floats:
        """Return calibrated log-odds of the second class, shape (n_rows,)."""
        frame = self._encoded(X)
        return self.ensemble_.margin(frame)

    def predict_proba(self, X: Any) -> Floats:
        """Return probabilities of both classes, shape (n_rows, 2)."""
        p = expit(self.margin(X))
        return np.column_stack([1.0 - p, p])

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likelier class of each row."""
        likelier = (self.margin(X) > 0).astype(int)
        return np.asarray(self.classes_[likelier])

    def contributions(self, X: Any) -> tuple[pd.DataFrame, pd.Series]:
        """Return what each feature adds to the calibrated log-odds of each row.

        Parameters
        ----------
        X
            Feature frame or array.

        Returns
        -------
        contributions, bias
            Frame of shape (n_rows, n_features), float64, and a series (n_rows,). Their row sums equal ``margin(X)``.
        """
        frame = self._encoded(X)
        parts, bias = self.ensemble_.contributions(frame)
        columns = self.ensemble_.encoder.features_
        named = self.texts_.folded(pd.DataFrame(parts, index=frame.index, columns=columns))
        return named, pd.Series(bias, index=frame.index, name="bias")

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values; ``out_of_time_`` is left out."""
        check_is_fitted(self)
        params = self.get_params(deep=False)
        names = self.learners if isinstance(self.learners, str) else list(self.learners)
        return {
            "params": {**params, "text": list(self.text), "learners": names, "random_state": self._seed()},
            "features": [str(name) for name in getattr(self, "feature_names_in_", [])],
            "n_features": int(self.n_features_in_),
            "classes": {"dtype": self.classes_.dtype.str, "values": self.classes_.tolist()},
            "n_events": self.n_events_,
            "texts": self.texts_.to_state(),
            "ensemble": self.ensemble_.to_state(),
            "report": self.report_,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the classifier that ``to_state`` described; it scores bit for bit the same."""
        params, dtype = dict(state["params"]), state["classes"]["dtype"]
        names = params["learners"]
        params.update(text=tuple(params["text"]), learners=names if isinstance(names, str) else tuple(names))
        model = cls(**params)
        model.n_features_in_ = state["n_features"]
        if state["features"]:
            model.feature_names_in_ = np.array(state["features"], dtype=object)
        model.classes_ = np.array(state["classes"]["values"], dtype=object if dtype.endswith("O") else dtype)
        model.n_events_, model.report_ = state["n_events"], state["report"]
        model.texts_ = TextColumns.from_state(state["texts"])
        model.ensemble_ = Ensemble.from_state(state["ensemble"])
        return model

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def _encoded(self, X: Any) -> pd.DataFrame:
        check_is_fitted(self)
        return self.texts_.apply(open_frame(self, X, reset=False))

    def _seed(self) -> int:
        if isinstance(self.random_state, np.random.RandomState):
            return int(self.random_state.randint(2**31 - 1))
        return int(self.random_state or 0)
