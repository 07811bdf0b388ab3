"""Tables as Parquet files behind a URL, such as ``s3://bucket/folder``, through the file systems of pyarrow."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs
from pyarrow.parquet import ParquetWriter

from cs_ml.errors import CsMlError, Fault, StorageError, TableError
from cs_ml.tables.mapping import TableMapping
from cs_ml.tables.sources.raw import Raw, describe
from cs_ml.tables.sources.spool import spooled
from cs_ml.tables.sql import literal
from cs_ml.tables.wanted import split

__all__ = ["SCHEMES", "RemoteSource", "is_url"]

SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss", "hdfs", "file")
BATCH_ROWS = 1 << 16
HINTS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or add ?region=, ?endpoint_override=",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS, or write gs://anonymous@bucket",
    "abfs": "set the account and its key in the URL or the environment",
}


def is_url(place: str) -> bool:
    """Tell whether a place is one that pyarrow's file systems know.

    Examples
    --------
    >>> is_url("s3://bucket/tables"), is_url("C:/tables"), is_url("tables")
    (True, False, False)
    """
    return place.partition("://")[0] in SCHEMES and "://" in place


@dataclass(frozen=True)
class RemoteSource:
    """Source tables as Parquet files, or folders of them, behind a URL.

    Each table is copied once, batch by batch and in the columns that are needed, into a temporary file. Credentials are
    those that the file system finds by itself: environment variables, profiles, roles.

    Parameters
    ----------
    url
        Folder with ``accounts.parquet``, ``usage/`` and so on.
    filesystem
        File system of pyarrow to use instead of the URL's; ``url`` is a path in it then.
    """

    url: str
    filesystem: fs.FileSystem | None = None

    def read(
        self,
        name: str,
        mapping: TableMapping,
        connection: duckdb.DuckDBPyConnection,
        wanted: Collection[str] | None = None,
    ) -> Raw | None:
        """Copy table ``name`` and make it readable."""
        origin = f"{self._shown}/{mapping.source or name}"
        with self._answering(origin):
            system, folder = self._place()
            found = self._find(system, folder, mapping.source or name)
        if found is None:
            if mapping.source is not None:
                raise TableError(Fault(origin, "the Parquet file or folder that the config names", "nothing there"))
            return None
        target = spooled(f"{name}.parquet")
        with self._answering(origin):
            others = _copied(system, found, str(target), wanted)
        return replace(
            describe(connection, name, f"SELECT * FROM read_parquet({literal(target)})", origin), others=others
        )

    @property
    def _shown(self) -> str:
        """Return the URL without anything that may be secret."""
        return self.url.partition("?")[0].rpartition("@")[2].rstrip("/")

    def _place(self) -> tuple[fs.FileSystem, str]:
        if self.filesystem is not None:
            return self.filesystem, self.url.rstrip("/")
        system, folder = fs.FileSystem.from_uri(self.url)
        return system, folder.rstrip("/")

    @staticmethod
    def _find(system: fs.FileSystem, folder: str, name: str) -> str | None:
        for path in (f"{folder}/{name}.parquet", f"{folder}/{name}"):
            if system.get_file_info(path).type != fs.FileType.NotFound:
                return path
        return None

    @contextmanager
    def _answering(self, origin: str) -> Iterator[None]:
        """Turn what a file system says into one clear error that shows no secret."""
        try:
            yield
        except CsMlError:
            raise
        except (OSError, pa.ArrowException) as error:
            reason = str(error).split("\n", 1)[0].replace(self.url, self._shown)
            scheme = self.url.partition("://")[0]
            hint = HINTS.get({"gcs": "gs", "abfss": "abfs"}.get(scheme, scheme), "check the address and your rights")
            raise StorageError(f"{origin}: expected files that can be read, found {reason}; {hint}") from None


def _copied(system: fs.FileSystem, path: str, target: str, wanted: Collection[str] | None) -> tuple[str, ...]:
    """Copy the columns that are needed, a batch at a time; return the names of the others."""
    found = ds.dataset(path, filesystem=system, format="parquet", partitioning="hive", exclude_invalid_files=False)
    columns, others = split(found.schema.names, wanted)
    chosen = pa.schema([found.schema.field(name) for name in columns])
    with ParquetWriter(target, chosen, compression="zstd") as file:
        for batch in found.to_batches(columns=columns, batch_size=BATCH_ROWS):
            file.write_batch(batch)
    return others
