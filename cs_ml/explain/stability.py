"""Whether a reason would still point the same way had the model been fitted again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cs_ml.errors import Fault, FrameError, NotEnoughData

__all__ = ["stability"]


def stability(contribution_frames: Sequence[pd.DataFrame], *, against: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the share of refits in which a feature's contribution to a row has the same sign.

    Parameters
    ----------
    contribution_frames
        Terms of the same rows and features from each refit (bootstrap samples, earlier origins, other seeds).
    against
        The published terms, whose sign is to be confirmed. Without them: the sign most refits agree on.

    Returns
    -------
    pandas.DataFrame
        Shape (rows, features), values in [0, 1]. A term of zero or null agrees with no sign.

    Raises
    ------
    NotEnoughData
        If fewer than two refits are given.
    FrameError
        If a frame has other rows or features than the first.

    Notes
    -----
    Follows the idea of stability selection (Meinshausen and Buehlmann, 2010): trust what repeats over resamples.

    Examples
    --------
    >>> refits = [pd.DataFrame({"a": [0.2], "b": [value]}) for value in (0.1, -0.1, 0.3, 0.2)]
    >>> stability(refits).to_dict("records")
    [{'a': 1.0, 'b': 0.75}]
    >>> stability(refits, against=pd.DataFrame({"a": [0.1], "b": [-0.5]})).to_dict("records")
    [{'a': 1.0, 'b': 0.25}]
    """
    frames = list(contribution_frames)
    if len(frames) < 2:
        raise NotEnoughData(f"expected contributions of at least two refits, found {len(frames)}")
    first = frames[0] if against is None else against
    _require_alike(first, frames)
    up = np.zeros(first.shape, dtype=np.int32)
    down = np.zeros(first.shape, dtype=np.int32)
    for frame in frames:
        up += frame.to_numpy() > 0
        down += frame.to_numpy() < 0
    return pd.DataFrame(_agreeing(up, down, against) / len(frames), index=first.index, columns=first.columns)


def _agreeing(up: np.ndarray, down: np.ndarray, against: pd.DataFrame | None) -> np.ndarray:
    """Count the refits on the side in question."""
    if against is None:
        return np.asarray(np.maximum(up, down))
    published = against.to_numpy()
    return np.asarray(np.where(published > 0, up, np.where(published < 0, down, 0)))


def _require_alike(first: pd.DataFrame, frames: Sequence[pd.DataFrame]) -> None:
    """Raise when rows or features differ, naming every frame that does."""
    faults = [
        Fault(f"refit {number}", "the same rows and features as the first", f"shape {frame.shape}, not {first.shape}")
        for number, frame in enumerate(frames)
        if not (frame.index.equals(first.index) and frame.columns.equals(first.columns))
    ]
    if faults:
        raise FrameError(faults)
