"""Usage of a book from the cache: where its table is Parquet files that are read as they stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from cs_ml.engine.usage_read import parquet_batches
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.engine.usage_state import UsageState
from cs_ml.engine.usage_store import UsageStore, usage_key
from cs_ml.tables.tables import Tables
from cs_ml.timeline.clock import Clock

__all__ = ["kept_usage"]


def kept_usage(
    cache: Path,
    tables: Tables,
    columns: Sequence[str],
    accounts: Sequence[str],
    options: Mapping[str, Any],
    *,
    threads: int = 1,
) -> UsageState | None:
    """Return the state of usage from a cache, which is extended by what is new.

    Parameters
    ----------
    cache
        Cache folder.
    tables
        Checked tables with ``usage``.
    columns
        Columns of usage that are needed.
    accounts
        Accounts the state is to have, sorted.
    options
        Of :func:`cs_ml.engine.usage_reduce.reduce_usage`.
    threads
        Threads that reduce what is new.

    Returns
    -------
    UsageState or None
        Nothing where usage is no Parquet, or rows of it are rejected or computed: then it is reduced anew every time.
    """
    table = tables.loaded["usage"]
    names = {table.renamed[name]: name for name in columns if name in table.renamed}
    absent = set(columns) - set(names.values())
    if not table.files or not absent <= {"known_at"}:  # without it a row is known at once, as a missing value says too
        return None
    known = tables.accounts().tolist()

    def reduce(files: Sequence[Path]) -> UsageState:
        return reduce_usage(parquet_batches(files, names), known, Clock(tables.zone), threads=threads, **options)

    asked = {name: sorted(value) if _is_set(value) else value for name, value in options.items()}
    key = usage_key(tables.zone, columns=names, **asked)
    return UsageStore(cache, key).state(table.files, known, reduce, wanted=accounts)


def _is_set(value: object) -> bool:
    return isinstance(value, Collection) and not isinstance(value, Sequence)
