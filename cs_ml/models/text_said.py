"""The comments in a column of cells, read once for all that learn from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.models.columns import words
from cs_ml.models.ngrams import tidy
from cs_ml.tables.comments import comment_lines, parse_comment
from cs_ml.tables.redact import redact
from cs_ml.timeline.lookup import ratio

__all__ = ["Comments", "Said", "plain_cells"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


class Comments:
    r"""Comments without what identifies a person; one that many cells and columns hold is read once.

    Examples
    --------
    >>> Comments().of("+0.50\tCall 03-1234-5678\nslow")
    [('Call [PHONE]', 0.5), ('slow', nan)]
    """

    def __init__(self) -> None:
        self._read: dict[str, tuple[str, float]] = {}

    def of(self, cell: str) -> list[tuple[str, float]]:
        """Return text and rating of each comment of a cell, NaN where nobody rated."""
        lines = comment_lines(cell)
        for line in lines:
            if line not in self._read:
                text, rating = parse_comment(line)
                self._read[line] = (redact(text), rating)
        return [self._read[line] for line in lines]


@dataclass(frozen=True)
class Said:
    r"""Who said what: the distinct comments of a column, and one mention for each row that holds one.

    Parameters
    ----------
    texts
        Distinct comments, tidy, redacted and sorted.
    row, text
        Row and comment of each mention, by row and then in the order of the cell.
    rating
        Rating of each mention from -1 to 1, NaN where nobody rated.
    owner
        Number of the account of each row.

    Examples
    --------
    >>> said = Said.read(pd.Series(["+0.50\tFine\nslow", None, "slow"]))
    >>> said.texts, said.row.tolist(), said.text.tolist(), said.rating.tolist()
    (['fine', 'slow'], [0, 0, 2], [0, 1, 1], [0.5, nan, nan])
    >>> said.mean(np.array([1.0, 0.0, 0.0])).tolist()
    [0.5, nan, 0.0]
    """

    texts: list[str]
    row: Rows
    text: Rows
    rating: Floats
    owner: Rows

    @classmethod
    def read(cls, cells: pd.Series, comments: Comments | None = None) -> Self:
        """Read one cell a row, None where nothing was said; ``comments`` may have been read before."""
        code, distinct = pd.factorize(words(cells))
        read = comments or Comments()
        parsed = [read.of(cell) for cell in distinct]
        lengths = np.array([len(part) for part in parsed] + [0], dtype=np.intp)
        starts = np.cumsum(lengths) - lengths
        row = np.repeat(np.arange(len(code)), lengths[code])
        place = np.arange(len(row)) - np.repeat(np.cumsum(lengths[code]) - lengths[code], lengths[code])
        mention = (starts[code[row]] + place).astype(np.intp)
        flat = [pair for part in parsed for pair in part]
        form = {text: tidy(text) for text, _ in flat}
        texts, text = np.unique(np.array([form[text] for text, _ in flat], dtype=object), return_inverse=True)
        rating = np.array([rating for _, rating in flat], dtype=np.float64)
        return cls(texts.tolist(), row, text.astype(np.intp)[mention], rating[mention], owners(cells.index))

    def mean(self, values: Floats) -> Floats:
        """Return the mean over the mentions of each row, NaN where it has none or one of them is NaN."""
        n = len(self.owner)
        return ratio(np.bincount(self.row, values, minlength=n), np.bincount(self.row, minlength=n).astype(float))

    def first(self) -> Rows:
        """Return the first mention of each comment of an account: one comment is often held by several rows."""
        keys = np.column_stack([self.owner[self.row], self.text])
        return np.sort(np.unique(keys, axis=0, return_index=True)[1]) if len(keys) else np.empty(0, dtype=np.intp)


def plain_cells(cells: pd.Series, comments: Comments | None = None) -> pd.Series:
    """Return the cells without ratings and without what identifies a person."""
    code, distinct = pd.factorize(words(cells))
    read = comments or Comments()
    plain = ["\n".join(text for text, _ in read.of(cell)) for cell in distinct]
    return pd.Series(np.array([*plain, None], dtype=object)[code], index=cells.index, name=cells.name, dtype=object)


def owners(index: pd.Index) -> Rows:
    """Return the number of the account of each row; each row its own where there are no accounts."""
    named: Iterable[object] = (
        index.get_level_values("account_id") if "account_id" in index.names else np.arange(len(index))
    )
    return np.asarray(pd.factorize(np.asarray(named, dtype=object))[0], dtype=np.intp)
