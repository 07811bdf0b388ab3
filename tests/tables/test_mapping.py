from __future__ import annotations

import pandas as pd
import pytest

from cs_ml.errors import ConfigError, TableError
from cs_ml.tables import ColumnSpec, Filter, TableMapping, check, find_source, open_tables

SALES = pd.DataFrame({
    "InvoiceNo": ["1", "C2", "3"], "CustomerID": [17850.0, 17850.0, None],
    "Quantity": [6, -6, 1], "UnitPrice": [2.5, 2.5, 1.0], "InvoiceDate": ["2026-01-05 08:26"] * 3,
})  # fmt: skip
PLANS = pd.DataFrame(
    {"id": ["a"], "begin": ["2026-01-31"], "months": [1], "left": ["2026-02-10"], "yearly": ["1200"], "name": ["gold"]}
)


def read_plans(**columns: object) -> pd.Series:
    specs = {"contract_line_id": "id", "account_id": "id", "start_at": "begin", "mrr": "yearly"} | columns
    mapping = TableMapping(source="plans", columns={name: ColumnSpec.of(spec) for name, spec in specs.items()})
    accounts = pd.DataFrame({"account_id": ["a"]})
    return open_tables({"accounts": accounts, "plans": PLANS}, {"contracts": mapping}).frame("contracts").iloc[0]


def test_names_products_and_filters_make_usage_of_sales():
    mapping = TableMapping(
        source="sales",
        columns={
            "account_id": ColumnSpec.of("CustomerID"),
            "event_at": ColumnSpec.of("InvoiceDate"),
            "quantity": ColumnSpec.of({"product": ["Quantity", "UnitPrice"]}),
        },
        where=(
            Filter.of({"column": "InvoiceNo", "not_starts_with": "C"}),
            Filter.of({"column": "CustomerID", "is_null": False}),
        ),
    )
    tables = open_tables({"accounts": pd.DataFrame({"account_id": ["17850"]}), "sales": SALES}, {"usage": mapping})
    usage = tables.frame("usage")
    assert usage[["account_id", "quantity"]].to_numpy().tolist() == [["17850", 15.0]]
    assert tables.loaded["usage"].n_left_out == 2


def test_units_are_brought_to_a_month():
    assert read_plans(mrr={"column": "yearly", "unit": "per_year"})["mrr"] == 100.0


def test_months_are_calendar_months():
    assert read_plans(end_at={"add_months": ["begin", "months"]})["end_at"] == pd.Timestamp("2026-02-28")


def test_an_instant_is_kept_only_before_another():
    columns = {
        "end_at": {"add_months": ["begin", "months"]},
        "cancelled_at": {"column": "left", "when_before": "end_at"},
    }
    assert read_plans(**columns)["cancelled_at"] == pd.Timestamp("2026-02-10")
    columns["end_at"] = {"constant": "2026-02-05"}
    assert pd.isna(read_plans(**columns)["cancelled_at"])


def test_values_are_replaced_and_an_unknown_one_is_a_fault():
    assert read_plans(tier={"column": "name", "levels": {"gold": 3, "free": 0}})["tier"] == 3.0
    with pytest.raises(TableError, match=r"contracts.tier: expected a number, found 'gold'"):
        read_plans(tier={"column": "name", "levels": {"free": 0}})


def test_naive_instants_are_read_in_the_declared_zone():
    usage = pd.DataFrame({"account_id": ["a", "a"], "event_at": ["2026-04-01 08:00", "2026-04-01 09:00"]})
    tables = open_tables(
        {"accounts": pd.DataFrame({"account_id": ["a"]}), "usage": usage},
        {"usage": TableMapping(timezone="Asia/Tokyo")},
    )
    assert tables.frame("usage")["event_at"].tolist() == [
        pd.Timestamp("2026-03-31 23:00"),
        pd.Timestamp("2026-04-01 00:00"),
    ]


def test_an_offset_in_the_value_wins_over_the_declared_zone():
    usage = pd.DataFrame({"account_id": ["a"], "event_at": ["2026-04-01T09:00:00+09:00"]})
    tables = open_tables(
        {"accounts": pd.DataFrame({"account_id": ["a"]}), "usage": usage},
        {"usage": TableMapping(timezone="America/New_York")},
    )
    assert tables.frame("usage")["event_at"].iloc[0] == pd.Timestamp("2026-04-01")


def test_known_at_is_the_event_plus_the_lag_and_never_before_the_event():
    accounts = pd.DataFrame({"account_id": ["a"]})
    usage = pd.DataFrame({"account_id": ["a"], "event_at": ["2026-01-05"]})
    lagged = open_tables({"accounts": accounts, "usage": usage}, {"usage": TableMapping(known_lag_days=2)})
    assert lagged.frame("usage")["known_at"].iloc[0] == pd.Timestamp("2026-01-07")
    given = open_tables({"accounts": accounts, "usage": usage.assign(known_at="2026-01-01")})
    assert given.frame("usage")["known_at"].iloc[0] == pd.Timestamp("2026-01-05")


def test_a_source_column_that_does_not_exist_is_named_with_the_nearest_one():
    with pytest.raises(TableError, match=r"yearl: expected a column for contracts.mrr.*did you mean yearly?"):
        read_plans(mrr="yearl")


