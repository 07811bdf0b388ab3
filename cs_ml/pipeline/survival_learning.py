"""Learning how long accounts stay, and testing it on later dates beside Kaplan and Meier."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.config import Config
from cs_ml.errors import NotEnoughData
from cs_ml.labels import StayLabeler
from cs_ml.models import HazardModel
from cs_ml.models.bootstrap import account_codes, interval, replicate
from cs_ml.models.curve import HORIZONS
from cs_ml.models.kaplan_meier import kaplan_meier, kaplan_meier_table
from cs_ml.models.metrics import log_loss, roc_auc
from cs_ml.pipeline.rows import allowed_rows
from cs_ml.pipeline.snapshot import Progress, Snapshot, silent
from cs_ml.pipeline.survival import Survival
from cs_ml.tables import Tables
from cs_ml.timeline import TimeSplit, as_of_dates

__all__ = ["fit_survival", "judge_survival", "learn_survival"]

ORIGINS, BLOCKS = 2, 6  # the newest third of the dates that can be judged, in two pieces
JUDGED = 90  # days after which a row can be judged
Floats = npt.NDArray[np.float64]


def learn_survival(
    config: Config, snapshot: Snapshot, notes: list[str], *, progress: Progress = silent
) -> tuple[dict[str, Survival], dict[str, pd.DataFrame]]:
    """Return the part of the bundle that foresees how long accounts stay, and the tables that judge it.

    What cannot be learned or judged is absent, and told to ``notes``; ``progress`` hears of it where it is tried.
    """
    if not config.survival.enabled or snapshot.tables is None:
        return {}, {}
    progress("survival: learning how long accounts stay")
    try:
        parts = {"survival": fit_survival(config, snapshot)}
    except NotEnoughData as error:
        notes.append(f"how long accounts stay was not foreseen: {error}")
        return {}, {}
    try:
        return parts, judge_survival(config, snapshot)
    except NotEnoughData as error:
        notes.append(f"how long accounts stay was foreseen, but not tested on later dates: {error}")
        return parts, {}


def fit_survival(config: Config, snapshot: Snapshot) -> Survival:
    """Learn how long accounts stay, from every row that the config allows.

    Raises
    ------
    NotEnoughData
        If there are no contracts, or nobody left.
    """
    X, y = _rows(config, snapshot)
    model = _new_model(config).set_params(refits=config.survival.refits).fit(X, y)
    target = config.health.target
    label = config.labels.get(target)
    fits = label is not None and (label.kind, label.which, label.gap_days) == ("churn", "any", 0)
    return Survival(
        model,
        target=target if fits else None,
        horizon_days=label.horizon_days if fits and label is not None else JUDGED,
        within_days=config.survival.within_days,
        term_days=config.survival.term_days,
        gross_margin=config.kpis.gross_margin,
        discount_rate=config.survival.discount_rate,
    )


def judge_survival(config: Config, snapshot: Snapshot) -> dict[str, pd.DataFrame]:
    """Test the hazard model on dates it had not seen.

    At each origin the model learns from the rows before it, with what was known of them on that day, and foresees the
    rows from it on until the next origin.

    Returns
    -------
    dict of str to DataFrame
        ``survival_judged``: log loss and AUC by horizon, of the model and of the Kaplan-Meier estimate of the past
        (which gives every account the same), and the difference of log losses; ``survival_curve``: what was foreseen on
        average beside what happened, see :func:`cs_ml.models.kaplan_meier.kaplan_meier_table`. All with 95 % intervals
        clustered by account.

    Raises
    ------
    NotEnoughData
        If no origin has a past in which somebody left and somebody stayed.
    """
    X, y = _rows(config, snapshot)
    judged = y[y["watched_days"] >= JUDGED]
    block = max(as_of_dates(judged).nunique() // BLOCKS, 1)
    split = TimeSplit(purge_days=JUDGED, n_origins=ORIGINS, test_dates=block)
    parts = [
        part
        for train, test in split.split(judged)
        if (part := _foreseen(config, snapshot, X.loc[judged.index], train, test)) is not None
    ]
    if not parts:
        raise NotEnoughData("expected an origin with a past in which somebody left and somebody stayed, found none")
    found = pd.concat(parts)
    followed = y.loc[found.index]
    known = followed["duration_days"].notna().to_numpy()
    return {
        "survival_judged": _metrics(found[known], followed[known]),
        "survival_curve": _beside(found[known], followed[known]),
    }


def _rows(config: Config, snapshot: Snapshot) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return features without free text, and how long each row stayed as known before the first declared test date."""
    allowed = allowed_rows(config, snapshot)
    if not allowed.any():
        raise NotEnoughData("expected rows to learn from, found none; every account had given notice")
    X = snapshot.X.loc[allowed].drop(columns=list(snapshot.text))
    until = pd.Timestamp(min(config.model.test_dates)) if config.model.test_dates else None
    return X, StayLabeler().label(_tables(snapshot), snapshot.spine[allowed], until=until)


