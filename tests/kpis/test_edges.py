"""What lies on an edge: restarts, dropped lines, gaps, currencies, zero denominators, parents, what was known when."""

from __future__ import annotations

import math

import pytest

from cs_ml.errors import ConfigError, InputError, TableError
from cs_ml.kpis import choose_kpis


def test_an_end_and_a_restart_on_the_same_day_are_one_stay(asked):
    found = asked("2026-01-01", "2026-03-01", options={"grace_days": 0}, contracts="""
        account_id start_at   end_at     mrr
        a          2025-01-01 2026-02-01 100
        a          2026-02-01 2027-01-01 100""")  # fmt: skip
    assert found("churn_rate") == [0, 0]
    assert found("reactivated_accounts") == [0, 0]


def test_one_of_two_lines_that_ends_is_contraction_not_churn(asked):
    found = asked("2026-01-01", "2026-02-01", by=("product",), contracts="""
        account_id product start_at   end_at     mrr
        a          core    2025-01-01 2027-01-01 100
        a          extra   2025-01-01 2026-01-20 30""")  # fmt: skip
    assert (found("churn_rate"), found("churned_mrr"), found("contraction_mrr")) == ([0], [0], [30])
    assert found("contraction_mrr", by="product", group="extra") == [30]
    assert found("churned_mrr", by="product", group="extra") == [0]


@pytest.mark.parametrize(("restart", "lost", "back"), [("2026-02-14", 0, 0), ("2026-02-15", 1, 1)])
def test_reactivation_inside_and_outside_the_grace_period(asked, restart, lost, back):
    found = asked("2026-01-01", "2026-03-01", contracts=f"""
        account_id start_at   end_at     mrr
        a          2025-01-01 2026-01-15 100
        a          {restart}  2027-01-01 120""")  # fmt: skip
    assert found("lost_accounts") == [lost, 0]
    assert found("reactivated_accounts") == [0, back]
    assert found("mrr") == [0 if lost else 100, 120]
    assert found("mrr", "lines") == [0, 120]
    assert found("reactivated_mrr") == [0, 120 * back]


def test_a_bridged_gap_earns_nothing(asked):
    found = asked("2026-01-01", "2026-03-01", contracts="""
        account_id start_at   end_at     mrr
        a          2025-01-01 2026-01-16 310
        a          2026-02-15 2027-01-01 280""")  # fmt: skip
    assert found("recurring_revenue") == [pytest.approx(150), pytest.approx(140)]


def test_whoever_came_and_went_within_a_period_was_never_active_at_its_edges(asked):
    found = asked("2026-01-01", "2026-02-01", contracts="""
        account_id start_at   end_at     mrr
        a          2026-01-05 2026-01-20 100
        b          2025-01-01 2027-01-01 100""")  # fmt: skip
    assert (found("new_accounts"), found("lost_accounts"), found("churn_rate")) == ([0], [0], [0])
    assert found("recurring_revenue")[0] == pytest.approx(100 + 100 * 15 / 31)


def test_an_account_without_users_counts_with_its_seats(asked):
    found = asked("2026-01-01", "2026-02-01", contracts="""
        account_id start_at   end_at     mrr seats
        a          2025-01-01 2027-01-01 100 4
        b          2025-01-01 2027-01-01 100 6
        c          2025-01-01 2027-01-01 100 -""", usage="""
        account_id event_at         user_id event
        a          2026-01-05T09:00 u1      login
        a          2026-01-05T10:00 u1      login
        c          2026-01-06T10:00 u9      login""", users="""
        user_id account_id
        u1      a
        u2      a""")  # fmt: skip
    assert found("login_rate") == found("seat_utilisation") == [pytest.approx(1 / 10)]
    assert found("login_rate", what="n_excluded") == [1]
    assert found("login_rate", what="reason_excluded") == ["no seats"]
    assert found("login_rate", "users") == [0.5]
    assert found("login_rate", "users", what="n_excluded") == [2]
    assert found("login_count") == [3]
    assert found("login_frequency") == [pytest.approx(3 / (2 * 31 / 7))]


def test_two_currencies_are_an_error_that_names_them_until_there_is_a_rate(asked):
    lines = """
        account_id start_at   end_at     mrr currency
        a          2025-01-01 2027-01-01 100 USD
        b          2025-01-01 2027-01-01 100 EUR"""
    with pytest.raises(
        TableError, match=r"contracts\.currency: expected one currency, or a rate for each, found EUR, USD"
    ):
        asked("2026-01-01", "2026-02-01", contracts=lines)
    found = asked("2026-01-01", "2026-02-01", contracts=lines, options={"fx": {"USD": 1.0, "EUR": 1.5}})
    assert found("mrr") == [250]


def test_a_zero_denominator_has_no_value_and_says_so(asked):
    found = asked("2025-01-01", "2025-02-01", contracts="account_id start_at mrr\na 2026-01-01 100")
    for kpi in ("churn_rate", "nrr", "grr", "arpa", "upsell_rate", "contract_length"):
        if kpi == "contract_length":
            assert kpi not in set(found.table.frame["kpi"])  # no planned ends at all
            continue
        assert math.isnan(found(kpi)[0]), kpi
        assert found(kpi, what="reason_missing")[0], kpi
    assert found("mrr") == [0]
    assert math.isnan(found("ltv")[0])


