"""The whole way once: check, train, record, score the newest dates, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cs_ml.config import Config, default_config, load_config
from cs_ml.pipeline import pages, record, train
from cs_ml.pipeline.score import Fitted, Scored, restore, score_snapshot, write_scores
from cs_ml.pipeline.score import describe as describe_scores
from cs_ml.pipeline.snapshot import Progress, Snapshot, silent
from cs_ml.simulate import WorldConfig, simulate
from cs_ml.timeline import as_of_dates

__all__ = ["Ran", "describe", "run", "sample_config"]

SAMPLE = Path("data/sample")
PUBLISHED = 4


def sample_config(output: Path) -> Config:
    """Return the config of the sample: the one of the checkout, or one made now."""
    shipped = Path("configs/sample.yaml")
    if SAMPLE.is_dir() and shipped.is_file():
        config = load_config(shipped)
        return config.model_copy(update={"output": config.output.model_copy(update={"folder": output.absolute()})})
    output.mkdir(parents=True, exist_ok=True)
    simulate(WorldConfig(n_accounts=300, seed=7), output / "sample", output / "sample_truth")
    return default_config(output / "sample", output)


@dataclass(frozen=True)
class Ran:
    """What a run of the whole way made."""

    trained: train.Trained
    scored: Scored
    pages: list[Path]


def run(config: Config, *, progress: Progress = silent) -> Ran:
    """Train, score the newest dates, and write every page.

    The dates that are scored are the last four whose outcomes the models have not seen, so that the pages can show
    how scores moved.
    """
    trained = train.train(config, progress=progress)
    train.save(trained, config)
    progress("recording the run")
    record.record(trained, config)
    fitted = restore(trained.bundle)
    scored = None
    for date in unseen_dates(trained.snapshot)[-PUBLISHED:]:
        progress(f"scoring {date.date()}")
        scored = score_part(config, fitted, trained.snapshot, date)
        write_scores(scored, config)
    assert scored is not None  # noqa: S101  a snapshot has at least one date
    progress("writing pages")
    return Ran(trained, scored, pages.write_pages(config, scored, trained.bundle))


def unseen_dates(snapshot: Snapshot) -> list[pd.Timestamp]:
    """Return the dates after the last one with a known outcome; at least the newest one."""
    dates = as_of_dates(snapshot.X)
    seen = [as_of_dates(frame[frame["label"].notna()]).max() for frame in snapshot.labels.values()]
    last = max((date for date in seen if not pd.isna(date)), default=None)
    unique = list(dates.unique().sort_values())
    return [date for date in unique if last is None or date > last] or unique[-1:]


def score_part(config: Config, fitted: Fitted, snapshot: Snapshot, date: pd.Timestamp) -> Scored:
    """Score one date of a snapshot that was built already."""
    rows = as_of_dates(snapshot.X) == date
    mrr = None if snapshot.mrr is None else snapshot.mrr[rows]
    part = Snapshot(
        snapshot.spine[rows], snapshot.X[rows], snapshot.catalog, mrr=mrr, tables=snapshot.tables, notes=snapshot.notes
    )
    return score_snapshot(config, fitted, part)


def describe(ran: Ran, config: Config) -> list[str]:
    """Return in lines of text what was learned and scored, and where everything lies."""
    folder = config.output.folder
    left = [folder / name for name in ("bundle", "tracking", "scores", "drivers", "priority", "report")]
    lines = [*train.describe(ran.trained), "", *describe_scores(ran.scored, config.book.currency), ""]
    return [*lines, *(f"wrote {path}" for path in left if path.exists()), f"open {ran.pages[0]}"]
