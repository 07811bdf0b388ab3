"""Character n-grams of Japanese and English text alike, counted without a tokenizer."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

__all__ = ["count_grams", "gram_keys", "gram_texts", "tidy"]

Keys = npt.NDArray[np.int64]
BITS = 21  # a Unicode code point fits in 21 bits, so three of them fit in one integer
LONGEST = 3


def tidy(text: str) -> str:
    r"""Return a text in one form: full and half width alike, lower case, single spaces.

    Examples
    --------
    >>> tidy("ＡＢＣ  Support\n")
    'abc support'
    """
    return " ".join(unicodedata.normalize("NFKC", text).replace("\0", " ").lower().split())


def count_grams(texts: Sequence[str], vocabulary: Keys | None = None) -> tuple[sparse.csr_matrix, Keys]:
    """Count the character 1-, 2- and 3-grams of each text.

    Parameters
    ----------
    texts
        Tidy texts.
    vocabulary
        Sorted keys to count; None counts every key found.

    Returns
    -------
    counts, vocabulary
        Sparse matrix of shape (n_texts, n_keys) and the sorted keys of its columns.

    Examples
    --------
    >>> counts, keys = count_grams(["abab"])
    >>> sorted(zip(gram_texts(keys), counts.toarray()[0].tolist()))
    [('a', 2.0), ('ab', 2.0), ('aba', 1.0), ('b', 2.0), ('ba', 1.0), ('bab', 1.0)]
    """
    owner, keys = _grams(texts)
    if vocabulary is None:
        vocabulary = np.unique(keys)
    place = np.searchsorted(vocabulary, keys)
    place[place == len(vocabulary)] = 0
    known = vocabulary[place] == keys if len(vocabulary) else np.zeros(len(keys), dtype=bool)
    shape = (len(texts), len(vocabulary))
    counts = sparse.coo_matrix((np.ones(int(known.sum())), (owner[known], place[known])), shape=shape)
    return sparse.csr_matrix(counts), vocabulary


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
