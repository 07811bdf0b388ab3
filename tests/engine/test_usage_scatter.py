"""The compiled path of usage gives the bits that the plain one gives, for every kind of key and table."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.engine import usage_reduce, usage_scatter
from cs_ml.engine.usage_codes import KeyTable
from cs_ml.engine.usage_keys import as_words
from cs_ml.engine.usage_pile import Pile
from cs_ml.engine.usage_read import parquet_batches
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.engine.usage_rows import LaidOut, Rows
from cs_ml.engine.usage_scatter import DayTable, union
from cs_ml.engine.usage_state import Days
from cs_ml.timeline import loops
from cs_ml.timeline.clock import Clock

pytest.importorskip("numba")
AT_ONCE, NEVER = -1, 1 << 60
members = st.one_of(st.integers(0, 200), st.sampled_from([1 << 30, (1 << 30) + 7]))
rows = st.lists(st.tuples(members, st.integers(0, 70), st.integers(0, 40), st.integers(-9, 9)), max_size=60)


def from_rows(patch: pytest.MonkeyPatch, at: int) -> None:
    """Compile loops, and mark in tables, from so many rows on."""
    for name in ("PAYS", "PAYS_LOADED", "PAYS_MADE"):
        patch.setattr(loops, name, at)
    patch.setattr(usage_scatter, "TABLED_AT", at)


@pytest.fixture
def path(monkeypatch):
    """Choose from how many rows on loops are compiled, and how large a table may get."""

    def choose(at: int, most_bytes: int = 1 << 28) -> None:
        from_rows(monkeypatch, at)
        monkeypatch.setattr(usage_scatter, "MOST_BYTES", most_bytes)

    return choose


def piled(batches, minor_bits: int, count: str | None, rename=None) -> Rows | LaidOut:
    pile = Pile(minor_bits)
    for batch in batches:
        major, minor, day, value = np.array(batch, np.int64).reshape(-1, 4).T
        code = major << minor_bits | minor if minor_bits else major
        values = {"sum": value} if count else {}
        pile.add(Rows(code << 16 | (day + 20_000), None, values, count))
    return pile.merged(rename)


def summed(rows: Rows | LaidOut) -> dict[str, list[int]]:
    """Return sums by name; without rows there is none, whatever the names."""
    return {name: column.tolist() for name, column in rows.values.items() if len(column)}


def assert_same(left: Rows | LaidOut, right: Rows | LaidOut) -> None:
    assert left.key.tolist() == right.key.tolist()
    assert summed(left) == summed(right)
    assert left.days().tolist() == right.days().tolist()
    assert [part.tolist() for part in left.runs()] == [part.tolist() for part in right.runs()]


@pytest.mark.parametrize("minor_bits", [0, 20])
@pytest.mark.parametrize("count", [None, "rows"])
@pytest.mark.parametrize("most_bytes", [1 << 28, 1 << 18, 1 << 12])
@settings(max_examples=60, deadline=None)
@given(batches=st.lists(rows, min_size=1, max_size=6), begin=st.integers(-1, 80))
def test_marking_equals_sorting(minor_bits, count, most_bytes, batches, begin):
    def rename(key: np.ndarray) -> np.ndarray:
        return ((1 << 42) - (key >> 16)) << 16 | key & 65535

    for renamed in (None, rename):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(usage_scatter, "MOST_BYTES", most_bytes)
            from_rows(patch, NEVER)
            plain = piled(batches, minor_bits, count, renamed)
            from_rows(patch, begin)
            assert_same(plain, piled(batches, minor_bits, count, renamed))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), unique=True), st.lists(st.integers(0, 30), unique=True))
def test_union_adds_what_both_have(left, right):
    one, other = (
        Rows(np.array(sorted(keys), np.int64), None, {"n": np.array(sorted(keys), np.int64)}) for keys in (left, right)
    )
    merged = union(one, other)
    wanted = {key: key * ((key in left) + (key in right)) for key in sorted({*left, *right})}
    assert dict(zip(merged.key.tolist(), merged.values["n"].tolist(), strict=True)) == wanted


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 1 << 63), min_size=1, max_size=8), max_size=6), st.integers(1, 2))
def test_codes_name_their_keys_on_both_paths(batches, width):
    """Which code a key gets is up to the path; every code leads back to its key."""
    sizes = []
    for at in (NEVER, AT_ONCE):
        with pytest.MonkeyPatch.context() as patch:
            from_rows(patch, at)
            table = KeyTable()
            words = [np.array(batch, np.uint64)[: len(batch) // width * width].reshape(-1, width) for batch in batches]
            codes = [table.add(keys) for keys in words]
            for keys, code in zip(words, codes, strict=True):
                assert table.keys()[code].tolist() == keys.tolist()
                assert table.find(keys).tolist() == code.tolist()
            sizes.append(len(table))
    assert sizes == [len({tuple(key) for keys in words for key in keys.tolist()})] * 2


numbers = st.one_of(st.integers(-3, 40), st.sampled_from([(1 << 22) - 1, 1 << 22, (1 << 31) - 1, -(1 << 31)]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(numbers, min_size=1, max_size=12), max_size=6), st.lists(numbers, max_size=12))
def test_small_numbers_have_the_codes_of_their_words(batches, asked):
    for at in (NEVER, AT_ONCE):
        with pytest.MonkeyPatch.context() as patch:
            from_rows(patch, at)
            table = KeyTable()
            for batch in batches:
                codes = table.add(np.array(batch, np.int32))
                assert table.keys()[codes, 0].view(np.int64).tolist() == batch
            asked32 = np.array(asked, np.int32)
            assert table.find(asked32).tolist() == table.find(as_words(asked32)).tolist()
            assert (table.find(asked32) >= 0).tolist() == [
                number in {n for b in batches for n in b} for number in asked
            ]


def usage(n: int = 4000, seed: int = 3):
    rng = np.random.default_rng(seed)
    at = (20_500 * 86400 + rng.integers(0, 90 * 86400, n)) * 10**6
    late = rng.choice([0, 0, 0, 3], n) * 86400 * 10**6
    columns = {
        "account_id": rng.integers(0, 60, n), "user_id": [f"user {number}" for number in rng.integers(0, 400, n)],
        "feature": [f"f{number}" for number in rng.integers(0, 70, n)], "event_at": at.view("datetime64[us]"),
        "known_at": (at + late).view("datetime64[us]"), "quantity": rng.normal(size=n).round(3),
        "event": np.array(["login", "click"])[rng.integers(0, 2, n)],
    }  # fmt: skip
    batch = pa.record_batch({name: pa.array(values) for name, values in columns.items()})
    return [batch.slice(start, 500) for start in range(0, n, 500)], sorted(map(str, range(60)))


def arrays_of(days: Days | None) -> dict[str, list]:
    found = {}
    for part in fields(Days):
        value = getattr(days, part.name)
        columns = value if isinstance(value, dict) else {"": value}
        found |= {f"{part.name}.{name}": np.asarray(column).tolist() for name, column in columns.items()}
    return found


@pytest.mark.parametrize("threads", [1, 3])
def test_the_state_is_the_same_bit_for_bit(path, threads):
    batches, accounts = usage()
    path(NEVER)
    plain = reduce_usage(batches, accounts, Clock())
    path(1000)
    marked = reduce_usage(batches, accounts, Clock(), threads=threads)
    parts = ["days", "users", "features", "logins"]
    for part in parts:
        assert arrays_of(getattr(plain, part)) == arrays_of(getattr(marked, part))
    for name in ("n_rows", "n_ignored", "first_day", "last_day", "feature_names"):
        assert getattr(plain, name) == getattr(marked, name)


@pytest.mark.parametrize("rows", [2000, 4000])
def test_a_short_file_is_reduced_where_it_is_asked_for_with_the_same_bits(tmp_path, rows, monkeypatch):
    batches, accounts = usage(4000)
    pq.write_table(pa.Table.from_batches(batches), tmp_path / "usage.parquet", row_group_size=rows)
    asked: list[int] = []
    monkeypatch.setattr(usage_reduce, "ThreadPoolExecutor", lambda n: asked.append(n) or ThreadPoolExecutor(n))
    found = reduce_usage(
        parquet_batches([tmp_path / "usage.parquet"], batches[0].schema.names), accounts, Clock(), threads=2
    )
    assert asked == ([2, 2] if rows == 2000 else [])
    wanted = reduce_usage(batches, accounts, Clock(), threads=2)
    for part in ("days", "users", "features", "logins"):
        assert arrays_of(getattr(found, part)) == arrays_of(getattr(wanted, part))


def test_without_numba_the_plain_path_is_taken(monkeypatch, path):
    batches, accounts = usage(1000)
    path(AT_ONCE)
    wanted = reduce_usage(batches, accounts, Clock())
    monkeypatch.setattr(loops, "_LOADED", {})
    monkeypatch.setattr(loops, "find_spec", {}.get)
    assert arrays_of(reduce_usage(batches, accounts, Clock()).users) == arrays_of(wanted.users)
    with pytest.raises(ModuleNotFoundError, match="fast"):
        DayTable()


def test_a_table_that_is_full_says_so(path):
    path(AT_ONCE, 1 << 10)
    table, wide = DayTable(), Rows(np.array([1 << 20 << 16 | 5]))
    assert table.add(wide) is wide
    assert len(table.add(Rows(np.array([5 << 16 | 5])))) == 0
    assert table.rows().key.tolist() == [5 << 16 | 5]


@pytest.mark.slow
def test_loops_compile_where_no_folder_can_be_written(tmp_path):
    """A read-only installation and no home: compiled in memory, with the same results."""
    code = (
        "import os; os.access = lambda *_: False;"
        "import numpy as np; from cs_ml.engine.usage_scatter import union; from cs_ml.engine.usage_rows import Rows;"
        "print(union(Rows(np.array([1])), Rows(np.array([1, 2]))).key.tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[1, 2]"


def test_the_engine_does_not_import_numba_before_it_is_needed():
    code = "import sys, cs_ml.engine; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"
