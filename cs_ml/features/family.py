"""Features of the accounts under one roof: how many they are, what they pay together, and who is leaving."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.family import linked
from cs_ml.features.feature import Feature, Role
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.lookup import Lookup, ratio
from cs_ml.timeline.terms import terms_known

__all__ = ["FamilyBuilder"]

ALWAYS = pd.Timestamp("1900-01-01")


@dataclass(frozen=True)
class FamilyBuilder:
    """Describes the family of an account: parents, children and sisters, at any remove, as linked before each date.

    A parent that is no account itself links its children all the same. A relative counts from the start of its first
    contract known by then; an account without such relatives has zero of them, and the rest is missing. Parents come
    from the newest version of the attributes that began before the date.

    Examples
    --------
    >>> FamilyBuilder().family
    ('accounts', 'contracts')
    """

    reads: tuple[str, ...] = ("accounts", "contracts")
    family: tuple[str, ...] = ("accounts", "contracts")

    def suited(self, tables: Tables) -> FamilyBuilder | None:
        """Return the builder where contracts tell who is a customer."""
        return self if "contracts" in tables else None

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``accounts``."""
        return list(FEATURES) if "parent_id" in columns else []

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        cells = _Cells.of(bucket.family["accounts"], keys, bucket.clock)
        own, rest = {}, {}
        for name, values in _state(bucket.family["contracts"], cells.index, bucket.clock).items():
            own[name], rest[name] = cells.around(values)
        mrr = own["mrr"] + rest["mrr"]
        related = {
            "family_mrr_current": mrr,
            "family_mrr_share": ratio(own["mrr"], mrr),
            "family_rest_mrr_change_90d": _log_ratio(rest["mrr"], rest["mrr_before"]),
            "family_leaving_count_180d": rest["leaving"],
        }
        known = {name: np.where(rest["customer"] > 0, values, np.nan) for name, values in related.items()}
        return pd.DataFrame({"family_relatives_count": rest["running"]} | known, index=keys)


