"""Identities on random contract histories, and equality with SQL written independently."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kpi_sql import assert_same, sql_kpis

from cs_ml.kpis import KpiOptions, kpi_table
from cs_ml.tables import open_tables
from cs_ml.timeline.periods import make_periods

DAY0 = pd.Timestamp("2026-01-01")
LINE = st.fixed_dictionaries({
    "account_id": st.sampled_from("abcd"), "product": st.sampled_from(["core", "extra"]),
    "start": st.integers(-60, 150), "days": st.none() | st.integers(1, 120), "cut": st.none() | st.integers(1, 100),
    "mrr": st.sampled_from([0.0, 10.0, 25.5, 99.99, 100.0]), "seats": st.integers(0, 5), "tier": st.integers(1, 2),
})  # fmt: skip
PERIODS = st.sampled_from([("day", "2026-02-01", "2026-02-15"), ("week", "2026-01-01", "2026-04-01"),
                           ("month", "2026-01-01", "2026-06-01"), ("quarter", "2026-01-01", "2026-07-01")])  # fmt: skip


def tables_of(lines, **frames):
    rows = pd.DataFrame(lines)
    start = DAY0 + pd.to_timedelta(rows["start"], unit="D")
    contracts = rows[["account_id", "product", "mrr", "seats", "tier"]].assign(
        contract_line_id=[f"c{number:03d}" for number in range(len(rows))],
        start_at=start,
        end_at=start + pd.to_timedelta(rows["days"].astype(float), unit="D"),
        cancelled_at=start + pd.to_timedelta(rows["cut"].astype(float), unit="D"),
    )
    accounts = pd.DataFrame({"account_id": list("abcd"), "segment": ["x", "x", "y", None]})
    frames = {"accounts": accounts, "contracts": contracts, **frames}
    return open_tables(frames, data_end="2026-08-01", max_rejected_share=0.0)


@settings(max_examples=20)
@given(st.lists(LINE, min_size=1, max_size=12), PERIODS, st.sampled_from([0, 10, 30]))
def test_revenue_and_customers_add_up(lines, span, grace):
    every, start, end = span
    table = kpi_table(tables_of(lines), make_periods(start, end, every), by=("segment", "product"),
                      options=KpiOptions(grace_days=grace))  # fmt: skip
    for by in ("all", "segment", "product"):
        v = table.values(by)
        money = v[[name for name in v if name.endswith("mrr")]].fillna(0.0)
        moved = money["new_mrr"] + money["reactivated_mrr"] + money["expansion_mrr"]
        gone = money["contraction_mrr"] + money["churned_mrr"]
        np.testing.assert_allclose(money["opening_mrr"] + moved - gone, money["mrr"], atol=1e-9)
        np.testing.assert_allclose(money["net_new_mrr"], moved - gone, atol=1e-9)
        known = v[["grr", "nrr", "revenue_churn_rate", "net_revenue_churn_rate"]].dropna()
        opening, expansion = (money.loc[known.index, name] for name in ("opening_mrr", "expansion_mrr"))
        np.testing.assert_allclose(known["nrr"], known["grr"] + expansion / opening, atol=1e-9)
        np.testing.assert_allclose(known["grr"] + known["revenue_churn_rate"], 1, atol=1e-9)
        np.testing.assert_allclose(known["nrr"] + known["net_revenue_churn_rate"], 1, atol=1e-9)
        assert (known["grr"] <= np.minimum(known["nrr"], 1) + 1e-12).all()
    v = table.values()
    rates = v[["churn_rate", "retention_rate"]].dropna()
    np.testing.assert_allclose(rates.sum(axis=1), 1)
    before = v["active_accounts"] - v["new_accounts"] - v["reactivated_accounts"] + v["lost_accounts"]
    np.testing.assert_array_equal(before.iloc[1:], v["active_accounts"].iloc[:-1])
    np.testing.assert_allclose(v["opening_mrr"].iloc[1:], v["mrr"].iloc[:-1], atol=1e-9)


@settings(max_examples=12)
@given(st.lists(LINE, min_size=1, max_size=12), PERIODS)
def test_groups_add_up_to_the_whole(lines, span):
    every, start, end = span
    table = kpi_table(tables_of(lines), make_periods(start, end, every), by=("segment", "cohort"))
    frame = table.frame
    plain = frame[~frame["kpi"].isin(["arpa", "ltv", "cac_payback", "purchase_frequency"])]
    sums = ["numerator", "denominator", "n_excluded"]
    added = plain.fillna({"denominator": 0.0}).groupby(["by", "kpi", "definition", "period_start"])[sums].sum()
    whole = added.loc["all"]
    for by in ("segment", "cohort"):
        part = added.loc[by].reindex(whole.index, fill_value=0.0)
        np.testing.assert_allclose(part, whole, atol=1e-6)


@settings(max_examples=12)
@given(
    st.lists(LINE, min_size=1, max_size=12), PERIODS, st.sampled_from([0, 10, 30]), st.sampled_from([None, "segment"])
)
def test_contract_kpis_equal_sql(lines, span, grace, by):
    every, start, end = span
    tables, periods = tables_of(lines), make_periods(start, end, every)
    table = kpi_table(tables, periods, by=() if by is None else (by,), options=KpiOptions(grace_days=grace))
    assert_same(table, sql_kpis(tables, periods.dates(), grace=grace, by=by), periods.dates(), by)


@settings(max_examples=8)
@given(st.lists(LINE, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_rows_add_up_to_every_figure_and_order_changes_nothing(lines, random):
    shuffled = list(lines)
    random.shuffle(shuffled)
    periods = make_periods("2026-01-01", "2026-06-01")
    table, again = (kpi_table(tables_of(some), periods, by=("segment",)) for some in (lines, shuffled))
    ours, theirs = (one.frame.drop(columns="reason_excluded") for one in (table, again))
    pd.testing.assert_frame_equal(ours, theirs)
    for kpi, definition in (("churn_rate", "standard"), ("grr", "standard"), ("renewal_rate", "terms")):
        rows = table.rows(kpi, definition)
        found = table.frame.query("kpi == @kpi and definition == @definition and by == 'all'").set_index("period_start")
        for name in ("numerator", "denominator"):
            summed = rows.groupby("period_start")[name].sum().reindex(found.index, fill_value=0.0)
            np.testing.assert_allclose(summed, found[name])


@settings(max_examples=4)
@given(st.lists(LINE, min_size=1, max_size=10))
def test_then_equals_now_on_tables_that_end_then(lines):
    """As known at the end of a period is what the tables say once whatever came later is deleted."""
    tables, periods = tables_of(lines), make_periods("2026-01-01", "2026-06-01")
    kpis = ["churn_rate", "mrr", "nrr", "renewals"]
    then = kpi_table(tables, periods, kpis=kpis, known="then").frame
    for place, end in enumerate(periods.dates()["period_end"]):
        kept = tables.frame("contracts")
        kept = kept[kept["known_at"] < end]
        kept = kept.assign(cancelled_at=kept["cancelled_at"].where(kept["cancelled_at"] < end))
        alone = tables.replaced({"accounts": tables.frame("accounts"), "contracts": kept})
        now = kpi_table(alone, periods.take([place]), kpis=kpis).frame
        same = then[then["period_end"] == end].reset_index(drop=True)
        pd.testing.assert_frame_equal(same.drop(columns="settled"), now.drop(columns="settled"))


@pytest.mark.parametrize("by", [None, "segment"])
def test_every_kpi_of_the_sample_equals_sql(sample, by):
    tables, periods = open_tables(sample, data_end="2026-10-01"), make_periods("2025-10-01", "2026-10-01")
    table = kpi_table(tables, periods, by=() if by is None else (by,))
    compared = assert_same(table, sql_kpis(tables, periods.dates(), by=by), periods.dates(), by)
    assert compared > 400
    absent = table.absent[table.absent["by"] == "all"]
    assert absent["reason"].str.contains("option").all()


def test_a_cohort_of_events_in_overlapping_periods_is_counted_in_each(sample):
    from cs_ml.timeline.periods import Periods

    tables = open_tables(sample, data_end="2026-10-01")
    months, quarter = make_periods("2026-01-01", "2026-04-01"), make_periods("2026-01-01", "2026-04-01", "quarter")
    both = Periods(np.append(months.start, quarter.start), np.append(months.end, quarter.end))
    together = kpi_table(tables, both).frame
    alone = kpi_table(tables, quarter).frame
    chosen = together[together["period_end"] - together["period_start"] > pd.Timedelta(days=40)].reset_index(drop=True)
    pd.testing.assert_frame_equal(chosen, alone)
