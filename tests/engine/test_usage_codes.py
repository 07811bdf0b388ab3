"""Codes of ids: equal exactly where the ids are equal, however long they are and however many."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.engine.usage_batch import Codes
from cs_ml.engine.usage_codes import SMALL, KeyTable
from cs_ml.engine.usage_ids import Accounts, Members
from cs_ml.engine.usage_keys import words_of
from cs_ml.errors import FrameError
from cs_ml.timeline.clock import Clock

ids = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30)


@given(st.lists(st.lists(ids, max_size=20), max_size=5))
def test_codes_are_equal_where_ids_are(batches):
    table, seen = KeyTable(), {}
    for batch in batches:
        for name, code in zip(batch, table.add(words_of(pa.array(batch, pa.string()))).tolist(), strict=True):
            assert seen.setdefault(name, code) == code
    assert sorted(seen.values()) == list(range(len(table)))


@given(st.lists(ids, max_size=20), st.lists(ids, max_size=20))
def test_ids_never_added_are_not_found(known, asked):
    table = KeyTable()
    codes = dict(zip(known, table.add(words_of(pa.array(known, pa.string()))).tolist(), strict=True))
    found = table.find(words_of(pa.array(asked, pa.string())))
    assert found.tolist() == [codes.get(name, -1) for name in asked]


whole = st.one_of(st.integers(0, 9), st.integers(SMALL - 2, SMALL + 2), st.integers(-2, 2**62))


@given(st.lists(st.lists(whole, max_size=20), max_size=5))
def test_whole_numbers_are_coded_once_whatever_their_size(batches):
    table, seen = KeyTable(), {}
    for batch in batches:
        for number, code in zip(batch, table.add(words_of(pa.array(batch, pa.int64()))).tolist(), strict=True):
            assert seen.setdefault(number, code) == code
    assert table.keys()[:, 0].view(np.int64).tolist() == sorted(seen, key=seen.__getitem__)


@pytest.mark.parametrize("step", [1, 2**32, 2**57 + 2**40])
def test_many_integers_fit(step):
    numbers = np.arange(50_000, dtype=np.int64) * step
    table = KeyTable()
    codes = np.concatenate([table.add(words_of(pa.array(part))) for part in np.array_split(numbers, 7)])
    assert sorted(codes.tolist()) == list(range(50_000))
    assert table.find(words_of(pa.array(numbers))).tolist() == codes.tolist()


def test_keys_crowded_into_few_slots_stay_apart(monkeypatch):
    """With multipliers of one every small number has the same home."""
    monkeypatch.setattr("cs_ml.engine.usage_codes.MULTIPLIERS", np.ones(1, np.uint64))
    table = KeyTable(words_of(pa.array(np.arange(100))))
    assert table.find(words_of(pa.array(np.arange(120)))).tolist() == [*range(100), *[-1] * 20]
    assert table.add(words_of(pa.array(np.arange(90, 110)))).tolist()[:10] == list(range(90, 100))
    assert len(table) == 110


def test_threads_agree_on_codes():
    table, words = KeyTable(), words_of(pa.array([f"user {number}" for number in range(5000)]))
    rng = np.random.default_rng(0)
    orders = [rng.permutation(5000) for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        given_codes = list(pool.map(lambda order: table.add(words[order]), orders))
    for order, codes in zip(orders, given_codes, strict=True):
        assert table.find(words[order]).tolist() == codes.tolist()
    assert len(table) == 5000


def test_accounts_must_be_sorted_and_unique():
    for account_ids in (["b", "a"], ["a", "a"]):
        with pytest.raises(FrameError, match="sorted and each once"):
            Accounts(account_ids)


def test_integers_are_written_in_one_way_only():
    """The number 7 is the account "7", not "07" or "+7"."""
    accounts = Accounts(["+7", "-3", "07", "7", "9" * 30])
    assert accounts.codes(pa.array([7, -3, 0])).tolist() == [3, 1, -1]


@given(st.sets(st.text("0019-+a", max_size=3) | st.integers(-20, 120).map(str), min_size=1))
def test_an_integer_is_the_account_that_is_written_so(names):
    ids = sorted(names)
    expected = [ids.index(str(number)) if str(number) in names else -1 for number in range(-20, 121)]
    assert Accounts(ids).codes(pa.array(range(-20, 121))).tolist() == expected


def test_integers_of_nineteen_digits_are_known_as_far_as_64_bits_reach():
    ids = sorted(map(str, [2**63 - 1, -(2**63), 1_234_567_890_123_456_789, 2**63, 5]))
    numbers = pa.array([int(name) for name in ids if int(name) < 2**63])
    assert [ids[code] for code in Accounts(ids).codes(numbers)] == [str(number) for number in numbers.to_pylist()]


def test_a_feature_that_another_thread_is_adding_is_no_top_feature_yet():
    codes = Codes(Accounts(["a"]), Clock(), frozenset(), top_features=("f",))
    assert codes.top(np.array([3, -1])).tolist() == [-1, -1]
    added = codes.features.add(words_of(pa.array(["g", "f"])))
    assert codes.top(np.append(added, 9)).tolist() == [-1, 0, -1]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=30), st.integers(1, 30))
def test_members_are_pairs_of_account_and_user(pairs, cut):
    members = Members()
    codes = np.concatenate(
        [members.codes(*np.array(part).T.astype(np.int32)) for part in (pairs[:cut], pairs[cut:]) if part]
    )
    dense = members.dense(codes).tolist()
    assert len(set(zip(dense, pairs, strict=True))) == len(set(dense)) == len(set(pairs))
    assert members.owners()[dense].tolist() == [account for account, _ in pairs]
