"""One bucket on an executor: its rows arrive, its usage is reduced, its features are built."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

import pandas as pd
import pyarrow as pa

from cs_ml.engine.bucket import Bucket, Builder
from cs_ml.engine.plan import built
from cs_ml.engine.spark.rows import BUCKET
from cs_ml.engine.usage_reduce import reduce_usage

__all__ = ["PAYLOAD", "Parcel", "builder_of", "features_of"]

PAYLOAD = "payload"
IN_MEMORY = 1 << 26  # bytes of counted usage that wait in memory; more waits on disk
Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Parcel:
    """What the driver sends of a bucket: all but usage.

    Parameters
    ----------
    bucket
        Accounts and the rows of their tables.
    keys
        Accounts and dates to build.
    """

    bucket: Bucket
    keys: pd.MultiIndex

    def to_bytes(self) -> bytes:
        """Return the parcel as it travels."""
        return pickle.dumps(self, protocol=5)


def builder_of(
    builders: Sequence[Builder], usage: pa.Schema | None, options: Mapping[str, Any]
) -> Callable[[Batches], tuple[int, pd.DataFrame]]:
    """Return what builds a bucket from its rows.

    Parameters
    ----------
    builders
        What to build.
    usage
        Columns of counted usage; ``None`` where no builder reads it.
    options
        What :func:`cs_ml.engine.usage_reduce.reduce_usage` must know.
    """

    def build(batches: Batches) -> tuple[int, pd.DataFrame]:
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
            number, parcel = _sorted(batches, usage, spool)
            bucket = parcel.bucket
            if usage is not None:
                spool.seek(0)
                accounts, rows = bucket.accounts.tolist(), pa.ipc.open_stream(spool)
                bucket = replace(bucket, usage=reduce_usage(rows, accounts, bucket.clock, **options))
        return number, built(builders, bucket, parcel.keys)

    return build


def _sorted(batches: Batches, usage: pa.Schema | None, spool: IO[bytes]) -> tuple[int, Parcel]:
    """Put usage aside and return the parcel, in whatever order they arrive."""
    parcel, number = None, -1
    schema = usage or pa.schema([])
    with pa.ipc.new_stream(spool, schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(schema.empty_table())  # a bucket without usage has its columns too
        for batch in batches:
            payload = batch[PAYLOAD]
            if payload.null_count < len(batch):
                parcel = pickle.loads(payload.drop_null()[0].as_py())  # noqa: S301  our own driver sent it
                number = batch[BUCKET][0].as_py()
            if usage is not None and payload.null_count:
                rows = batch.filter(payload.is_null()).select(usage.names)
                writer.write_table(pa.Table.from_batches([rows]).cast(usage))
    if parcel is None:
        raise RuntimeError("a bucket arrived without its accounts")
    return number, parcel


def features_of(frame: pd.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
    """Return features as columns of the given types, whatever the bucket holds.

    Parameters
    ----------
    frame
        Features, indexed by (account_id, as_of).
    schema
        ``account_id``, ``as_of``, and a column a feature.
    """
    flat = frame.reset_index()
    columns = [pa.array(_plain(flat[field.name], field.type), field.type, from_pandas=True) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _plain(column: pd.Series, kind: pa.DataType) -> Any:
    if pa.types.is_floating(kind):
        return pa.array(column.astype("float64").to_numpy())  # NaN stays NaN
    return column.astype(object).where(column.notna(), None)
