"""Labels that the user brings: a table, or a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, FrameError
from cs_ml.labels.state import Horizon
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.keys import read_accounts, read_days

__all__ = ["FunctionLabeler", "TableLabeler", "own_labels"]


@dataclass(frozen=True)
class TableLabeler:
    """Takes labels from a table with account_id, as_of and label.

    Rows of the spine without a label are immature, whatever the reason: they neither train nor count.

    Parameters
    ----------
    table
        Columns account_id, as_of, label (1, 0 or missing).
    horizon_days, gap_days, settling_days
        How far ahead the labels look; needed for the purge between training and test dates.

    Examples
    --------
    >>> table = pd.DataFrame({"account_id": ["a"], "as_of": ["2026-01-01"], "label": [1]})
    >>> TableLabeler(table).purge_days
    90
    """

    table: pd.DataFrame
    horizon_days: int = 90
    gap_days: int = 0
    settling_days: int = 0

    @property
    def horizon(self) -> Horizon:
        """Days ahead that count, and days until they are certain."""
        return Horizon(self.horizon_days, self.gap_days, self.settling_days)

    @property
    def purge_days(self) -> int:
        """Days between a training date and the first date on which its outcome was certain."""
        return self.horizon.purge_days

    def label(self, tables: Tables | None, spine: pd.DataFrame) -> pd.DataFrame:  # noqa: ARG002  the labels are given
        """Return the label frame of a spine; see :meth:`cs_ml.labels.ChurnLabeler.label`."""
        missing = [name for name in ("account_id", "as_of", "label") if name not in self.table]
        if missing:
            raise FrameError(
                [
                    Fault(f"labels.{name}", "a column", f"columns {', '.join(map(str, self.table.columns))}")
                    for name in missing
                ]
            )
        index = pd.MultiIndex.from_arrays(
            [
                read_accounts(self.table["account_id"], "labels.account_id"),
                read_days(self.table["as_of"], "labels.as_of"),
            ],
            names=["account_id", "as_of"],
        )
        if index.has_duplicates:
            count = int(index.duplicated().sum())
            raise FrameError(
                Fault(
                    "labels",
                    "one row an account and date",
                    f"repeated {index[index.duplicated()][0]}",
                    count,
                    "keep one",
                )
            )
        given = pd.Series(self.table["label"].to_numpy(), index=index)
        own_labels(given)  # refuse a wrong label even where the spine has no such row
        if len(given) and not index.isin(spine.index).any():
            (account, day), (known, date) = ((str(key[0]), str(key[1])[:10]) for key in (index[0], spine.index[0]))
            found, hint = f"such as {account} on {day}", f"the snapshots are such as {known} on {date}"
            raise FrameError(Fault("labels", "accounts and days of the snapshots", found, len(given), hint))
        return own_labels(given.reindex(spine.index))


@dataclass(frozen=True)
class FunctionLabeler:
    """Takes labels from a function of the tables and the spine.

    Parameters
    ----------
    function
        Returns a series of 1, 0 and missing, indexed like the spine. It may look ahead; that is what labels do.
    horizon_days, gap_days, settling_days
        How far ahead it looks; rows whose horizon has not passed are made immature.

    Examples
    --------
    >>> FunctionLabeler(lambda tables, spine: pd.Series(0.0, index=spine.index), horizon_days=30).purge_days
    30
    """

    function: Callable[[Tables, pd.DataFrame], pd.Series]
    horizon_days: int = 90
    gap_days: int = 0
    settling_days: int = 0

    @property
    def horizon(self) -> Horizon:
        """Days ahead that count, and days until they are certain."""
        return Horizon(self.horizon_days, self.gap_days, self.settling_days)

    @property
    def purge_days(self) -> int:
        """Days between a training date and the first date on which its outcome was certain."""
        return self.horizon.purge_days

    def label(self, tables: Tables, spine: pd.DataFrame) -> pd.DataFrame:
        """Return the label frame of a spine; see :meth:`cs_ml.labels.ChurnLabeler.label`."""
        given = self.function(tables, spine).reindex(spine.index).astype(float)
        mature = self.horizon.mature(Clock.date(spine.index.get_level_values("as_of")), tables.data_end)
        return own_labels(given.where(mature))


def own_labels(given: pd.Series) -> pd.DataFrame:
    """Return a label frame from a series of 1, 0 and missing.

    Raises
    ------
    FrameError
        If another value is among them.

    Examples
    --------
    >>> own_labels(pd.Series([1, 0, None]))["state"].tolist()
    ['1', '0', 'immature']
    """
    numbers = pd.to_numeric(given, errors="coerce").astype(float)
    wrong = (numbers.isna() & given.notna()) | (numbers.notna() & ~numbers.isin([0.0, 1.0]))
    if wrong.any():
        raise FrameError(
            Fault("label", "1, 0 or missing", str(given[wrong].iloc[0]), int(wrong.sum()), "recode the labels")
        )
    state = np.select([numbers == 1, numbers == 0], ["1", "0"], "immature")
    never = np.full(len(given), np.datetime64("NaT", "us"))
    return pd.DataFrame(
        {"label": numbers, "state": state, "effective_at": never, "decided_at": never}, index=given.index
    )
