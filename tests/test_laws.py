"""Laws that every builder of the package obeys; new builders are found by themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import HOUR, KEYS, LAWFUL, assert_some, in_sql, instants

from cs_ml.engine.bucket import Bucket
from cs_ml.engine.local import LocalEngine
from cs_ml.features import (
    ContractsBuilder,
    SnapshotBuilder,
    SurveysBuilder,
    TopicsBuilder,
    VocBuilder,
    audit,
    default_builders,
)
from cs_ml.tables import Tables, open_tables
from cs_ml.timeline import make_spine

BUILDERS = default_builders(attributes=("csm",))
DATES = pd.DatetimeIndex(["2025-04-01", "2026-01-01"])
SPAN = {"start": "2025-01-01", "end": "2026-06-01"}
ALONE = LocalEngine(workers=1, buckets=1)


@pytest.fixture(scope="module")
def some(sample) -> Tables:
    """Return a dozen accounts of the sample, four of them one family."""
    whole = open_tables(sample)
    spoken = set(whole.query("SELECT DISTINCT account_id FROM {voc}")["account_id"])
    chosen = np.array([name for name in whole.accounts() if name in spoken][5:200:15], dtype=object)
    frames = {name: whole.frame(name, chosen) for name in whole.names if "account_id" in whole.columns(name)}
    children = frames["accounts"]["account_id"].isin(chosen[[2, 5, 7]])
    frames["accounts"]["parent_id"] = pd.Series(chosen[1], children.index).where(children, None)
    return whole.replaced(frames)


@pytest.fixture(scope="module")
def expected(some) -> pd.DataFrame:
    return SnapshotBuilder(BUILDERS, ALONE).build(some, make_spine(some, **SPAN))


@pytest.fixture(scope="module")
def audited(some):
    return audit(BUILDERS, some, dates=DATES, accounts=99, engine=ALONE)


def test_truncation_no_builder_sees_the_future(audited):
    leaks = audited.cells[audited.cells["verdict"] == "leak"]
    assert leaks.empty, leaks[["feature", "change", "example"]].to_string()


@pytest.mark.parametrize(
    "builder", BUILDERS, ids=lambda builder: f"{builder.reads[0]} {getattr(builder, 'kind', '')}".strip()
)
def test_truncation_no_pass_is_empty_talk(audited, some, builder):
    table = audited.by_feature().astype(str)
    for feature in builder.features(some.columns(builder.reads[0])):
        found = table.loc[feature.name].drop("filled" if feature.theme == "profile" else [])
        assert set(found) == {"identical"}, feature.name


@pytest.mark.parametrize("buckets", [1, 3, 7])
@pytest.mark.parametrize("workers", [1, 2])
def test_bucket_built_in_pieces_is_built_at_once(some, expected, workers, buckets):
    X = SnapshotBuilder(BUILDERS, LocalEngine(workers, buckets)).build(some, make_spine(some, **SPAN))
    pd.testing.assert_frame_equal(X, expected, check_exact=True)


def test_shuffle_the_order_of_rows_and_the_names_of_accounts_change_nothing(some, expected):
    accounts = some.accounts()
    renamed = dict(
        zip(accounts, [f"顧客 {at:03d}" for at in np.random.default_rng(3).permutation(len(accounts))], strict=True)
    )
    frames = {name: some.frame(name).sample(frac=1, random_state=at) for at, name in enumerate(some.names)}
    for frame in frames.values():
        for column in frame.columns.intersection(["account_id", "parent_id"]):
            frame[column] = frame[column].map(renamed)
    other = some.replaced(frames)
    X = SnapshotBuilder(BUILDERS, LocalEngine(2, 3)).build(other, make_spine(other, **SPAN))
    back = X.rename(index={name: account for account, name in renamed.items()}, level="account_id").sort_index()
    pd.testing.assert_frame_equal(back, expected, check_exact=True, check_index_type=False)


LATE = st.sampled_from([0, 0, 1, 30, 24 * 40])
SURVEY = st.tuples(
    st.sampled_from("ab"),
    st.sampled_from(["nps", "csat"]),
    HOUR,
    st.none() | LATE,
    st.none() | st.integers(0, 10),
    LATE,
)
COMMENT = st.tuples(
    st.sampled_from("ab"), HOUR, LATE, st.none() | st.integers(-4, 4), st.sampled_from([None, "user", "champion"]),
    st.sampled_from(["遅い", "fast"]), st.sampled_from([None, "ja", "en"]),
)  # fmt: skip
LINE = st.tuples(
    st.sampled_from("ab"), HOUR, st.none() | HOUR, st.none() | HOUR, st.none() | HOUR, st.integers(1, 9), LATE
)


@LAWFUL
@given(st.lists(SURVEY, max_size=14))
def test_oracle_surveys_equal_plain_sql(drawn):
    account, kind, sent, wait, score, late = zip(*drawn, strict=True) if drawn else [()] * 6
    came = [None if wait is None else at + wait for at, wait in zip(sent, wait, strict=True)]
    known = instants([at + slow for at, slow in zip(sent, late, strict=True)])
    columns = {"account_id": account, "kind": kind, "score": np.array(score, dtype=float)}
    rows = pd.DataFrame(columns).assign(sent_at=instants(sent), answered_at=instants(came), known_at=known)
    X = SurveysBuilder("nps").build(Bucket(np.array(["a", "b", "z"]), {"surveys": rows}), KEYS)
    sql = """
        WITH nps AS (
            SELECT *, score IS NOT NULL AND answered_at IS NOT NULL AS answered FROM surveys WHERE kind = 'nps'),
        heard AS (
            SELECT at, as_of, nps.*, answered_at >= datetime(as_of, '-365 days') AS inside,
                   row_number() OVER (PARTITION BY at ORDER BY answered_at DESC, row DESC) AS place
            FROM keys JOIN nps USING (account_id) WHERE answered AND answered_at < as_of AND known_at < as_of),
        asked AS (
            SELECT at, answered AND answered_at < as_of AS back FROM keys JOIN nps USING (account_id)
            WHERE sent_at < as_of AND known_at < as_of AND sent_at >= datetime(as_of, '-365 days'))
        SELECT at,
            (SELECT score FROM heard WHERE heard.at = keys.at AND place = 1) AS nps_score_latest,
            (SELECT avg(score) FROM heard WHERE heard.at = keys.at AND inside) AS nps_score_mean_365d,
            (SELECT score FROM heard WHERE heard.at = keys.at AND place = 1 AND inside)
                - (SELECT avg(score) FROM heard WHERE heard.at = keys.at AND inside AND place > 1) AS nps_score_change,
            (SELECT julianday(as_of) - julianday(date(answered_at)) FROM heard
                WHERE heard.at = keys.at AND place = 1) AS nps_response_recency,
            (SELECT avg(back) FROM asked WHERE asked.at = keys.at) AS nps_response_rate_365d,
            (SELECT count(*) FROM asked WHERE asked.at = keys.at AND NOT coalesce(back, 0)) AS nps_unanswered_count_365d
        FROM keys"""
    assert_some(X, in_sql(sql.replace("avg(back)", "avg(coalesce(back, 0))"), surveys=rows))


@LAWFUL
@given(st.lists(COMMENT, max_size=14))
def test_oracle_comments_equal_plain_sql(drawn):
    account, said, late, feeling, role, text, language = zip(*drawn, strict=True) if drawn else [()] * 7
    known = instants([at + slow for at, slow in zip(said, late, strict=True)])
    words = pd.DataFrame(
        {"account_id": account, "speaker_role": role, "text": text, "language": language}, dtype=object
    )
    rows = words.assign(said_at=instants(said), known_at=known, sentiment=np.array(feeling, dtype=float) / 4)
    X = VocBuilder().build(Bucket(np.array(["a", "b", "z"]), {"voc": rows}), KEYS)
    sql = """
        WITH heard AS (
            SELECT at, voc.*, julianday(as_of) - julianday(date(said_at)) AS age,
                   speaker_role IS NOT NULL AND speaker_role = 'champion' AS decides,
                   CASE WHEN language IS NULL THEN text = '遅い' ELSE language = 'ja' END AS japanese
            FROM keys JOIN voc USING (account_id) WHERE said_at < as_of AND known_at < as_of)
        SELECT keys.at AS at, count(CASE WHEN age <= 90 THEN 1 END) AS voc_comments_count_90d,
            count(CASE WHEN age <= 365 THEN 1 END) AS voc_comments_count_365d,
            min(age) AS voc_comments_recency,
            avg(CASE WHEN age <= 180 THEN sentiment END) AS voc_sentiment_mean_180d,
            avg(CASE WHEN age <= 180 AND sentiment IS NOT NULL THEN sentiment < 0 END) AS voc_negative_share_180d,
            avg(CASE WHEN age <= 180 AND NOT decides THEN sentiment END) AS voc_user_sentiment_mean_180d,
            avg(CASE WHEN age <= 180 AND decides THEN sentiment END) AS voc_decision_maker_sentiment_mean_180d,
            min(CASE WHEN decides THEN age END) AS voc_decision_maker_recency,
            avg(CASE WHEN age <= 365 THEN japanese END) AS voc_japanese_share_365d
        FROM keys LEFT JOIN heard ON heard.at = keys.at GROUP BY keys.at"""
    assert_some(X, in_sql(sql, voc=rows))
    spoken = in_sql(
        """SELECT at, iif(sentiment IS NULL, '', printf('%+.2f', sentiment) || char(9)) || text AS text
        FROM keys JOIN voc USING (account_id) WHERE said_at < as_of AND known_at < as_of
        AND said_at >= datetime(as_of, '-180 days') ORDER BY at, said_at, row""",
        voc=rows,
    )
    assert "\n".join(X["voc_comments_text_180d"].dropna()).split("\n") == (spoken["text"].tolist() or [""])


@LAWFUL
@given(st.lists(LINE, max_size=12))
def test_oracle_contracts_equal_plain_sql(drawn):
    account, start, length, notice, gone, mrr, late = zip(*drawn, strict=True) if drawn else [()] * 7
    end = [None if days is None else at + 1 + days for at, days in zip(start, length, strict=True)]
    moments = {"start_at": start, "end_at": end, "cancel_requested_at": notice, "cancelled_at": gone}
    rows = pd.DataFrame({name: instants(hours) for name, hours in moments.items()})
    rows = rows.assign(account_id=list(account), mrr=np.array(mrr, dtype=float))
    rows = rows.assign(known_at=instants([at + slow for at, slow in zip(start, late, strict=True)]))
    X = ContractsBuilder().build(Bucket(np.array(["a", "b", "z"]), {"contracts": rows}), KEYS)
    sql = """
        WITH told AS (
            SELECT at, as_of, date(start_at) AS starts, mrr, date(min(coalesce(end_at, '9999-12-31'),
                CASE WHEN date(coalesce(cancel_requested_at, cancelled_at)) < date(as_of)
                     THEN coalesce(cancelled_at, '9999-12-31') ELSE '9999-12-31' END)) AS ends
            FROM keys JOIN contracts USING (account_id) WHERE date(known_at) < date(as_of)),
        dated AS (SELECT *, date(as_of) AS now, date(as_of, '-90 days') AS before FROM told)
        SELECT keys.at AS at, sum(mrr) FILTER (WHERE starts < now AND ends >= now) AS contracts_mrr_current,
            count(*) FILTER (WHERE starts < now AND ends >= now) AS contracts_lines_count,
            ln(sum(mrr) FILTER (WHERE starts < now AND ends >= now))
                - ln(sum(mrr) FILTER (WHERE starts < before AND ends >= before)) AS contracts_mrr_change_90d,
            julianday(now) - julianday(min(starts) FILTER (WHERE starts < now)) AS contracts_tenure_days
        FROM keys LEFT JOIN dated ON dated.at = keys.at GROUP BY keys.at"""
    assert_some(X, in_sql(sql, contracts=rows))


@LAWFUL
@given(st.lists(COMMENT, max_size=14))
def test_oracle_topics_equal_plain_sql(drawn):
    account, said, late, feeling, role, text, language = zip(*drawn, strict=True) if drawn else [()] * 7
    topic = [None if code is None else {"ja": "価格", "en": "other"}[code] for code in language]
    words = pd.DataFrame({"account_id": account, "speaker_role": role, "text": text, "topic": topic}, dtype=object)
    rows = words.assign(
        said_at=instants(said),
        known_at=instants([at + slow for at, slow in zip(said, late, strict=True)]),
        sentiment=np.array(feeling, dtype=float) / 4,
    )
    X = TopicsBuilder().build(Bucket(np.array(["a", "b", "z"]), {"voc": rows}), KEYS)
    sql = """
        WITH heard AS (
            SELECT at, julianday(as_of) - julianday(date(said_at)) AS age, coalesce(topic, '') = '価格' AS price,
                   coalesce(topic, '') <> '価格' AS slow, coalesce(speaker_role, '') = 'champion' AS decides,
                   coalesce(sentiment < 0, text = '遅い' OR text = 'slow') AS complains
            FROM keys JOIN voc USING (account_id) WHERE said_at < as_of AND known_at < as_of)
        SELECT keys.at AS at, count(CASE WHEN age <= 180 AND price THEN 1 END) AS voc_price_count_180d,
            avg(CASE WHEN age <= 180 THEN price END) AS voc_price_share_180d,
            avg(CASE WHEN age <= 180 AND NOT decides THEN price END) AS voc_price_user_share_180d,
            avg(CASE WHEN age <= 180 AND decides THEN slow END) AS voc_usability_decision_maker_share_180d,
            min(CASE WHEN price AND complains THEN age END) AS voc_price_complaint_recency,
            min(CASE WHEN slow AND complains THEN age END) AS voc_usability_complaint_recency
        FROM keys LEFT JOIN heard ON heard.at = keys.at GROUP BY keys.at"""
    assert_some(X, in_sql(sql, voc=rows))
