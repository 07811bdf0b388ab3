"""Text, JSON, Parquet and whole folders, each written aside and renamed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cs_ml.errors import Fault, FrameError, StorageError
from cs_ml.store.aside import disk, written_aside
from cs_ml.store.plain import to_json


def make_folder(path: Path | str) -> Path:
    """Create a folder and its parents where they are missing.

    Parameters
    ----------
    path
        Folder.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    StorageError
        When the disk does not let us.
    """
    with disk(path, "create"):
        Path(path).mkdir(parents=True, exist_ok=True)
    return Path(path)


def write_text(path: Path | str, text: str) -> Path:
    r"""Write a UTF-8 file in one step; line ends stay as given.

    Parameters
    ----------
    path
        File to create or replace; its folder must exist.
    text
        Content.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    StorageError
        When the disk does not let us; an older file is untouched then.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(f"{folder}/note.txt", "解約\n").read_text(encoding="utf-8")
    '解約\n'
    """
    with written_aside(Path(path)) as aside:
        aside.write_bytes(text.encode("utf-8"))
    return Path(path)


def write_json(path: Path | str, value: Any) -> Path:
    """Write a value as JSON in one step.

    Parameters
    ----------
    path
        File to create or replace; its folder must exist.
    value
        Nested value, see :func:`cs_ml.store.plain.plain`; NaN is written as null.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        When the value holds what JSON cannot.
    StorageError
        When the disk does not let us; an older file is untouched then.
    """
    return write_text(path, to_json(value, indent=1) + "\n")


def read_json(path: Path | str) -> Any:
    """Read a JSON file.

    Parameters
    ----------
    path
        File.

    Raises
    ------
    StorageError
        When the file is missing, unreadable, or not JSON.
    """
    with disk(path, "read"):
        content = Path(path).read_bytes()
    try:
        return json.loads(content)
    except ValueError as error:
        raise StorageError(f"cannot read {path}: it is not JSON ({error}); restore it or write it again") from error


def write_parquet(frame: pd.DataFrame, path: Path | str) -> Path:
    """Write a frame as Parquet in one step; the index comes back with it.

    Parameters
    ----------
    frame
        Any frame whose columns each hold one kind of value.
    path
        File to create or replace; its folder must exist.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FrameError
        When a column mixes kinds, such as numbers and text.
    StorageError
        When the disk does not let us; an older file is untouched then.
    """
    table = _arrow(frame)
    with written_aside(Path(path)) as aside:
        pq.write_table(table, aside, compression="zstd")
    return Path(path)


def read_parquet(path: Path | str) -> pd.DataFrame:
    """Read a Parquet file with its index.

    Parameters
    ----------
    path
        File.

    Raises
    ------
    StorageError
        When the file is missing, unreadable, or not Parquet.
    """
    with disk(path, "read"):
        try:
            return pq.ParquetFile(path).read().to_pandas()  # type: ignore[no-any-return]
        except pa.ArrowInvalid as error:
            raise StorageError(f"cannot read {path}: it is not a Parquet file ({error}); write it again") from error


def replace_folder(target: Path | str, build: Callable[[Path], None]) -> Path:
    """Build a folder aside and put it in the place of the target in one step.

    Parameters
    ----------
    target
        Folder to create or replace; its parent must exist.
    build
        Fills the empty folder it is given.

    Returns
    -------
    Path
        The target.

    Raises
    ------
    StorageError
        When the disk does not let us; an older folder is untouched then. Whatever `build` raises passes
        through, likewise with nothing changed.
    """
    with written_aside(Path(target)) as aside:
        aside.mkdir()
        build(aside)
    return Path(target)


def _arrow(frame: pd.DataFrame) -> pa.Table:
    try:
        return pa.Table.from_pandas(frame)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise FrameError([_mixed(frame, name) for name in _unwritable(frame)] or str(error)) from error


def _unwritable(frame: pd.DataFrame) -> list[Any]:
    return [name for name in frame.columns if not _writable(frame[[name]])]


def _writable(frame: pd.DataFrame) -> bool:
    try:
        pa.Table.from_pandas(frame, preserve_index=False)
    except pa.ArrowException:
        return False
    return True


def _mixed(frame: pd.DataFrame, name: Any) -> Fault:
    kinds = sorted({type(value).__name__ for value in frame[name].dropna()})
    return Fault(f"column {name}", "one kind of value", " and ".join(kinds), hint="convert the column to text")
