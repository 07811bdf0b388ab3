"""The few terms that move a score most, each beside what is typical, as one frame."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, FrameError, InputError
from cs_ml.explain.groups import described
from cs_ml.explain.phrases import ENDINGS, sentences
from cs_ml.explain.typical import TypicalValues

__all__ = ["drivers"]

COLUMNS = (
    "account_id",
    "as_of",
    "target",
    "rank",
    "feature",
    "theme",
    "value",
    "typical",
    "points",
    "role",
    "stable",
    "sentence_en",
    "sentence_ja",
)
STABLE_SHARE = 0.8


def drivers(
    contributions: pd.DataFrame,
    X: pd.DataFrame,
    catalog: pd.DataFrame,
    *,
    typical: TypicalValues,
    target: str,
    about: str | None = None,
    top: int = 5,
    stability: pd.DataFrame | pd.Series | None = None,
    stable_share: float = STABLE_SHARE,
) -> pd.DataFrame:
    """Pick the largest terms of every row and say what they are.

    Parameters
    ----------
    contributions
        Terms by feature, shape (rows, features), indexed by ``(account_id, as_of)``; null or zero terms are no drivers.
    X
        Feature frame with the same rows, for the values. A term without a column in ``X`` has no value, nor has free
        text, which may name people.
    catalog
        Catalog frame indexed by feature name.
    typical
        Fitted typical values.
    target
        Name of what the points are about.
    about
        What it is, for the words: a kind of label, "table" for an outcome of one's own, or "health"; the target
        where missing.
    top
        Drivers a row, at most.
    stability
        Share of refits that agree in sign, by row and feature or by feature (see
        :func:`cs_ml.explain.stability`). None takes every sign as stable: right only where signs are fixed by
        construction, as the non-negative weights of a scorecard.
    stable_share
        Smallest share at which a driver counts as stable and may be shown as a reason.

    Returns
    -------
    pandas.DataFrame
        One row a driver, in row order of ``X`` and then by rank (1 = largest absolute points; ties in order of the
        columns): account_id, as_of, target, rank, feature, theme, value, typical, points, role, stable,
        sentence_en, sentence_ja.

    Raises
    ------
    FrameError
        If ``X`` or ``stability`` has other rows, or ``stability`` lacks features.
    InputError
        If the target is unknown or ``top`` is below one.

    Examples
    --------
    >>> index = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-01-01"))], names=["account_id", "as_of"])
    >>> X = pd.DataFrame({"users": [3.0], "days": [9.0]}, index=index)
    >>> catalog = pd.DataFrame({"theme": "usage", "unit": "users", "role": "lever", "label_en": "Active users"},
    ...                        index=["users"])
    >>> found = drivers(X * [-0.2, 0.0], X, catalog, typical=TypicalValues().fit(X), target="churn")
    >>> found[["rank", "feature", "points", "role"]].round(6).to_dict("records")
    [{'rank': 1, 'feature': 'users', 'points': -0.6, 'role': 'lever'}]
    >>> found["sentence_en"].item()
    'Active users: 3 (typical: 3); this goes with a lower risk of leaving.'
    """
    about = about or target
    _require(contributions, X, about, top)
    row, column, rank = _largest(contributions.to_numpy(dtype=np.float64), top)
    features = described(contributions.columns, catalog)
    found = pd.DataFrame(
        {
            "account_id": contributions.index.get_level_values("account_id")[row],
            "as_of": contributions.index.get_level_values("as_of")[row],
            "target": target,
            "rank": rank,
            "feature": np.asarray(contributions.columns, dtype=object)[column],
            "theme": features["theme"].to_numpy()[column],
            "points": contributions.to_numpy(dtype=np.float64)[row, column],
            "role": features["role"].to_numpy()[column],
            "stable": _stable(contributions, stability, stable_share)[row, column],
        }
    )
    return _with_words(found, row, column, X, features, typical, about)


def _require(contributions: pd.DataFrame, X: pd.DataFrame, target: str, top: int) -> None:
    """Refuse frames that do not belong together, and settings out of range."""
    if list(contributions.index.names) != ["account_id", "as_of"] or not contributions.index.equals(X.index):
        raise FrameError(
            Fault(
                "X",
                "the rows of the contributions, indexed by (account_id, as_of)",
                f"{len(X)} rows indexed by {list(X.index.names)} against {len(contributions)} rows",
            )
        )
    faults = []
    if target not in ENDINGS:
        faults.append(Fault("target", f"one of {sorted(ENDINGS)}", repr(target)))
    if top < 1:
        faults.append(Fault("top", "at least one driver", str(top)))
    if faults:
        raise InputError(faults)


def _largest(terms: np.ndarray, top: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return row, column and rank of the largest absolute terms of each row, zero and null left out."""
    size = np.nan_to_num(np.abs(terms))
    order = np.argsort(-size, axis=1, kind="stable")[:, :top]
    kept = np.take_along_axis(size, order, axis=1) > 0
    row, place = np.nonzero(kept)
    return row, order[row, place], place + 1


def _stable(contributions: pd.DataFrame, stability: pd.DataFrame | pd.Series | None, least: float) -> np.ndarray:
    """Return which terms have a sign that enough refits confirm, shape (rows, features)."""
    if stability is None:
        return np.ones(contributions.shape, dtype=bool)
    by_row = isinstance(stability, pd.DataFrame)
    absent = contributions.columns.difference(stability.columns if by_row else stability.index)
    if len(absent):
        raise FrameError(Fault("stability", "every feature of the contributions", f"no {list(absent)}"))
    if not by_row:
        share = stability.reindex(contributions.columns).to_numpy(dtype=np.float64)
        return np.broadcast_to(share >= least, contributions.shape)
    if not stability.index.equals(contributions.index):
        raise FrameError(Fault("stability", "the rows of the contributions", f"{len(stability)} other rows"))
    return np.asarray(stability[contributions.columns].to_numpy(dtype=np.float64) >= least)


def _with_words(
    found: pd.DataFrame,
    row: np.ndarray,
    column: np.ndarray,
    X: pd.DataFrame,
    features: pd.DataFrame,
    typical: TypicalValues,
    about: str,
) -> pd.DataFrame:
    """Add value, typical value and sentences, one feature at a time."""
    words = {name: np.empty(len(found), dtype=object) for name in ("value", "typical", "sentence_en", "sentence_ja")}
    points = found["points"].to_numpy()
    for code in np.unique(column):
        here, name = np.flatnonzero(column == code), str(features.index[code])
        rows, feature = X.iloc[row[here]], {**features.iloc[code].to_dict(), "name": name}
        if name not in X:
            feature["unit"] = "term"  # it has no value of its own: the label says it
        values, usual = _values(rows, name, free_text=feature["unit"] == "text"), typical.of(name, rows)
        words["value"][here], words["typical"][here] = values, usual
        words["sentence_en"][here] = sentences(feature, values, usual, points[here], target=about, lang="en")
        words["sentence_ja"][here] = sentences(feature, values, usual, points[here], target=about, lang="ja")
    return found.assign(**words)[list(COLUMNS)]


def _values(rows: pd.DataFrame, feature: str, *, free_text: bool) -> np.ndarray:
    """Return a column's values as objects, None where missing; what people wrote is never carried along."""
    if feature not in rows or free_text:
        return np.full(len(rows), None, dtype=object)
    values = rows[feature].astype(object).to_numpy(copy=True)
    values[pd.isna(values)] = None
    return values
