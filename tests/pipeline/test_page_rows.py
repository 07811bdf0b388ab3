import pandas as pd
import pytest

from cs_ml.pipeline.page_rows import account_rows, attributes, evidence, versions
from cs_ml.tables import open_tables

DATE = pd.Timestamp("2026-02-01")
TABLES = {
    "accounts": {"account_id": ["a", "a", "b", "c", "d"], "name": ["Zeta", "Alpha", "Beta", None, None],
                 "valid_from": ["2025-01-01"] + ["2026-01-01"] * 4},
    "contracts": {"contract_line_id": ["1", "2", "3", "4"], "account_id": ["a", "a", "b", "c"], "mrr": [10, 20, 30, 40],
                  "start_at": ["2025-01-01", "2026-02-01", "2026-01-20", "2025-01-01"]},
    "voc": {"account_id": ["a", "a"], "said_at": ["2026-01-31", "2026-02-01"], "text": ["before", "after"]},
    "usage": {"account_id": ["a"] * 4 + ["b", "d"], "user_id": ["u", "v", "v", "u", "w", "x"],
              "event_at": ["2026-01-03", "2026-01-19", "2026-01-20", "2026-02-03", "2026-02-01", "2025-06-01"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    return open_tables({name: pd.DataFrame(columns) for name, columns in TABLES.items()})


@pytest.fixture(scope="module")
def rows(tables):
    return account_rows(tables, ["a", "b", "c"], DATE)


def test_nothing_of_the_date_or_later_reaches_a_page(rows):
    assert rows["a"]["contracts"]["mrr"].tolist() == [10]
    assert rows["a"]["voc"]["text"].tolist() == ["before"]
    assert rows["b"]["usage"].empty
    assert rows["b"]["voc"].empty


def test_the_week_up_to_the_date_is_whole_and_weeks_without_events_are_zero(rows):
    drawn = evidence(rows["a"], DATE)["usage"]
    assert drawn.index.strftime("%m-%d").tolist() == ["12-28", "01-04", "01-11", "01-18", "01-25"]
    assert drawn["events_a_week"].tolist() == [1, 0, 0, 2, 0]
    assert drawn["users_a_week"].tolist() == [1, 0, 0, 1, 0]


@pytest.mark.parametrize(("account", "first", "weeks"), [("b", "2026-01-18", 2), ("c", "2025-11-02", 13)])
def test_an_account_that_was_never_used_is_drawn_as_silent(rows, account, first, weeks):
    drawn = evidence(rows[account], DATE)["usage"]
    assert drawn.index[0] == pd.Timestamp(first)
    assert drawn["events_a_week"].tolist() == [0] * weeks


def test_attributes_are_those_of_the_date(tables, rows):
    assert attributes(rows["a"]) == {"name": "Alpha"}
    assert attributes(account_rows(tables, ["a"], pd.Timestamp("2026-01-01"))["a"]) == {"name": "Zeta"}
    assert attributes(rows["c"]) == {}
    assert versions(tables, pd.Timestamp("2026-01-01"))["name"].dropna().to_dict() == {"a": "Zeta", "b": "Beta"}


def test_without_tables_there_is_nothing_to_show():
    assert account_rows(None, ["a"], DATE) == {"a": {}}
