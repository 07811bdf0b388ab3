"""The values of a column cut into cells, within which every split of a model decides alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cs_ml.models.tree_text import Tree

__all__ = ["code", "cut", "decide", "decisions"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
ZERO = float(np.float32(1e-35))  # LightGBM takes smaller numbers for zero
CATEGORICAL, MISSING_LEFT, ZERO_IS_MISSING, NAN_IS_MISSING = 1, 2, 1, 2


def cut(splits: Sequence[tuple[Tree, int]]) -> Floats:
    """Return where to cut a column so that each split decides alike within a cell.

    Parameters
    ----------
    splits
        Tree and place of each split on the column.

    Returns
    -------
    numpy.ndarray
        The largest value of each cell, ascending, infinity last. Behind them NaN has a cell of its own.
    """
    found = {np.inf}
    for tree, at in splits:
        if tree.decision[at] & CATEGORICAL:
            for level in tree.levels[int(tree.threshold[at])].tolist():
                found |= {np.nextafter(level, -1.0) if level else -1.0, np.nextafter(level + 1.0, 0.0)}
        else:
            found.add(float(tree.threshold[at]))
    if any(abs(value) <= ZERO for value in found) or any(tree.decision[at] >> 2 & 1 for tree, at in splits):
        found |= {np.nextafter(-ZERO, -1.0), ZERO}
    return np.array(sorted(found))


def code(values: Floats, ends: Floats) -> Ints:
    """Return the cell of each value.

    Examples
    --------
    >>> code(np.array([0.0, 1.0, 1.5, np.nan]), np.array([1.0, np.inf])).tolist()
    [0, 0, 1, 2]
    """
    return np.searchsorted(ends, values)


def decisions(splits: Sequence[tuple[Tree, int]], ends: Floats) -> list[int]:
    """Return for each split, as the bits of a number, the cells that go left."""
    cells = np.append(ends, np.nan)
    packed = np.packbits(np.array([decide(tree, at, cells) for tree, at in splits]), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def decide(tree: Tree, at: int, values: Floats) -> Bools:
    """Return which values go left at a split, as LightGBM decides.

    Notes
    -----
    ``NumericalDecision`` and ``CategoricalDecision`` of LightGBM's ``tree.h``: a value that is missing goes its own
    way; NaN where NaN is not what is missing counts as zero; categories are whole numbers, cut off behind the point.
    """
    if tree.decision[at] & CATEGORICAL:
        levels = np.trunc(np.where(np.isnan(values) | (values <= -1.0), -1.0, values))
        return np.isin(levels, tree.levels[int(tree.threshold[at])])
    missing_left, missing = bool(tree.decision[at] & MISSING_LEFT), tree.decision[at] >> 2 & 3
    known = np.where(np.isnan(values) & (missing != NAN_IS_MISSING), 0.0, values)
    known = np.where(np.abs(known) <= ZERO, 0.0, known)
    absent = (known == 0.0) & (missing == ZERO_IS_MISSING) | np.isnan(known)
    return np.where(absent, missing_left, known <= tree.threshold[at])
