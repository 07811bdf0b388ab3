"""The default encoder: character n-grams, which read Japanese and English alike and need no tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from scipy import sparse

from cs_ml.models.ngrams import count_grams, gram_keys, gram_texts, tfidf, tidy

__all__ = ["NgramEncoder"]


class NgramEncoder:
    """Weights of character n-grams by rarity (TF-IDF), of the commonest n-grams of the training texts.

    Parameters
    ----------
    max_ngrams
        Size of the vocabulary at most.
    min_texts
        An n-gram must occur in so many texts.
    shortest
        Shortest n-gram, in letters.

    Attributes
    ----------
    keys_, idf_ : numpy.ndarray
        N-grams in sorted order, and their weights.

    Examples
    --------
    >>> encoder = NgramEncoder(min_texts=1, shortest=2).fit(["解約", "解約する"])
    >>> encoder.transform(["解約"]).toarray().round(2).tolist()
    [[0.0, 0.0, 1.0, 0.0, 0.0]]
    """

    name = "ngrams"

    def __init__(self, *, max_ngrams: int = 2000, min_texts: int = 5, shortest: int = 1) -> None:
        self.max_ngrams = max_ngrams
        self.min_texts = min_texts
        self.shortest = shortest

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn vocabulary and rarity."""
        counts, keys = count_grams([tidy(text) for text in texts], min_texts=self.min_texts)
        total = np.bincount(counts.indices, minlength=len(keys)).astype(np.float64)
        long = np.array([len(gram) >= self.shortest for gram in gram_texts(keys)], dtype=bool)
        kept = np.sort(np.argsort(-np.where(long, total, -1.0), kind="stable")[: min(self.max_ngrams, int(long.sum()))])
        self.keys_ = keys[kept]
        self.idf_ = np.log((1.0 + len(texts)) / (1.0 + total[kept])) + 1.0
        return self

    def transform(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return weights, sparse float64 of shape (n_texts, n_ngrams)."""
        return tfidf(count_grams([tidy(text) for text in texts], self.keys_)[0], self.idf_)

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        params = {"max_ngrams": self.max_ngrams, "min_texts": self.min_texts, "shortest": self.shortest}
        return {"name": self.name, "params": params, "ngrams": gram_texts(self.keys_), "idf": self.idf_.tolist()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the encoder that ``to_state`` described."""
        encoder = cls(**state["params"])
        encoder.keys_, encoder.idf_ = gram_keys(state["ngrams"]), np.array(state["idf"], dtype=np.float64)
        return encoder
