"""The level of a model, moved to the outcomes that became known since it learned."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from cs_ml.config import Config
from cs_ml.models import PropensityClassifier
from cs_ml.pipeline.fitted import Fitted, Level
from cs_ml.pipeline.labelers import labeler_of
from cs_ml.pipeline.past import KEYS
from cs_ml.store import partition_dates, read_partition
from cs_ml.tables import Tables
from cs_ml.timeline import make_spine, settled

__all__ = ["describe_levels", "level_of", "with_levels"]

AHEAD = 2.0  # standard errors by which observed and foreseen must differ, as for any shift of a level


def with_levels(config: Config, fitted: Fitted, tables: Tables | None, date: pd.Timestamp) -> Fitted:
    """Return the estimators with each model at the level of the outcomes known on a date.

    What was scored and written by the same bundle on dates that no model learned from is compared with what came of it,
    once the outcome was certain. The shift belongs to the bias of a model, so contributions still add up, and the
    health score sees the margin as it is told.

    Parameters
    ----------
    config
        Checked config; nothing is moved unless ``model.update_level`` says so.
    fitted
        Estimators of a bundle.
    tables
        Source tables; without them nothing is moved.
    date
        Date to score.
    """
    if not config.model.update_level or tables is None:
        return fitted
    found = {name: _found(config, fitted, tables, name, date) for name in fitted.models if name in config.labels}
    levels = {name: level for name, level in found.items() if level is not None}
    models = {name: _moved(model, levels[name]) if name in levels else model for name, model in fitted.models.items()}
    return replace(fitted, models=models, levels=levels)


def level_of(model: PropensityClassifier, p: pd.Series, label: pd.Series) -> Level | None:
    """Return how far the level of a model is to be moved; None where that cannot be told from chance.

    Parameters
    ----------
    model
        Fitted model.
    p
        Probabilities it gave, indexed by (account_id, as_of), certainly unmoved.
    label
        What came of them, 0.0 or 1.0, by the same index.

    Notes
    -----
    Observed and foreseen events must differ by two standard errors, clustered by account; the shift then is
    :meth:`cs_ml.models.calibrate.AffineCalibrator.update_intercept`, rows counted as events.
    """
    codes, names = pd.factorize(p.index.get_level_values("account_id"))
    y, told = label.to_numpy(dtype=float), p.to_numpy(dtype=float)
    error = float(np.sqrt((np.bincount(codes, weights=y - told) ** 2).sum()))
    if abs(float((y - told).sum())) <= AHEAD * error:
        return None
    old, events = model.calibration_, len(np.unique(codes[y == 1]))
    worth = events / y.sum() if events else 1.0
    new = old.update_intercept((logit(told) - old.a) / old.b, y, weights=np.full(len(y), worth))
    return Level(new.a - old.a, len(y), len(names), int(y.sum()), float(told.sum()))


def describe_levels(fitted: Fitted) -> list[str]:
    """Return in a line for each model how far its level was moved, and why."""
    return [
        f"{target}: level moved by {level.shift:+.2f} in log-odds: of {level.rows:,} rows ({level.accounts:,} "
        f"accounts) scored since training whose outcome is known, {level.foreseen:,.1f} were foreseen and "
        f"{level.observed:,} came"
        for target, level in fitted.levels.items()
    ]


def _found(config: Config, fitted: Fitted, tables: Tables, target: str, date: pd.Timestamp) -> Level | None:
    labeler = labeler_of(config.labels[target])
    told = _told(config, fitted, target, date, labeler.purge_days)
    if told.empty:
        return None
    dates = list(told.index.unique("as_of"))
    spine = make_spine(tables, start=min(dates), end=max(dates), every=dates)
    spine = spine[~spine["notice_given"].to_numpy(dtype=bool)]
    label = labeler.label(tables, spine)["label"].dropna().astype(float)
    both = told.index.intersection(label.index)
    return level_of(fitted.models[target], told[both], label[both]) if len(both) else None


def _told(config: Config, fitted: Fitted, target: str, date: pd.Timestamp, purge_days: int) -> pd.Series:
    """Return the probabilities that this bundle gave on dates it had not learned from, before its level was moved."""
    root, known = config.output.folder / "scores", target in fitted.learned_until  # not in bundles of older versions
    dates = partition_dates(root) if known and root.is_dir() else pd.DatetimeIndex([])
    later = dates > pd.Timestamp(fitted.learned_until.get(target, date))
    frames = [read_partition(root, day) for day in dates[later & settled(dates, date, purge_days)]]
    frames = [frame[frame["model_version"] == fitted.version] for frame in frames if f"p_{target}" in frame]
    if not sum(map(len, frames)):
        return pd.Series(dtype=float, index=pd.MultiIndex.from_arrays([[], pd.DatetimeIndex([])], names=KEYS))
    frame = pd.concat(frames)
    shift = frame.get(f"shift_{target}", pd.Series(0.0, index=frame.index)).fillna(0.0)
    p = expit(logit(frame[f"p_{target}"].to_numpy(dtype=float)) - shift.to_numpy(dtype=float))
    keys = pd.MultiIndex.from_arrays([frame["account_id"], pd.to_datetime(frame["as_of"])])
    return pd.Series(p, index=keys).dropna()


def _moved(model: PropensityClassifier, level: Level) -> PropensityClassifier:
    moved, old = copy(model), model.calibration_
    moved.ensemble_ = replace(model.ensemble_, calibration=replace(old, a=old.a + level.shift))
    return moved
