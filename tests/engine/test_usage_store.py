"""The state of usage kept on disk: pieces equal the whole bit for bit; changes, damage and kills are noticed."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_ml.engine import usage_store, usage_store_merge
from cs_ml.engine.usage_read import parquet_batches
from cs_ml.engine.usage_reduce import reduce_usage
from cs_ml.engine.usage_state import Days, UsageState
from cs_ml.engine.usage_store import UsageStore, usage_key
from cs_ml.engine.usage_store_file import read_state, write_state
from cs_ml.engine.usage_store_merge import merge_states, with_accounts
from cs_ml.timeline.clock import Clock

ACCOUNTS = ["a", "b", "never", "with a much longer id"]
FIRST = int(np.datetime64("2026-03-01", "D").astype(int))
HOUR = 3600 * 10**6
COLUMNS = ("account_id", "user_id", "feature", "event")
OPTIONS = {"top_features": ("g", "never used"), "business_hours": True}


events = st.tuples(
    st.sampled_from([*ACCOUNTS[:2], ACCOUNTS[3], "unknown"]),
    st.sampled_from(["u", "v", "a user with a longer id", "", None]),
    st.sampled_from(["f", "g", "a", None]),
    st.sampled_from(["login", "click", None]),
    st.integers(0, 24 * 40),
    st.sampled_from([0, 0, 0, 1, 24, 24 * 9]),
    st.integers(-(10**7), 10**7).map(lambda units: units / 1000),
)
tables = st.lists(events, max_size=30)


def batch_of(rows) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True)) or [()] * 7
    at = np.array([FIRST * 24 * HOUR + hour * HOUR for hour in columns[4]], dtype="datetime64[us]")
    lag = np.array([hours * HOUR for hours in columns[5]], dtype="timedelta64[us]")
    texts = {name: pa.array(column, pa.string()) for name, column in zip(COLUMNS, columns, strict=False)}
    moments = {"event_at": pa.array(at), "known_at": pa.array(at + lag)}
    return pa.record_batch(texts | moments | {"quantity": pa.array(columns[6], pa.float64())})


def bits(state: UsageState) -> dict[str, object]:
    found: dict[str, object] = {name: getattr(state, name) for name in ("first_day", "last_day", "n_rows", "n_ignored")}
    found["names"] = state.feature_names
    parts = {name: getattr(state, name) for name in ("days", "users", "features", "logins")} | dict(state.top)
    for part, days in parts.items():
        for field in fields(Days) if days is not None else ():
            value = getattr(days, field.name)
            for name, array in (value if isinstance(value, dict) else {"": value}).items():
                found[f"{part} {field.name} {name}"] = (array.dtype.name, array.shape, array.tobytes())
    return found


def assert_same(left: UsageState, right: UsageState) -> None:
    one, other = bits(left), bits(right)
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def reduced(rows, accounts=ACCOUNTS) -> UsageState:
    batches = [batch_of(rows)] if len(rows) else []  # a file without rows has no batch
    return reduce_usage(batches, accounts, Clock(), **OPTIONS)


@pytest.mark.parametrize("times", [0, usage_store_merge.TIMES_LARGER, 1 << 40])
@settings(max_examples=100, deadline=None)
@given(st.lists(tables, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_pieces_in_any_order_equal_the_whole(times, pieces, random):
    """Whether pieces are put into the largest always, where they are few, or never."""
    whole = reduced([row for piece in pieces for row in piece])
    random.shuffle(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(usage_store_merge, "TIMES_LARGER", times)
        assert_same(merge_states([reduced(piece) for piece in pieces]), whole)
        grown = reduced(pieces[0])
        for piece in pieces[1:]:
            grown = merge_states([grown, reduced(piece)])
        assert_same(grown, whole)


@settings(max_examples=100, deadline=None)
@given(tables, st.sets(st.sampled_from([*ACCOUNTS, "new"])))
def test_other_accounts_equal_reducing_for_them(rows, wanted):
    rows = [row for row in rows if row[0] in ACCOUNTS]
    accounts = sorted(wanted)
    assert_same(with_accounts(reduced(rows), ACCOUNTS, accounts), reduced(rows, accounts))


@settings(max_examples=30, deadline=None)
@given(tables)
def test_a_file_gives_back_every_bit(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("state") / "piece.arrow"
    state = reduced(rows)
    write_state(path, ACCOUNTS, state)
    ids, copy = read_state(path)
    assert ids == ACCOUNTS
    assert_same(copy, state)
    again = path.with_name("again.arrow")
    write_state(again, ids, copy)
    assert again.read_bytes() == path.read_bytes()


def test_absent_columns_stay_absent():
    at = pa.array(np.array([FIRST, FIRST + 1], dtype="datetime64[D]"))
    batch = pa.record_batch({"account_id": ["a", "b"], "event_at": at})
    pieces = [reduce_usage([batch.slice(at, 1)], ACCOUNTS, Clock()) for at in (0, 1)]
    assert_same(merge_states(pieces), reduce_usage([batch], ACCOUNTS, Clock()))


def test_a_file_without_rows_takes_nothing_away(tmp_path):
    for order in ([5, 0], [0, 5], [0, 0, 5]):
        book = Book(tmp_path / str(order))
        book.folder.mkdir()
        for at, n_rows in enumerate(order):
            book.write(f"{at}.parquet", [("a", "u", "g", "login", 3, 0, 1.5)] * n_rows)
            assert_same(book.state(), book.at_once())


class Book:
    """A folder of Parquet files and a store; counts the rows that were reduced."""

    def __init__(self, folder: Path, **options) -> None:
        self.folder, self.reduced, self.store = folder, 0, UsageStore(folder / "cache", usage_key("UTC", **options))

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*.parquet"))

    def write(self, name: str, rows) -> Path:
        path = self.folder / name
        pq.write_table(pa.Table.from_batches([batch_of(rows)]), path)
        return path

    def reduce(self, files, accounts=ACCOUNTS) -> UsageState:
        self.reduced += sum(pq.read_metadata(path).num_rows for path in files)
        return reduce_usage(parquet_batches(files, batch_of([]).schema.names), accounts, Clock(), **OPTIONS)

    def state(self, accounts=ACCOUNTS, wanted=None) -> UsageState:
        self.reduced = 0
        return self.store.state(self.files, accounts, lambda files: self.reduce(files, accounts), wanted)

    def at_once(self, accounts=ACCOUNTS) -> UsageState:
        return reduce_usage(parquet_batches(self.files, batch_of([]).schema.names), accounts, Clock(), **OPTIONS)


def rows_of(n: int, seed: int, day: int = 0) -> list[tuple]:
    rng = np.random.default_rng(seed)
    account, user = rng.choice(["a", "b"], n).tolist(), rng.choice(["u", "v", "w"], n).tolist()
    hours, lags = (24 * day + rng.integers(0, 24, n)).tolist(), rng.choice([0, 30], n).tolist()
    return list(zip(account, user, ["f"] * n, ["login"] * n, hours, lags, [1.5] * n, strict=True))


@settings(max_examples=15, deadline=None)
@given(st.lists(tables.filter(len), min_size=1, max_size=4), st.booleans())
def test_extended_file_by_file_equals_built_at_once(tmp_path_factory, pieces, often):
    book = Book(tmp_path_factory.mktemp("book"))
    for number, rows in enumerate(pieces):
        book.write(f"{number}.parquet", rows)
        if often:
            assert_same(book.state(), book.at_once())
            assert book.reduced == len(rows)
    assert_same(book.state(), book.at_once())
    assert_same(book.state(), book.at_once())
    assert book.reduced == 0


def test_a_new_file_costs_its_own_rows_and_many_pieces_become_one(tmp_path):
    book = Book(tmp_path)
    for day in range(11):
        book.write(f"{day:02}.parquet", rows_of(20, day, day))
        assert_same(book.state(), book.at_once())
        assert book.reduced == 20
    assert len(list(book.store.own.glob("*.arrow"))) == 3  # nine in one, and the two that came after
    book.state()
    assert book.reduced == 0


def test_changed_and_removed_files_are_noticed(tmp_path):
    book = Book(tmp_path)
    path, _ = book.write("0.parquet", rows_of(20, 0)), book.write("1.parquet", rows_of(20, 1))
    book.state()
    book.write("0.parquet", rows_of(20, 2))
    assert_same(book.state(), book.at_once())
    path.unlink()
    assert_same(book.state(), book.at_once())
    path.write_bytes((tmp_path / "1.parquet").read_bytes())  # the same bytes twice count twice
    assert_same(book.state(), book.at_once())
    assert book.state().n_rows == 40


@pytest.mark.skipif(os.name != "posix", reason="times of files are not relied on elsewhere")
def test_a_change_that_keeps_size_and_time_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(usage_store, "SETTLED", 0)
    path, store, asked = tmp_path / "0.parquet", UsageStore(tmp_path / "cache", usage_key("UTC")), []

    def state() -> None:
        store.state([path], ACCOUNTS, lambda files: asked.append(files) or reduced([]))

    path.write_bytes(b"some")
    before = path.stat()
    state()
    state()
    assert len(asked) == 1
    path.write_bytes(b"same")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    state()
    assert len(asked) == 2


def test_files_that_did_not_change_are_not_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(usage_store, "SETTLED", 0)
    book = Book(tmp_path)
    book.write("0.parquet", rows_of(20, 0))
    book.state()
    hashed = []
    monkeypatch.setattr(usage_store, "hash_file", lambda path: hashed.append(path.name) or "")
    book.store.extend(book.files, ACCOUNTS, book.reduce)
    assert hashed == []


def test_options_zone_and_code_have_states_of_their_own(tmp_path):
    keys = [usage_key("UTC"), usage_key("Asia/Tokyo"), usage_key("UTC", top_features=["f"])]
    assert len({str(UsageStore(tmp_path, key).own) for key in keys}) == 3
    assert usage_key("Asia/Tokyo")["days"] != keys[0]["days"]
    for number in range(6):
        book = Book(tmp_path, number=number)
        book.write("0.parquet", rows_of(20, 0))
        book.state()
    assert len(list((tmp_path / "cache").glob("usage-*"))) == usage_store.MOST_KEYS


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("hurt", [damage, Path.unlink, lambda path: path.write_bytes(b"")])
@pytest.mark.parametrize("which", ["*.arrow", "manifest.json"])
def test_what_is_damaged_is_made_again_with_a_warning(tmp_path, hurt, which):
    book = Book(tmp_path)
    book.write("0.parquet", rows_of(20, 0))
    book.state()
    (path,) = book.store.own.glob(which)
    whole = path.read_bytes()
    hurt(path)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert_same(book.state(), book.at_once())
    assert book.reduced == 20
    assert bool(said) == (which == "*.arrow" or hurt is not Path.unlink)
    assert path.read_bytes() == whole


def test_other_accounts_are_answered_from_the_same_pieces(tmp_path):
    book = Book(tmp_path)
    book.write("0.parquet", rows_of(20, 0))
    book.state()
    more = sorted([*ACCOUNTS, "new"])
    assert_same(book.state(more), book.at_once(more))
    assert book.reduced == 0
    assert_same(book.state(more, ["b"]), book.at_once(["b"]))
    assert book.reduced == 0


def test_an_account_that_was_not_known_before_brings_its_rows(tmp_path):
    book = Book(tmp_path)
    book.write("0.parquet", rows_of(20, 0))
    assert book.state(["a"]).n_ignored > 0
    assert_same(book.state(["a", "b"]), book.at_once(["a", "b"]))


def test_a_folder_that_cannot_be_used_costs_a_warning(tmp_path):
    book = Book(tmp_path)
    book.write("0.parquet", rows_of(20, 0))
    (tmp_path / "cache").write_text("in the way")
    with pytest.warns(UserWarning, match="usage is not kept"):
        assert_same(book.state(), book.at_once())


KILLED = """
import os, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
from test_usage_store import Book
book, left = Book(Path({folder!r})), [{left}]
def dying(name):
    real = getattr(os, name)
    def step(*given, **more):
        left[0] -= 1
        if left[0] < 0:
            os._exit(9)
        return real(*given, **more)
    setattr(os, name, step)
for name in ("fsync", "replace", "rename", "open"):
    dying(name)
book.state()
"""


@pytest.mark.slow
def test_a_run_killed_at_any_step_leaves_what_the_next_one_completes(tmp_path):
    wanted, ends = None, []
    for left in [10**6, *range(0, 18, 2)]:
        folder = tmp_path / str(left)
        folder.mkdir()
        book = Book(folder)
        book.write("0.parquet", rows_of(20, 0))
        code = KILLED.format(tests=str(ROOT / "tests" / "engine"), folder=str(folder), left=left)
        environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
        ends.append(subprocess.run([sys.executable, "-c", code], check=False, env=environment).returncode)
        assert_same(book.state(), book.at_once())
        pieces = {path.name: path.read_bytes() for path in book.store.own.iterdir() if path.suffix == ".arrow"}
        wanted = wanted or pieces
        assert pieces == wanted
        assert not list(folder.rglob("*.aside"))
    assert ends[0] == 0
    assert 9 in ends
