"""Figures of voice, support, start and use, each on a table small enough to count by hand."""

from __future__ import annotations

import pytest

CONTRACT = "account_id start_at mrr seats\na 2025-01-01 100 4\nb 2025-01-01 100 4"


def test_nps_takes_the_latest_answer_of_each_respondent(asked):
    found = asked("2026-01-01", "2026-02-01", contracts=CONTRACT, surveys="""
        response_id account_id kind score answered_at sent_at    user_id
        r1          a          nps  3     2026-01-05  2026-01-01 u1
        r2          a          nps  9     2026-01-20  2026-01-18 u1
        r3          a          nps  10    2026-01-06  2026-01-01 u2
        r4          b          nps  6     2026-01-06  2026-01-01 u3
        r5          b          nps  8     2026-01-06  2026-01-01 u4
        r6          b          nps  -     -           2026-01-01 u5
        r7          b          nps  0     2026-02-01  2026-01-01 u4""")  # fmt: skip
    assert (found("nps"), found("nps", what="denominator")) == ([pytest.approx((2 - 1) / 4)], [4])
    assert found("nps", "answers") == [pytest.approx((2 - 2) / 5)]
    assert found("nps_response_rate") == [pytest.approx(6 / 7)]
    assert found("nps", what="low")[0] < found("nps")[0] < found("nps", what="high")[0]


def test_what_counts_as_positive_is_an_option(asked):
    surveys = """
        response_id account_id kind score answered_at scale_max
        r1          a          csat 4     2026-01-05  5
        r2          a          csat 5     2026-01-05  -
        r3          a          csat 7     2026-01-05  10
        r4          a          ces  1     2026-01-05  5"""
    assert asked("2026-01-01", "2026-02-01", contracts=CONTRACT, surveys=surveys)("csat") == [pytest.approx(2 / 3)]
    strict = asked("2026-01-01", "2026-02-01", contracts=CONTRACT, surveys=surveys, options={"csat_positive": 1.0})
    assert strict("csat") == [pytest.approx(1 / 3)]


def test_first_contact_is_one_contact_and_no_return_within_a_week(asked):
    tickets = """
        ticket_id account_id opened_at  resolved_at contacts reopened_at
        t1        a          2026-01-02 2026-01-03  1        -
        t2        a          2026-01-02 2026-01-03  1        2026-01-10
        t3        a          2026-01-02 2026-01-03  1        2026-01-11
        t4        b          2026-01-02 2026-01-03  2        -
        t5        b          2026-01-02 -           -        -
        t6        b          2025-10-01 2026-02-02  1        -
        t7        b          2026-01-25 2026-01-28  1        -"""
    found = asked("2026-01-01", "2026-02-01", data_end="2026-02-03", contracts=CONTRACT, tickets=tickets)
    kpi = "first_contact_resolution"
    assert (found(kpi), found(kpi, what="denominator"), found(kpi, what="n_excluded")) == ([0.5], [4], [1])
    assert (found(kpi, "received"), found(kpi, "received", what="denominator")) == ([pytest.approx(2 / 5)], [5])
    assert (found("ticket_backlog"), found("ticket_backlog", "age_8_30")) == ([2], [1])
    assert found("ticket_backlog", "age_over_90") == [1]


def test_onboarding_is_judged_when_its_days_have_passed(asked):
    found = asked("2026-01-01", "2026-03-01", data_end="2026-03-10", options={"onboarding_days": 30}, contracts="""
        account_id start_at   mrr
        quick      2026-01-05 1
        slow       2026-01-05 1
        stuck      2026-01-05 1
        young      2026-02-20 1
        none       2026-01-05 1""", onboarding="""
        account_id step  completed_at
        quick      one   2026-01-10
        quick      two   2026-02-04
        slow       one   2026-02-05
        stuck      one   2026-01-10
        stuck      two   -
        young      one   2026-02-21""")  # fmt: skip
    kpi = "onboarding_completion_rate"
    assert found(kpi, what="numerator") == [1, 0]
    assert found(kpi, what="denominator") == [3, 0]
    assert found(kpi, what="n_excluded") == [1, 1]


