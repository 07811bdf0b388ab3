"""The leak audit of a book."""

from __future__ import annotations

import pandas as pd

from cs_ml.config import Config
from cs_ml.errors import ConfigError, Fault
from cs_ml.features.audit import Audit, audit
from cs_ml.features.usage_choice import choose_usage
from cs_ml.pipeline.snapshot import Progress, open_book, silent, snapshot_builder
from cs_ml.store import make_folder, write_parquet
from cs_ml.timeline import make_spine

__all__ = ["audit_book", "run_audit"]

MOVED = {  # verdict: how a line begins, and what one feature did, or many
    "leak": ("LEAK", "saw the future", "saw the future"),
    "not repeatable": (
        "NOT REPEATABLE",
        "is not repeatable: two builds of the same tables differ",
        "are not repeatable: two builds of the same tables differ",
    ),
    "neighbours": ("NEIGHBOURS", "depends on other accounts of the batch", "depend on other accounts of the batch"),
}


def audit_book(config: Config, *, dates: int = 3, accounts: int = 200, progress: Progress = silent) -> Audit:
    """Audit every builder on dates spread over the middle of the book.

    Raises
    ------
    ConfigError
        If the config has ready-made snapshots and no source tables.
    """
    if config.snapshots.file is not None:
        found = f"ready-made snapshots in {config.snapshots.file.name}"
        hint = "audit the code that made them, for example with tables cut off at each date"
        raise ConfigError(Fault("audit", "source tables, whose future can be changed", found, hint=hint))
    tables = open_book(config)
    spine = make_spine(tables, **config.snapshots.spine_kwargs())
    days = pd.DatetimeIndex(spine.index.get_level_values("as_of").unique()).sort_values()
    inner = days[len(days) // 4 : max(len(days) * 9 // 10, 1)]
    step = max(len(inner) // max(dates, 1), 1)
    chosen = list(inner[::step][:dates])
    top, logins = config.snapshots.top_features, config.snapshots.login_events
    builder = snapshot_builder(config, choose_usage(tables, until=min(chosen), top=top, login_events=logins))
    return audit(builder.builders, tables, dates=chosen, accounts=accounts, engine=builder.engine, progress=progress)


def run_audit(
    config: Config, *, dates: int = 3, accounts: int = 200, progress: Progress = silent
) -> tuple[list[str], bool]:
    """Audit the book, write ``audit.parquet``, and return the findings in lines of text and whether they are clean."""
    found = audit_book(config, dates=dates, accounts=accounts, progress=progress)
    make_folder(config.output.folder)
    path = config.output.folder / "audit.parquet"
    write_parquet(found.cells.astype({"as_of": "datetime64[us]"}), path)
    table = found.by_feature()
    withheld = found.withheld.pivot_table(index="table", columns="change", values="rows", aggfunc="sum")
    lines = ["future rows and values touched, by table", withheld.to_string(), "", "features", table.to_string()]
    cells = int(found.cells["cells"].sum())
    return [*lines, "", *_moved(found), f"{_verdict(found)}: {cells:,} cells compared; details in {path}"], found.clean


def _moved(found: Audit) -> list[str]:
    """Return one line a feature, change and date on which cells moved that should not."""
    wrong = found.cells[found.cells["verdict"].isin(MOVED)]
    return [
        f"{MOVED[str(row.verdict)][0]} {row.feature} ({row.change}, {row.as_of:%Y-%m-%d}): "
        f"{row.moved} of {row.cells} cells moved, such as {row.example}"
        for row in wrong.itertuples()
    ]


def _verdict(found: Audit) -> str:
    """Say in one line how many features did what they should not."""
    counts = found.cells.groupby("verdict")["feature"].nunique()
    said = []
    for verdict, (_, one, many) in MOVED.items():
        if count := int(counts.get(verdict, 0)):
            said.append(f"1 feature {one}" if count == 1 else f"{count} features {many}")
    return "; ".join(said) or "no feature saw the future"
