"""What each feature adds to a margin, checked to add up."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, FrameError, InputError

__all__ = ["AdditiveModel", "Contributions", "checked", "chunks", "contributions", "explanation"]

TOLERANCE = 1e-9


class AdditiveModel(Protocol):
    """Anything whose margin is a bias plus one term a feature."""

    def contributions(self, X: pd.DataFrame) -> tuple[pd.DataFrame, Any]:
        """Return the terms by feature, one row a row of ``X``, and the bias: one number, or one a row."""
        ...

    def margin(self, X: pd.DataFrame) -> Any:
        """Return the margin (log-odds, or points) of every row of ``X``."""
        ...


class Contributions(NamedTuple):
    """Terms that add up to the margin of every row.

    Parameters
    ----------
    terms
        float64, indexed as ``X``, one column a feature.
    bias
        float64, indexed as ``X``: the margin of a row about which nothing is known.
    """

    terms: pd.DataFrame
    bias: pd.Series

    @property
    def margin(self) -> pd.Series:
        """Bias plus all terms, row by row."""
        total = self.bias.to_numpy() + self.terms.to_numpy().sum(axis=1)
        return pd.Series(total, index=self.terms.index, name="margin")


def contributions(model: AdditiveModel, X: pd.DataFrame, *, chunk: int = 20_000) -> Contributions:
    """Ask a model what each feature adds to each margin, and check that it adds up.

    Parameters
    ----------
    model
        Has ``contributions(X) -> (frame, bias)`` and ``margin(X)``.
    X
        Feature frame by ``(account_id, as_of)``, shape (rows, features).
    chunk
        Rows asked for at a time, which bounds the memory a model needs.

    Returns
    -------
    Contributions
        ``terms`` (rows, features) and ``bias`` (rows,), float64, in the unit of the margin.

    Raises
    ------
    FrameError
        If the model answers with other rows than it was asked about.
    InputError
        If bias plus terms differ from the margin by more than 1e-9 in any row.

    Notes
    -----
    Shapley values with this local accuracy property: Lundberg and Lee, "A unified approach to interpreting
    model predictions", NeurIPS 2017.

    Examples
    --------
    >>> class Twice:
    ...     def contributions(self, X):
    ...         return 2 * X, 1.0
    ...     def margin(self, X):
    ...         return 1.0 + 2 * X.sum(axis=1)
    >>> found = contributions(Twice(), pd.DataFrame({"a": [1.0, 2.0], "b": [0.0, -1.0]}))
    >>> found.margin.tolist()
    [3.0, 3.0]
    """
    terms, bias = zip(*(checked(model, rows)[0] for rows in chunks(X, chunk)), strict=True)
    return Contributions(pd.concat(terms), pd.concat(bias))


def explanation(model: AdditiveModel, X: pd.DataFrame, *, chunk: int = 20_000) -> Any:
    """Return the contributions as a ``shap.Explanation``, so that every plot of ``shap`` works.

    Parameters
    ----------
    model, X, chunk
        As for :func:`contributions`.

    Returns
    -------
    shap.Explanation
        ``values`` and ``base_values`` in the unit of the margin; ``data`` are numbers (levels of categories by their
        code, text as 1 where there is any, else 0) for colours; ``display_data`` are the values as they stand in ``X``,
        but free text, which may name people, is only said to be there.

    Raises
    ------
    FrameError, InputError
        As for :func:`contributions`.

    Examples
    --------
    >>> class Twice:
    ...     def contributions(self, X):
    ...         return 2 * X, 1.0
    ...     def margin(self, X):
    ...         return 1.0 + 2 * X.sum(axis=1)
    >>> explanation(Twice(), pd.DataFrame({"a": [1.0, 2.0]})).values.tolist()
    [[2.0], [4.0]]
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # shap's own use of matplotlib, at import
        import shap  # noqa: PLC0415  heavy: only when plots are wanted

    terms, bias = contributions(model, X, chunk=chunk)
    shown = X.reindex(columns=terms.columns)
    return shap.Explanation(
        values=terms.to_numpy(),
        base_values=bias.to_numpy(),
        data=np.column_stack([_numbers(shown[name]) for name in shown]),
        display_data=np.column_stack([_displayed(shown[name]) for name in shown]),
        feature_names=list(terms.columns),
    )


def chunks(X: pd.DataFrame, size: int) -> Iterator[pd.DataFrame]:
    """Yield consecutive rows, at least one (perhaps empty) piece."""
    if size < 1:
        raise InputError(Fault("chunk", "at least one row", str(size)))
    for start in range(0, max(len(X), 1), size):
        yield X.iloc[start : start + size]


def checked(model: AdditiveModel, X: pd.DataFrame) -> tuple[Contributions, np.ndarray]:
    """Ask about one piece, and return the terms beside the margin; refuse an answer that does not add up."""
    answer, bias = model.contributions(X)
    if len(answer) != len(X):
        raise FrameError(Fault("contributions", f"{len(X)} rows, one a row of X", f"{len(answer)} rows"))
    terms = pd.DataFrame(answer.to_numpy(dtype=np.float64), index=X.index, columns=answer.columns)
    base = np.broadcast_to(np.asarray(bias, dtype=np.float64), (len(X),))
    found = Contributions(terms, pd.Series(base, index=X.index, name="bias"))
    margin = np.asarray(model.margin(X), dtype=np.float64)
    _require_additive(found.margin.to_numpy(), margin)
    return found, margin


def _require_additive(total: np.ndarray, margin: np.ndarray) -> None:
    """Raise when a sum of terms is not its margin; a row without a margin has no terms either."""
    both_null = np.isnan(total) & np.isnan(margin)
    wrong = ~(np.abs(total - margin) <= TOLERANCE) & ~both_null
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise InputError(
            Fault(
                "contributions",
                f"bias plus terms equal to the margin within {TOLERANCE:g}",
                f"{total[first]!r} against {margin[first]!r}",
                rows=int(wrong.sum()),
                hint="the model's contributions and margin must describe the same fitted, calibrated model",
            )
        )


def _numbers(column: pd.Series) -> np.ndarray:
    """Return a column as float64 for colouring: codes of categories, 1 where there is text."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy(dtype=np.float64)
        return np.where(codes < 0, np.nan, codes)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64)
    return column.notna().to_numpy(dtype=np.float64)


def _displayed(column: pd.Series) -> np.ndarray:
    """Return a column as it stands, but for free text."""
    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return np.asarray(column.astype(object).to_numpy())
    return np.array(["text" if known else None for known in column.notna()], dtype=object)
