"""Simulated books for the benchmarks: snapshots as the pipeline takes them, beside the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cs_ml.config import Config
from cs_ml.pipeline.snapshot import Snapshot, take_snapshot
from cs_ml.simulate import World, WorldConfig, simulate
from cs_ml.timeline import as_of_dates

END = "2026-10-01"
TARGETS = {"churn": ("p_churn_90d", "churned"), "upsell": ("p_upsell_90d", "upsold")}


def config_of(folder: Path, start: str, end: str = END, workers: int = 2) -> Config:
    """Return the config of monthly snapshots between two dates; everything else is as it is by default."""
    return Config.model_validate(
        {
            "book": {"data_end": END},
            "tables": {"folder": str(folder)},
            "snapshots": {"start": start, "end": end},
            "engine": {"workers": workers},
            "output": {"folder": str(folder.with_name("out"))},
        }
    )


@dataclass(frozen=True)
class Split:
    """One target: what is learned from, and what is predicted months later, with the truth about it."""

    past: pd.DataFrame
    past_y: pd.DataFrame
    recent: pd.DataFrame
    recent_y: pd.Series
    p_true: np.ndarray

    @property
    def accounts(self) -> pd.Index:
        """Account of each recent row."""
        return self.recent.index.get_level_values("account_id")


@dataclass(frozen=True)
class Book:
    """A simulated world as the pipeline sees it, and as it is."""

    world: World
    snapshot: Snapshot

    @classmethod
    def make(cls, folder: Path, world: WorldConfig, start: str) -> Book:
        """Simulate a world and take its snapshots."""
        made = simulate(world, folder)
        return cls(made, take_snapshot(config_of(folder, start)))

    def split(self, target: str, test_from: str) -> Split:
        """Learn from what was certain before a date, predict from then on; accounts that gave notice are left out."""
        taken, (truth, _) = self.snapshot, TARGETS[target]
        dates, y = as_of_dates(taken.X), taken.labels[target]
        open_ = ~taken.spine["notice_given"].to_numpy(dtype=bool) & y["label"].notna().to_numpy()
        past = open_ & (dates + pd.Timedelta(days=taken.purge_days[target]) <= test_from)
        known = self.world.truth().set_index(["account_id", "as_of"])[truth].reindex(taken.X.index)
        recent = open_ & (dates >= test_from) & known.notna().to_numpy()
        return Split(taken.X[past], y[past], taken.X[recent], y["label"][recent], known[recent].to_numpy(dtype=float))
