"""What every column adds to a sum of trees, exactly, by tables over the patterns of their decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from cs_ml.models.tree_cells import code, cut, decisions
from cs_ml.models.tree_clusters import gather
from cs_ml.models.tree_leaves import leaves_of
from cs_ml.models.tree_tables import Word, make_tables, pack
from cs_ml.models.tree_text import Tree, read_trees

__all__ = ["Forest", "PatternTables"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
BLOCK = 1 << 14  # rows whose columns stay in the second cache
LARGEST = 512 << 20  # bytes of tables


@dataclass(frozen=True)
class Forest:
    """A LightGBM model that is one term of a margin.

    Parameters
    ----------
    text
        As ``Booster.model_to_string`` writes it.
    columns
        Of each of its features, the column of the matrix.
    scale
        Factor of its raw score in the margin.
    """

    text: str
    columns: Ints
    scale: float = 1.0


class Grown(NamedTuple):
    """A tree, the column of each of its splits, and its factor in the margin."""

    tree: Tree
    columns: list[int]
    scale: float


@dataclass(frozen=True)
class PatternTables:
    """Path-dependent SHAP values of a weighted sum of LightGBM models, equal to ``pred_contrib`` but for rounding.

    A leaf asks of each column on its path one question, whatever the number of splits; its Shapley values hang on the
    answers alone. Leaves that ask about the same columns are put together, and one table holds what they add for every
    pattern of answers. A row then costs a look-up a table and column, not leaves times squared depth. Every row is
    treated alike, so that its bits do not depend on the rows beside it.

    Parameters
    ----------
    ends
        Of each column that is used, the largest value of each cell.
    words
        Tables, and how their rows are found.
    bias
        Sum of the expected values of the models.

    Examples
    --------
    >>> import lightgbm as lgb
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> data = lgb.Dataset(X, label=X[:, 0] * X[:, 1] > 0)
    >>> model = lgb.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 10)
    >>> tables = PatternTables.build([Forest(model.model_to_string(), np.arange(3))])
    >>> bool(np.abs(tables.contributions(X) - model.predict(X, pred_contrib=True)[:, :-1]).max() < 1e-12)
    True
    """

    ends: dict[int, Floats]
    words: tuple[Word, ...]
    bias: float

    @classmethod
    def build(cls, forests: Sequence[Forest], *, largest: int = LARGEST) -> Self:
        """Make the tables.

        Parameters
        ----------
        forests
            Models to add up.
        largest
            Bytes that the tables may have.

        Raises
        ------
        NoTables
            If a model is of a kind that tables cannot hold, or they would be too large; the message says why.

        Notes
        -----
        Tables of patterns of decisions are the idea of WOODELF (Nadel and Wettenstein, "From decision trees to Boolean
        logic", 2025).
        """
        trees, bias = _grown(forests)
        ends, left = _left_cells(trees)
        every = {column: (1 << len(found) + 1) - 1 for column, found in ends.items()}
        leaves = [
            leaves_of(grown.tree, grown.columns, cells, every, grown.scale)
            for grown, cells in zip(trees, left, strict=True)
        ]
        return cls(ends, pack(make_tables(gather(leaves, every), every, largest), every), bias)

    def contributions(self, matrix: Floats) -> Floats:
        """Return what each column adds, shape as the matrix."""
        parts = np.zeros(matrix.shape)
        for start in range(0, len(matrix), BLOCK):
            rows = slice(start, start + BLOCK)
            for column, added in self._block(matrix[rows]).items():
                parts[rows, column] = added
        return parts

    def _block(self, matrix: Floats) -> dict[int, Floats]:
        codes = {column: code(matrix[:, column], ends) for column, ends in self.ends.items()}
        parts = {column: np.zeros(len(matrix)) for column in self.ends}
        added, place = np.empty(len(matrix)), np.empty(len(matrix), dtype=np.intp)
        for word in self.words:
            rows = _rows(word, codes)
            for field in word.fields:
                np.bitwise_and(np.right_shift(rows, field.shift, out=place), field.mask, out=place)
                for column, values in field.table.values.items():
                    parts[column] += np.take(values, place, out=added, mode="wrap")  # the mode that copies nothing
        return parts


def _rows(word: Word, codes: dict[int, Ints]) -> Ints:
    """Return the word of each row."""
    columns = iter(word.terms.items())
    column, terms = next(columns)
    rows = np.take(terms, codes[column])
    term = np.empty_like(rows)
    for column, terms in columns:
        rows += np.take(terms, codes[column], out=term, mode="wrap")
    return rows


def _grown(forests: Sequence[Forest]) -> tuple[list[Grown], float]:
    """Return all trees, and the sum of their expected values."""
    trees, bias = [], 0.0
    for forest in forests:
        found, constant = read_trees(forest.text)
        trees += [Grown(tree, forest.columns[tree.feature].tolist(), forest.scale) for tree in found]
        bias += forest.scale * (constant + sum(tree.mean for tree in found))
    return trees, bias


def _left_cells(trees: list[Grown]) -> tuple[dict[int, Floats], list[list[int]]]:
    """Return where each column is cut, and for each tree and split the cells that go left."""
    splits: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, grown in enumerate(trees):
        for at, column in enumerate(grown.columns):
            splits[column].append((number, at))
    ends, left = {}, [[0] * len(grown.columns) for grown in trees]
    for column, places in sorted(splits.items()):
        asked = [(trees[number].tree, at) for number, at in places]
        ends[column] = cut(asked)
        for (number, at), cells in zip(places, decisions(asked, ends[column]), strict=True):
            left[number][at] = cells
    return ends, left
