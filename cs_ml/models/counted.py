"""Texts counted once for all the models that read them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from cs_ml.models.columns import words
from cs_ml.models.ngrams import BLOCK, count_grams, tidy

__all__ = ["CountedTexts"]

Floats = npt.NDArray[np.float64]


class CountedTexts:
    """The n-grams of each distinct text, and which text each row holds.

    Parameters
    ----------
    texts
        One text a row, None where there is none; rows belong to the accounts of the index where it names them.
    min_texts
        An n-gram must occur in so many distinct texts.

    Attributes
    ----------
    row : numpy.ndarray
        Text of each row, -1 for none.
    owner : numpy.ndarray
        Number of the account of each row.
    counts, vocabulary
        Sparse matrix of shape (n_texts, n_grams), and the sorted keys of its columns.

    Examples
    --------
    >>> counted = CountedTexts(pd.Series(["a", None, "A", "b"]), min_texts=1)
    >>> counted.row.tolist(), counted.counts.toarray().tolist()
    ([0, -1, 0, 1], [[1.0, 0.0], [0.0, 1.0]])
    """

    def __init__(self, texts: pd.Series, min_texts: int) -> None:
        code, given = pd.factorize(words(texts))
        row, unique = pd.factorize(pd.Series([tidy(text) or None for text in given], dtype=object))
        self.row = np.append(row, -1)[code].astype(np.intp)
        accounts = (
            texts.index.get_level_values("account_id") if "account_id" in texts.index.names else np.arange(len(texts))
        )
        self.owner = pd.factorize(accounts)[0]
        self.counts, self.vocabulary = count_grams([str(text) for text in unique], min_texts=min_texts)

    def columns(self, keys: npt.NDArray[np.int64]) -> sparse.csr_matrix:
        """Return the counts of some keys."""
        return sparse.csr_matrix(self.counts[:, np.searchsorted(self.vocabulary, keys)])

    def by_gram(self, amounts: Floats) -> Floats:
        """Return for each n-gram the sum of the amounts of the texts that hold it.

        Parameters
        ----------
        amounts
            One a text, shape (n_texts,).
        """
        found = np.zeros(len(self.vocabulary))
        for start in range(0, len(amounts), BLOCK):
            part = amounts[start : start + BLOCK]
            edges = self.counts.indptr[start : start + len(part) + 1]
            grams = self.counts.indices[edges[0] : edges[-1]]
            found += np.bincount(grams, weights=np.repeat(part, np.diff(edges)), minlength=len(found))
        return found
