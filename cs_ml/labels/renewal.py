"""Non-renewal: a term that ends inside the horizon ends without another one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.labels.contractual import ContractualLabeler
from cs_ml.labels.state import label_frame
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.lookup import Pairs
from cs_ml.timeline.terms import Terms, terms_known, terms_real

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
        clock, lines = Clock(tables.zone), tables.frame("contracts")
        terms = terms_real(lines, spine.index, clock)
        due = self._due(lines, terms, spine, clock)
        lost = due & ~_renewed(lines, terms, self.grace_days)
        early = terms.any(due & terms.ended(self.gap_days))
        return label_frame(
            spine.index,
            terms.any(lost),
            mature=self.horizon.mature(terms.as_of, tables.data_end),
            censored=~terms.any(due) | early,
            effective_day=terms.first(terms.end, lost),
            decided_day=terms.first(_decided(lines, terms, clock), lost),
        )

    def eligible(self, tables: Tables, spine: pd.DataFrame) -> np.ndarray:
        """Tell for each row whether a term ends inside the horizon, as known on ``as_of``; bool."""
        pairs = self._asked(tables.frame("contracts"), spine, Clock(tables.zone))
        return np.asarray(pairs.count() > 0)

    def _asked(self, lines: pd.DataFrame, spine: pd.DataFrame, clock: Clock) -> Pairs:
        """Return the lines that ran on ``as_of`` and whose end, as known then, lies inside the horizon."""
        known = terms_known(lines, spine.index, clock)
        return known.take(known.running() & known.ending(self.gap_days, self.horizon_days)).pairs

    def _due(self, lines: pd.DataFrame, terms: Terms, spine: pd.DataFrame, clock: Clock) -> np.ndarray:
        """Tell for each pair of the terms as they went whether it is one of those that are asked."""
        asked = self._asked(lines, spine, clock)
        wanted = pd.MultiIndex.from_arrays([asked.key, asked.row])
        return np.asarray(pd.MultiIndex.from_arrays([terms.pairs.key, terms.pairs.row]).isin(wanted))


def _renewed(lines: pd.DataFrame, terms: Terms, grace_days: int) -> np.ndarray:
    """Tell for each pair whether another line of its product runs on after its end, or starts within the grace."""
    product = lines["product"].astype(object).fillna("") if "product" in lines else pd.Series("", index=lines.index)
    pairs = pd.DataFrame({"key": terms.pairs.key, "start": terms.start, "end": terms.end})
    pairs["product"], pairs["pair"] = product.to_numpy()[terms.pairs.row], np.arange(len(pairs))
    both = pairs.merge(pairs, on=["key", "product"], suffixes=("", "_next"))
    follows = (both["end_next"] > both["end"]) & (both["start_next"] <= both["end"] + grace_days)
    renewed = np.zeros(len(pairs), dtype=bool)
    renewed[both.loc[follows, "pair"].to_numpy()] = True
    return renewed


def _decided(lines: pd.DataFrame, terms: Terms, clock: Clock) -> np.ndarray:
    """Return for each pair the day notice was given, or the end where none was."""
    if "cancel_requested_at" not in lines:
        return terms.end
    noticed = lines["cancel_requested_at"].astype("datetime64[us]")
    day = clock.day(noticed.fillna(pd.Timestamp("2262-01-01")))[terms.pairs.row]
    return np.asarray(np.minimum(day, terms.end))
