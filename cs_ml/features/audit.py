"""The leak audit: rebuild snapshots from tables whose future was changed, and see whether any cell moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.local import LocalEngine
from cs_ml.engine.plan import Engine
from cs_ml.features.snapshot import FeatureBuilder, SnapshotBuilder
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.future import CHANGES, Changed
from cs_ml.timeline.spine import make_spine

__all__ = ["Audit", "audit"]

COLUMNS = ["feature", "change", "as_of", "tables", "cells", "moved", "withheld", "verdict", "example"]


@dataclass(frozen=True)
class Audit:
    """What the leak audit found.

    Parameters
    ----------
    cells
        One row a feature, change and date: how many cells there were and how many moved, and the verdict:
        ``identical``, ``leak``, or ``vacuous`` when no row of its tables lay in the future.
    withheld
        Rows changed, by table, change and date.
    """

    cells: pd.DataFrame
    withheld: pd.DataFrame

    @property
    def clean(self) -> bool:
        """Whether no cell moved."""
        return not (self.cells["verdict"] == "leak").any()

    def by_feature(self) -> pd.DataFrame:
        """Return one row a feature: its worst verdict under each change."""
        order = pd.CategoricalDtype(["vacuous", "identical", "leak"], ordered=True)
        worst = self.cells.assign(verdict=self.cells["verdict"].astype(order))
        table = worst.pivot_table(
            index="feature", columns="change", values="verdict", aggfunc="max", observed=False, sort=False
        )
        return table[[name for name in CHANGES if name in table]]


def audit(
    builders: Sequence[FeatureBuilder],
    tables: Tables,
    *,
    dates: Sequence[pd.Timestamp],
    accounts: int = 200,
    engine: Engine | None = None,
    random_state: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> Audit:
    """Audit builders for leaks from the future.

    For each date the future is deleted, altered, filled with late rows and shuffled; spine and features are rebuilt
    and compared cell by cell. The future of a date is every row that was not known before it, and every value that
    was revealed later in a row that was.

    Parameters
    ----------
    builders
        What to audit, the user's own included.
    tables
        Checked source tables.
    dates
        Dates to audit; choose some in the middle of the data.
    accounts
        How many accounts are drawn.
    engine
        Where builders run.
    random_state
        Seed of the draw and of the changes.
    progress
        Called with a line of text before each date.

    Returns
    -------
    Audit

    Raises
    ------
    NotEnoughData
        If no account is on the spine on a date.
    """
    rng = np.random.default_rng(random_state)
    everyone = tables.accounts()
    chosen = np.sort(rng.choice(everyone, min(accounts, len(everyone)), replace=False))
    frames = {name: _rows(tables, name, chosen) for name in tables.names}
    snapshots = SnapshotBuilder(tuple(builders), engine or LocalEngine())
    cells, withheld = [], []
    for date in dates:
        progress(f"{date.date()}")
        before = tables.replaced(frames)
        spine = make_spine(before, start=date, end=date, every=[date])
        expected = _with_spine(snapshots, before, spine)
        moment = pd.Timestamp(Clock(tables.zone).instant(np.array([date], dtype="datetime64[D]"))[0])
        for name, change in CHANGES.items():
            changed = {
                table: change(frame, tables.loaded[table].schema, moment, rng) for table, frame in frames.items()
            }
            after = tables.replaced({table: item.rows for table, item in changed.items()})
            found = _with_spine(snapshots, after, make_spine(after, start=date, end=date, every=[date]))
            cells += _compare(expected, found, name, date, changed, snapshots, tables)
            withheld += [(table, name, date, item.touched) for table, item in changed.items()]
    return Audit(
        pd.DataFrame(cells, columns=COLUMNS), pd.DataFrame(withheld, columns=["table", "change", "as_of", "rows"])
    )


def _rows(tables: Tables, name: str, chosen: np.ndarray) -> pd.DataFrame:
    has_accounts = "account_id" in tables.columns(name)
    return tables.frame(name, chosen if has_accounts else None)


def _with_spine(snapshots: SnapshotBuilder, tables: Tables, spine: pd.DataFrame) -> pd.DataFrame:
    """Return the features with the spine's own columns in front."""
    X = snapshots.build(tables, spine)
    own = spine.astype(object).add_prefix("spine_")
    return pd.concat([own, X.astype(object)], axis=1)


def _compare(
    expected: pd.DataFrame,
    found: pd.DataFrame,
    change: str,
    date: pd.Timestamp,
    changed: Mapping[str, Changed],
    snapshots: SnapshotBuilder,
    tables: Tables,
) -> list[tuple[object, ...]]:
    """Compare two snapshots cell by cell; an account missing on one side has moved in every column."""
    read = {
        feature.name: builder.reads
        for builder in snapshots.builders
        if builder.reads[0] in tables
        for feature in builder.features(tables.columns(builder.reads[0]))
    }
    index = expected.index.union(found.index)
    left, right = expected.reindex(index), found.reindex(index)
    rows: list[tuple[object, ...]] = []
    for column in expected.columns:
        same = (left[column] == right[column]) | (left[column].isna() & right[column].isna())
        same &= index.isin(expected.index) & index.isin(found.index)
        moved = int((~same).sum())
        sources = [name for name in read.get(column, ("contracts", "usage")) if name in tables]
        touched = sum(changed[name].touched for name in sources)
        verdict = "leak" if moved else "identical" if touched else "vacuous"
        example = (
            f"{index[~same][0][0]}: {left[column][~same].iloc[0]!r} became {right[column][~same].iloc[0]!r}"
            if moved
            else ""
        )
        rows.append((column, change, date, ", ".join(sources), len(index), moved, touched, verdict, example))
    return rows
