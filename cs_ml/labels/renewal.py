"""Non-renewal: a term that ends inside the horizon ends without another one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.labels.contractual import ContractualLabeler, Lines, lines_of
from cs_ml.labels.state import label_frame
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.terms import terms_known

__all__ = ["NonRenewalLabeler"]


@dataclass(frozen=True)
class NonRenewalLabeler(ContractualLabeler):
    """Labels an account 1 when a term that ends inside the horizon is not renewed.

    Only accounts with a term whose end, as known on ``as_of``, lies inside the horizon are asked; the others are
    censored, for there is nothing to renew. A term is renewed when another line of the same product runs on after
    its end, or starts within the grace period. A term that is cancelled early was not renewed.

    Parameters
    ----------
    horizon_days, gap_days, grace_days, settling_days
        As for :class:`cs_ml.labels.ChurnLabeler`.

    Examples
    --------
    >>> NonRenewalLabeler(horizon_days=90).purge_days
    120
    """

    def label(self, tables: Tables, spine: pd.DataFrame) -> pd.DataFrame:
        """Return the label frame of a spine; see :meth:`cs_ml.labels.ChurnLabeler.label`."""
        clock, lines = Clock(tables.zone), lines_of(tables, spine)
        due = self._due(lines, spine, clock)
        lost = due & ~_renewed(lines, self.grace_days)
        since = lines.as_of + self.gap_days
        early = lines.any(due & (lines.end < since[lines.key]))
        end = lines.first(lines.end, lost)
        decided = lines.first(_decided(lines, clock), lost)
        return label_frame(
            spine.index,
            lines.any(lost),
            mature=self.horizon.mature(lines.as_of, tables.data_end),
            censored=~lines.any(due) | early,
            effective_day=end,
            decided_day=decided,
        )

    def _due(self, lines: Lines, spine: pd.DataFrame, clock: Clock) -> np.ndarray:
        """Tell for each pair whether the line ran on ``as_of`` and its end, as known then, lies inside the horizon."""
        terms = terms_known(lines.frame, spine.index, clock)
        left = terms.end - terms.as_of[terms.pairs.key] - self.gap_days
        chosen = terms.running() & (left >= 0) & (left < self.horizon_days)
        known = pd.MultiIndex.from_arrays([terms.pairs.key[chosen], terms.pairs.row[chosen]])
        return np.asarray(pd.MultiIndex.from_arrays([lines.key, lines.row]).isin(known))


def _renewed(lines: Lines, grace_days: int) -> np.ndarray:
    """Tell for each pair whether another line of its product runs on after its end, or starts within the grace."""
    frame = lines.frame.assign(day=0)
    start, end = np.empty(len(frame), np.int64), np.empty(len(frame), np.int64)
    start[lines.row], end[lines.row] = lines.start, lines.end
    product = frame["product"].astype(object).fillna("") if "product" in frame else pd.Series("", index=frame.index)
    table = pd.DataFrame({"account": frame["account_id"], "product": product, "start": start, "end": end})
    table["row"] = np.arange(len(table))
    both = table.merge(table, on=["account", "product"], suffixes=("", "_next"))
    follows = (both["end_next"] > both["end"]) & (both["start_next"] <= both["end"] + grace_days)
    renewed = np.zeros(len(table), dtype=bool)
    renewed[both.loc[follows, "row"].to_numpy()] = True
    return np.asarray(renewed[lines.row])


def _decided(lines: Lines, clock: Clock) -> np.ndarray:
    """Return for each pair the day notice was given, or the end where none was."""
    if "cancel_requested_at" not in lines.frame:
        return lines.end
    noticed = lines.frame["cancel_requested_at"].astype("datetime64[us]")
    day = clock.day(noticed.fillna(pd.Timestamp("2262-01-01")))[lines.row]
    return np.asarray(np.minimum(day, lines.end))
