"""Features of marketing: reactions by kind, how recent they are, and interest in products not owned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.feature import Feature
from cs_ml.features.marketing_words import KINDS, marketing_words
from cs_ml.features.words import allowed
from cs_ml.tables.tables import Tables
from cs_ml.timeline.elapsed import Elapsed, elapsed
from cs_ml.timeline.lookup import Lookup, Pairs
from cs_ml.timeline.terms import terms_known

__all__ = ["MarketingBuilder"]


@dataclass(frozen=True)
class MarketingBuilder:
    """Describes how the people of an account reacted to marketing before each date.

    Interest in other products counts reactions to products that no contract line running at the date covers, as
    known then.

    Parameters
    ----------
    kinds
        Kinds of reactions that are counted apart; all kinds together are counted always.
    windows
        Look-back windows in days.
    reads
        ``contracts`` is left out where it cannot tell what an account owns.

    Examples
    --------
    >>> [feature.name for feature in MarketingBuilder(("webinar",), (30,)).features(["happened_at", "kind"])]
    ['marketing_events_count_30d', 'marketing_webinar_count_30d', 'marketing_events_recency']
    """

    kinds: tuple[str, ...] = KINDS
    windows: tuple[int, ...] = (30, 90, 365)
    reads: tuple[str, ...] = ("marketing", "contracts")

    def suited(self, tables: Tables) -> MarketingBuilder:
        """Return the builder for these tables: one that asks what is owned only where products are told."""
        return replace(self, reads=("marketing", *["contracts"] * ("product" in tables.columns("contracts"))))

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``marketing``."""
        known = columns if "contracts" in self.reads else set(columns) - {"product"}
        return allowed(marketing_words(self.kinds, self.windows), known)

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = bucket.frames["marketing"]
        lookup = Lookup(rows, keys, time="happened_at", known="known_at", clock=bucket.clock)
        pairs = {days: lookup.window(days) for days in self.windows}
        ages = elapsed(lookup.window(None), rows, "happened_at", keys, bucket.clock)
        values = {f"events_count_{days}d": found.count() for days, found in pairs.items()}
        for kind in self.kinds:
            of_kind = (rows["kind"] == kind).to_numpy(dtype=bool)
            values |= {f"{kind}_count_{days}d": found.where(of_kind).count() for days, found in pairs.items()}
        values["events_recency"] = ages.shortest()
        if "product" in rows and bucket.has("contracts", "product"):
            values |= self._elsewhere(rows["product"], ages, bucket, keys)
        names = [feature.name for feature in self.features(rows.columns)]
        return pd.DataFrame({name: values.get(name.removeprefix("marketing_"), np.nan) for name in names}, index=keys)

    def _elsewhere(
        self, product: pd.Series, ages: Elapsed, bucket: Bucket, keys: pd.MultiIndex
    ) -> dict[str, np.ndarray]:
        """How often and how recently reactions were to products that the account does not own."""
        other = _not_owned(product, ages.pairs, bucket, keys)
        found = Elapsed(ages.take(other), ages.days[other])
        counts = {f"other_products_count_{days}d": found.take(found.days <= days).count() for days in self.windows}
        return counts | {"other_products_recency": found.shortest()}


def _not_owned(product: pd.Series, pairs: Pairs, bucket: Bucket, keys: pd.MultiIndex) -> np.ndarray:
    """Tell for each pair whether its product is named and none that the key's account owns."""
    lines = bucket.frames["contracts"]
    terms = terms_known(lines, keys, bucket.clock)
    running = terms.take(terms.running()).pairs
    codes, names = pd.factorize(np.concatenate([product.to_numpy(object), lines["product"].to_numpy(object)]))
    seen, sold = codes[: len(product)][pairs.row], codes[len(product) :][running.row]
    owned = np.isin(pairs.key * len(names) + seen, running.key[sold >= 0] * len(names) + sold[sold >= 0])
    return np.asarray((seen >= 0) & ~owned)
