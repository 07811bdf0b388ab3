"""From the labels of a config to labelers and what they mean, and from a path to a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from cs_ml.config import Config, LabelConfig
from cs_ml.errors import Fault, FrameError
from cs_ml.labels import (
    ChurnLabeler,
    CrossSellLabeler,
    DownsellLabeler,
    GrowthLabeler,
    InactivityLabeler,
    Labeler,
    NonRenewalLabeler,
    TableLabeler,
    UpsellLabeler,
)  # fmt: skip

__all__ = ["is_loss", "labeler_of", "read_frame"]

LOSSES = ("churn", "non_renewal", "inactivity")  # kinds of outcome that are the opposite of staying


def labeler_of(label: LabelConfig) -> Labeler:
    """Return the labeler that one label of the config describes.

    Examples
    --------
    >>> labeler_of(LabelConfig(kind="inactivity", horizon_days=30)).purge_days
    30
    """
    ahead = {"horizon_days": label.horizon_days, "gap_days": label.gap_days, "settling_days": label.settling_days}
    graced = {**ahead, "grace_days": label.grace_days}
    made: dict[str, Callable[[], Labeler]] = {
        "churn": lambda: ChurnLabeler(which=label.which, **graced),
        "non_renewal": lambda: NonRenewalLabeler(**graced),
        "downsell": lambda: DownsellLabeler(min_decrease=label.min_decrease, **graced),
        "upsell": lambda: UpsellLabeler(min_increase=label.min_increase, by=label.by, **graced),
        "cross_sell": lambda: CrossSellLabeler(product=label.product or "", **graced),
        "inactivity": lambda: InactivityLabeler(**ahead),
        "growth": lambda: GrowthLabeler(min_increase=label.min_increase, **ahead),
        "table": lambda: TableLabeler(read_frame(label.table), **ahead),
    }
    return made[label.kind]()


def is_loss(config: Config, target: str) -> bool:
    """Say whether the outcome of a target is the opposite of staying."""
    label = config.labels.get(target)
    return target == config.health.target or (label is not None and label.kind in LOSSES)


def read_frame(path: Path | None, ids: Sequence[str] = ("account_id",)) -> pd.DataFrame:
    """Read a Parquet or CSV file.

    Parameters
    ----------
    path
        File.
    ids
        Columns of a CSV file that are text even where they look like numbers: an id keeps its leading zeros.

    Raises
    ------
    FrameError
        If there is no such file, or it cannot be read.
    """
    if path is None or not path.is_file():
        raise FrameError(Fault(str(path), "a Parquet or CSV file", "no such file"))
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=dict.fromkeys(ids, "string"))
    except UnicodeDecodeError as error:
        hint = "save the file as UTF-8, or as Parquet"
        found = f"byte {error.object[error.start]:#04x}, as in Shift_JIS"
        raise FrameError(Fault(str(path), "UTF-8 text", found, hint=hint)) from error
    except (ValueError, OSError) as error:
        reason = str(error).split("\n", 1)[0]
        raise FrameError(
            Fault(str(path), "a Parquet or CSV file that can be read", reason, hint="write the file again")
        ) from error
