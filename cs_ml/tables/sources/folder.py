"""Tables as files in one folder: Parquet (a file or a folder of parts), CSV, JSON lines, plain or gzipped."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import duckdb
import pyarrow.parquet as pq

from cs_ml.errors import Fault, TableError
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.sources.ragged import refuse_ragged
from cs_ml.tables.sources.raw import Raw, describe, readable
from cs_ml.tables.sources.spool import spooled
from cs_ml.tables.sql import literal

__all__ = ["FolderSource"]

ENDINGS = {
    ".parquet": "parquet", ".csv": "csv", ".csv.gz": "csv", ".tsv": "csv", ".tsv.gz": "csv",
    ".jsonl": "jsonl", ".jsonl.gz": "jsonl", ".ndjson": "jsonl", ".ndjson.gz": "jsonl",
}  # fmt: skip
GUESSES = ("cp932", "euc_jp", "utf-16", "cp1252")
CHUNK = 1 << 20
REMOVE = "write the file again, or remove it if there is no such table"


@dataclass(frozen=True)
class FolderSource:
    """Source tables as files in one folder.

    Parameters
    ----------
    folder
        Folder with ``accounts.parquet``, ``usage.csv.gz``, ``voc.jsonl``, or ``usage/`` with Parquet parts.
    """

    folder: Path

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise TableError(Fault(str(self.folder), "a folder with source tables", "no such folder"))

    def read(
        self,
        name: str,
        mapping: TableMapping,
        connection: duckdb.DuckDBPyConnection,
        wanted: Collection[str] | None = None,  # noqa: ARG002  DuckDB reads the columns it needs
    ) -> Raw | None:
        """Make the file of table ``name`` readable by DuckDB."""
        path = self._find(mapping.source or name, explicit=mapping.source is not None)
        if path is None:
            return None
        if path.is_file() and not path.stat().st_size:
            raise TableError(Fault(str(path), "a header and rows", "an empty file", hint=REMOVE))
        written = mapping.format or _format(path)
        if written == "parquet":
            return _parquet(connection, name, path)
        with _unpacked(path):
            text = self._as_utf8(path, mapping.encoding)
        if written == "csv":
            return _csv(connection, name, path, text, mapping.delimiter)
        listed = f"SELECT * FROM read_json({literal(text)}, format='newline_delimited'"
        names = describe(connection, name, f"{listed}, sample_size=-1)", str(path)).types
        columns = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in names)
        return describe(connection, name, f"{listed}, columns={{{columns}}})", str(path))

    def _find(self, name: str, *, explicit: bool) -> Path | None:
        direct = self.folder / name
        if direct.exists() and (direct.is_file() or parts(direct)):
            return direct
        found = [self.folder / f"{name}{ending}" for ending in ENDINGS if (self.folder / f"{name}{ending}").is_file()]
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise TableError(Fault(str(self.folder / name), "one file", names, hint="remove all but one"))
        if not found and explicit:
            raise TableError(Fault(str(direct), "the file that the config names", "no such file"))
        return found[0] if found else None

    @staticmethod
    def _as_utf8(path: Path, encoding: str) -> Path:
        """Return the file itself, or a copy in UTF-8 where it is declared to be in another encoding."""
        try:
            plain = codecs.lookup(encoding).name == "utf-8"
        except LookupError as error:
            raise TableError(Fault(str(path), "an encoding such as utf-8 or cp932", repr(encoding))) from error
        if plain:
            _refuse_other_encodings(path)
            return path
        target = spooled(path.name.removesuffix(".gz"))
        try:
            with _opened(path) as stream, target.open("w", encoding="utf-8", newline="") as copy:
                reader = codecs.getreader(encoding)(stream)
                while text := reader.read(CHUNK):
                    copy.write(text)
        except UnicodeDecodeError as error:
            sample = error.object[max(error.start - 64, 0) : error.start + 4096]
            hint = f"declare its encoding, probably `encoding: {_guess(sample)}`"
            found = f"byte {error.object[error.start]:#04x}"
            raise TableError(Fault(str(path), f"text in {encoding}", found, hint=hint)) from error
        return target


def _refuse_names_twice(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    """Refuse a file with two columns of one name: nobody knows which of them is meant."""
    with readable(str(path)):
        first = connection.execute(f"{select} LIMIT 1").fetchone() or ()
    names = [str(name).strip() for name in first if name]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        hint = "rename one of the two"
        raise TableError(Fault(str(path), "each column name once", f"{', '.join(twice)} again", hint=hint))


def _format(path: Path) -> str:
    if path.is_dir():
        return "parquet"
    for ending, written in ENDINGS.items():
        if path.name.lower().endswith(ending):
            return written
    raise TableError(Fault(str(path), f"an ending among {', '.join(ENDINGS)}", path.suffix or "none"))


def parts(folder: Path) -> tuple[Path, ...]:
    """Return the Parquet files below a folder, sorted; what begins with ``_`` or ``.`` is not data.

    Parameters
    ----------
    folder
        Folder of parts, or of folders such as ``month=2026-01``.
    """
    found = [(file, file.relative_to(folder).parts) for file in folder.rglob("*.parquet")]
    return tuple(sorted(file for file, steps in found if not any(step.startswith(("_", ".")) for step in steps)))


def _parquet(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> Raw:
    """Read one file or many; what the names of folders say (``month=2026-01``) is a column like any other."""
    files = parts(path) if path.is_dir() else (path,)
    folders = {step.partition("=")[0] for file in files for step in file.relative_to(path).parts[:-1] if "=" in step}
    listed = ", ".join(literal(file) for file in files)
    hive = f"hive_partitioning={str(bool(folders)).lower()}"
    select = f"SELECT * FROM read_parquet([{listed}], {hive}, union_by_name=true)"
    raw = describe(connection, name, select, str(path))
    return replace(raw, files=files if _alike(files) else (), folders=tuple(sorted(folders)))


def _alike(files: tuple[Path, ...]) -> bool:
    """Tell whether all files have the same columns of the same types."""
    first = pq.read_schema(files[0]) if len(files) > 1 else None
    return all(pq.read_schema(file).equals(first) for file in files[1:])


def _csv(connection: duckdb.DuckDBPyConnection, name: str, path: Path, text: Path, delimiter: str | None) -> Raw:
    separator = f", delim={literal(delimiter)}" if delimiter else ""
    options = f"all_varchar=true, null_padding=false{separator}"
    columns: Collection[str] = ()
    try:
        raw = describe(connection, name, f"SELECT * FROM read_csv({literal(text)}, header=true, {options})", str(path))
        columns = raw.types
    finally:
        with _opened(text) as stream:
            refuse_ragged(stream, path, delimiter, columns)
    _refuse_names_twice(connection, f"SELECT * FROM read_csv({literal(text)}, header=false, {options})", path)
    return raw


@contextmanager
def _unpacked(path: Path) -> Iterator[None]:
    """Turn what gzip says about a damaged file into a fault."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        found = "no gzip file" if isinstance(error, gzip.BadGzipFile) else "one that ends too early or is damaged"
        raise TableError(Fault(str(path), "a file that can be unpacked", found, hint="write it again")) from error


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _refuse_other_encodings(path: Path) -> None:
    decoder, line = codecs.getincrementaldecoder("utf-8")(), 1
    with _opened(path) as stream:
        sample = b""
        while chunk := stream.read(CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                sample = chunk[max(error.start - 64, 0) : error.start + 4096]
                line += chunk[: error.start].count(b"\n")
                guess = _guess(sample)
                fault = Fault(
                    str(path),
                    "UTF-8 text",
                    f"other bytes in line {line}",
                    hint=f"declare the encoding, probably `encoding: {guess}`",
                )
                raise TableError(fault) from error
            line += chunk.count(b"\n")


def _guess(sample: bytes) -> str:
    for name in GUESSES:
        try:
            sample[: len(sample) // 2 * 2].decode(name)
        except UnicodeDecodeError as error:
            if error.start > len(sample) - 4:
                return name
        else:
            return name
    return "latin-1"
