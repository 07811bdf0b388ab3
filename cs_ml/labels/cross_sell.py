"""Cross-sell: the first contract of a product the account does not own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.errors import ConfigError, Fault
from cs_ml.labels.churn import ChurnLabeler
from cs_ml.labels.contractual import ContractualLabeler
from cs_ml.labels.state import label_frame
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.terms import terms_known, terms_real

__all__ = ["CrossSellLabeler"]

LATEST = pd.Timestamp("2262-01-01")


@dataclass(frozen=True)
class CrossSellLabeler(ContractualLabeler):
    """Labels an account 1 when it takes up a product inside the horizon; one labeler a product.

    Accounts that own the product on ``as_of``, or gave it up within the grace period before, are censored: there is
    nothing to sell. So are accounts that leave first.

    Parameters
    ----------
    horizon_days, gap_days, grace_days, settling_days
        As for :class:`cs_ml.labels.ChurnLabeler`.
    product
        Value of ``contracts.product``.

    Examples
    --------
    >>> CrossSellLabeler(product="Analytics").purge_days
    120
    """

    product: str = ""

    def label(self, tables: Tables, spine: pd.DataFrame) -> pd.DataFrame:
        """Return the label frame of a spine; see :meth:`cs_ml.labels.ChurnLabeler.label`.

        Raises
        ------
        ConfigError
            If no contract is of that product.
        """
        lines = tables.frame("contracts")
        self._check(lines)
        terms = terms_real(lines, spine.index, Clock(tables.zone))
        own = (lines["product"] == self.product).to_numpy(dtype=bool, na_value=False)[terms.pairs.row]
        first = terms.first(terms.start, own & terms.starting(self.gap_days, self.horizon_days))
        owned = terms.any(own & (terms.running(self.grace_days) | terms.starting(0, self.gap_days)))
        stay = ChurnLabeler(self.horizon_days, self.gap_days, self.grace_days, self.settling_days).label(tables, spine)
        gone = np.where(stay["label"] == 1, Clock.date(stay["effective_at"].fillna(LATEST)), np.inf)
        left = gone < np.where(np.isnan(first), np.inf, first)
        return label_frame(
            spine.index,
            ~np.isnan(first),
            mature=self.horizon.mature(terms.as_of, tables.data_end),
            censored=owned | left | (stay["state"] == "censored").to_numpy(),
            effective_day=first,
            decided_day=first,
        )

    def eligible(self, tables: Tables, spine: pd.DataFrame) -> np.ndarray:
        """Tell for each row whether the account lacks the product, as known on ``as_of``; bool."""
        lines = tables.frame("contracts")
        if "product" not in lines:
            return np.ones(len(spine), dtype=bool)
        terms = terms_known(lines, spine.index, Clock(tables.zone))
        own = (lines["product"] == self.product).to_numpy(dtype=bool, na_value=False)[terms.pairs.row]
        return ~terms.any(own & terms.running(self.grace_days))

    def _check(self, lines: pd.DataFrame) -> None:
        products = sorted(lines["product"].dropna().unique()) if "product" in lines else []
        if self.product not in products:
            hint = "name one of them in the label's product" if products else "map contracts.product"
            expected = f"one of {', '.join(products)}" if products else "a column of products"
            raise ConfigError(Fault("contracts.product", expected, repr(self.product), hint=hint))
