"""Character n-grams of Japanese and English text alike, counted without a tokenizer."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

__all__ = ["BLOCK", "count_grams", "gram_keys", "gram_texts", "tfidf", "tidy"]

Keys = npt.NDArray[np.int64]
BITS = 21  # a Unicode code point fits in 21 bits, so three of them fit in one integer
LONGEST = 3
BLOCK = 1 << 14  # texts counted together: bounds the memory that single n-grams take


def tidy(text: str) -> str:
    r"""Return a text in one form: full and half width alike, lower case, single spaces.

    Examples
    --------
    >>> tidy("ＡＢＣ  Support\n")
    'abc support'
    """
    return " ".join(unicodedata.normalize("NFKC", text).replace("\0", " ").lower().split())


def count_grams(
    texts: Sequence[str], vocabulary: Keys | None = None, *, min_texts: int = 1
) -> tuple[sparse.csr_matrix, Keys]:
    """Count the character 1-, 2- and 3-grams of each text.

    Parameters
    ----------
    texts
        Tidy texts.
    vocabulary
        Sorted keys to count; None counts every key found.
    min_texts
        Without a vocabulary, keys found in fewer texts are left out.

    Returns
    -------
    counts, vocabulary
        Sparse matrix of shape (n_texts, n_keys), float32, and the sorted keys of its columns.

    Examples
    --------
    >>> counts, keys = count_grams(["abab"])
    >>> sorted(zip(gram_texts(keys), counts.toarray()[0].tolist()))
    [('a', 2.0), ('ab', 2.0), ('aba', 1.0), ('b', 2.0), ('ba', 1.0), ('bab', 1.0)]
    """
    blocks = [_counted(texts[start : start + BLOCK], vocabulary) for start in range(0, max(len(texts), 1), BLOCK)]
    if vocabulary is None:
        vocabulary = _common(blocks, min_texts)
        blocks = [(_onto(block, keys, vocabulary), vocabulary) for block, keys in blocks]
    return sparse.csr_matrix(sparse.vstack([block for block, _ in blocks], format="csr")), vocabulary


def gram_keys(grams: Iterable[str]) -> Keys:
    """Return the integer key of each n-gram.

    Examples
    --------
    >>> gram_texts(gram_keys(["解約", "a"]))
    ['解約', 'a']
    """
    return np.array([sum(ord(c) << (BITS * i) for i, c in enumerate(gram)) for gram in grams], dtype=np.int64)


def gram_texts(keys: Keys) -> list[str]:
    """Return the n-gram of each integer key."""
    mask = (1 << BITS) - 1
    parts = [[(int(key) >> (BITS * i)) & mask for i in range(LONGEST)] for key in keys]
    return ["".join(chr(code) for code in codes if code) for codes in parts]


def tfidf(counts: sparse.csr_matrix, idf: npt.NDArray[np.float64]) -> sparse.csr_matrix:
    """Return damped counts weighted by rarity, each row of length one (or empty).

    Examples
    --------
    >>> tfidf(sparse.csr_matrix([[1.0, 1.0], [0.0, 0.0]]), np.ones(2)).toarray().round(2).tolist()
    [[0.71, 0.71], [0.0, 0.0]]
    """
    weighted = sparse.csr_matrix(counts, copy=True).astype(np.float64)
    weighted.data = 1.0 + np.log(weighted.data)
    weighted = sparse.csr_matrix(weighted @ sparse.diags(idf))
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1.0 / np.where(norms > 0, norms, 1.0)) @ weighted)


def _counted(texts: Sequence[str], vocabulary: Keys | None) -> tuple[sparse.csr_matrix, Keys]:
    """Count some texts; without a vocabulary, by the keys found in them."""
    owner, keys = _grams(texts)
    known = np.unique(keys) if vocabulary is None else vocabulary
    place = np.searchsorted(known, keys)
    if vocabulary is not None:
        place[place == len(known)] = 0
        inside = known[place] == keys if len(known) else np.zeros(len(keys), dtype=bool)
        owner, place = owner[inside], place[inside]
    ones = np.ones(len(place), dtype=np.float32)
    counts = sparse.coo_matrix((ones, (owner, place)), shape=(len(texts), len(known)))
    return sparse.csr_matrix(counts), known


def _common(blocks: Sequence[tuple[sparse.csr_matrix, Keys]], min_texts: int) -> Keys:
    """Return the sorted keys that occur in enough texts of all blocks together."""
    keys, place = np.unique(np.concatenate([keys for _, keys in blocks]), return_inverse=True)
    texts = np.concatenate([np.bincount(block.indices, minlength=len(found)) for block, found in blocks])
    return np.asarray(keys[np.bincount(place, weights=texts, minlength=len(keys)) >= min_texts])


def _onto(block: sparse.csr_matrix, keys: Keys, vocabulary: Keys) -> sparse.csr_matrix:
    """Move a block to the columns of a vocabulary; keys outside it are dropped."""
    inside = np.isin(keys, vocabulary, assume_unique=True)
    kept = sparse.csr_matrix(block[:, np.flatnonzero(inside)])
    columns = np.searchsorted(vocabulary, keys[inside]).astype(kept.indices.dtype)
    return sparse.csr_matrix((kept.data, columns[kept.indices], kept.indptr), shape=(block.shape[0], len(vocabulary)))


def _grams(texts: Sequence[str]) -> tuple[npt.NDArray[np.intp], Keys]:
    joined = "\0".join(texts) + "\0"
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)
    owner = np.cumsum(codes == 0) - (codes == 0)
    owners, keys, key, inside = [], [], np.zeros_like(codes), np.ones(len(codes), dtype=bool)
    for n in range(LONGEST):
        shifted = np.append(codes[n:], np.zeros(min(n, len(codes)), dtype=np.int64))
        key = key | (shifted << (BITS * n))
        inside = inside & (shifted != 0)
        owners.append(owner[inside])
        keys.append(key[inside])
    return np.concatenate(owners).astype(np.intp), np.concatenate(keys)
