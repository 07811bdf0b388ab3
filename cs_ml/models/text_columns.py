"""Free-text columns of a snapshot, each turned into one honest number."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.errors import Fault, FrameError
from cs_ml.models.text import TextSignal

__all__ = ["TextColumns"]

Floats = npt.NDArray[np.float64]


class TextColumns:
    """One text signal a column.

    Parameters
    ----------
    signals
        Column name to fitted signal.

    Examples
    --------
    >>> TextColumns({}).apply(pd.DataFrame({"logins": [1.0]})).columns.tolist()
    ['logins']
    """

    def __init__(self, signals: dict[str, TextSignal]) -> None:
        self.signals = signals

    @classmethod
    def learn(
        cls, frame: pd.DataFrame, y: Floats, names: tuple[str, ...], *, purge_days: int, seed: int
    ) -> tuple[Self, pd.DataFrame]:
        """Learn a signal for each named column.

        Parameters
        ----------
        frame
            Training rows.
        y
            Labels 0.0 and 1.0.
        names
            Text columns.
        purge_days, seed
            As in ``TextSignal.out_of_fold``.

        Returns
        -------
        columns, encoded
            For rows to come, the signals learned from all rows; and the training rows with each text replaced by a
            number from a model that saw neither the row's own outcome nor a later one.

        Raises
        ------
        FrameError
            If a column is missing.
        """
        absent = [name for name in names if name not in frame.columns]
        if absent:
            raise FrameError(Fault(name, "a text column of this name", "none") for name in absent)
        signals = {name: TextSignal() for name in names}
        honest = {
            name: signal.fit_out_of_fold(frame[name], y, purge_days=purge_days, random_state=seed)
            for name, signal in signals.items()
        }
        return cls(signals), _replace(frame, honest)

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with each text replaced by its signal."""
        return _replace(frame, {name: signal.transform(frame[name]) for name, signal in self.signals.items()})

    def notes(self) -> list[str]:
        """Return a sentence for each column that could not be learned from."""
        return [
            f"{name}: not learned from; {signal.n_positive_} accounts with a positive text, of {signal.min_positive}"
            for name, signal in self.signals.items()
            if not signal.usable_
        ]

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        return {name: signal.to_state() for name, signal in self.signals.items()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the columns that ``to_state`` described."""
        return cls({name: TextSignal.from_state(part) for name, part in state.items()})


def _replace(frame: pd.DataFrame, columns: dict[str, Floats]) -> pd.DataFrame:
    return frame.assign(**columns) if columns else frame
