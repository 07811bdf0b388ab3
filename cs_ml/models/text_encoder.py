"""Texts to columns of numbers: what an encoder must offer, and which ones there are by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cs_ml.errors import Fault, InputError

__all__ = ["Columns", "TextEncoder", "dot", "encoder_from_state", "make_encoder", "register_encoder"]

Floats = npt.NDArray[np.float64]
Columns = Floats | sparse.csr_matrix
GROUP = "cs_ml.text_encoders"


class TextEncoder(Protocol):
    """Turns texts into columns of numbers.

    The numbers of a text depend on that text and on what was fitted only, to the last bit: not on its neighbours. A
    state is JSON-able and holds no weights that came from elsewhere: those are named with version and hash.
    """

    name: str

    def fit(self, texts: Sequence[str]) -> Self:
        """Learn from training texts; an encoder that was trained elsewhere learns nothing."""
        ...

    def transform(self, texts: Sequence[str]) -> Columns:
        """Return the columns of some texts, float64 of shape (n_texts, n_columns), dense or sparse by rows."""
        ...

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        ...

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the encoder that ``to_state`` described, or refuse where it would not be the same."""
        ...


_KNOWN: dict[str, str | type[TextEncoder]] = {
    "ngrams": "cs_ml.models.text_ngrams:NgramEncoder",
    "sentence": "cs_ml.models.text_sentence:SentenceEncoder",
}


def register_encoder(name: str, encoder: type[TextEncoder]) -> None:
    """Make an encoder known by a name that the config may use.

    An installed package does the same by an entry point of the group ``cs_ml.text_encoders``.

    Parameters
    ----------
    name
        Name for ``model.text_encoder``.
    encoder
        Class that makes the encoder without arguments.
    """
    _KNOWN[name] = encoder


def make_encoder(name: str) -> TextEncoder:
    """Return a new encoder.

    Raises
    ------
    InputError
        If no encoder has this name.
    MissingExtra
        If it needs a package that is not installed.

    Examples
    --------
    >>> make_encoder("ngrams").fit(["slow", "slow"] * 5).transform(["slow"]).shape
    (1, 9)
    """
    return _class_of(name)()


def encoder_from_state(state: dict[str, Any]) -> TextEncoder:
    """Return the encoder that a state describes.

    Raises
    ------
    InputError
        If no encoder has its name.
    BundleError
        If the encoder that is installed is not the one that the state names.
    """
    return _class_of(str(state["name"])).from_state(state)


def dot(columns: Columns, weights: Floats) -> Floats:
    """Return the weighted sum of each row, summed in an order that does not depend on other rows.

    Examples
    --------
    >>> dot(np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([1.0, 0.5])).tolist()
    [2.0, 0.5]
    """
    if sparse.issparse(columns):
        return np.asarray(columns @ weights, dtype=np.float64)
    return np.asarray((columns * weights).sum(axis=1), dtype=np.float64)


def _class_of(name: str) -> type[TextEncoder]:
    found = _KNOWN.get(name) or _installed().get(name)
    if found is None:
        known = ", ".join(sorted({*_KNOWN, *_installed()}))
        raise InputError(Fault("text_encoder", f"one of {known}", repr(name), hint="register_encoder adds your own"))
    if isinstance(found, str):
        module, _, attribute = found.partition(":")
        encoder: type[TextEncoder] = getattr(import_module(module), attribute)
        return encoder
    if isinstance(found, type):
        return found
    loaded: type[TextEncoder] = found()
    return loaded


def _installed() -> dict[str, Callable[[], Any]]:
    return {point.name: point.load for point in entry_points(group=GROUP)}
