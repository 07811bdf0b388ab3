"""Contributions added up by measure and by theme, and what the catalog says about each feature."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

__all__ = ["by_measure", "by_theme", "described"]

UNDESCRIBED = {
    "theme": "other",
    "unit": "score",
    "kind": "number",
    "direction": 0,
    "role": "context",
    "sources": "",
    "sentence_en": "",
    "sentence_ja": "",
}

OWN = {  # terms that models and scores add themselves
    "segment": {"label_en": "Segment", "label_ja": "セグメント"},
    "model": {
        "theme": "model",
        "label_en": "What the model expects beyond the measures",
        "label_ja": "測定項目以外にモデルが見込む分",
        "sentence_en": "The model's own estimate of the risk of leaving, beyond what the measures say",
        "sentence_ja": "モデルによる解約リスクの推定(測定項目に表れない分)",
    },
    "clipped": {"label_en": "Cut at the end of the scale", "label_ja": "尺度の上限・下限での調整"},
}


def described(features: Iterable[str], catalog: pd.DataFrame) -> pd.DataFrame:
    """Return the catalog's row of every feature; one it does not know is labelled by its name, theme "other".

    What a health score adds itself has words of its own: ``model``, the margin of a model, is a theme for itself.

    Parameters
    ----------
    features
        Feature names, unique.
    catalog
        Catalog frame indexed by feature name.

    Returns
    -------
    pandas.DataFrame
        One row a feature in the order given; columns theme, unit, kind, direction, role, sources, label_en, label_ja,
        sentence_en, sentence_ja, without nulls.

    Examples
    --------
    >>> catalog = pd.DataFrame({"theme": ["usage"]}, index=["usage_events_count_30d"])
    >>> described(["usage_events_count_30d", "margin"], catalog)[["theme", "role", "label_en"]].values.tolist()
    [['usage', 'context', 'usage_events_count_30d'], ['other', 'context', 'margin']]
    """
    names = list(features)
    columns = [*UNDESCRIBED, "label_en", "label_ja"]
    rows = catalog.reindex(index=names, columns=columns).astype(object)
    for column in columns:
        default = [_default(name, column) for name in names]
        rows[column] = rows[column].where(rows[column].notna(), pd.Series(default, index=rows.index, dtype=object))
    return rows


def _default(name: str, column: str) -> object:
    """Return what a feature is said to be where the catalog says nothing."""
    return OWN.get(name, {}).get(column, name if column.startswith("label") else UNDESCRIBED[column])


def by_theme(contributions: pd.DataFrame, catalog: pd.DataFrame) -> pd.DataFrame:
    """Add up contributions by theme (usage, support, contract, ...; other where it has none).

    Parameters
    ----------
    contributions
        Terms by feature, shape (rows, features).
    catalog
        Catalog frame indexed by feature name, with a column ``theme``.

    Returns
    -------
    pandas.DataFrame
        Shape (rows, themes), themes in order of their names; every row keeps its sum.

    Examples
    --------
    >>> catalog = pd.DataFrame({"theme": ["usage", "usage", "profile"]}, index=["a", "b", "c"])
    >>> by_theme(pd.DataFrame({"a": [1.0], "b": [2.0], "c": [4.0]}), catalog).to_dict("records")
    [{'profile': 4.0, 'usage': 3.0}]
    """
    theme = described(contributions.columns, catalog)["theme"]
    return _added(contributions, lambda feature: str(theme[feature]))


def by_measure(contributions: pd.DataFrame) -> pd.DataFrame:
    """Add up contributions by measure: the first two words of ``{source}_{measure}_{aggregation}_{window}``.

    Parameters
    ----------
    contributions
        Terms by feature, shape (rows, features).

    Returns
    -------
    pandas.DataFrame
        Shape (rows, measures), measures in order of their names; every row keeps its sum.

    Examples
    --------
    >>> terms = pd.DataFrame({"usage_events_count_7d": [1.0], "usage_events_count_30d": [2.0], "margin": [4.0]})
    >>> by_measure(terms).to_dict("records")
    [{'margin': 4.0, 'usage_events': 3.0}]
    """
    return _added(contributions, lambda feature: "_".join(feature.split("_")[:2]))


def _added(contributions: pd.DataFrame, group_of: Callable[[str], str]) -> pd.DataFrame:
    """Add up columns that belong to the same group."""
    codes, groups = pd.factorize(np.array([group_of(name) for name in contributions.columns], dtype=object), sort=True)
    values = contributions.to_numpy(dtype=np.float64)
    sums = np.column_stack([values[:, codes == code].sum(axis=1) for code in range(len(groups))] or [values])
    return pd.DataFrame(sums, index=contributions.index, columns=pd.Index(groups))
