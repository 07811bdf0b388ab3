"""The health score of a book: learned where outcomes allow it, the expert's where they do not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cs_ml.config import Config
from cs_ml.errors import NotEnoughData
from cs_ml.health import HealthScore, default_scorecard, load_scorecard
from cs_ml.health.scorecard import Scorecard
from cs_ml.models import PropensityClassifier
from cs_ml.pipeline.rows import training_rows
from cs_ml.pipeline.snapshot import Snapshot

__all__ = ["expert_base_rate", "fit_health", "scorecard_of"]

FEWEST_PERIODS = 50


def fit_health(
    config: Config, snapshot: Snapshot, models: dict[str, PropensityClassifier], notes: list[str]
) -> HealthScore | None:
    """Return the health score, or ``None`` with a note that says why there is none.

    Where nobody left, weights cannot be learned. Then the expert's weights stand alone, around a churn rate that the
    periods without churn allow to state; see :func:`expert_base_rate`.

    Parameters
    ----------
    config
        Checked config.
    snapshot
        Features and labels.
    models
        Fitted model of each target.
    notes
        What the reader must know; added to.
    """
    target = config.health.target
    if not config.health.enabled or target not in snapshot.labels:
        return None
    card = scorecard_of(config, snapshot.X)
    if card is None:
        notes.append("health was not scored: no feature of the default scorecard is there; give one of your own")
        return None
    try:
        X, y = training_rows(config, snapshot, target)
        margin = models[target].out_of_time_["margin"].reindex(X.index) if target in models else None
        usable = margin is not None and bool(margin.notna().any())
        health = HealthScore(card, purge_days=snapshot.purge_days[target])
        return health.fit(X, y, out_of_time_margin=margin if usable else None)
    except NotEnoughData as error:
        return _by_expert(config, snapshot, card, notes, error)


def scorecard_of(config: Config, X: pd.DataFrame) -> Scorecard | None:
    """Return the scorecard of the config; ``None`` where no measure of the default one has its feature."""
    path = config.health.scorecard
    if isinstance(path, Path):
        card = load_scorecard(path)
    else:
        card = default_scorecard(X.columns)
        if not card.measures:
            return None
    chosen = {"pdo": config.health.pdo, "coverage_floor": config.health.coverage_floor}
    given = {name: value for name, value in chosen.items() if value is not None}
    return card.model_copy(update=given) if given else card


def expert_base_rate(y: pd.DataFrame, purge_days: int) -> tuple[float, int] | None:
    """Return the churn rate that periods without churn allow to state, and how many periods there were.

    Periods are the rows with a known outcome on dates so far apart that no two look at the same days. Half an event is
    added, as under Jeffreys' prior: none in 200 periods is stated as 0.25 %.

    Parameters
    ----------
    y
        Label frame.
    purge_days
        Days until the outcome of a row is certain.

    Returns
    -------
    (float, int) or None
        ``None`` where somebody left, or where there are fewer than 50 periods.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([[f"a{i}" for i in range(40)], pd.to_datetime(["2026-01-01", "2026-02-01",
    ...     "2026-05-01"])], names=["account_id", "as_of"])
    >>> rate, periods = expert_base_rate(pd.DataFrame({"label": 0.0}, index=index), purge_days=90)
    >>> periods, round(rate, 5)
    (80, 0.00617)
    """
    known = y["label"].dropna()
    dates = known.index.get_level_values("as_of")
    apart: list[pd.Timestamp] = []
    for date in sorted(dates.unique(), reverse=True):
        if not apart or date + pd.Timedelta(days=purge_days) <= apart[-1]:
            apart.append(date)
    periods = int(dates.isin(apart).sum())
    return None if (known == 1).any() or periods < FEWEST_PERIODS else (0.5 / (periods + 1), periods)


def _by_expert(
    config: Config, snapshot: Snapshot, card: Scorecard, notes: list[str], error: NotEnoughData
) -> HealthScore | None:
    target = config.health.target
    stated = expert_base_rate(snapshot.labels[target], snapshot.purge_days[target])
    if stated is None:
        notes.append(f"health was not scored: {error}")
        return None
    rate, periods = stated
    notes.append(
        f"health rests on the expert's weights alone: nothing happened in {periods:,} periods of an account, so "
        f"no weight can be learned; 50 points stand for an assumed {target} rate of {rate:.2%}; use it to compare"
    )
    return HealthScore.expert_only(rate, snapshot.X, card)
