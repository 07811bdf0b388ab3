"""Books larger than memory, scored piece by piece with their leading drivers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from scipy.special import expit

from cs_ml.explain import leading
from cs_ml.models import PropensityClassifier
from cs_ml.pipeline.past import KEYS
from cs_ml.store import write_partition
from cs_ml.store.aside import disk

__all__ = ["read_pieces", "score_pieces"]


def score_pieces(
    pieces: Iterable[pd.DataFrame], folder: Path | str, as_of: Any, *, top: int = 5, **models: PropensityClassifier
) -> Path:
    """Score pieces of a feature frame and write what moved each score most; memory does not grow with their number.

    Parameters
    ----------
    pieces
        Feature frames by (account_id, as_of), see :func:`read_pieces`.
    folder
        Folder of all dates; one file a piece is written to that of the date.
    as_of
        The date.
    top
        Drivers of each row and target.
    **models
        Fitted model of each target, by name.

    Returns
    -------
    Path
        Folder of the date: account_id, as_of, and for each target ``p_<target>``, ``<target>_driver_<rank>``,
        ``<target>_points_<rank>`` in log-odds.

    Raises
    ------
    InputError
        If the contributions of a row do not add up to its log-odds within 1e-9.
    """
    return write_partition(folder, as_of, (_scored(X, top, models) for X in pieces))


def read_pieces(path: Path | str, rows: int = 1 << 16, *, as_of: Any = None) -> Iterator[pd.DataFrame]:
    """Yield the features of a Parquet file by (account_id, as_of), so many rows at a time.

    Parameters
    ----------
    path
        What ``cs-ml snapshot`` writes, or a frame written with its index.
    rows
        Rows read at a time.
    as_of
        The date to keep; all dates where missing.

    Raises
    ------
    StorageError
        When the file cannot be read.
    """
    with disk(path, "read"), pq.ParquetFile(path, pre_buffer=False) as file:  # or all that was read is kept
        for batch in file.iter_batches(batch_size=rows):
            X = batch.to_pandas()
            X = X if X.index.names == KEYS else X.set_index(KEYS)
            kept = X if as_of is None else X[X.index.get_level_values("as_of") == pd.Timestamp(as_of)]
            if len(kept):
                yield kept


def _scored(X: pd.DataFrame, top: int, models: dict[str, PropensityClassifier]) -> pd.DataFrame:
    parts = []
    for target, model in models.items():
        found = leading(model, X, top=top).add_prefix(f"{target}_")
        margin = found.pop(f"{target}_margin")
        found.insert(0, f"p_{target}", expit(margin))
        parts.append(found)
    return pd.concat(parts, axis=1).reset_index()
