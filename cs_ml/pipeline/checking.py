"""What ``cs-ml check`` says and ``cs-ml snapshot`` writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cs_ml.config import Config
from cs_ml.errors import Fault
from cs_ml.labels import count_states
from cs_ml.pipeline.own_told import check_builders
from cs_ml.pipeline.snapshot import Progress, check_tables, silent, take_snapshot
from cs_ml.store import make_folder, write_parquet

__all__ = ["describe_check", "describe_own", "write_labels", "write_snapshot"]


def describe_check(config: Config) -> tuple[list[str], list[Fault]]:
    """Return what was read in lines of text, and the faults above the declared share."""
    if config.snapshots.file is not None:
        return describe_own(config), []
    found = check_tables(config)
    lines = [
        found.tables.summary()[["rows", "rejected", "left_out"]].to_string(),
        f"data end {found.tables.data_end.date()}",
    ]
    if len(found.broken):
        lines += ["", "broken rules", found.broken.drop(columns="hint").to_string(index=False)]
        lines.append(f"rejected rows are in {config.output.folder / 'quarantine'}")
    fixed = found.tables.not_point_in_time()
    if fixed:
        lines.append(f"not point-in-time, used as they stand today: {', '.join(fixed)}")
    notes, faults = check_builders(config, found.tables)
    return [*lines, *notes], [*found.faults, *faults]


def describe_own(config: Config) -> list[str]:
    """Return in lines of text what ready-made snapshots hold; nothing says whether they are point-in-time."""
    taken = take_snapshot(config)
    accounts, dates = (taken.X.index.get_level_values(name) for name in ("account_id", "as_of"))
    kinds = taken.catalog["kind"].value_counts(sort=False)
    size = f"{len(taken.X):,} rows, {accounts.nunique():,} accounts, {dates.nunique():,} dates"
    lines = [
        *taken.notes,
        "there are no source tables to check",
        f"{size} from {dates.min().date()} to {dates.max().date()}",
        "features: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
    ]
    for target, frame in taken.labels.items():
        states = frame["state"].value_counts().sort_index()
        lines.append(f"{target}: " + ", ".join(f"{count:,} {state}" for state, count in states.items()))
    return lines


def write_snapshot(config: Config, *, progress: Progress = silent) -> list[Path]:
    """Build snapshots and labels, and write them with the catalog of features."""
    taken = take_snapshot(config, progress=progress)
    folder = config.output.folder
    make_folder(folder)
    path = write_parquet(taken.X.join(taken.spine).reset_index(), folder / "snapshots.parquet")
    return [Path(path), *write_labels(folder, taken.labels, taken.X.index, taken.catalog)]


def write_labels(
    folder: Path, found: Mapping[str, pd.DataFrame], index: pd.Index[Any], catalog: pd.DataFrame
) -> list[Path]:
    """Write what lies beside snapshots: labels, the catalog of features, and how many labels are in each state.

    Parameters
    ----------
    folder
        Output folder.
    found
        Label frame of each target.
    index
        Rows of the snapshots, (account_id, as_of).
    catalog
        Description of every feature.
    """
    labels = pd.concat(found, axis=1) if found else pd.DataFrame(index=index)
    labels.columns = ["_".join(map(str, name)) for name in labels.columns]
    files = {"labels.parquet": labels.reset_index(), "features.parquet": catalog.reset_index()}
    if found:
        states = {target: count_states(frame) for target, frame in found.items()}
        files["label_states.parquet"] = pd.concat(states, names=["target"]).reset_index()
    return [Path(write_parquet(frame, folder / name)) for name, frame in files.items()]
