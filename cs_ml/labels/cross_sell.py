"""Cross-sell: the first contract of a product the account does not own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.errors import ConfigError, Fault
from cs_ml.labels.churn import ChurnLabeler
from cs_ml.labels.contractual import ContractualLabeler, lines_of
from cs_ml.labels.state import label_frame
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock

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
        lines = lines_of(tables, spine)
        self._check(lines.frame)
        own = (lines.frame["product"] == self.product).to_numpy(dtype=bool, na_value=False)[lines.row]
        since = lines.day + self.gap_days
        bought = own & (lines.start >= since) & (lines.start < since + self.horizon_days)
        first = lines.first(lines.start, bought)
        owned = lines.any(own & (lines.start < since) & (lines.end + self.grace_days >= lines.day))
        stay = ChurnLabeler(self.horizon_days, self.gap_days, self.grace_days, self.settling_days).label(tables, spine)
        gone = np.where(stay["label"] == 1, Clock.date(stay["effective_at"].fillna(LATEST)), np.inf)
        left = gone < np.where(np.isnan(first), np.inf, first)
        return label_frame(
            spine.index,
            ~np.isnan(first),
            mature=self.horizon.mature(lines.as_of, tables.data_end),
            censored=owned | left | (stay["state"] == "censored").to_numpy(),
            effective_day=first,
            decided_day=first,
        )

    def _check(self, lines: pd.DataFrame) -> None:
        products = sorted(lines["product"].dropna().unique()) if "product" in lines else []
        if self.product not in products:
            hint = "name one of them in the label's product" if products else "map contracts.product"
            expected = f"one of {', '.join(products)}" if products else "a column of products"
            raise ConfigError(Fault("contracts.product", expected, repr(self.product), hint=hint))
