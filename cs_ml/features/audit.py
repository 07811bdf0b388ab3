"""The leak audit: rebuild snapshots from tables whose future was changed, and see whether any cell moves.

Whatever moves for another reason is told apart: a feature that hangs on other accounts of its batch, or one that two
builds of the same tables make differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from cs_ml.engine.local import LocalEngine
from cs_ml.engine.plan import Engine
from cs_ml.features.snapshot import FeatureBuilder, SnapshotBuilder
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.future import CHANGES
from cs_ml.timeline.spine import make_spine

__all__ = ["APART", "Audit", "audit"]

APART = "apart"
VERDICTS = ("vacuous", "identical", "neighbours", "leak", "not repeatable")
GOOD = VERDICTS[:2]
COLUMNS = ["feature", "change", "as_of", "tables", "cells", "moved", "withheld", "verdict", "example"]


@dataclass(frozen=True)
class Audit:
    """What the leak audit found.

    Parameters
    ----------
    cells
        One row a feature, change and date: how many cells there were and how many moved, and the verdict:
        ``identical``, ``leak``, or ``vacuous`` when no row of its tables lay in the future. The change ``apart`` builds
        half of the accounts alone; what moves then has the verdict ``neighbours``. Where a cell moved that moves
        between two builds of the same tables, too, the verdict is ``not repeatable``.
    withheld
        Rows changed, by table, change and date.
    """

    cells: pd.DataFrame
    withheld: pd.DataFrame

    @property
    def clean(self) -> bool:
        """Whether no cell moved."""
        return bool(self.cells["verdict"].isin(GOOD).all())

    def by_feature(self) -> pd.DataFrame:
        """Return one row a feature: its worst verdict under each change."""
        order = pd.CategoricalDtype(list(VERDICTS), ordered=True)
        worst = self.cells.assign(verdict=self.cells["verdict"].astype(order))
        table = worst.pivot_table(
            index="feature", columns="change", values="verdict", aggfunc="max", observed=False, sort=False
        )
        return table[[name for name in (*CHANGES, APART) if name in table]]


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
    was revealed later in a row that was. Then half of the accounts are built alone, which must change nothing either.

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
        read, found = _read_by(snapshots, tables), []
        for name, change in CHANGES.items():
            changed = {
                table: change(frame, tables.loaded[table].schema, moment, rng) for table, frame in frames.items()
            }
            after = tables.replaced({table: item.rows for table, item in changed.items()})
            rebuilt = _with_spine(snapshots, after, make_spine(after, start=date, end=date, every=[date]))
            touched = {table: item.touched for table, item in changed.items()}
            found.append(_compare(expected, rebuilt, name, date, touched, read))
            withheld += [(table, name, date, count) for table, count in touched.items()]
        half = spine.iloc[::2]
        left_out = dict.fromkeys(frames, len(spine) - len(half))
        alone = _with_spine(snapshots, before, half)
        found.append(_compare(expected.loc[half.index], alone, APART, date, left_out, read))
        cells.append(
            _told_apart(pd.concat(found, ignore_index=True), expected, partial(_with_spine, snapshots, before, spine))
        )
    return Audit(
        pd.concat(cells, ignore_index=True), pd.DataFrame(withheld, columns=["table", "change", "as_of", "rows"])
    )


def _rows(tables: Tables, name: str, chosen: np.ndarray) -> pd.DataFrame:
    has_accounts = "account_id" in tables.columns(name)
    return tables.frame(name, chosen if has_accounts else None)


def _with_spine(snapshots: SnapshotBuilder, tables: Tables, spine: pd.DataFrame) -> pd.DataFrame:
    """Return the features with the spine's own columns in front."""
    X = snapshots.build(tables, spine)
    own = spine.astype(object).add_prefix("spine_")
    return pd.concat([own, X.astype(object)], axis=1)


def _read_by(snapshots: SnapshotBuilder, tables: Tables) -> dict[str, list[str]]:
    """Return the tables that each feature is made of."""
    return {
        feature.name: [name for name in builder.reads if name in tables]
        for builder in snapshots.builders
        if builder.reads[0] in tables
        for feature in builder.features(tables.columns(builder.reads[0]))
    }


def _compare(
    expected: pd.DataFrame,
    found: pd.DataFrame,
    change: str,
    date: pd.Timestamp,
    touched: Mapping[str, int],
    read: Mapping[str, list[str]],
) -> pd.DataFrame:
    """Compare two snapshots cell by cell; an account missing on one side has moved in every column."""
    index = expected.index.union(found.index)
    left, right = expected.reindex(index), found.reindex(index)
    moving = "neighbours" if change == APART else "leak"
    rows: list[tuple[object, ...]] = []
    for column in expected.columns:
        same = _same(left[column], right[column]) & index.isin(expected.index) & index.isin(found.index)
        moved = int((~same).sum())
        sources = read.get(column, [name for name in ("contracts", "usage") if name in touched])
        changed = sum(touched[name] for name in sources)
        verdict = moving if moved else "identical" if changed else "vacuous"
        example = (
            f"{index[~same][0][0]}: {left[column][~same].iloc[0]!r} became {right[column][~same].iloc[0]!r}"
            if moved
            else ""
        )
        rows.append((column, change, date, ", ".join(sources), len(index), moved, changed, verdict, example))
    return pd.DataFrame(rows, columns=COLUMNS)


def _told_apart(cells: pd.DataFrame, expected: pd.DataFrame, again: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Say of what moved whether it moves between two builds of the same tables, too; built again only if need be."""
    moved = cells["moved"] > 0
    if moved.any():
        other = again()
        unsteady = [name for name in expected if not _same(expected[name], other[name]).all()]
        cells.loc[moved & cells["feature"].isin(unsteady), "verdict"] = "not repeatable"
    return cells


def _same(left: pd.Series, right: pd.Series) -> pd.Series:
    return (left == right) | (left.isna() & right.isna())
