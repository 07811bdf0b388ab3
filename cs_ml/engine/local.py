"""The local engine: builders run bucket by bucket over all cores, within a memory budget."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Builder
from cs_ml.engine.plan import Edge, bucket_of, built, edges_of, kin_of, usage_columns, usage_options
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.engine.usage_state import UsageState
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock

__all__ = ["LocalEngine"]


@dataclass(frozen=True)
class LocalEngine:
    """Runs builders on this machine; the result does not depend on the number of buckets or workers.

    Parameters
    ----------
    workers
        Buckets built at the same time; all cores where missing.
    buckets
        How many buckets the accounts are cut into; chosen so that a bucket has about 60,000 rows at most where missing.
    login_events
        Values of ``usage.event`` that count as a login.
    """

    workers: int | None = None
    buckets: int | None = None
    login_events: frozenset[str] = frozenset({"login"})

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
        usage = self._usage(builders, tables, accounts, workers)
        edges, kin = edges_of(codes, len(accounts), self.buckets), kin_of(builders, tables)

        def run(edge: Edge) -> pd.DataFrame:
            low, high = edge
            own = usage.accounts(low, high) if usage else None
            bucket = bucket_of(builders, tables, accounts[low:high], own, kin)
            return built(builders, bucket, keys[(codes >= low) & (codes < high)])

        with ThreadPoolExecutor(workers) as pool:
            yield from _in_turn(pool, run, edges, ahead=workers)

    def _usage(
        self, builders: Sequence[Builder], tables: Tables, accounts: np.ndarray, workers: int
    ) -> UsageState | None:
        columns = usage_columns(builders, tables)
        if not columns:
            return None
        options = usage_options(builders, tables, accounts, self.login_events)
        batches = tables.batches("usage", columns)
        return reduce_usage(batches, accounts.tolist(), Clock(tables.zone), threads=workers, **options)


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
