from __future__ import annotations

import pandas as pd
import pytest

from cs_ml.errors import TableError
from cs_ml.tables import check, find_source, open_tables

ACCOUNTS = pd.DataFrame({"account_id": ["a", "b"]})
USAGE = pd.DataFrame({"account_id": ["a"], "event_at": ["2026-01-05"]})


def contracts(**columns: object) -> pd.DataFrame:
    line = {"contract_line_id": "c1", "account_id": "a", "start_at": "2026-01-01", "end_at": "2027-01-01", "mrr": "10"}
    return pd.DataFrame({name: columns.get(name, [value]) for name, value in line.items()})


def two_lines(**columns: object) -> dict[str, pd.DataFrame]:
    lines = {name: values.tolist() * 2 for name, values in contracts().items()}
    return {"accounts": ACCOUNTS, "contracts": pd.DataFrame(lines | {"contract_line_id": ["c1", "c2"]} | columns)}


@pytest.mark.parametrize(
    ("column", "values", "rule", "found"),
    [
        ("mrr", ["10", "ten"], "type", "ten"),
        ("mrr", ["10", None], "missing", ""),
        ("mrr", ["10", "-1"], "minimum", "-1"),
        ("mrr", ["10", "inf"], "type", "inf"),
        ("start_at", ["2026-01-01", "2026-13-01"], "type", "2026-13-01"),
        ("end_at", ["2027-01-01", "2025-01-01"], "order", "2025-01-01"),
        ("account_id", ["a", "stranger"], "unknown_account", "stranger"),
        ("contract_line_id", ["c1", "c1"], "duplicate_key", "c1"),
    ],
)
def test_a_broken_row_is_rejected_under_its_rule(column, values, rule, found):
    more = {"mrr": ["10", "11"]} if column == "contract_line_id" else {}
    checked = check(find_source(two_lines(**({column: values} | more))))
    broken = checked.broken.set_index("rule")
    assert broken.index.tolist() == [rule]
    assert found in broken.loc[rule, "example"]
    assert checked.rejected("contracts")["broken_rules"].str.contains(rule).all()


def test_identical_duplicates_keep_one_row():
    checked = check(find_source(two_lines(contract_line_id=["c1", "c1"])))
    assert checked.tables.loaded["contracts"].n_rows == 1
    assert len(checked.rejected("contracts")) == 1


def test_good_and_rejected_rows_are_all_the_rows():
    checked = check(find_source(two_lines(mrr=["10", "x"])))
    assert len(checked.tables.frame("contracts")) + len(checked.rejected("contracts")) == 2


def test_a_share_below_the_limit_passes_and_one_above_is_refused():
    tables = two_lines(mrr=["10", "x"])
    assert open_tables(tables, max_rejected_share=0.5).loaded["contracts"].n_rejected == 1
    with pytest.raises(TableError, match=r"contracts.mrr: expected a number, found 'x' \(type\) \(1 row\)"):
        open_tables(tables, max_rejected_share=0.49)


def test_all_faults_of_all_tables_are_raised_together():
    voc = pd.DataFrame({"account_id": ["a"], "said_at": ["2026-01-01"]})
    with pytest.raises(TableError) as caught:
        open_tables(
            {
                "accounts": ACCOUNTS.rename(columns={"account_id": "id"}),
                "contracts": contracts()[["account_id"]],
                "voc": voc,
            }
        )
    named = {fault.where for fault in caught.value.faults}
    assert named == {"accounts.account_id", "contracts.start_at", "contracts.mrr", "voc.text"}


def test_rows_after_the_declared_end_of_the_data_are_refused():
    usage = pd.DataFrame({"account_id": ["a", "a"], "event_at": ["2026-01-01", "2026-02-01"]})
    with pytest.raises(
        TableError, match=r"usage.event_at: expected before 2026-02-01, found '2026-02-01 00:00:00' \(future\)"
    ):
        open_tables({"accounts": ACCOUNTS, "usage": usage}, data_end="2026-02-01")


def test_an_end_of_term_may_lie_in_the_future():
    tables = open_tables({"accounts": ACCOUNTS, "contracts": contracts(end_at=["2999-01-01"])}, data_end="2026-02-01")
    assert tables.loaded["contracts"].n_rows == 1


def test_mixed_time_zones_are_refused():
    usage = pd.DataFrame({"account_id": ["a", "a"], "event_at": ["2026-01-01T00:00:00Z", "2026-01-01 10:00:00"]})
    with pytest.raises(TableError, match="1 rows with an offset and 1 without"):
        open_tables({"accounts": ACCOUNTS, "usage": usage})


def test_an_empty_table_is_refused():
    with pytest.raises(TableError, match="contracts: expected at least one row"):
        open_tables({"accounts": ACCOUNTS, "contracts": contracts().iloc[:0]})


def test_accounts_and_one_of_contracts_and_usage_are_needed():
    with pytest.raises(TableError, match="accounts: expected a table with the customers"):
        open_tables({"contracts": contracts()})
    with pytest.raises(TableError, match="contracts or usage: expected at least one"):
        open_tables({"accounts": ACCOUNTS})


def test_a_folder_without_tables_is_named(tmp_path):
    with pytest.raises(TableError, match=f"accounts: expected .*, found no table at all in {tmp_path};"):
        open_tables(tmp_path)


def test_the_data_end_is_the_midnight_after_the_newest_event():
    usage = pd.DataFrame({"account_id": ["a"], "event_at": ["2026-01-05T23:59:59"]})
    assert open_tables({"accounts": ACCOUNTS, "usage": usage}).data_end == pd.Timestamp("2026-01-06")


def test_examples_show_no_address_and_keys_as_they_are():
    lines = two_lines(mrr=["10", "ten, a@example.com"], account_id=["a", "4111111111111111"])
    broken = check(find_source(lines)).broken.set_index("rule")
    assert broken["example"].to_dict() == {"type": "ten, [MAIL]", "unknown_account": "4111111111111111"}


def test_a_date_of_accounts_that_cannot_be_read_is_one_fault_and_no_unknown_account():
    accounts = ACCOUNTS.assign(created_at=["2025年1月1日", "2025年2月1日"])
    with pytest.raises(TableError) as caught:
        open_tables({"accounts": accounts, "contracts": contracts(), "usage": USAGE})
    assert [fault.where for fault in caught.value.faults] == ["accounts.created_at"]
    with pytest.raises(TableError) as caught:
        open_tables({"accounts": accounts, "contracts": contracts(mrr=["x"])})
    assert [fault.where for fault in caught.value.faults] == ["accounts.created_at", "contracts.mrr"]


def test_empty_accounts_are_not_to_be_removed():
    with pytest.raises(TableError, match=r"accounts: expected at least one row .*; every other table needs it"):
        open_tables({"accounts": ACCOUNTS.iloc[:0], "usage": USAGE})


def test_a_table_with_two_ways_of_zones_does_not_hide_the_faults_of_the_next():
    accounts = ACCOUNTS.assign(created_at=["2025-01-01 00:00", "2025-01-01 00:00+09:00"])
    with pytest.raises(TableError) as caught:
        open_tables({"accounts": accounts, "contracts": contracts().drop(columns="start_at"), "usage": USAGE})
    assert [fault.where for fault in caught.value.faults] == ["accounts.created_at", "contracts.start_at"]