def test_a_period_shorter_than_a_billing_month_has_its_days_of_revenue(asked):
    found = asked("2026-01-05", "2026-01-19", every="week", contracts="""
        account_id start_at   end_at     mrr billing_months
        a          2025-01-01 2027-01-01 310 12""")  # fmt: skip
    assert found("mrr") == [310, 310]
    assert found("recurring_revenue") == [pytest.approx(70)] * 2
    assert found("churn_rate") == [0, 0]


def test_children_count_under_their_parent_and_each_contract_once(asked):
    tables = {
        "accounts": "account_id parent_id segment\nhead - big\nleft head small\nright left small\nalone gone small",
        "contracts": """
        account_id start_at   end_at     mrr
        left       2025-01-01 2026-01-20 100
        right      2025-01-01 2027-01-01 50
        alone      2025-01-01 2027-01-01 10""",
    }
    apart, rolled = (
        asked("2026-01-01", "2026-02-01", by=("segment",), options={"rollup": rollup}, **tables)
        for rollup in (False, True)
    )
    assert (apart("lost_accounts"), apart("active_accounts")) == ([1], [2])
    assert (rolled("lost_accounts"), rolled("active_accounts")) == ([0], [2])
    assert (apart("mrr"), rolled("mrr")) == ([60], [60])
    assert rolled("mrr", by="segment", group="big") == [50]
    assert rolled("contraction_mrr") == apart("churned_mrr") == [100]


def test_parents_in_a_circle_are_refused(asked):
    with pytest.raises(TableError, match="a circle at a"):
        asked("2026-01-01", "2026-02-01", options={"rollup": True}, accounts="account_id parent_id\na b\nb a",
              contracts="account_id start_at mrr\na 2025-01-01 1")  # fmt: skip


def test_a_missing_table_makes_a_kpi_absent_and_says_so(asked):
    found = asked("2026-01-01", "2026-02-01", contracts="account_id start_at mrr\na 2025-01-01 100")
    absent = found.table.absent.set_index("kpi")["reason"]
    assert absent["csat"].tolist() == ["needs surveys"] * 2
    assert "nps" not in set(found.table.frame["kpi"])
    assert "needs contracts.product" in absent["cross_sell_rate"].iloc[0]


@pytest.mark.parametrize(("event", "told"), [("click", ["needs a login in usage.event"]), ("signin", [])])
def test_where_no_event_is_a_login_there_are_none_to_count(asked, event, told):
    found = asked("2026-01-01", "2026-03-01", accounts="account_id\na", options={"login_events": ["signin"]}, usage=f"""
        account_id event_at         event
        a          2026-01-05T09:00 click
        a          2026-01-06T09:00 {event}""")  # fmt: skip
    absent = found.table.absent
    assert absent.loc[absent["kpi"] == "login_count", "reason"].tolist() == told
    assert found("login_count") == ([] if told else [1, 0])


def test_without_contracts_usage_kpis_remain(asked):
    found = asked("2026-01-01", "2026-03-01", accounts="account_id\na\nb", usage="""
        account_id event_at
        a          2026-01-05T09:00
        b          2026-02-05T09:00""")  # fmt: skip
    assert found("usage_count") == [1, 1]
    assert found("utilisation_level", "dormant", what="numerator") == [0, 1]
    assert "churn_rate" not in set(found.table.frame["kpi"])


LATE = """
    account_id start_at   end_at     mrr cancel_requested_at cancelled_at known_at
    a          2025-01-01 2027-01-01 100 2026-02-10          2026-01-20   2025-01-01
    b          2025-01-01 2027-01-01 100 -                   -            2025-01-01
    c          2025-01-01 2027-01-01 50  -                   -            2026-02-15"""


def test_as_known_now_then_and_at_a_date(asked):
    now = asked("2026-01-01", "2026-03-01", contracts=LATE)
    then = asked("2026-01-01", "2026-03-01", contracts=LATE, known="then")
    dated = asked("2026-01-01", "2026-03-01", contracts=LATE, known="2026-02-11")
    assert [one("lost_accounts") for one in (now, then, dated)] == [[1, 0], [0, 0], [1, 0]]
    assert [one("opening_mrr") for one in (now, then, dated)] == [[250, 150], [200, 150], [200, 100]]
    with pytest.raises(InputError, match="now, then, or a date"):
        asked("2026-01-01", "2026-03-01", contracts=LATE, known="yesterday or so")


def test_what_may_still_change_is_not_settled(asked):
    lines = "account_id start_at mrr\na 2025-01-01 1"
    found = asked("2026-01-01", "2026-05-01", data_end="2026-04-01", contracts=lines)
    assert found("churn_rate", what="settled") == [True, True, False, False]
    assert found("mrr", what="settled") == [True, True, True, False]


