"""The leak audit finds the builders that look ahead, and says when a pass proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from builders import book

from cs_ml.engine.local import LocalEngine
from cs_ml.errors import NotEnoughData
from cs_ml.features import AccountsBuilder, Feature, audit, default_builders
from cs_ml.timeline import Clock, Lookup
from cs_ml.timeline.future import CHANGES

DATE = pd.Timestamp("2026-02-01")
CONTRACTS = """
    account_id start_at   end_at     cancel_requested_at cancelled_at mrr
    a          2026-01-01 2026-12-31 -                   2026-05-01   10
    b          2026-01-01 2026-12-31 2026-01-15          2026-04-01   20
    c          2026-01-01 2026-12-31 -                   -            30
    c          2026-03-01 2026-12-31 -                   -            40"""
VOC = """
    voc_id account_id said_at    sentiment text
    1      a          2026-01-05 0.5       good
    2      b          2026-01-10 -0.5      bad
    3      c          2026-01-20 0.1       so
    4      a          2026-02-01 0.9       better
    5      a          2026-02-20 1         best
    6      b          2026-03-01 -1        worst"""
ACCOUNTS = """
    account_id segment
    a          small
    b          small
    c          large"""


@dataclass(frozen=True)
class Measured:
    """A builder of the user's own: one feature, made of one table."""

    name: str
    measure: Callable[[pd.DataFrame, pd.MultiIndex], np.ndarray]
    reads: tuple[str, ...] = ("voc",)

    def features(self, columns):  # noqa: ARG002  the protocol's signature
        return [Feature(self.name, "usage", "count", self.name, self.name, "{value}", "{value}", sources="voc")]

    def build(self, bucket, keys):
        return pd.DataFrame({self.name: self.measure(bucket.frames[self.reads[0]], keys)}, index=keys)


def of(keys: pd.MultiIndex, by_account: pd.Series) -> np.ndarray:
    return by_account.reindex(keys.get_level_values("account_id")).to_numpy(dtype=float, na_value=np.nan)


def all_comments(rows, keys):
    """Count the comments of an account, those of the future too."""
    return of(keys, rows.groupby("account_id").size())


def days_to_leaving(rows, keys):
    """Use the day on which the account will leave, told only later."""
    left = rows.groupby("account_id")["cancelled_at"].min()
    return of(keys, (left - DATE).dt.days)


def comments_whenever_known(rows, keys):
    """Count comments made before the date, without asking when they were known."""
    return Lookup(rows, keys, time="said_at", clock=Clock()).window(None).count()


def is_last_to_speak(rows, keys):
    """Tell whether the account will be the last of all to speak."""
    last = rows.sort_values("said_at")["account_id"].iloc[-1]
    return np.asarray(keys.get_level_values("account_id") == last, dtype=float)


def honest(rows, keys):
    return Lookup(rows, keys, time="said_at", known="known_at", clock=Clock()).window(None).count()


def share_of_all(rows, keys):
    """Say which share of the comments an account made, among those that are built with it."""
    count = honest(rows, keys)
    return count / count.sum()


def by_chance(_, keys):
    return np.random.default_rng().random(len(keys))


def verdicts(builder, date=DATE, **options) -> dict[str, str]:
    tables = book(contracts=CONTRACTS, voc=VOC, accounts=ACCOUNTS)
    found = audit([builder], tables, dates=[date], engine=LocalEngine(1), **options)
    cells = found.cells[~found.cells["feature"].str.startswith("spine_")]
    return dict(zip(cells["change"], cells["verdict"], strict=True))


def test_counting_the_future_shows_when_it_is_deleted():
    assert verdicts(Measured("all_comments", all_comments))["deleted"] == "leak"


def test_a_value_revealed_later_shows_when_it_is_altered():
    found = verdicts(Measured("days_to_leaving", days_to_leaving, ("contracts",)))
    assert (found["altered"], found["deleted"]) == ("leak", "leak")
    assert found["shuffled"] == "identical"


def test_ignoring_when_rows_became_known_shows_only_among_late_rows():
    found = verdicts(Measured("comments_whenever_known", comments_whenever_known))
    assert found == {"deleted": "identical", "altered": "identical", "filled": "leak", "shuffled": "identical",
                     "apart": "identical"}  # fmt: skip


def test_looking_at_the_future_of_others_shows_when_it_is_shuffled():
    """Whoever is handed the last comment changes, but not under every seed."""
    builder = Measured("is_last_to_speak", is_last_to_speak)
    assert "leak" in {verdicts(builder, random_state=seed)["shuffled"] for seed in range(4)}


def test_a_builder_that_looks_back_is_clean():
    assert set(verdicts(Measured("honest", honest)).values()) == {"identical"}


