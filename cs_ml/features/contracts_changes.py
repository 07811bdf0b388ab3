"""How an account's price moved from line to line: what followed what, as it was known before each date."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cs_ml.timeline.terms import Terms

__all__ = ["changes"]

LEAST = 1e-6  # of a price: less is rounding


def changes(lines: pd.DataFrame, terms: Terms) -> dict[str, np.ndarray]:
    """Compare the MRR of every line that has begun with that of the line of the same product that began before it.

    Parameters
    ----------
    lines
        Contract lines.
    terms
        Those known before each key.

    Returns
    -------
    dict of str to numpy.ndarray of float64
        Shape (n_keys,) each: rises and falls so far, days since the last rise and since the last change; a price that
        never changed has been the same since the first line began. NaN where there is nothing to tell.
    """
    begun = terms.take(terms.start < terms.as_of[terms.pairs.key])
    products = lines["product"] if "product" in lines else pd.Series("", index=lines.index)
    product = pd.factorize(products.fillna(""))[0][begun.pairs.row]
    order = np.lexsort((begun.pairs.row, begun.start, product, begun.pairs.key))
    key, product, start = begun.pairs.key[order], product[order], begun.start[order].astype(float)
    price = lines["mrr"].to_numpy(dtype=float)[begun.pairs.row[order]]
    follows = (key[1:] == key[:-1]) & (product[1:] == product[:-1])
    moved = np.where(follows, price[1:] - price[:-1], 0.0)
    least = LEAST * np.abs(price[:-1])
    n_keys = begun.pairs.n_keys
    rose, fell = np.flatnonzero(moved > least) + 1, np.flatnonzero(moved < -least) + 1
    some = np.bincount(key, minlength=n_keys) > 0
    last_rise = _newest(key[rose], start[rose], n_keys)
    first = -_newest(key, -start, n_keys)
    last = np.fmax(np.fmax(last_rise, _newest(key[fell], start[fell], n_keys)), first)
    return {
        "contracts_mrr_rises_count": np.where(some, np.bincount(key[rose], minlength=n_keys), np.nan),
        "contracts_mrr_falls_count": np.where(some, np.bincount(key[fell], minlength=n_keys), np.nan),
        "contracts_mrr_rise_recency": terms.as_of - last_rise,
        "contracts_mrr_change_recency": terms.as_of - last,
    }


def _newest(key: np.ndarray, day: np.ndarray, n_keys: int) -> np.ndarray:
    newest = np.full(n_keys, -np.inf)
    np.maximum.at(newest, key, day)
    return np.where(np.isinf(newest), np.nan, newest)
