"""Measures to choose from, found by the names that people know them by, in English and Japanese."""

from __future__ import annotations

import pandas as pd

from cs_ml.health.card_file import default_scorecard, packaged_scorecard

__all__ = ["measure_catalog"]

SHOWN = ["dimension", "feature", "rule", "weight", "role", "label_en", "label_ja", "terms"]


def measure_catalog(find: str | None = None) -> pd.DataFrame:
    """Return every measure that ships with the package, or those that a word finds.

    Parameters
    ----------
    find
        Part of a name, a feature, a label or another term, in English or Japanese; upper and lower case are one.

    Returns
    -------
    pandas.DataFrame
        By measure: ``scorecard`` (``default``, or ``library`` for what a scorecard of one's own may copy),
        ``dimension, feature, rule, weight, role, label_en, label_ja, terms``.

    Examples
    --------
    >>> measure_catalog("ログイン率").index.tolist(), measure_catalog("seat utilisation").index.tolist()
    (['login_rate'], ['seat_utilisation'])
    """
    cards = {"default": default_scorecard(), "library": packaged_scorecard("library")}
    rows = [
        [measure.name, name, *(getattr(measure, column) for column in SHOWN)]
        for name, card in cards.items()
        for measure in card.measures
    ]
    table = pd.DataFrame(rows, columns=["measure", "scorecard", *SHOWN]).set_index("measure")
    table["terms"] = [", ".join(terms) for terms in table["terms"]]
    if find is None:
        return table
    texts = table.reset_index().drop(columns=["weight"]).astype(str).agg(" ".join, axis=1).str.casefold()
    return table[texts.str.contains(find.casefold(), regex=False).to_numpy()]
