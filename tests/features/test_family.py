"""Features of the accounts under one roof, worked out by hand on small tables."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from builders import book, keys
from hypothesis import given
from hypothesis import strategies as st
from oracle import HOUR, KEYS, LAWFUL, assert_some, in_sql, instants

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.local import LocalEngine
from cs_ml.features.family import FamilyBuilder
from cs_ml.tables import Tables

ACCOUNTS = """
    account_id parent_id valid_from
    p          -         -
    a          p         2025-01-01
    b          p         2025-01-01
    c          -         2025-01-01
    c          a         2026-03-01
    h          holding   2025-01-01
    i          holding   2025-01-01
    z          -         -"""
CONTRACTS = """
    account_id start_at   end_at     mrr cancel_requested_at cancelled_at
    p          2025-01-01 -          100 -                   -
    a          2025-01-01 -          50  -                   -
    a          2026-02-01 -          10  -                   -
    b          2025-01-01 2026-01-10 30  -                   -
    b          2026-02-05 2027-02-05 40  2026-03-20          2026-06-01
    c          2025-01-01 -          7   -                   -
    h          2025-01-01 -          5   -                   -
    i          2026-03-10 -          2   -                   -
    z          2025-01-01 -          9   -                   -"""
USAGE = "account_id event_at\np 2026-01-05"


def built(tables: Tables, *pairs: tuple[str, str], buckets: int = 1) -> pd.DataFrame:
    X = LocalEngine(1, buckets).build([FamilyBuilder()], tables, keys(*sorted(pairs)))
    return X.rename(columns=lambda name: name.removeprefix("family_"))


def of(account: str, *days: str, accounts: str = ACCOUNTS, contracts: str = CONTRACTS, **more: str) -> pd.DataFrame:
    return built(book(accounts=accounts, contracts=contracts, **more), *[(account, day) for day in days])


def test_every_feature_of_a_parent_with_two_children():
    """On 1 April the second child has given notice, and the first has a child of its own since March."""
    assert of("p", "2026-04-01").iloc[0].to_dict() == {
        "relatives_count": 3, "mrr_current": 100 + 60 + 40 + 7, "mrr_share": 100 / 207,
        "rest_mrr_change_90d": math.log(107) - math.log(87), "leaving_count_180d": 1,
    }  # fmt: skip


def test_sisters_and_grandchildren_are_relatives_too():
    assert of("b", "2026-04-01")[["relatives_count", "leaving_count_180d"]].iloc[0].tolist() == [3, 0]
    assert of("c", "2026-04-01")[["relatives_count", "mrr_current"]].iloc[0].tolist() == [3, 207]


def test_a_family_is_as_it_was_linked_before_the_date():
    found = of("c", "2026-03-01", "2026-03-02")
    assert found["relatives_count"].tolist() == [0, 3]
    np.testing.assert_array_equal(found["mrr_current"], [np.nan, 207])


def test_who_has_left_is_leaving_for_half_a_year():
    found = of("a", "2026-01-10", "2026-01-11", "2026-02-05", "2026-02-06", "2026-03-20", "2026-03-21", "2026-06-02")
    assert found["leaving_count_180d"].tolist() == [0, 1, 1, 0, 0, 1, 1]
    assert found["relatives_count"].tolist() == [2, 1, 1, 2, 3, 3, 2]
    assert of("a", "2026-11-28", "2026-11-29")["leaving_count_180d"].tolist() == [1, 0]


def test_the_change_looks_back_ninety_days():
    accounts = "account_id parent_id\np -\na p\nb p"
    contracts = "account_id start_at mrr\np 2025-01-01 9\na 2026-01-01 3\nb 2025-01-01 1"
    found = of("p", "2026-04-01", "2026-04-02", accounts=accounts, contracts=contracts)
    assert found["rest_mrr_change_90d"].tolist() == [math.log(4), 0]


def test_a_parent_that_is_no_account_links_its_children():
    found = of("h", "2026-03-10", "2026-03-11")
    np.testing.assert_array_equal(found["relatives_count"], [0, 1])
    np.testing.assert_array_equal(found["mrr_share"], [np.nan, 5 / 7])
    assert found["rest_mrr_change_90d"].isna().all()


def test_an_account_without_relatives_has_none_and_the_rest_is_missing():
    found = of("z", "2026-04-01").iloc[0].to_dict()
    assert found.pop("relatives_count") == 0
    assert all(math.isnan(value) for value in found.values())


def test_parents_in_a_circle_and_of_themselves_are_one_family():
    accounts = "account_id parent_id\np a\na b\nb p\nc c\nh -\ni -\nz -"
    assert of("a", "2026-04-01", accounts=accounts)["relatives_count"].tolist() == [2]
    assert of("c", "2026-04-01", accounts=accounts)["relatives_count"].tolist() == [0]


def test_a_contract_known_late_is_not_used_early():
    accounts = "account_id parent_id\na p\np -"
    contracts = "account_id start_at mrr known_at\np 2025-01-01 1 2025-01-01\na 2026-01-01 1 2026-02-01"
    found = of("p", "2026-02-01", "2026-02-02", accounts=accounts, contracts=contracts)
    assert found["relatives_count"].tolist() == [0, 1]


def test_the_zone_decides_on_the_day():
    contracts = "account_id start_at mrr\np 2025-01-01 1\na 2026-01-31T15:00:00 1"
    one = {"accounts": "account_id parent_id\na p\np -", "contracts": contracts}
    assert of("p", "2026-02-01", **one)["relatives_count"].tolist() == [1]
    assert of("p", "2026-02-01", zone="Asia/Tokyo", **one)["relatives_count"].tolist() == [0]


@pytest.mark.parametrize("buckets", [2, 3, 8])
def test_relatives_are_found_in_other_buckets(buckets):
    tables = book(accounts=ACCOUNTS, contracts=CONTRACTS)
    pairs = list(itertools.product("pabchiz", ["2026-02-01", "2026-04-01", "2026-06-02"]))
    expected = built(tables, *pairs)
    pd.testing.assert_frame_equal(built(tables, *pairs, buckets=buckets), expected, check_exact=True)
    assert expected["relatives_count"].max() == 3


def test_sums_do_not_depend_on_the_names_of_the_accounts():
    """Three tenths added from the left and from the right differ in their last digit."""
    sums = []
    for names in itertools.permutations("bcd"):
        accounts = "account_id parent_id\na -\n" + "\n".join(f"{name} a" for name in names)
        lines = "\n".join(f"{name} 2025-01-01 {mrr}" for name, mrr in zip(names, (0.1, 0.2, 0.3), strict=True))
        contracts = f"account_id start_at mrr\na 2025-01-01 0\n{lines}"
        sums.append(of("a", "2026-01-01", accounts=accounts, contracts=contracts)["mrr_current"].item())
    assert len(set(sums)) == 1


def test_a_bucket_without_relatives():
    tables = book(accounts="account_id parent_id\na -\nz -", contracts="account_id start_at\na 2020-01-01")
    found = built(tables, ("z", "2026-01-01"))
    assert list(found) == [item.name.removeprefix("family_") for item in FamilyBuilder().features(["parent_id"])]
    assert found.pop("relatives_count").tolist() == [0]
    assert found.isna().all(axis=None)


def test_without_parents_or_contracts_there_are_no_features():
    assert FamilyBuilder().features(["account_id", "segment"]) == []
    assert FamilyBuilder().suited(book(accounts=ACCOUNTS, usage=USAGE)) is None
    assert FamilyBuilder().suited(book(accounts=ACCOUNTS, contracts=CONTRACTS)) == FamilyBuilder()


NAMES = "abpqz"
VERSION = st.tuples(st.sampled_from(NAMES), st.sampled_from([None, *NAMES, "holding"]), st.none() | HOUR)
LINE = st.tuples(
    st.sampled_from(NAMES), HOUR, st.none() | HOUR, st.none() | HOUR, st.none() | HOUR, st.integers(1, 9),
    st.sampled_from([0, 0, 30, 900]),
)  # fmt: skip


@LAWFUL
@given(st.lists(VERSION, max_size=8, unique_by=lambda item: (item[0], item[2])), st.lists(LINE, max_size=10))
def test_families_equal_plain_sql(versions, lines):
    account, parent, begins = zip(*versions, strict=True) if versions else [()] * 3
    accounts = pd.DataFrame({"account_id": account, "parent_id": parent}, dtype=object)
    accounts = accounts.assign(valid_from=instants(begins))
    account, start, length, notice, gone, mrr, late = zip(*lines, strict=True) if lines else [()] * 7
    end = [None if days is None else at + 1 + days for at, days in zip(start, length, strict=True)]
    moments = {"start_at": start, "end_at": end, "cancel_requested_at": notice, "cancelled_at": gone}
    contracts = pd.DataFrame({name: instants(hours) for name, hours in moments.items()})
    contracts = contracts.assign(account_id=pd.Series(account, dtype=object), mrr=np.array(mrr, dtype=float))
    contracts = contracts.assign(known_at=instants([at + slow for at, slow in zip(start, late, strict=True)]))
    frames = {"accounts": accounts, "contracts": contracts}
    sql = """
        WITH RECURSIVE version AS (
            SELECT at, as_of, accounts.account_id AS child, parent_id AS parent, row_number() OVER (
                PARTITION BY at, accounts.account_id ORDER BY coalesce(valid_from, '1900') DESC) AS place
            FROM keys, accounts WHERE coalesce(valid_from, '1900') < as_of),
        link AS (SELECT at, child, parent FROM version WHERE place = 1 AND parent IS NOT NULL
            UNION SELECT at, parent, child FROM version WHERE place = 1 AND parent IS NOT NULL),
        kin(at, name) AS (SELECT at, account_id FROM keys
            UNION SELECT kin.at, link.parent FROM kin JOIN link ON link.at = kin.at AND link.child = kin.name),
        term AS (
            SELECT keys.at AS at, kin.name AS name, kin.name = keys.account_id AS own, date(as_of) AS now, mrr,
                date(start_at) AS starts, date(min(coalesce(end_at, '9999-12-31'),
                CASE WHEN date(coalesce(cancel_requested_at, cancelled_at)) < date(as_of)
                     THEN coalesce(cancelled_at, '9999-12-31') ELSE '9999-12-31' END)) AS ends,
                cancelled_at IS NOT NULL AND date(coalesce(cancel_requested_at, cancelled_at)) < date(as_of) AS off
            FROM keys JOIN kin ON kin.at = keys.at JOIN contracts ON contracts.account_id = kin.name
            WHERE date(known_at) < date(as_of) AND date(start_at) < date(as_of)),
        one AS (
            SELECT at, name, own, count(*) FILTER (WHERE ends >= now) AS lines,
                count(*) FILTER (WHERE ends >= now AND off) AS offs,
                max(ends) >= date(now, '-180 days') AS lately,
                coalesce(sum(mrr) FILTER (WHERE ends >= now), 0) AS mrr,
                coalesce(sum(mrr) FILTER (WHERE starts < date(now, '-90 days') AND ends >= date(now, '-90 days')), 0)
                    AS before
            FROM term GROUP BY at, name, own),
        summed AS (
            SELECT at, count(*) FILTER (WHERE NOT own) AS customers,
                count(*) FILTER (WHERE NOT own AND lines > 0) AS running, sum(mrr) AS mrr,
                sum(mrr) FILTER (WHERE own) AS mine, sum(mrr) FILTER (WHERE NOT own) AS others,
                sum(before) FILTER (WHERE NOT own) AS before,
                count(*) FILTER (WHERE NOT own AND CASE WHEN lines > 0 THEN offs = lines ELSE lately END) AS leaving
            FROM one GROUP BY at)
        SELECT keys.at AS at, coalesce(running, 0) AS family_relatives_count,
            CASE WHEN customers > 0 THEN mrr END AS family_mrr_current,
            CASE WHEN customers > 0 AND mrr > 0 THEN coalesce(mine, 0) / mrr END AS family_mrr_share,
            CASE WHEN others > 0 AND before > 0 THEN ln(others) - ln(before) END AS family_rest_mrr_change_90d,
            CASE WHEN customers > 0 THEN leaving END AS family_leaving_count_180d
        FROM keys LEFT JOIN summed ON summed.at = keys.at"""
    found = FamilyBuilder().build(Bucket(np.array(list("abz")), frames, family=frames), KEYS)
    assert_some(found, in_sql(sql, **frames))
