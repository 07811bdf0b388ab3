"""Results of one date in a folder of their own: Parquet files, and a manifest that says they are whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cs_ml.errors import Fault, InputError, StorageError
from cs_ml.store.aside import disk
from cs_ml.store.files import make_folder, read_json, read_parquet, replace_folder, write_json, write_parquet
from cs_ml.store.hashing import hash_file

MANIFEST_NAME = "_manifest.json"  # readers of Parquet folders skip names that begin with an underscore
_PART_NAME = re.compile(r"part-\d{5}\.parquet")


def partition_path(root: Path | str, as_of: pd.Timestamp | str) -> Path:
    """Return the folder of one date.

    Parameters
    ----------
    root
        Folder of all dates, such as ``out/scores``.
    as_of
        Start of a day.

    Examples
    --------
    >>> partition_path("out/scores", "2026-10-01").as_posix()
    'out/scores/as_of=2026-10-01'
    """
    date = pd.Timestamp(as_of)
    if pd.isna(date) or date != date.normalize():
        raise InputError(Fault("as_of", "the start of a day", str(as_of)))
    return Path(root, f"as_of={date:%Y-%m-%d}")


def write_partition(
    root: Path | str,
    as_of: pd.Timestamp | str,
    frames: pd.DataFrame | Iterable[pd.DataFrame],
    metadata: Mapping[str, Any] | None = None,
) -> Path:
    """Write the results of one date, replacing earlier ones in one step.

    Other tools read one date by its folder, and all dates by ``as_of=*/*.parquet``: that pattern never meets
    what a run at work, or a killed one, keeps beside them.

    Parameters
    ----------
    root
        Folder of all dates; made when missing. Where two runs may meet, hold its lock.
    as_of
        Start of a day.
    frames
        One frame, or chunks of it, each of which becomes a file as it comes.
    metadata
        JSON-able facts for the manifest: versions, hashes.

    Returns
    -------
    Path
        The folder of the date.

    Raises
    ------
    StorageError
        When the disk does not let us; earlier results are untouched then.
    """
    chunks = [frames] if isinstance(frames, pd.DataFrame) else frames
    target = partition_path(root, as_of)

    def build(folder: Path) -> None:
        files = [_write_part(folder, number, chunk) for number, chunk in enumerate(chunks)]
        rows = sum(file["rows"] for file in files)
        about = {"as_of": f"{pd.Timestamp(as_of):%Y-%m-%d}", "rows": rows, "files": files}
        write_json(folder / MANIFEST_NAME, {**about, "metadata": dict(metadata or {})})

    make_folder(root)
    return replace_folder(target, build)


def read_manifest(folder: Path | str) -> dict[str, Any]:
    """Read the manifest of one date and hold its files against it.

    Parameters
    ----------
    folder
        Folder of the date, see :func:`partition_path`.

    Returns
    -------
    dict
        as_of, rows, files (name, rows, sha256 each), metadata.

    Raises
    ------
    StorageError
        When a file is missing, altered, or not named by the manifest.
    """
    folder = Path(folder)
    manifest: dict[str, Any] = read_json(folder / MANIFEST_NAME)
    named = {str(file["name"]): file for file in manifest["files"]}
    with disk(folder, "read"):
        present = {path.name for path in folder.glob("*.parquet")}
    wrong = sorted(present ^ named.keys()) + [name for name in named if not _PART_NAME.fullmatch(name)]
    wrong += [name for name in sorted(present & named.keys()) if hash_file(folder / name) != named[name]["sha256"]]
    if wrong:
        raise StorageError(f"{folder} does not match its manifest ({', '.join(wrong)}); write it again")
    return manifest


def read_partition(root: Path | str, as_of: pd.Timestamp | str) -> pd.DataFrame:
    """Read the results of one date, checked against the manifest.

    Parameters
    ----------
    root
        Folder of all dates.
    as_of
        Start of a day.

    Returns
    -------
    DataFrame
        As written, with its index.

    Raises
    ------
    StorageError
        When the date was never written, or is damaged.
    """
    folder = partition_path(root, as_of)
    return pd.concat([read_parquet(folder / file["name"]) for file in read_manifest(folder)["files"]])


def partition_dates(root: Path | str) -> pd.DatetimeIndex:
    """Return the dates that have results, ascending.

    Parameters
    ----------
    root
        Folder of all dates; it may be missing.
    """
    written = Path(root).glob(f"as_of=*/{MANIFEST_NAME}")
    return pd.DatetimeIndex(sorted(path.parent.name.removeprefix("as_of=") for path in written), name="as_of")


def _write_part(folder: Path, number: int, frame: pd.DataFrame) -> dict[str, Any]:
    path = write_parquet(frame, folder / f"part-{number:05d}.parquet")
    return {"name": path.name, "rows": len(frame), "sha256": hash_file(path)}