def _tables(snapshot: Snapshot) -> Tables:
    if snapshot.tables is None or "contracts" not in snapshot.tables:
        raise NotEnoughData("expected contracts, found none; without them nobody knows how long an account stayed")
    return snapshot.tables


def _new_model(config: Config) -> HazardModel:
    return HazardModel(random_state=config.model.random_state, n_jobs=config.model.n_jobs or 1)


def _foreseen(config: Config, snapshot: Snapshot, X: pd.DataFrame, train: Any, test: Any) -> pd.DataFrame | None:
    """Return the probabilities of staying of the rows of one origin, of the model and of its past as a whole."""
    origin = as_of_dates(X)[test].min()
    past = X.iloc[train]
    try:
        y = StayLabeler().label(_tables(snapshot), past, until=origin)
        model = _new_model(config).fit(past, y)
    except NotEnoughData:
        return None
    known = y[y["duration_days"].notna()]
    rate = kaplan_meier(known["duration_days"].to_numpy(), known["event"].to_numpy(), HORIZONS)
    stays = model.survival(X.iloc[test], HORIZONS).rename(columns="stays_{}".format)
    return stays.assign(**{f"rate_{day}": value for day, value in zip(HORIZONS, rate, strict=True)})


def _beside(found: pd.DataFrame, y: pd.DataFrame) -> pd.DataFrame:
    foreseen = pd.DataFrame({day: found[f"stays_{day}"] for day in HORIZONS})
    return kaplan_meier_table(y, foreseen, _clusters(found))


def _metrics(found: pd.DataFrame, y: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for day in HORIZONS:
        seen = ((y["watched_days"] >= day) & found[f"rate_{day}"].notna()).to_numpy()
        left = (y["event"] & (y["duration_days"] < day)).to_numpy()[seen].astype(np.float64)
        if 0 < left.sum() < len(left):
            rows += _judged(day, left, 1 - found[seen])
    return pd.DataFrame(rows, columns=["days", "metric", "model", "value", "low", "high", "rows", "events"])


def _judged(day: int, left: Floats, risk: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return log loss and AUC at one horizon, with intervals."""
    own, rate = (risk[f"{name}_{day}"].to_numpy() for name in ("stays", "rate"))

    def measured(weights: Floats | None) -> dict[str, Any]:
        losses = {"hazard": log_loss(left, own, weights), "kaplan_meier": log_loss(left, rate, weights)}
        found = {("log_loss", name): value for name, value in losses.items()}
        found["log_loss", "difference"] = losses["hazard"] - losses["kaplan_meier"]
        found["roc_auc", "hazard"] = roc_auc(left, own, weights)
        return {" ".join(name): value for name, value in found.items()}

    values, draws = measured(None), replicate(measured, _clusters(risk))
    return [
        (day, *name.split(), float(value), *interval(draws[name], float(value)), len(left), int(left.sum()))
        for name, value in values.items()
    ]


def _clusters(frame: pd.DataFrame) -> npt.NDArray[np.intp]:
    return account_codes(frame.index.get_level_values("account_id"), len(frame))