def test_days_and_edges_are_those_of_the_zone(asked):
    lines = "account_id start_at end_at mrr\na 2025-01-01 2026-01-31T15:00:00 100\nb 2025-01-01 2027-01-01 100"
    utc, tokyo = (asked("2026-01-01", "2026-03-01", contracts=lines, zone=zone) for zone in ("UTC", "Asia/Tokyo"))
    assert utc("lost_accounts") == [1, 0]  # ended before the midnight of February in both
    assert tokyo("lost_accounts") == [1, 0]
    later = lines.replace("T15:00:00", "T15:00:01")
    assert asked("2026-01-01", "2026-03-01", contracts=later, zone="Asia/Tokyo")("lost_accounts") == [0, 1]
    assert asked("2026-01-01", "2026-03-01", contracts=later)("lost_accounts") == [1, 0]


def test_fiscal_years_begin_where_they_are_told(asked):
    lines = "account_id start_at end_at mrr\na 2024-01-01 2025-05-10 100\nb 2024-01-01 2027-01-01 100"
    found = asked("2024-01-01", "2026-12-31", every="year", fiscal_start=4, contracts=lines)
    assert found("churn_rate", what="period_start")[0].strftime("%m-%d") == "04-01"
    assert found("churn_rate") == [0, 0.5]


def test_a_term_is_up_in_the_period_of_its_last_day_whenever_it_was_renewed(asked):
    found = asked("2026-01-01", "2026-04-01", contracts="""
        account_id start_at   end_at     mrr cancelled_at
        early      2025-02-01 2026-02-01 10  -
        early      2025-12-15 2027-02-01 10  -
        late       2025-02-15 2026-02-15 10  -
        late       2026-03-10 2027-03-10 10  -
        never      2025-02-15 2026-02-15 10  -
        broken     2025-02-15 2026-02-15 10  2025-11-01""")  # fmt: skip
    assert found("renewal_rate", what="numerator") == [1, 1, 0]
    assert found("renewal_rate", what="denominator") == [1, 2, 0]
    assert found("renewal_rate", what="n_excluded") == [0, 1, 0]
    assert found("renewal_rate", what="reason_excluded")[1] == "ended before the term did"


def test_upsell_is_more_seats_or_a_higher_tier_and_not_a_higher_price(asked):
    found = asked("2026-02-01", "2026-03-01", contracts="""
        account_id product start_at   end_at     mrr seats tier
        seats      core    2025-01-01 2026-02-10 100 5     1
        seats      core    2026-02-10 2027-01-01 150 8     1
        tier       core    2025-01-01 2026-02-10 100 5     1
        tier       core    2026-02-10 2027-01-01 150 5     2
        price      core    2025-01-01 2026-02-10 100 5     1
        price      core    2026-02-10 2027-01-01 150 5     1
        top        core    2025-01-01 2027-01-01 150 5     2
        cross      core    2025-01-01 2027-01-01 100 5     1
        cross      extra   2026-02-05 2027-01-01 10  5     1
        both       core    2025-01-01 2027-01-01 100 5     1
        both       extra   2025-01-01 2027-01-01 10  5     1""")  # fmt: skip
    assert (found("upsell_rate", what="numerator"), found("upsell_rate", what="denominator")) == ([2], [5])
    assert found("upsell_rate", what="reason_excluded") == ["already on the top tier"]
    assert (found("cross_sell_rate", what="numerator"), found("cross_sell_rate", what="denominator")) == ([1], [5])
    assert found("cross_sell_rate", what="n_excluded") == [1]
    assert found("premium_rate", what="numerator") == [2]


def test_groups_are_as_they_stood_at_the_start_of_the_period(asked):
    found = asked("2026-01-01", "2026-03-01", by=("segment", "plan", "cohort"), accounts="""
        account_id segment valid_from valid_to
        a          small   2025-01-01 2026-01-10
        a          big     2026-01-10 -
        b          small   2025-01-01 -""", contracts="""
        account_id start_at   end_at     mrr plan
        a          2025-05-01 2026-01-20 10  basic
        a          2026-01-20 2027-01-01 90  pro
        b          2025-08-01 2027-01-01 50  basic""")  # fmt: skip
    assert found("expansion_mrr", by="segment", group="small") == [80, 0]
    assert found("mrr", by="segment", group="small") == [140, 50]
    assert found("opening_mrr", by="segment", group="big") == [0, 90]
    assert found("mrr", by="plan", group="pro") == [0, 90]
    assert found("mrr", by="cohort", group="2025-04") == [90, 90]


def test_an_unknown_name_is_met_with_the_nearest(asked):
    with pytest.raises(ConfigError, match="did you mean churn_rate"):
        choose_kpis(["churn_rat"])
    with pytest.raises(ConfigError, match="by: expected one of segment, cohort, found 'segmnt'"):
        asked("2026-01-01", "2026-02-01", by=("segmnt",), accounts="account_id segment\na x",
              contracts="account_id start_at mrr\na 2025-01-01 1")  # fmt: skip
