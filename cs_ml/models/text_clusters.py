"""What comments have in common beyond the known topics: a few clusters, named by their typical words."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans

from cs_ml.models.text_encoder import Columns, TextEncoder, dot, encoder_from_state, make_encoder
from cs_ml.models.text_ngrams import NgramEncoder
from cs_ml.models.text_said import Said
from cs_ml.models.threads import one_thread

__all__ = ["CommentClusters"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
WORD = re.compile(r"[\u4e00-\u9fff]{2,}|[\u30a1-\u30f6\u30fc]{3,}|[a-z]{4,}")  # kanji, katakana, Latin letters
EMPTY = {  # they do not say what a comment is about
    "this", "that", "with", "from", "have", "they", "them", "been", "were", "will", "would", "your", "please",
    "thank", "thanks", "keep", "need", "more", "than", "what", "when", "which", "there", "their", "about", "every",
    "very", "also", "just", "name", "mail", "phone", "card", "今後",
}  # fmt: skip
MOST_TEXTS = 20_000


class CommentClusters(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """Share of each cluster among the comments of a row; k-means on the columns of an encoder.

    No label is used, and no comment later than the training rows.

    Parameters
    ----------
    encoder
        Name of the encoder, or one of your own; see :mod:`cs_ml.models.text_encoder`.
    k
        Clusters at most; one for each 50 distinct comments.
    min_texts
        Distinct comments needed, and half as many accounts.
    min_accounts
        A typical word must have been used by so many accounts.
    random_state
        Seed of the first centres.

    Attributes
    ----------
    words_ : list of str
        Typical words of each cluster; empty where there were too few comments.

    Examples
    --------
    >>> cells = pd.Series(["価格が高い", "価格は高め", "support is slow", "slow support"] * 3)
    >>> clusters = CommentClusters(NgramEncoder(min_texts=1), k=2, min_texts=4, min_accounts=1).fit(cells)
    >>> sorted(clusters.words_)
    ['slow, support', '価格']
    >>> clusters.transform(cells).shape
    (12, 2)
    """

    def __init__(
        self, encoder: str | TextEncoder = "ngrams", *, k: int = 6, min_texts: int = 200, min_accounts: int = 5,
        random_state: int = 0,
    ) -> None:  # fmt: skip
        self.encoder = encoder
        self.k = k
        self.min_texts = min_texts
        self.min_accounts = min_accounts
        self.random_state = random_state

    def fit(self, cells: pd.Series) -> Self:
        """Learn from the comments in a column of cells (see :mod:`cs_ml.tables.comments`)."""
        return self.learn(Said.read(cells))

    def learn(self, said: Said) -> Self:
        """Learn from comments that were read."""
        self.words_, self.centres_ = [], np.empty((0, 0))
        n = len(said.texts)
        wanted = min(self.k, max(n // 50, 2))
        if n < self.min_texts or len(np.unique(said.owner[said.row])) < self.min_texts / 2:
            return self
        self.encoder_ = self._made().fit(said.texts)
        columns = self.encoder_.transform(said.texts)
        drawn = np.unique(np.linspace(0, n - 1, min(n, MOST_TEXTS)).astype(np.intp))
        if not columns.shape[1]:
            return self
        with one_thread():
            means = KMeans(wanted, n_init=4, max_iter=50, random_state=self.random_state).fit(columns[drawn])
        self.centres_ = np.asarray(means.cluster_centers_, dtype=np.float64)
        self.words_ = _named(said, self._nearest(columns), wanted, self.min_accounts)
        return self

    def transform(self, cells: pd.Series) -> Floats:
        """Return shares, float64 of shape (n_rows, n_clusters); NaN for rows without comments."""
        return self.shares(Said.read(cells))

    def shares(self, said: Said) -> Floats:
        """Return the shares of comments that were read."""
        if not self.words_ or not said.texts:
            return np.full((len(said.owner), len(self.words_)), np.nan)
        nearest = self._nearest(self.encoder_.transform(said.texts))[said.text]
        return np.column_stack([said.mean((nearest == at).astype(np.float64)) for at in range(len(self.words_))])

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        names = ("k", "min_texts", "min_accounts", "random_state")
        return {
            "params": {name: getattr(self, name) for name in names},
            "words": list(self.words_),
            "centres": self.centres_.tolist(),
            "encoder": self.encoder_.to_state() if self.words_ else None,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the estimator that ``to_state`` described."""
        encoder = None if state["encoder"] is None else encoder_from_state(state["encoder"])
        clusters = cls("ngrams" if encoder is None else encoder.name, **state["params"])
        clusters.words_, clusters.centres_ = list(state["words"]), np.array(state["centres"], dtype=np.float64)
        if encoder is not None:
            clusters.encoder_ = encoder
        return clusters

    def _made(self) -> TextEncoder:
        """Return a fresh encoder; single letters say nothing about what a text is about."""
        if not isinstance(self.encoder, str):
            return deepcopy(self.encoder)
        return NgramEncoder(max_ngrams=500, shortest=2) if self.encoder == "ngrams" else make_encoder(self.encoder)

    def _nearest(self, columns: Columns) -> Rows:
        distances = [float(centre @ centre) - 2.0 * dot(columns, centre) for centre in self.centres_]
        return np.asarray(np.argmin(np.column_stack(distances), axis=1), dtype=np.intp)


def _named(said: Said, cluster: Rows, k: int, min_accounts: int) -> list[str]:
    """Return up to three words of each cluster that its comments hold much oftener than the others."""
    pairs = [
        (at, word)
        for at, text in enumerate(said.texts)
        for word in dict.fromkeys(WORD.findall(text))
        if word not in EMPTY
    ]
    code, words = pd.factorize(np.array([word for _, word in pairs], dtype=object), sort=True)
    text = np.array([at for at, _ in pairs], dtype=np.intp)
    inside = np.zeros((k, len(words)))
    np.add.at(inside, (cluster[text], code), 1.0)
    size = np.bincount(cluster, minlength=k)[:, None]
    share = inside / np.maximum(size, 1)
    others = (inside.sum(axis=0) - inside) / np.maximum(size.sum() - size, 1)
    lift = np.where(_used_by(said, text, code, len(words)) >= min_accounts, share - others, -1.0)
    best = np.argsort(-lift, axis=1, kind="stable")[:, :3]
    return [", ".join(words[at] for at in best[c] if lift[c, at] > 0) or f"cluster {c + 1}" for c in range(k)]


def _used_by(said: Said, text: Rows, code: Rows, n: int) -> npt.NDArray[np.intp]:
    """Return how many accounts used each word: a word of one account may be a name."""
    mentions = pd.DataFrame({"text": said.text, "owner": said.owner[said.row]}).drop_duplicates()
    used = pd.DataFrame({"text": text, "code": code}).merge(mentions, on="text")[["code", "owner"]].drop_duplicates()
    return np.bincount(used["code"], minlength=n)