@pytest.mark.parametrize("table", ["accounts", "usage"])
def test_a_condition_on_a_column_that_does_not_exist_is_named_with_the_nearest_one(table):
    frames = {"accounts": pd.DataFrame({"account_id": ["a"], "plan_name": "x"})}
    frames["usage"] = frames["accounts"].assign(event_at="2026-01-05")
    where = (Filter.of({"column": "plan_nam", "equals": "x"}),)
    with pytest.raises(TableError, match=f"plan_nam: expected a column for `where` of {table}, .* mean plan_name"):
        open_tables(frames, {table: TableMapping(where=where)})
    upper = (Filter.of({"column": "Plan_Name", "equals": "x"}),)
    assert open_tables(frames, {table: TableMapping(where=upper)}).loaded[table].n_rows == 1


def test_a_spec_says_exactly_one_source():
    for wrong in (
        {"column": "a", "constant": 1},
        {"scale": 2},
        {"column": "a", "colour": 1},
        {"column": "a", "unit": "miles"},
    ):
        with pytest.raises(ConfigError):
            ColumnSpec.of(wrong)


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ({"equals": "C2"}, 1),
        ({"not_equals": "C2"}, 2),
        ({"in": ["1", "3"]}, 2),
        ({"not_in": ["1"]}, 2),
        ({"starts_with": "C"}, 1),
    ],
)
def test_filters_on_text(condition, kept):
    mapping = TableMapping(
        source="sales",
        columns={"account_id": ColumnSpec.of({"constant": "a"}), "event_at": ColumnSpec.of("InvoiceDate")},
        where=(Filter.of({"column": "InvoiceNo"} | condition),),
    )
    tables = open_tables({"accounts": pd.DataFrame({"account_id": ["a"]}), "sales": SALES}, {"usage": mapping})
    assert tables.loaded["usage"].n_rows == kept


@pytest.mark.parametrize(
    ("condition", "kept"), [({"above": 1}, 1), ({"at_least": 1}, 2), ({"below": 1}, 1), ({"at_most": 1}, 2)]
)
def test_filters_on_numbers(condition, kept):
    mapping = TableMapping(
        source="sales",
        columns={"account_id": ColumnSpec.of({"constant": "a"}), "event_at": ColumnSpec.of("InvoiceDate")},
        where=(Filter.of({"column": "Quantity"} | condition),),
    )
    tables = open_tables({"accounts": pd.DataFrame({"account_id": ["a"]}), "sales": SALES}, {"usage": mapping})
    assert tables.loaded["usage"].n_rows == kept


def test_accounts_are_taken_out_of_a_table_of_events():
    accounts = TableMapping(
        source="sales",
        distinct=True,
        columns={"account_id": ColumnSpec.of("CustomerID")},
        where=(Filter.of({"column": "CustomerID", "is_null": False}),),
    )
    usage = TableMapping(
        source="sales",
        columns={"account_id": ColumnSpec.of("CustomerID"), "event_at": ColumnSpec.of("InvoiceDate")},
        where=accounts.where,
    )
    tables = open_tables({"sales": SALES}, {"accounts": accounts, "usage": usage})
    assert tables.frame("accounts").to_dict("list") == {"account_id": ["17850"]}
    assert tables.loaded["accounts"].n_rejected == 0


@pytest.mark.parametrize(
    ("thousands", "written", "read"),
    [
        (",", "93,600", 93600.0), (",", "¥93,600", 93600.0), (",", "９３，６００円", 93600.0), (",", "１２３", 123.0),
        (",", "-1,234,567.5", -1234567.5), (",", "12", 12.0), (",", "$ 1,000", 1000.0), (",", "1,5", None),
        (",", "12,34,567", None), (".", "93.600,5", 93600.5), (".", "1,5", 1.5), ("'", "1'000.", None),
        (" ", "93 600", 93600.0), (",", "about 5", None), (",", "", None),
    ],
)  # fmt: skip
def test_numbers_with_separators_are_read_as_declared(thousands, written, read):
    events = {"account_id": "a", "event_at": "2026-01-05", "event": ["tried", "plain"], "quantity": [written, "1"]}
    frames = {"accounts": pd.DataFrame({"account_id": ["a"]}), "usage": pd.DataFrame(events)}
    mapping = TableMapping(columns={"quantity": ColumnSpec.of({"column": "quantity", "thousands": thousands})})
    found = check(find_source(frames), {"usage": mapping})
    kept = found.tables.frame("usage").set_index("event")["quantity"].dropna().to_dict()
    assert kept == {"plain": 1.0} | ({} if read is None else {"tried": read})
    assert len(found.rejected("usage")) == (read is None and written != "")


def test_what_cannot_be_read_is_answered_with_the_key_that_says_how_it_is_written():
    with pytest.raises(TableError, match=r"declare `thousands: \",\"` in tables.map.contracts.columns.mrr"):
        read_plans(mrr="name")
    with pytest.raises(TableError, match=r"declare `format: \"%d/%m/%Y\"` in tables.map.contracts.columns.end_at"):
        read_plans(end_at="name")
    with pytest.raises(TableError, match="declare another `format` than '%Y'"):
        read_plans(end_at={"column": "name", "format": "%Y"})
