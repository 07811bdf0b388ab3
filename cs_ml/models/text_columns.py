"""Free-text columns of a snapshot, turned into honest numbers: resemblance to leavers, tone, clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from cs_ml.errors import Fault, FrameError
from cs_ml.models.text import TextSignal
from cs_ml.models.text_clusters import CommentClusters
from cs_ml.models.text_said import Comments, Said, plain_cells
from cs_ml.models.text_tone import CommentTone
from cs_ml.models.text_vectors import VectorSignal

__all__ = ["TextColumns"]

Floats = npt.NDArray[np.float64]
Signal = TextSignal | VectorSignal


class TextColumns:
    """One text signal a column; beside it the tone and the clusters of what the first one holds, which holds all.

    The columns added are called ``{column}_tone`` and ``{column}_cluster_1`` and so on. What they contribute is counted
    with the text they come from (:meth:`folded`).

    Parameters
    ----------
    signals
        Column name to fitted signal.
    tones
        Column name to fitted sentiment of its comments.
    clusters
        Column name to fitted clusters of its comments.

    Examples
    --------
    >>> TextColumns({}).apply(pd.DataFrame({"logins": [1.0]})).columns.tolist()
    ['logins']
    """

    def __init__(
        self,
        signals: Mapping[str, Signal],
        tones: Mapping[str, CommentTone] | None = None,
        clusters: Mapping[str, CommentClusters] | None = None,
    ) -> None:
        self.signals = dict(signals)
        self.tones = dict(tones or {})
        self.clusters = dict(clusters or {})

    @classmethod
    def learn(
        cls,
        frame: pd.DataFrame,
        y: Floats,
        names: tuple[str, ...],
        *,
        purge_days: int,
        seed: int,
        encoder: str = "ngrams",
    ) -> tuple[Self, pd.DataFrame]:
        """Learn from each named column.

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
        encoder
            Name of the text encoder; see :mod:`cs_ml.models.text_encoder`.

        Returns
        -------
        columns, encoded
            For rows to come, what was learned from all rows; and the training rows with each text replaced by numbers
            from models that saw neither the row's own outcome nor anything later.

        Raises
        ------
        FrameError
            If a column is missing.
        """
        absent = [name for name in names if name not in frame.columns]
        if absent:
            raise FrameError(Fault(name, "a text column of this name", "none") for name in absent)
        signals = {name: TextSignal() if encoder == "ngrams" else VectorSignal(encoder) for name in names}
        tones = {name: CommentTone(encoder) for name in names[:1]}
        comments = Comments()
        said = {name: Said.read(frame[name], comments) for name in names[:1]}
        clusters = {name: CommentClusters(encoder, random_state=seed).learn(part) for name, part in said.items()}
        made = {
            name: signal.fit_out_of_fold(
                plain_cells(frame[name], comments), y, purge_days=purge_days, random_state=seed
            )
            for name, signal in signals.items()
        }
        heard = {name: tone.fit_out_of_fold(frame[name], said[name]) for name, tone in tones.items()}
        made |= {f"{name}_tone": heard[name] for name, tone in tones.items() if tone.usable_}
        made |= _shares(clusters, said)
        return cls(signals, tones, clusters), _replace(frame, made)

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with each text replaced by its signal, and the columns beside it."""
        comments = Comments()
        made = {name: signal.transform(plain_cells(frame[name], comments)) for name, signal in self.signals.items()}
        tones = {name: tone for name, tone in self.tones.items() if tone.usable_}
        clusters = {name: found for name, found in self.clusters.items() if found.words_}
        said = {name: Said.read(frame[name], comments) for name in tones.keys() | clusters.keys()}
        made |= {f"{name}_tone": tone.scores(said[name]) for name, tone in tones.items()}
        return _replace(frame, made | _shares(clusters, said))

    def folded(self, parts: pd.DataFrame) -> pd.DataFrame:
        """Return contributions with those of the added columns counted with the text they come from.

        Examples
        --------
        >>> tone = CommentTone()
        >>> tone.usable_ = True
        >>> TextColumns({}, {"said": tone}).folded(pd.DataFrame({"said": [1.0], "said_tone": [0.5]})).to_dict("list")
        {'said': [1.5]}
        """
        of = {f"{name}_tone": name for name, tone in self.tones.items() if tone.usable_}
        of |= {part: name for name, found in self.clusters.items() for part in _parts(name, found)}
        if not of:
            return parts
        whole = parts.drop(columns=list(of))
        for part, name in of.items():
            whole[name] = whole[name] + parts[part]
        return whole

    def notes(self) -> list[str]:
        """Return a sentence for each column that could not be learned from, and for each tone that was not used."""
        silent = [
            f"{name}: not learned from; {signal.n_positive_} accounts with a positive text, of {signal.min_positive}"
            for name, signal in self.signals.items()
            if not signal.usable_
        ]
        return silent + [
            f"{name}: no sentiment learned: {tone.note_}"
            for name, tone in self.tones.items()
            if tone.n_ratings_ and not tone.usable_
        ]

    def to_state(self) -> dict[str, Any]:
        """Return everything learned as JSON-able values."""
        kinds = {"signals": self.signals, "tones": self.tones, "clusters": self.clusters}
        return {kind: {name: part.to_state() for name, part in parts.items()} for kind, parts in kinds.items()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the columns that ``to_state`` described."""
        return cls(
            {name: _signal_of(part) for name, part in state["signals"].items()},
            {name: CommentTone.from_state(part) for name, part in state["tones"].items()},
            {name: CommentClusters.from_state(part) for name, part in state["clusters"].items()},
        )


def _signal_of(state: dict[str, Any]) -> Signal:
    return VectorSignal.from_state(state) if "encoder" in state else TextSignal.from_state(state)


def _parts(name: str, clusters: CommentClusters) -> list[str]:
    return [f"{name}_cluster_{at + 1}" for at in range(len(clusters.words_))]


def _shares(clusters: Mapping[str, CommentClusters], said: Mapping[str, Said]) -> dict[str, Floats]:
    """Return the share of each cluster by the name of its column."""
    return {
        part: share
        for name, found in clusters.items()
        for part, share in zip(_parts(name, found), found.shares(said[name]).T, strict=True)
    }


def _replace(frame: pd.DataFrame, columns: dict[str, Floats]) -> pd.DataFrame:
    """Return the frame with these columns in place of those of the same name, the others behind."""
    inside = {name: column for name, column in columns.items() if name in frame}
    behind = pd.DataFrame({name: column for name, column in columns.items() if name not in frame}, index=frame.index)
    return pd.concat([frame.assign(**inside), behind], axis=1)
