"""What was published before: scores among their own past."""

from __future__ import annotations

import pandas as pd

from cs_ml.config import Config
from cs_ml.health import HealthScore
from cs_ml.health.history import with_history
from cs_ml.store import partition_dates, read_partition

__all__ = ["KEYS", "earlier_of", "past_scores", "with_past"]

KEYS = ["account_id", "as_of"]
READ = [*KEYS, "health", "band", "band_reading", "model_version"]
LONGEST = 92  # a band is held against the readings of a quarter at least


def past_scores(config: Config, date: pd.Timestamp, days: int) -> pd.DataFrame:
    """Return the health and bands published on the days before a date, indexed by ``(account_id, as_of)``."""
    root = config.output.folder / "scores"
    dates = partition_dates(root) if root.is_dir() else pd.DatetimeIndex([])
    wanted = dates[(dates < date) & (dates >= date - pd.Timedelta(days=days))]
    frames = [read_partition(root, day) for day in wanted]
    frames = [frame[[name for name in READ if name in frame]] for frame in frames if "health" in frame]
    if not frames:
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[], pd.DatetimeIndex([])], names=KEYS))
    joined = pd.concat(frames)
    return joined.assign(as_of=pd.to_datetime(joined["as_of"])).set_index(KEYS)


def earlier_of(config: Config, health: HealthScore | None, date: pd.Timestamp) -> pd.DataFrame:
    """Return what was published before a date and still bears on its bands and trend."""
    card = None if health is None else health.learned_.typical.scorecard
    return past_scores(config, date, LONGEST if card is None else max(card.trend_days, LONGEST))


def with_past(
    config: Config, health: HealthScore | None, scores: pd.DataFrame, earlier: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the scores of a date with bands that hold and a trend; see :func:`cs_ml.health.history.with_history`.

    Parameters
    ----------
    config
        Checked config; earlier scores lie in its output folder.
    health
        Fitted health score, where there is one.
    scores
        Scores of one date.
    earlier
        From :func:`earlier_of`; read where missing.
    """
    if health is None or scores.empty:
        return scores
    card = health.learned_.typical.scorecard
    if earlier is None:
        earlier = earlier_of(config, health, pd.Timestamp(scores.index.get_level_values("as_of").min()))
    return with_history(scores, earlier, card.bands, trend_days=card.trend_days)
