"""The Spark engine: usage is counted where it lies, then every bucket is built by one task."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cs_ml.engine.bucket import Builder
from cs_ml.engine.plan import Edge, bucket_of, edges_of, kin_of, usage_columns, usage_options
from cs_ml.engine.spark.buckets import PAYLOAD, Batches, Parcel, builder_of, features_of
from cs_ml.engine.spark.rows import BUCKET, counter, ddl, schema_of
from cs_ml.engine.spark.session import session_of, told
from cs_ml.engine.spark.tables import usage_of
from cs_ml.engine.usage_counted import KEYS
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock

__all__ = ["SparkEngine"]

KEYS_A_BUCKET = 60_000
ROWS_A_BUCKET = 5_000_000
PARCELS = 1 << 28  # bytes that are handed to Spark at a time
COUNTING = ("login_events", "business_hours")  # options that the counting of usage needs


@dataclass(frozen=True)
class SparkEngine:
    """Runs builders on Spark; the features are those of :class:`cs_ml.LocalEngine`, bit for bit.

    Executors first count the rows of usage that the reduction to days cannot tell apart (account, user, feature, day,
    day known, login): Spark adds these whole numbers up in any order and spreads them over all tasks, so an account
    with most of the rows is no bottleneck. Counted rows then travel to the bucket of their account, where the builders
    see the same as on one machine. All other tables come checked from the driver.

    Parameters
    ----------
    spark
        Session to use; the one that runs, or a new one, where missing.
    master
        Where a new session runs, such as ``local[4]`` or ``yarn``.
    options
        Properties of a new session.
    buckets
        How many buckets the accounts are cut into; chosen so that one has about 60,000 rows of features and five
        million of usage at most where missing.
    login_events
        Values of ``usage.event`` that count as a login.
    """

    spark: Any = None
    master: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    buckets: int | None = None
    login_events: frozenset[str] = frozenset({"login"})

    @property
    def session(self) -> Any:
        """The session in use; started where none runs.

        Raises
        ------
        MissingExtra
            If pyspark is not installed.
        StorageError
            If Spark does not start.
        """
        return self.spark or session_of(self.master, self.options)

    def stream(self, builders: Sequence[Builder], tables: Tables, keys: pd.MultiIndex) -> Iterator[pd.DataFrame]:
        """Yield the features bucket by bucket, accounts in order; all of them are packed on the driver."""
        build = builder_of(builders, *self._usage_schema(builders, tables, keys))

        def run(batches: Batches) -> Batches:
            number, found = build(batches)
            packed = [pa.array([number], pa.int32()), pa.array([pickle.dumps(found, protocol=5)], pa.binary())]
            yield pa.RecordBatch.from_arrays(packed, names=[BUCKET, PAYLOAD])

        schema = pa.schema([(BUCKET, pa.int32()), (PAYLOAD, pa.binary())])
        with told("features"):
            packed = self._applied(builders, tables, keys, run, schema).toArrow()
        for row in packed.sort_by(BUCKET)[PAYLOAD]:
            yield pickle.loads(row.as_py())  # noqa: S301  our own executors made it

    def features(
        self, builders: Sequence[Builder], tables: Tables, keys: pd.MultiIndex, kinds: Mapping[str, str]
    ) -> Any:
        """Return the features as a Spark frame, which never pass the driver.

        Parameters
        ----------
        builders, tables, keys
            As for :meth:`build`.
        kinds
            ``number``, ``flag``, ``category`` or ``text`` of every feature, in the order of their columns.

        Returns
        -------
        pyspark.sql.DataFrame
            ``account_id``, ``as_of`` (a date) and one column a feature: doubles, and strings for words.
        """
        words = {"category", "text"}
        columns = [(name, pa.string() if kind in words else pa.float64()) for name, kind in kinds.items()]
        schema = pa.schema([("account_id", pa.string()), ("as_of", pa.date32()), *columns])
        build = builder_of(builders, *self._usage_schema(builders, tables, keys))

        def run(batches: Batches) -> Batches:
            yield features_of(build(batches)[1], schema)

        with told("features"):
            return self._applied(builders, tables, keys, run, schema)

    def _usage_schema(
        self, builders: Sequence[Builder], tables: Tables, keys: pd.MultiIndex
    ) -> tuple[pa.Schema | None, Mapping[str, Any]]:
        """Return the columns of counted usage, and what its reduction must know."""
        columns = usage_columns(builders, tables)
        options = usage_options(builders, tables, _accounts(keys)[0], self.login_events)
        if not columns:
            return None, options
        schema = schema_of(columns, options)
        return schema.remove(schema.get_field_index(BUCKET)), options

    def _applied(
        self, builders: Sequence[Builder], tables: Tables, keys: pd.MultiIndex, run: Any, schema: pa.Schema
    ) -> Any:
        """Bring the rows of each bucket together and run a function on them."""
        accounts, codes = _accounts(keys)
        edges = edges_of(len(accounts), self.buckets or self._wanted(tables, keys))
        rows = self._parcels(builders, tables, keys, accounts, codes, edges)
        if columns := usage_columns(builders, tables):
            options = usage_options(builders, tables, accounts, self.login_events)
            counted = self.counted(tables, columns, accounts, edges, options)
            rows = counted.unionByName(rows, allowMissingColumns=True)
        run.__annotations__ = {"batches": Batches, "return": Batches}
        return rows.repartition(len(edges), BUCKET).groupBy(BUCKET).applyInArrow(run, ddl(schema))

    def _wanted(self, tables: Tables, keys: pd.MultiIndex) -> int:
        n_rows = tables.loaded["usage"].n_rows if "usage" in tables else 0
        return max(-(-len(keys) // KEYS_A_BUCKET), -(-n_rows // ROWS_A_BUCKET))

    def counted(
        self, tables: Tables, columns: list[str], accounts: np.ndarray, edges: list[Edge], options: Mapping[str, Any]
    ) -> Any:
        """Return usage as a Spark frame of rows that agree in nothing but their counts, with their bucket."""
        usage = usage_of(self.session, tables, columns)
        starts = np.array([low for low, _ in edges[1:]], np.int64)
        counting = {name: options[name] for name in COUNTING if name in options}
        schema = schema_of(columns, counting)
        mapped = usage.frame.mapInArrow(
            counter(accounts, starts, columns, Clock(tables.zone), counting, usage.judge), ddl(schema)
        )
        sums = {name: "sum" for name in schema.names if name not in KEYS and name != BUCKET}
        keys = [name for name in schema.names if name not in sums]
        added = mapped.groupBy(*keys).agg(sums)
        return added.select(*keys, *(added[f"sum({name})"].alias(name) for name in sums))

    def _parcels(
        self,
        builders: Sequence[Builder],
        tables: Tables,
        keys: pd.MultiIndex,
        accounts: np.ndarray,
        codes: np.ndarray,
        edges: list[Edge],
    ) -> Any:
        """Return a Spark frame with one parcel a bucket."""
        kin = kin_of(builders, tables)

        def parcel(edge: Edge) -> bytes:
            low, high = edge
            bucket = bucket_of(builders, tables, accounts[low:high], None, kin)
            return Parcel(bucket, keys[(codes >= low) & (codes < high)]).to_bytes()

        frames, waiting = [], []
        with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
            for number, payload in enumerate(pool.map(parcel, edges)):
                waiting.append((number, payload))
                if sum(len(payload) for _, payload in waiting) > PARCELS:
                    frames.append(self._sent(waiting))
                    waiting = []
        frames += [self._sent(waiting)] if waiting else []
        return reduce(lambda left, right: left.union(right), frames)

    def _sent(self, parcels: list[tuple[int, bytes]]) -> Any:
        numbers, payloads = zip(*parcels, strict=True)
        columns = {BUCKET: pa.array(numbers, pa.int32()), PAYLOAD: pa.array(payloads, pa.binary())}
        return self.session.createDataFrame(pa.table(columns))


def _accounts(keys: pd.MultiIndex) -> tuple[np.ndarray, np.ndarray]:
    """Return the accounts of the keys, sorted, and the account of each key."""
    return np.unique(np.asarray(keys.get_level_values("account_id"), dtype=object), return_inverse=True)
