from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from builders import book, keys

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.local import LocalEngine, _in_turn

ACCOUNTS = [f"a{number:02d}" for number in range(10)]
CONTRACTS = "account_id start_at mrr\n" + "\n".join(f"{name} 2026-01-01 {at}" for at, name in enumerate(ACCOUNTS))
KEYS = keys(*[(name, date) for name in ACCOUNTS for date in ("2026-02-01", "2026-03-01")])


@dataclass(frozen=True)
class Recorder:
    """Notes which buckets were built; MRR is its only feature."""

    reads: tuple[str, ...] = ("contracts",)
    seen: list[Bucket] = field(default_factory=list)

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        self.seen.append(bucket)
        mrr = bucket.frames["contracts"].set_index("account_id")["mrr"]
        return pd.DataFrame({"mrr": mrr.loc[keys.get_level_values("account_id")].to_numpy()}, index=keys)


@pytest.fixture(scope="module")
def tables():
    return book(contracts=CONTRACTS)


@pytest.mark.parametrize(("workers", "buckets"), [(1, None), (1, 3), (2, 7), (3, 10), (2, 99)])
def test_rows_come_in_the_order_of_the_keys_whatever_the_buckets(tables, workers, buckets):
    X = LocalEngine(workers, buckets).build([Recorder()], tables, KEYS)
    assert X.index.equals(KEYS)
    assert X["mrr"].tolist() == list(np.repeat(range(10), 2))


def test_a_bucket_holds_the_rows_of_its_accounts_and_of_the_tables_that_are_read(tables):
    recorder = Recorder()
    LocalEngine(1, 5).build([recorder], tables, KEYS)
    assert [list(bucket.accounts) for bucket in recorder.seen] == [ACCOUNTS[at : at + 2] for at in range(0, 10, 2)]
    for bucket in recorder.seen:
        assert list(bucket.frames) == ["contracts"]
        assert bucket.frames["contracts"]["account_id"].tolist() == list(bucket.accounts)
        assert bucket.usage is None
    assert recorder.seen[0].has("contracts", "mrr", "start_at")
    assert not recorder.seen[0].has("contracts", "seats")
    assert not recorder.seen[0].has("users")


def test_only_accounts_among_the_keys_are_read(tables):
    recorder = Recorder()
    LocalEngine(1).build([recorder], tables, KEYS[4:8])
    assert [list(bucket.accounts) for bucket in recorder.seen] == [["a02", "a03"]]


def test_only_a_few_buckets_are_started_ahead():
    started = []
    with ThreadPoolExecutor(1) as pool:
        submit = pool.submit
        pool.submit = lambda run, edge: (started.append(edge), submit(run, edge))[1]
        parts = _in_turn(
            pool, lambda edge: pd.DataFrame({"low": edge[:1]}), [(at, at + 1) for at in range(10)], ahead=2
        )
        assert next(parts)["low"].tolist() == [0]
        assert len(started) == 3
        assert [part["low"].item() for part in parts] == list(range(1, 10))


def test_what_goes_wrong_in_a_bucket_is_told(tables):
    class Broken(Recorder):
        def build(self, bucket, keys):
            raise KeyError(f"seats of {len(bucket.accounts)} accounts on {len(keys)} rows")

    with pytest.raises(KeyError, match="seats of 2 accounts on 4 rows"):
        LocalEngine(2, 5).build([Broken()], tables, KEYS)


def test_usage_is_given_to_builders_that_read_it_by_account():
    usage = "account_id event_at event\n" + "\n".join(
        f"{name} 2026-01-{at + 1:02d} open" for at, name in enumerate(ACCOUNTS)
    )
    tables = book(contracts=CONTRACTS, usage=usage)
    recorder = Recorder(reads=("usage", "contracts"))
    LocalEngine(1, 2, frozenset({"open"})).build([recorder], tables, KEYS)
    assert [list(bucket.frames) for bucket in recorder.seen] == [["contracts"]] * 2
    assert all(bucket.usage is not None and bucket.usage.has("login") for bucket in recorder.seen)
    other = Recorder()
    LocalEngine(1).build([other], tables, KEYS)
    assert other.seen[0].usage is None