def test_a_pass_without_a_future_is_vacuous():
    found = verdicts(Measured("all_comments", all_comments), pd.Timestamp("2026-03-02"))
    assert found == {"deleted": "vacuous", "altered": "vacuous", "filled": "leak", "shuffled": "vacuous",
                     "apart": "identical"}  # fmt: skip
    found = verdicts(AccountsBuilder())
    assert found.pop("apart") == "identical"
    assert set(found.values()) == {"vacuous"}


def test_a_feature_that_hangs_on_its_neighbours_shows_when_half_is_built_alone():
    found = verdicts(Measured("share_of_all", share_of_all))
    assert found == dict.fromkeys(CHANGES, "identical") | {"apart": "neighbours"}


def test_a_feature_that_is_made_by_chance_is_not_said_to_see_the_future():
    assert verdicts(Measured("by_chance", by_chance)) == dict.fromkeys([*CHANGES, "apart"], "not repeatable")


def test_what_moved_is_shown():
    tables = book(contracts=CONTRACTS, voc=VOC)
    found = audit([Measured("all_comments", all_comments)], tables, dates=[DATE], engine=LocalEngine(1))
    row = found.cells.set_index(["feature", "change"]).loc[("all_comments", "deleted")]
    assert not found.clean
    assert (row["cells"], row["moved"], row["withheld"], row["tables"]) == (3, 2, 3, "voc")
    assert row["example"] == "a: 3.0 became 1.0"


def test_rows_withheld_are_counted_by_table_and_change():
    """Of contracts, one row and the leaving of a are unknown; of comments, three; b's notice was known."""
    tables = book(contracts=CONTRACTS, voc=VOC, accounts=ACCOUNTS)
    found = audit([Measured("honest", honest)], tables, dates=[DATE], engine=LocalEngine(1))
    counts = found.withheld.pivot_table(index="table", columns="change", values="rows")
    assert counts.loc["contracts", list(CHANGES)].tolist() == [2, 2, 3, 1]
    assert counts.loc["voc", list(CHANGES)].tolist() == [3, 3, 3, 3]
    assert counts.loc["accounts", list(CHANGES)].tolist() == [0, 0, 0, 0]


def test_by_feature_shows_the_worst_verdict_of_all_dates():
    tables = book(contracts=CONTRACTS, voc=VOC)
    builders = [Measured("all_comments", all_comments), Measured("honest", honest)]
    found = audit(builders, tables, dates=[DATE, pd.Timestamp("2026-04-01")], engine=LocalEngine(1))
    table = found.by_feature()
    assert table.columns.tolist() == [*CHANGES, "apart"]
    assert table.loc["all_comments", ["deleted", "filled"]].tolist() == ["leak", "leak"]
    assert table.loc["honest"].tolist() == ["identical"] * 5
    late = found.cells[found.cells["as_of"] == pd.Timestamp("2026-04-01")].set_index(["feature", "change"])["verdict"]
    assert late[("honest", "deleted")] == "vacuous"


def test_the_spine_is_audited_too():
    tables = book(contracts=CONTRACTS, voc=VOC)
    found = audit([Measured("honest", honest)], tables, dates=[DATE], engine=LocalEngine(1))
    assert found.by_feature().loc["spine_notice_given"].tolist() == ["identical"] * 5


def test_the_builders_of_the_package_see_no_version_before_its_time():
    accounts = """
        account_id valid_from segment
        a          2026-02-10 small
        b          2026-01-01 large
        b          2026-02-20 small
        c          -          large"""
    tables = book(contracts=CONTRACTS, voc=VOC, accounts=accounts)
    found = audit(default_builders(), tables, dates=[DATE], engine=LocalEngine(1))
    assert found.clean
    assert found.by_feature().loc["accounts_segment_current", "deleted"] == "identical"


def test_days_begin_in_the_zone_of_the_book():
    """The comment was made on 1 February in Tokyo, so on that date it is the future."""
    voc = """
        voc_id account_id said_at             text
        1      a          2026-01-31T15:00:00 x"""
    tables = book(contracts=CONTRACTS, voc=voc, zone="Asia/Tokyo")
    found = audit(default_builders(), tables, dates=[DATE], engine=LocalEngine(1))
    assert found.clean
    assert found.withheld.set_index(["table", "change"])["rows"][("voc", "deleted")] == 1


def test_some_accounts_are_drawn_and_dates_are_told():
    said = []
    tables = book(contracts=CONTRACTS, voc=VOC)
    found = audit([Measured("honest", honest)], tables, dates=[DATE], accounts=2, progress=said.append)
    assert (found.cells["cells"].max(), said) == (2, ["2026-02-01"])


def test_a_date_without_customers_is_refused():
    with pytest.raises(NotEnoughData, match="expected customers"):
        verdicts(Measured("honest", honest), pd.Timestamp("2020-01-01"))
