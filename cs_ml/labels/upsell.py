"""Upsell: more of a product the account already owns, by seats or plan, while it stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cs_ml.labels.churn import ChurnLabeler
from cs_ml.labels.contractual import ContractualLabeler
from cs_ml.labels.state import label_frame
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.lookup import Lookup, Pairs
from cs_ml.timeline.terms import effective_end

__all__ = ["UpsellLabeler"]


@dataclass(frozen=True)
class UpsellLabeler(ContractualLabeler):
    """Labels an account 1 when it buys more of a product it owns inside the horizon.

    With ``by="mrr"`` the MRR of an owned product must rise by at least ``min_increase``; where plan, tier or seats
    are known one of them must have grown or changed too, so that a higher price alone does not count. With
    ``by="tier"`` a line with a higher tier than any running one must start. An account that leaves inside the
    horizon without buying more first is censored.

    Parameters
    ----------
    horizon_days, gap_days, grace_days, settling_days
        As for :class:`cs_ml.labels.ChurnLabeler`.
    min_increase
        Smallest relative rise of MRR that counts.
    by
        ``mrr`` or ``tier``.

    Examples
    --------
    >>> UpsellLabeler(horizon_days=60, settling_days=5).purge_days
    95
    """

    min_increase: float = 0.05
    by: Literal["mrr", "tier"] = "mrr"

    def label(self, tables: Tables, spine: pd.DataFrame) -> pd.DataFrame:
        """Return the label frame of a spine; see :meth:`cs_ml.labels.ChurnLabeler.label`."""
        clock = Clock(tables.zone)
        stay = ChurnLabeler(self.horizon_days, self.gap_days, self.grace_days, self.settling_days).label(tables, spine)
        lines = _lines(tables, self.by)
        lookup = Lookup(lines, spine.index, time="start_at", clock=clock)
        first = self._first_growth(lines, lookup, spine.index, clock)
        positive = ~np.isnan(first)
        as_of = clock.date(spine.index.get_level_values("as_of"))
        left = (stay["state"] == "censored") | (stay["label"] == 1)
        left_first = stay["effective_at"].notna().to_numpy() & (
            Clock.date(stay["effective_at"]) < np.where(positive, first, np.inf)
        )
        return label_frame(
            spine.index,
            positive,
            mature=self.horizon.mature(as_of, tables.data_end),
            censored=(stay["state"] == "censored").to_numpy() | (left.to_numpy() & left_first),
            effective_day=first,
            decided_day=first,
        )

    def _first_growth(self, lines: pd.DataFrame, lookup: Lookup, index: pd.Index, clock: Clock) -> np.ndarray:
        """Return the day of the first growth inside each horizon, NaN where there is none."""
        as_of = clock.date(index.get_level_values("as_of"))
        started = lookup.window(None)
        end = clock.day(lines["end"])
        running = _take(started, end[started.row] >= as_of[started.key])
        later = lookup.ahead(self.gap_days, self.horizon_days)
        owned = _owned(lines, running)
        offers = pd.DataFrame({"key": later.key, "row": later.row}).join(
            lines[["product", *ASPECTS, *TOTALS]], on="row"
        )
        both = offers.merge(owned, on=["key", "product"], suffixes=("", "_before"))
        grown = both[self._grew(both)]
        first = np.full(len(index), np.inf)
        np.minimum.at(
            first,
            grown["key"].to_numpy(dtype=np.int64),
            clock.day(lines["start_at"])[grown["row"].to_numpy(dtype=np.int64)].astype(float),
        )
        return np.where(np.isinf(first), np.nan, first)

    def _grew(self, both: pd.DataFrame) -> pd.Series:
        if self.by == "tier":
            return both["tier"] > both["tier_before"]
        dearer = both["mrr_total"] >= (1 + self.min_increase) * both["mrr_total_before"]
        known = both["seats_total_before"].notna() | both["plan_before"].notna() | both["tier_before"].notna()
        more = both["seats_total"] > both["seats_total_before"]
        other = (both["plan"] != both["plan_before"]) & both["plan_before"].notna() & both["plan"].notna()
        return dearer & (~known | more | other | (both["tier"] > both["tier_before"]))


ASPECTS, TOTALS = ["plan", "tier"], ["mrr_total", "seats_total"]
GROUPS = 4_000  # products of accounts whose lines are held against each other at once: bounds the memory


def _lines(tables: Tables, by: str) -> pd.DataFrame:
    """Return contract lines with the totals of their product on the day they start."""
    lines = tables.frame("contracts").copy()
    lines["end"] = effective_end(lines)
    for name in ("plan", "tier", "seats", "product"):
        if name not in lines:
            lines[name] = np.nan if name in {"tier", "seats"} else None
    lines["product"] = "" if by == "tier" else lines["product"].astype(object).fillna("")
    lines = lines[lines["end"] > lines["start_at"]].reset_index(drop=True)
    return lines.assign(**_totals(lines))


def _totals(lines: pd.DataFrame) -> dict[str, pd.Series]:
    """Add up, for each line, what its account had of its product on the day it starts; some groups at a time."""
    group = lines.groupby(["account_id", "product"], sort=False).ngroup().to_numpy()
    keyed = lines[["start_at", "end", "mrr", "seats"]].assign(group=group)
    found = [keyed.iloc[:0][["mrr", "seats"]]]
    for first in range(0, int(group.max(initial=-1)) + 1, GROUPS):
        some = keyed[(group >= first) & (group < first + GROUPS)]
        pairs = some[["group", "start_at"]].reset_index(names="row").merge(some, on="group", suffixes=("", "_other"))
        at_start = pairs[(pairs["start_at_other"] <= pairs["start_at"]) & (pairs["start_at"] < pairs["end"])]
        found.append(at_start.groupby("row")[["mrr", "seats"]].sum(min_count=1))
    totals = pd.concat(found).reindex(lines.index)
    return {"mrr_total": totals["mrr"], "seats_total": totals["seats"]}


def _take(pairs: Pairs, mask: np.ndarray) -> Pairs:
    return Pairs(pairs.key[mask], pairs.row[mask], pairs.n_keys)


def _owned(lines: pd.DataFrame, running: Pairs) -> pd.DataFrame:
    """Return what each key owns, one row a product."""
    held = pd.DataFrame({"key": running.key, "row": running.row}).join(
        lines[["product", "plan", "tier", "mrr", "seats"]], on="row"
    )
    held = held.sort_values(["key", "product", "mrr", "row"])
    grouped = held.groupby(["key", "product"], sort=False)
    owned = grouped.agg(plan=("plan", "last"), tier=("tier", "max"))
    owned[TOTALS] = grouped[["mrr", "seats"]].sum(min_count=1).to_numpy()
    return owned.reset_index()
