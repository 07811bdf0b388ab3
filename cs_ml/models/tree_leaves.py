"""Leaves: under which conditions a row reaches them, and what each condition adds then (TreeSHAP of one leaf)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cs_ml.models.threads import one_thread
from cs_ml.models.tree_text import Tree

__all__ = ["Leaf", "leaf_tables", "leaves_of"]

Floats = npt.NDArray[np.float64]
CHUNK = 1 << 16  # patterns worked out together


@dataclass(frozen=True)
class Leaf:
    """A leaf by the columns on its path.

    Parameters
    ----------
    value
        What it adds to the margin.
    cells
        By column, as the bits of a number: the cells that satisfy every split on it.
    share
        By column: the share of the training rows at its splits that went on towards the leaf.
    """

    value: float
    cells: dict[int, int]
    share: dict[int, float]


def leaves_of(tree: Tree, columns: list[int], left: list[int], every: dict[int, int], scale: float) -> Iterator[Leaf]:
    """Yield the leaves from left to right.

    Parameters
    ----------
    tree
        Its shape.
    columns, left
        Column of each split, and the cells that go left there.
    every
        All cells of each column.
    scale
        Factor on what a leaf adds.
    """
    rows, ends, values = tree.rows.tolist(), tree.leaf_rows.tolist(), tree.leaf_value.tolist()
    children = list(zip(tree.right.tolist(), tree.left.tolist(), strict=True))
    waiting: list[tuple[int, dict[int, int], dict[int, float]]] = [(0, {}, {})]
    while waiting:
        at, cells, share = waiting.pop()
        if at < 0:
            yield Leaf(scale * values[~at], cells, share)
            continue
        column, (right, to_left) = columns[at], children[at]
        for child, taken in ((right, every[column] & ~left[at]), (to_left, left[at])):
            part = (ends[~child] if child < 0 else rows[child]) / rows[at]
            satisfied = cells.get(column, every[column]) & taken
            waiting.append((child, {**cells, column: satisfied}, {**share, column: share.get(column, 1.0) * part}))


def leaf_tables(leaves: list[Leaf]) -> list[Floats]:
    """Return for each leaf what every column adds, for all combinations of conditions satisfied and not.

    Parameters
    ----------
    leaves
        With equally many columns each.

    Returns
    -------
    list of numpy.ndarray
        Shape (2 ** n_columns, n_columns); bit ``i`` of the row says whether the condition on the ``i``-th column holds.

    Notes
    -----
    With ``o`` one where a condition holds and zero elsewhere, and ``z`` the share of training rows, a set ``S`` of
    known columns is worth ``value * prod(o in S) * prod(z outside)``. Its Shapley values (path-dependent TreeSHAP,
    Lundberg, Erion and Lee 2018) are ``value * (o_i - z_i)`` times the integral over ``t`` in [0, 1] of the product
    over the other columns of ``t * o + (1 - t) * z``: a polynomial, so that Gauss-Legendre quadrature is exact.

    Examples
    --------
    >>> leaf_tables([Leaf(2.0, {0: 1}, {0: 0.25})])
    [array([[-0.5],
           [ 1.5]])]
    """
    width = len(leaves[0].cells)
    step = max(1, CHUNK >> width)
    return [table for start in range(0, len(leaves), step) for table in _tables(leaves[start : start + step], width)]


def _tables(leaves: list[Leaf], width: int) -> Floats:
    nodes, weights = np.polynomial.legendre.leggauss((width + 1) // 2)
    t, weights = (nodes + 1.0) / 2.0, weights / 2.0
    z = np.array([list(leaf.share.values()) for leaf in leaves])
    failed = (1.0 - t) * z[:, :, None]
    held = failed + t
    product = np.ones((len(leaves), 1, len(t)))
    for i in range(width):
        product = np.concatenate([product * failed[:, i, None], product * held[:, i, None]], axis=1)
    value = np.array([leaf.value for leaf in leaves])[:, None, None]
    with one_thread():
        unmet, met = product @ (weights / failed).swapaxes(1, 2), product @ (weights / held).swapaxes(1, 2)
    satisfied = np.arange(1 << width)[:, None] >> np.arange(width) & 1
    found = np.where(satisfied == 1, met * (value * (1.0 - z[:, None])), unmet * (-value * z[:, None]))
    return np.asarray(found, dtype=np.float64)
