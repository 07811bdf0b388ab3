"""Features of the people at the customer, worked out by hand on small tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import book, bucket_of, keys
from hypothesis import given
from hypothesis import strategies as st
from oracle import HOUR, KEYS, LAWFUL, assert_some, in_sql, instants

from cs_ml.engine.bucket import Bucket
from cs_ml.features.users import UsersBuilder

USERS = """
    user_id account_id role           active_from active_to
    u1      a          decision_maker 2025-01-10  -
    u2      a          champion       2025-03-01  2026-03-10
    u3      a          admin          2025-05-01  -
    u4      a          user           2026-02-20  -
    u5      b          champion       2025-01-01  -"""
VOC = """
    voc_id account_id said_at             user_id speaker_role text
    1      a          2026-03-20T09:00:00 u1      -            hello
    2      a          2026-03-25T09:00:00 u4      -            hi
    3      a          2026-02-01T09:00:00 -       champion     hey"""
SURVEYS = """
    response_id account_id kind sent_at    answered_at user_id score
    1           a          nps  2026-03-21 2026-03-28  u1      9
    2           a          csat 2026-03-30 2026-03-30  u4      4
    3           a          nps  2026-03-30 2026-03-30  u1      -"""
CONTRACTS = """
    account_id start_at
    a          2020-01-01
    b          2020-01-01
    z          2020-01-01"""
ALONE = UsersBuilder(reads=("users",))


def built(text: str, *pairs: tuple[str, str], zone: str = "UTC", **more: str) -> pd.DataFrame:
    tables = book(users=text, contracts=CONTRACTS, zone=zone, **more)
    X = UsersBuilder().suited(tables).build(bucket_of(tables), keys(*pairs))
    return X.rename(columns=lambda name: name.removeprefix("users_"))


def test_every_feature_of_four_people():
    """The champion left 22 days before; the newest answer is of 28 March, by the decision maker."""
    assert built(USERS, ("a", "2026-04-01"), voc=VOC, surveys=SURVEYS).iloc[0].to_dict() == {
        "known_count": 3, "new_count_90d": 1, "admins_count": 1, "decision_makers_count": 1, "champions_count": 0,
        "champions_lost_count_180d": 1, "key_people_left_recency": 22, "key_people_heard_recency": 4,
    }  # fmt: skip


def test_a_person_counts_from_the_day_after_the_first_until_the_last_has_passed():
    found = built(USERS, *[("a", f"2026-{day}") for day in ("02-20", "02-21", "03-10", "03-11")])
    assert found["known_count"].tolist() == [3, 4, 4, 3]
    assert found["new_count_90d"].tolist() == [0, 1, 1, 1]
    assert found["champions_count"].tolist() == [1, 1, 1, 0]
    np.testing.assert_array_equal(found["key_people_left_recency"], [np.nan, np.nan, np.nan, 1])


def test_windows_end_with_their_last_day():
    found = built(USERS, *[("a", day) for day in ("2026-05-21", "2026-05-22", "2026-09-06", "2026-09-07")])
    assert found["new_count_90d"].tolist() == [1, 0, 0, 0]
    assert found["champions_lost_count_180d"].tolist() == [1, 1, 1, 0]


def test_a_person_known_late_is_not_counted_early():
    text = """
        user_id account_id role     active_from active_to  known_at
        u1      a          champion 2026-01-01  2026-02-01 2026-02-10
        u2      a          champion -           -          2026-02-05
        u3      a          champion -           -          -"""
    found = built(text, *[("a", f"2026-02-{day}") for day in ("05", "06", "10", "11")])
    assert found["known_count"].tolist() == [1, 2, 2, 2]
    assert found["champions_lost_count_180d"].tolist() == [0, 0, 0, 1]
    assert found["new_count_90d"].tolist() == [0, 0, 0, 1]


def test_the_role_of_a_comment_counts_before_that_of_its_user():
    voc = """
        voc_id account_id said_at    user_id speaker_role text
        1      a          2026-03-01 u4      champion     x
        2      a          2026-03-05 u1      user         y
        3      a          2026-03-06 -       -            z"""
    assert built(USERS, ("a", "2026-03-07"), voc=voc)["key_people_heard_recency"].tolist() == [6]


def test_who_was_no_key_person_yet_is_not_heard_as_one():
    users = "user_id account_id role     active_from known_at\nu1 a champion 2026-01-01 2026-02-01"
    voc = "voc_id account_id said_at user_id text\n1 a 2026-01-31 u1 x\n2 a 2026-02-01 u1 y"
    found = built(users, ("a", "2026-02-01"), ("a", "2026-02-02"), voc=voc)
    np.testing.assert_array_equal(found["key_people_heard_recency"], [np.nan, 1])


def test_an_answer_is_heard_from_the_day_after_it_came():
    found = built(USERS, ("a", "2026-03-28"), ("a", "2026-03-29"), surveys=SURVEYS)
    np.testing.assert_array_equal(found["key_people_heard_recency"], [np.nan, 1])


def test_the_zone_decides_on_the_day():
    text = "user_id account_id role active_from active_to\nu1 a champion 2026-01-01 2026-01-31T15:00:00"
    assert built(text, ("a", "2026-02-01"))["champions_count"].tolist() == [0]
    assert built(text, ("a", "2026-02-01"), zone="Asia/Tokyo")["champions_count"].tolist() == [1]


def test_roles_of_ones_own():
    tables = book(users=USERS, contracts=CONTRACTS)
    X = UsersBuilder(champions=("admin", "user"), decision_makers=()).build(
        bucket_of(tables), keys(("a", "2026-04-01"))
    )
    assert (X["users_champions_count"].item(), X["users_decision_makers_count"].item()) == (2, 0)


def test_a_bucket_without_rows():
    tables = book(users=USERS, voc=VOC, surveys=SURVEYS, contracts=CONTRACTS)
    X = UsersBuilder().build(bucket_of(tables, ["z"]), keys(("z", "2026-04-01")))
    assert X.filter(like="recency").isna().all(axis=None)
    assert (X.filter(like="count") == 0).all(axis=None)


@pytest.mark.parametrize(("columns", "names"), [
    (["user_id"], ["known_count"]), (["active_from"], ["known_count", "new_count_90d"]),
    (["role"], ["known_count", "admins_count", "decision_makers_count", "champions_count"]),
    (["active_to"], ["known_count"]),
])  # fmt: skip
def test_columns_that_are_absent_make_no_features(columns, names):
    tables = book(users=USERS, contracts=CONTRACTS)
    rows = tables.frame("users")[["account_id", "known_at", *columns]]
    X = ALONE.build(Bucket(tables.accounts(), {"users": rows}), keys(("a", "2026-04-01")))
    assert list(X) == [feature.name for feature in ALONE.features(columns)] == [f"users_{name}" for name in names]


@pytest.mark.parametrize(("more", "reads"), [
    ({}, []), ({"voc": VOC}, ["voc"]), ({"surveys": SURVEYS}, ["surveys"]),
    ({"voc": "account_id said_at text\na 2026-01-01 x"}, []),
    ({"surveys": "account_id kind score answered_at\na nps 1 2026-01-01"}, []),
])  # fmt: skip
def test_silence_is_known_only_where_a_table_tells_who_speaks(more, reads):
    suited = UsersBuilder().suited(book(users=USERS, contracts=CONTRACTS, **more))
    assert suited == replace(UsersBuilder(), reads=("users", *reads))
    assert ("users_key_people_heard_recency" in [item.name for item in suited.features(["role"])]) == bool(reads)


PERSON = st.tuples(
    st.sampled_from("ab"), st.sampled_from([None, "user", "admin", "champion", "decision_maker"]),
    st.none() | HOUR, st.none() | HOUR, st.sampled_from([0, 0, 30, 900]),
)  # fmt: skip
ANSWER = st.tuples(
    st.sampled_from("ab"), HOUR, st.sampled_from([0, 30, 900]), st.sampled_from(["u0", "u1", "u2", "u9", None]),
    st.booleans(),
)  # fmt: skip


@LAWFUL
@given(st.lists(PERSON, max_size=12), st.lists(ANSWER, max_size=8))
def test_people_equal_plain_sql(people, answers):
    account, role, since, until, late = zip(*people, strict=True) if people else [()] * 5
    known = instants([None if at is None else at + slow for at, slow in zip(since, late, strict=True)])
    users = pd.DataFrame({"account_id": account, "role": role}, dtype=object)
    users = users.assign(user_id=[f"u{at}" for at in range(len(users))], active_from=instants(since))
    users = users.assign(active_to=instants(until), known_at=known)
    account, came, late, user, scored = zip(*answers, strict=True) if answers else [()] * 5
    surveys = pd.DataFrame({"account_id": account, "user_id": user}, dtype=object).assign(answered_at=instants(came))
    surveys = surveys.assign(known_at=instants([at + slow for at, slow in zip(came, late, strict=True)]))
    surveys = surveys.assign(score=np.where(np.array(scored, dtype=bool), 5.0, np.nan))
    bucket = Bucket(np.array(["a", "b", "z"]), {"users": users, "surveys": surveys})
    sql = """
        WITH told AS (
            SELECT at, users.*, julianday(as_of) - julianday(date(active_from)) AS since,
                julianday(as_of) - julianday(date(active_to)) AS gone,
                NOT coalesce(active_to < as_of, 0) AS here, role IN ('champion', 'decision_maker') AS key
            FROM keys JOIN users USING (account_id)
            WHERE coalesce(active_from < as_of, 1) AND coalesce(known_at < as_of, 1)),
        gone AS (
            SELECT at, role, julianday(as_of) - julianday(date(active_to)) AS age
            FROM keys JOIN users USING (account_id)
            WHERE active_to < as_of AND coalesce(known_at < as_of, 1)),
        heard AS (
            SELECT at, julianday(as_of) - julianday(date(answered_at)) AS age FROM keys
            JOIN surveys USING (account_id) JOIN users USING (user_id)
            WHERE answered_at < as_of AND surveys.known_at < as_of AND score IS NOT NULL
                AND role IN ('champion', 'decision_maker') AND coalesce(users.known_at <= answered_at, 1))
        SELECT at,
            (SELECT count(*) FROM told WHERE told.at = keys.at AND here) AS users_known_count,
            (SELECT count(*) FROM told WHERE told.at = keys.at AND since <= 90) AS users_new_count_90d,
            (SELECT count(*) FROM told WHERE told.at = keys.at AND here AND role = 'admin') AS users_admins_count,
            (SELECT count(*) FROM told WHERE told.at = keys.at AND here AND role = 'champion') AS users_champions_count,
            (SELECT count(*) FROM gone WHERE gone.at = keys.at AND role = 'champion' AND age <= 180)
                AS users_champions_lost_count_180d,
            (SELECT min(age) FROM gone WHERE gone.at = keys.at AND role IN ('champion', 'decision_maker'))
                AS users_key_people_left_recency,
            (SELECT min(age) FROM heard WHERE heard.at = keys.at) AS users_key_people_heard_recency
        FROM keys"""
    assert_some(UsersBuilder().build(bucket, KEYS), in_sql(sql, users=users, surveys=surveys))
