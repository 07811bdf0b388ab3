"""The worked examples of the definitions, each from rows to figure."""

from __future__ import annotations

import pandas as pd
import pytest

from cs_ml.kpis import KpiOptions, kpi_table, simple_ltv, to_period
from cs_ml.tables import ColumnSpec, TableMapping, open_tables
from cs_ml.timeline.periods import make_periods


def frame_book(data_end="2027-01-01", mappings=None, **frames):
    if "accounts" not in frames:
        everyone = sorted(
            {account for frame in frames.values() if "account_id" in frame for account in frame["account_id"]}
        )
        frames["accounts"] = pd.DataFrame({"account_id": everyone})
    return open_tables(frames, mappings, data_end=data_end, max_rejected_share=0.0)


def contracts(n, ends):
    ids = [f"a{number:04d}" for number in range(n)]
    return pd.DataFrame(
        {"contract_line_id": ids, "account_id": ids, "start_at": "2025-01-01", "end_at": ends, "mrr": 100.0}
    )


def figures(tables, start, end, every="month", **options):
    table = kpi_table(tables, make_periods(start, end, every), options=KpiOptions(**options))
    return table.frame[table.frame["by"] == "all"].set_index(["kpi", "definition"])


def test_300_lost_of_1000_is_a_churn_rate_of_thirty_per_cent():
    ends = ["2025-06-15"] * 300 + ["2027-01-01"] * 700
    found = figures(frame_book(contracts=contracts(1000, ends)), "2025-01-01", "2027-01-01", "year")
    churn = found.loc[("churn_rate", "standard")].iloc[0]
    assert (churn["numerator"], churn["denominator"], churn["value"]) == (300, 1000, 0.30)
    assert found.loc[("retention_rate", "standard"), "value"].iloc[0] == 0.70
    assert churn["low"] < 0.30 < churn["high"]


def test_a_rate_is_rescaled_as_if_it_were_the_same_every_day():
    assert to_period(0.30, 365, 365) == pytest.approx(0.30)
    monthly = to_period(0.30, 360, 30)
    assert 1 - (1 - monthly) ** 12 == pytest.approx(0.30)


def test_24_of_75_renewed_is_32_per_cent():
    old = contracts(75, ["2026-01-01"] * 75)
    renewals = old.iloc[:24].assign(
        start_at="2026-01-01", end_at="2027-01-01", contract_line_id=lambda d: d["account_id"] + "r"
    )
    found = figures(frame_book(contracts=pd.concat([old, renewals])), "2025-12-01", "2026-01-01")
    for definition in ("standard", "revenue", "terms"):
        row = found.loc[("renewal_rate", definition)]
        assert row["value"] == pytest.approx(0.32)
    assert found.loc[("renewal_rate", "standard"), ["numerator", "denominator"]].tolist() == [24, 75]


def test_an_annual_price_is_a_twelfth_a_month():
    lines = contracts(1, ["2026-01-01"]).drop(columns="mrr").assign(price=1200)
    mapping = TableMapping(columns={"mrr": ColumnSpec(column="price", unit="per_year")})
    found = figures(frame_book(contracts=lines, mappings={"contracts": mapping}), "2025-02-01", "2025-03-01")
    assert found.loc[("mrr", "standard"), "value"] == pytest.approx(100)
    assert found.loc[("arr", "standard"), "value"] == pytest.approx(1200)


def test_customer_lifetime_value_of_100_twelve_times_a_year_for_five_years():
    assert simple_ltv(100, frequency=12, lifetime=5) == 6000
    lines = contracts(2, ["2030-01-01", "2028-12-01"]).assign(start_at="2024-01-01")
    lines.loc[1, "start_at"] = "2023-12-01"  # stayed for five years
    found = figures(frame_book("2030-01-01", contracts=lines), "2028-11-01", "2028-12-01", purchase_frequency=12.0)
    assert found.loc[("average_lifetime", "standard"), "value"] == pytest.approx(60)
    assert found.loc[("ltv", "simple"), "value"] == pytest.approx(6000)


def test_the_simple_value_is_absent_without_a_declared_frequency():
    tables = frame_book(contracts=contracts(2, ["2026-01-01"] * 2))
    table = kpi_table(tables, make_periods("2025-02-01", "2025-03-01"))
    assert ("ltv", "simple", "all", "needs option purchase_frequency") in set(
        table.absent.itertuples(index=False, name=None)
    )
    assert "simple" not in set(table.frame["definition"])