@dataclass(frozen=True)
class _Cells:
    """Everyone who was ever linked to the account of a key, on the date of that key, and who is linked on it.

    Parameters
    ----------
    index
        Index (account_id, as_of), one row a cell.
    group
        Family of each cell on its date.
    own
        Cell of each key, or -1.
    """

    index: pd.MultiIndex
    group: np.ndarray
    own: np.ndarray

    @classmethod
    def of(cls, accounts: pd.DataFrame, keys: pd.MultiIndex, clock: Clock) -> _Cells:
        names, child, parent = _links(accounts)
        date, dates = pd.factorize(keys.get_level_values("as_of"))
        name = pd.Index(names).get_indexer(pd.Index(keys.get_level_values("account_id")))
        cells = _everyone(linked(child, parent, len(names)), name, date)
        place = pd.MultiIndex.from_arrays([cells["name"], cells["date"]])
        index = pd.MultiIndex.from_arrays(
            [pd.Index(names[cells["name"]], dtype=object), dates[cells["date"]]], names=["account_id", "as_of"]
        )
        version = _version(accounts, index, clock)
        towards = np.where(version >= 0, np.append(parent, -1)[version], cells["name"])
        nodes = np.concatenate([cells["name"], towards]) * len(dates) + np.tile(cells["date"], 2)
        _, ends = np.unique(nodes, return_inverse=True)
        left, right = np.split(ends, 2)
        group = linked(left, right, int(ends.max(initial=-1)) + 1)[left]
        return cls(index, group, place.get_indexer(pd.MultiIndex.from_arrays([name, date])))

    def around(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return for each key the value of its own account and the sum of its relatives, 0 without any.

        Sums run from the smallest value on, so that neither the names nor the order of accounts matter.
        """
        order = np.lexsort((values, self.group))
        n_groups = int(self.group.max(initial=-1)) + 2
        sums = np.bincount(self.group[order], values[order], minlength=n_groups)
        group, own = np.append(self.group, n_groups - 1)[self.own], np.append(values, 0.0)[self.own]
        return own, sums[group] - own


def _links(accounts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return all names, and for each version the positions of its account and parent among them; itself without one."""
    ids = accounts["account_id"].astype(object)
    parents = accounts["parent_id"].astype(object).where(accounts["parent_id"].notna(), ids)
    names, ends = np.unique(np.concatenate([ids.to_numpy(), parents.to_numpy()]), return_inverse=True)
    child, parent = np.split(ends, 2)
    return names, child, parent


def _everyone(ever: np.ndarray, name: np.ndarray, date: np.ndarray) -> pd.DataFrame:
    """Return name and date of everyone who was ever linked to an account that is asked for on that date."""
    listed = name >= 0
    asked = pd.DataFrame({"family": ever[name[listed]], "date": date[listed]}).drop_duplicates()
    found: pd.DataFrame = asked.merge(pd.DataFrame({"family": ever, "name": np.arange(len(ever))}), on="family")
    return found


def _version(accounts: pd.DataFrame, cells: pd.MultiIndex, clock: Clock) -> np.ndarray:
    """Return the newest version of the attributes that began before each date, or -1."""
    begins = accounts["valid_from"] if "valid_from" in accounts else pd.Series(pd.NaT, index=accounts.index)
    versions = accounts.assign(valid_from=begins.astype("datetime64[us]").fillna(ALWAYS))
    return Lookup(versions, cells, time="valid_from", clock=clock).latest()


def _state(contracts: pd.DataFrame, cells: pd.MultiIndex, clock: Clock) -> dict[str, np.ndarray]:
    """Return what is known about the contracts of each cell.

    Leaving is who gave notice on every running line, or whose last line ended in the last 180 days.
    """
    terms = terms_known(contracts, cells, clock)
    day = terms.as_of[terms.pairs.key]
    running = terms.take(terms.running())
    lines, cancelled = running.pairs.count(), running.take(running.cancelled).pairs.count()
    ended = terms.take((terms.start < day) & (terms.end >= day - 180)).pairs.count() > 0
    return {
        "customer": (terms.take(terms.start < day).pairs.count() > 0).astype(float),
        "running": (lines > 0).astype(float),
        "mrr": np.nan_to_num(running.total(contracts["mrr"])),
        "mrr_before": np.nan_to_num(terms.take(terms.running_at(90)).total(contracts["mrr"])),
        "leaving": np.where(lines > 0, cancelled == lines, ended).astype(float),
    }


def _log_ratio(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Log of now to before; NaN where either is zero."""
    both = (now > 0) & (before > 0)
    return np.log(np.where(both, now, np.nan)) - np.log(np.where(both, before, np.nan))


def _feature(
    name: str, unit: str, texts: tuple[str, str, str, str], direction: int = 0, role: Role = "context"
) -> Feature:
    en, ja, sentence_en, sentence_ja = texts
    words = (en, ja, f"{sentence_en}, where {{typical}} is typical", f"{sentence_ja}(標準的な値: {{typical}})")
    return Feature(f"family_{name}", "family", unit, *words, "number", direction, role, "accounts,contracts")


FEATURES = (
    _feature("relatives_count", "count", ("Related accounts", "グループ内の契約中アカウント数", "{value} related accounts are under contract", "グループ内の他の契約中アカウントは{value}件")),
    _feature("mrr_current", "money", ("MRR of the family", "グループ全体のMRR", "The MRR of the account and its related accounts is {value}", "グループ全体のMRRは{value}")),
    _feature("mrr_share", "share", ("Share of the family's MRR", "グループのMRRに占める割合", "{value} of the MRR of the account and its related accounts is its own", "グループ全体のMRRに占める割合は{value}")),
    _feature("rest_mrr_change_90d", "log_ratio", ("Change of the related accounts' MRR over 90 days", "グループ内の他アカウントのMRRの変化(90日)", "The MRR of related accounts changed by {value} over 90 days", "グループ内の他アカウントの90日間のMRR変化は{value}"), 1, "signal"),
    _feature("leaving_count_180d", "count", ("Related accounts leaving, last 180 days", "グループ内の解約・解約予告アカウント数(直近180日)", "{value} related accounts gave notice or left in the last 180 days", "直近180日に解約または解約予告したグループ内の他アカウントは{value}件"), -1, "signal"),
)  # fmt: skip