USAGE = """
    account_id event_at         user_id event feature quantity
    a          2026-01-05T09:00 u1      login -       1
    a          2026-01-05T10:00 u1      view  report  2.5
    a          2026-01-06T10:00 u2      view  report  0.25
    a          2026-01-06T10:00 u2      view  extra   0.25
    a          2026-02-01T00:00 u2      login -       1"""


def test_use_is_counted_by_day_user_and_feature(asked):
    found = asked("2026-01-01", "2026-02-01", contracts=CONTRACT, usage=USAGE, entitlements="""
        account_id feature valid_from valid_to
        a          report  2025-01-01 -
        a          other   2025-01-01 -
        a          report  2025-06-01 -
        a          extra   2025-01-01 2026-01-31
        b          report  2026-01-01 -""")  # fmt: skip
    assert (found("login_count"), found("login_days"), found("usage_count")) == ([1], [0.5], [4])
    assert (found("active_users"), found("seat_utilisation")) == ([2], [pytest.approx(2 / 8)])
    assert found("usage_quantity") == [4]
    assert found("features_used") == [1]
    assert found("feature_utilisation") == [pytest.approx(1 / 3)]
    assert found("usage_frequency") == [pytest.approx(2 / (2 * 31 / 7))]
    assert found("utilisation_level", "dormant") == found("utilisation_level", "low") == [0.5]


def test_days_of_use_are_those_of_the_zone_and_late_rows_are_late(asked):
    usage = "account_id event_at known_at\na 2026-01-31T15:30 2026-03-01\na 2026-01-10 2026-01-10"
    tokyo = asked("2026-01-01", "2026-03-01", contracts=CONTRACT, usage=usage, zone="Asia/Tokyo")
    assert tokyo("usage_count") == [1, 1]
    utc = asked("2026-01-01", "2026-03-01", contracts=CONTRACT, usage=usage)
    then = asked("2026-01-01", "2026-03-01", contracts=CONTRACT, usage=usage, known="then")
    assert (utc("usage_count"), then("usage_count")) == ([2, 0], [1, 0])


def test_satisfaction_is_told_by_the_features_a_respondent_used(asked):
    found = asked("2026-01-01", "2026-02-01", contracts=CONTRACT, usage=USAGE, surveys="""
        response_id account_id kind score answered_at user_id
        r1          a          csat 5     2026-01-20  u1
        r2          a          csat 1     2026-01-20  u2""")  # fmt: skip
    kpi = "satisfaction_by_feature"
    assert found(kpi, by="feature", group="report") == [0.5]
    assert found(kpi, by="feature", group="extra") == [0]


def test_the_newest_valid_view_of_the_csm_counts(asked):
    found = asked("2026-01-01", "2026-02-01", contracts=CONTRACT, sentiment="""
        account_id set_at     csm level expires_at
        a          2026-01-02 x   bad   2026-06-01
        a          2026-01-05 x   Good  2026-06-01
        b          2025-01-05 x   good  2026-01-06""")  # fmt: skip
    assert (found("relationship_rate"), found("relationship_rate", what="n_excluded")) == ([1], [1])


def test_won_deals_are_sales(asked):
    found = asked("2026-01-01", "2026-02-01", contracts=CONTRACT, deals="""
        deal_id account_id kind   opened_at  closed_at  won   amount
        d1      a          new    2026-01-02 2026-01-20 true  100
        d2      a          upsell 2025-01-02 2026-01-20 true  50
        d3      b          new    2026-01-02 2026-01-20 false 70
        d4      b          new    2026-01-02 -          -     70
        d5      b          upsell 2026-01-02 2026-01-31 true  -""")  # fmt: skip
    assert (found("new_deals"), found("new_deals", "all"), found("sales"), found("leads")) == ([1], [3], [150], [3])
    assert (found("purchase_value"), found("purchase_value", what="n_excluded")) == ([75], [1])
    assert found("upsell_rate", "deals") == [1]
    assert found("purchase_frequency") == [pytest.approx(3 * 12 / 2)]