def test_ltv_is_margin_over_churn_a_month():
    lines = contracts(10, ["2025-06-15"] + ["2027-01-01"] * 9)
    found = figures(frame_book(contracts=lines), "2025-06-01", "2025-07-01", gross_margin=0.8)
    assert found.loc[("ltv", "standard"), "value"] == pytest.approx(100 * 0.8 / 0.1)
    quarter = figures(frame_book(contracts=lines), "2025-04-01", "2025-07-01", "quarter", gross_margin=0.8)
    assert quarter.loc[("ltv", "standard"), "value"] == pytest.approx(100 * 0.8 / (1 - 0.9 ** (1 / 3)))


def test_35_positive_of_50_is_a_csat_of_seventy_per_cent():
    scores = [5] * 20 + [4] * 15 + [3] * 15
    surveys = pd.DataFrame({"response_id": range(50), "account_id": "a", "kind": "csat", "score": scores,
                            "answered_at": "2026-01-10", "sent_at": "2026-01-09"})  # fmt: skip
    lines = contracts(1, ["2027-01-01"]).assign(account_id="a")
    found = figures(frame_book(contracts=lines, surveys=surveys), "2026-01-01", "2026-02-01")
    assert found.loc[("csat", "standard"), ["numerator", "denominator", "value"]].tolist() == [35, 50, 0.70]


def test_every_movement_of_revenue_has_its_name(asked):
    found = asked("2026-02-01", "2026-03-01", contracts="""
        account_id product start_at   end_at     mrr
        grows      core    2025-01-01 2026-02-10 100
        grows      core    2026-02-10 2027-01-01 150
        shrinks    core    2025-01-01 2027-01-01 100
        shrinks    extra   2025-01-01 2026-02-20 40
        leaves     core    2025-01-01 2026-02-15 70
        comes      core    2026-02-05 2027-01-01 60
        returns    core    2025-01-01 2025-06-01 90
        returns    core    2026-02-08 2027-01-01 80
        stays      core    2025-01-01 2027-01-01 10""")  # fmt: skip
    assert found("opening_mrr") == [320]
    assert [found(f"{name}_mrr") for name in ("new", "reactivated", "expansion", "contraction", "churned")] == [
        [60], [80], [50], [40], [70],
    ]  # fmt: skip
    assert found("mrr") == [320 + 60 + 80 + 50 - 40 - 70]
    assert found("nrr") == [pytest.approx((320 + 50 - 40 - 70) / 320)]
    assert found("grr") == [pytest.approx((320 - 40 - 70) / 320)]
    assert found("revenue_churn_rate") == [pytest.approx(110 / 320)]
    assert found("net_revenue_churn_rate") == [pytest.approx(60 / 320)]
    assert found("arpa") == [pytest.approx(400 / 5)]


def test_more_from_those_who_stay_than_was_lost_is_negative_churn(asked):
    found = asked("2026-02-01", "2026-03-01", contracts="""
        account_id start_at   end_at     mrr
        a          2025-01-01 2026-02-10 100
        a          2026-02-10 2027-01-01 150
        b          2025-01-01 2026-02-10 10""")  # fmt: skip
    assert found("nrr")[0] > 1 > found("grr")[0]
    assert found("net_revenue_churn_rate")[0] < 0


def test_revenue_until_cancellation_and_retention_cost(asked):
    found = asked("2026-02-01", "2026-03-01", options={"acquisition_costs": ("ads",)}, accounts="account_id\na\nb\nc",
                  contracts="""
        account_id start_at   end_at     mrr
        a          2025-02-01 2026-02-01 100
        a          2026-02-01 2026-02-15 200
        b          2025-01-01 2027-01-01 50
        c          2026-02-03 2027-01-01 30""", costs="""
        period     category amount
        2026-02-01 payroll  60
        2026-02-01 tools    40
        2026-02-01 ads      45
        2026-03-01 payroll  99""")  # fmt: skip
    assert found("revenue_to_date") == [pytest.approx(12 * 100 + 200 * 14 / 28)]
    assert found("retention_cost") == [50]
    assert found("retention_cost_share")[0] == pytest.approx(100 / (200 / 2 + 50 + 30 * 26 / 28))
    assert found("acquisition_cost") == [45]
    assert found("acquisition_to_retention") == [pytest.approx(45 / 50)]
    assert found("cac_payback") == [pytest.approx(45 / 30)]
