"""Trees read from LightGBM's own text: what splits where, how many training rows went each way, what a leaf adds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["NoTables", "Tree", "read_trees"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
WORD = 32  # bits in a word of a set of categories


class NoTables(Exception):  # noqa: N818  no fault of anybody's: LightGBM itself explains such a model
    """A model that cannot be explained by tables; the message says why."""


@dataclass(frozen=True)
class Tree:
    """One tree with at least one split; children below zero are leaves, ``-1 - leaf``.

    Parameters
    ----------
    feature, threshold
        Column and bound of each split; a value at most the bound goes left.
    decision
        Bits of each split: 1 categorical, 2 missing goes left, 4 zero is missing, 8 NaN is missing.
    left, right
        Children of each split.
    rows
        Training rows that reached each split.
    leaf_rows, leaf_value
        Training rows of each leaf, and what it adds to the margin.
    levels
        Of each categorical split, the categories that go left.
    """

    feature: Ints
    threshold: Floats
    decision: Ints
    left: Ints
    right: Ints
    rows: Floats
    leaf_rows: Floats
    leaf_value: Floats
    levels: dict[int, Ints]

    @property
    def mean(self) -> float:
        """What the tree adds to the margin of a row about which nothing is known."""
        return float(np.sum(self.leaf_rows / self.rows[0] * self.leaf_value))


def read_trees(text: str) -> tuple[list[Tree], float]:
    """Read a model.

    Parameters
    ----------
    text
        As ``lightgbm.Booster.model_to_string`` writes it.

    Returns
    -------
    trees, constant
        Trees with splits, and the sum of those without.

    Raises
    ------
    NoTables
        If the margin is not one plain sum of leaves.

    Examples
    --------
    >>> import lightgbm as lgb
    >>> data = lgb.Dataset(np.repeat([[1.0], [3.0]], 20, axis=0), label=np.repeat([0.0, 1.0], 20))
    >>> options = {"objective": "regression", "num_leaves": 2, "min_data_in_leaf": 1, "verbosity": -1}
    >>> trees, constant = read_trees(lgb.train(options, data, 1).model_to_string())
    >>> trees[0].threshold.round(3).tolist(), trees[0].leaf_rows.tolist()
    ([2.0], [20.0, 20.0])
    """
    head, *parts = text.split("\nTree=")
    about = dict(_entries(head.split("\n")))
    if about.get("num_tree_per_iteration", "1") != "1":
        raise NoTables("several trees an iteration: more than two classes")
    if "average_output" in head.split("\n"):
        raise NoTables("trees are averaged: a random forest")
    trees, constant = [], 0.0
    for part in parts:
        told = dict(_entries(part.split("\n\n")[0].split("\n")))
        if told.get("is_linear", "0") != "0":
            raise NoTables("leaves hold linear models")
        if int(told["num_leaves"]) < 2:
            constant += float(told["leaf_value"])
        else:
            trees.append(_tree(told))
    return trees, constant


def _entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, sign, value = line.partition("=")
        if sign:
            yield name, value


def _tree(told: dict[str, str]) -> Tree:
    def numbers(name: str, kind: Any) -> Any:
        return np.array(told.get(name, "").split(), dtype=kind)

    tree = Tree(
        feature=numbers("split_feature", np.intp),
        threshold=numbers("threshold", np.float64),
        decision=numbers("decision_type", np.intp),
        left=numbers("left_child", np.intp),
        right=numbers("right_child", np.intp),
        rows=numbers("internal_count", np.float64),
        leaf_rows=numbers("leaf_count", np.float64),
        leaf_value=numbers("leaf_value", np.float64),
        levels=_levels(told),
    )
    if len(tree.leaf_rows) != len(tree.leaf_value) or min(tree.leaf_rows.min(), tree.rows.min()) < 1:
        raise NoTables("the text does not say how many training rows reached each leaf")
    return tree


def _levels(told: dict[str, str]) -> dict[int, Ints]:
    """Return the categories that go left, by place in the list of sets that ``threshold`` names."""
    bounds = [int(bound) for bound in told.get("cat_boundaries", "").split()]
    words = np.array(told.get("cat_threshold", "").split(), dtype=np.uint32)
    bits = np.unpackbits(words.astype("<u4").view(np.uint8), bitorder="little")
    return {
        place: np.flatnonzero(bits[WORD * start : WORD * end]) for place, (start, end) in enumerate(pairwise(bounds))
    }
