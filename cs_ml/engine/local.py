"""The local engine: builders run bucket by bucket over all cores, within a memory budget."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Builder
from cs_ml.engine.memory import hand_back
from cs_ml.engine.plan import Edge, bucket_of, built, edges_of, kin_of, usage_columns, usage_options
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.engine.usage_state import UsageState
from cs_ml.engine.usage_store_tables import kept_usage
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock
from cs_ml.timeline.split import as_of_dates

__all__ = ["LocalEngine"]

KEYS_A_BUCKET = 20_000  # two hundred and fifty columns of so many take 40 MB
SHARD_ACCOUNTS = 250_000  # a million accounts read usage four times, and keep a fourth of it


@dataclass(frozen=True)
class LocalEngine:
    """Runs builders on this machine; the result does not depend on the number of buckets or workers.

    Parameters
    ----------
    workers
        Buckets built at the same time; all cores where missing.
    buckets
        How many buckets the accounts are cut into; chosen so that a bucket has about 20,000 rows at most where missing.
    login_events
        Values of ``usage.event`` that count as a login.
    cache
        Folder in which usage is kept as reduced, so that new files cost their own rows only; nothing is kept where
        missing.
    """

    workers: int | None = None
    buckets: int | None = None
    login_events: frozenset[str] = frozenset({"login"})
    cache: Path | None = None

    def build(self, builders: Sequence[Builder], tables: Tables, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return the features of all keys.

        Parameters
        ----------
        builders
            What to build, in the order of their columns.
        tables
            Checked source tables.
        keys
            Index (account_id, as_of), sorted by account.

        Returns
        -------
        pandas.DataFrame
            One row a key.
        """
        return pd.concat(list(self.stream(builders, tables, keys)))

    def stream(self, builders: Sequence[Builder], tables: Tables, keys: pd.MultiIndex) -> Iterator[pd.DataFrame]:
        """Yield the features bucket by bucket, accounts in order."""
        accounts, codes = np.unique(np.asarray(keys.get_level_values("account_id"), dtype=object), return_inverse=True)
        workers = self.workers or os.cpu_count() or 1
        kin = kin_of(builders, tables)
        until = pd.Timestamp(Clock(tables.zone).instant(as_of_dates(keys).max().to_datetime64().reshape(1))[0])
        for edges in _shards(edges_of(len(accounts), self.buckets or -(-len(keys) // KEYS_A_BUCKET))):
            first = edges[0][0]
            usage = self._usage(builders, tables, accounts[first : edges[-1][1]], workers, until)

            def run(edge: Edge, first: int = first, usage: UsageState | None = usage) -> pd.DataFrame:
                low, high = edge
                own = usage.accounts(low - first, high - first) if usage else None
                bucket = bucket_of(builders, tables, accounts[low:high], own, kin)
                return built(builders, bucket, keys[(codes >= low) & (codes < high)])

            with ThreadPoolExecutor(workers) as pool:
                for X in _in_turn(pool, run, edges, ahead=workers):
                    hand_back()
                    yield X

    def _usage(
        self, builders: Sequence[Builder], tables: Tables, accounts: np.ndarray, workers: int, until: pd.Timestamp
    ) -> UsageState | None:
        columns = usage_columns(builders, tables)
        if not columns:
            return None
        options = usage_options(builders, tables, accounts, self.login_events)
        if self.cache is not None:
            kept = kept_usage(self.cache, tables, columns, accounts.tolist(), options, threads=workers)
            if kept is not None:
                return kept
        batches = tables.batches("usage", columns, until=until, accounts=(accounts[0], accounts[-1]))
        state = reduce_usage(batches, accounts.tolist(), Clock(tables.zone), threads=workers, **options)
        hand_back()
        return state


def _shards(edges: list[Edge]) -> Iterator[list[Edge]]:
    """Group buckets whose usage is reduced together: of so many accounts at most, so that it fits into memory."""
    group: list[Edge] = []
    for edge in edges:
        if group and edge[1] - group[0][0] > SHARD_ACCOUNTS:
            yield group
            group = []
        group.append(edge)
    yield group


def _in_turn(
    pool: ThreadPoolExecutor, run: Callable[[Edge], pd.DataFrame], edges: list[Edge], ahead: int
) -> Iterator[pd.DataFrame]:
    """Yield what each bucket gives, in order, and start only a few buckets before they are asked for."""
    waiting: deque[Future[pd.DataFrame]] = deque()
    for edge in edges:
        waiting.append(pool.submit(run, edge))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
