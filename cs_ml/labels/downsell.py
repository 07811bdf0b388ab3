"""Downsell: less monthly revenue from an account that stays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.labels.contractual import ContractualLabeler
from cs_ml.labels.state import label_frame
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.terms import Terms, terms_known, terms_real

__all__ = ["DownsellLabeler"]


@dataclass(frozen=True)
class DownsellLabeler(ContractualLabeler):
    """Labels an account 1 when its MRR falls inside the horizon while it stays.

    Revenue falls where a line ends: what counts after it are the lines that run on, or start within the grace
    period, against all that ran on ``as_of``. An account that leaves first is censored.

    Parameters
    ----------
    horizon_days, gap_days, grace_days, settling_days
        As for :class:`cs_ml.labels.ChurnLabeler`.
    min_decrease
        Smallest relative fall of MRR that counts.

    Examples
    --------
    >>> DownsellLabeler(min_decrease=0.1).purge_days
    120
    """

    min_decrease: float = 0.05

    def label(self, tables: Tables, spine: pd.DataFrame) -> pd.DataFrame:
        """Return the label frame of a spine; see :meth:`cs_ml.labels.ChurnLabeler.label`."""
        lines = tables.frame("contracts")
        terms = terms_real(lines, spine.index, Clock(tables.zone))
        mrr = lines["mrr"].to_numpy(dtype=float, na_value=0.0)
        before = terms.take(terms.running()).pairs.sum(mrr)
        after, end, key = _after_each_end(terms, mrr, self.grace_days)
        since = terms.as_of[key] + self.gap_days
        inside = (end >= since) & (end < since + self.horizon_days)
        gone = _first(key, end, (after == 0) & (end < since + self.horizon_days), len(spine))
        fallen = (after > 0) & (after <= (1 - self.min_decrease) * before[key] * (1 + 1e-12))
        fell = _first(key, end, inside & fallen, len(spine))
        return label_frame(
            spine.index,
            ~np.isnan(fell),
            mature=self.horizon.mature(terms.as_of, tables.data_end),
            censored=(before <= 0) | (gone < np.where(np.isnan(fell), np.inf, fell)),
            effective_day=fell,
            decided_day=fell,
        )

    def eligible(self, tables: Tables, spine: pd.DataFrame) -> np.ndarray:
        """Tell for each row whether the account pays anything, as known on ``as_of``; bool."""
        lines = tables.frame("contracts")
        terms = terms_known(lines, spine.index, Clock(tables.zone))
        mrr = lines["mrr"].to_numpy(dtype=float, na_value=0.0)
        return np.asarray(terms.take(terms.running()).pairs.sum(mrr) > 0)


def _after_each_end(terms: Terms, mrr: np.ndarray, grace_days: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the MRR left after each end of a line from ``as_of`` on, the day of the end, and the row of the spine."""
    pairs = pd.DataFrame({"key": terms.pairs.key, "start": terms.start, "end": terms.end, "mrr": mrr[terms.pairs.row]})
    ahead = terms.end >= terms.as_of[terms.pairs.key]
    table = pairs.loc[ahead, ["key", "end"]].drop_duplicates(ignore_index=True)
    both = table.reset_index(names="at").merge(pairs, on="key", suffixes=("", "_other"))
    left = both[(both["end_other"] > both["end"]) & (both["start"] <= both["end"] + grace_days)]
    after = np.bincount(left["at"], left["mrr"], minlength=len(table))
    return after, table["end"].to_numpy(), table["key"].to_numpy()


def _first(key: np.ndarray, day: np.ndarray, mask: np.ndarray, n_keys: int) -> np.ndarray:
    """Return the first day that meets a condition, by row of the spine; NaN where none does."""
    first = np.full(n_keys, np.inf)
    np.minimum.at(first, key[mask], day[mask].astype(float))
    return np.where(np.isinf(first), np.nan, first)
