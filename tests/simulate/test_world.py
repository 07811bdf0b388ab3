import hashlib

import pandas as pd
import pytest

from cs_ml.simulate import WorldConfig, simulate

END = pd.Timestamp("2026-10-01")
HAPPENED = {
    "usage": "event_at",
    "surveys": "sent_at",
    "voc": "said_at",
    "tickets": "opened_at",
    "marketing": "happened_at",
    "deals": "opened_at",
    "sentiment": "set_at",
}


def _digest(world):
    files = sorted([*world.folder.iterdir(), *world.truth_folder.iterdir()])
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_config_same_bytes(tmp_path):
    config = WorldConfig(n_accounts=60, usage_intensity=0.05)
    assert _digest(simulate(config, tmp_path / "a")) == _digest(simulate(config, tmp_path / "b"))


def test_another_seed_makes_another_world(tmp_path):
    first, second = (
        simulate(WorldConfig(n_accounts=60, usage_intensity=0.05, seed=s), tmp_path / str(s)) for s in (1, 2)
    )
    assert not first.table("contracts").equals(second.table("contracts"))


def test_a_larger_world_begins_with_the_smaller_one(tmp_path, world, tables):
    small = simulate(WorldConfig(n_accounts=70, seed=3, usage_intensity=0.3), tmp_path / "small")
    for name in set(tables) - {"costs"}:
        same = tables[name][tables[name]["account_id"] <= "A000069"].reset_index(drop=True)
        pd.testing.assert_frame_equal(small.table(name), same)
    whole = world.truth()
    pd.testing.assert_frame_equal(small.truth(), whole[whole["account_id"] <= "A000069"].reset_index(drop=True))


def test_knobs_of_observation_leave_outcomes_alone(tmp_path, world):
    other = WorldConfig(n_accounts=70, seed=3, usage_intensity=0.05, late_share=0.5, leaks=True, seasonality=0.5)
    noisy = simulate(other, tmp_path / "noisy")
    whole = world.truth()
    pd.testing.assert_frame_equal(noisy.truth(), whole[whole["account_id"] <= "A000069"].reset_index(drop=True))


@pytest.mark.parametrize(("name", "column"), HAPPENED.items())
def test_nothing_from_the_future(tables, name, column):
    table = tables[name]
    assert (table[column] < END).all()
    assert (table["known_at"] < END).all()
    assert (table["known_at"] >= table[column]).all()


def test_answers_follow_invitations(tables):
    answered = tables["surveys"].dropna(subset=["answered_at"])
    assert (answered["answered_at"] < END).all()
    assert (answered["answered_at"] > answered["sent_at"]).all()
    assert answered["score"].notna().all()
    assert tables["surveys"].loc[tables["surveys"]["answered_at"].isna(), ["score", "text"]].isna().all(axis=None)


@pytest.mark.parametrize(("name", "column"), [("usage", "event_at"), ("tickets", "opened_at"), ("surveys", "sent_at")])
def test_a_small_share_is_late(tables, name, column):
    late = (tables[name]["known_at"] - tables[name][column]) >= pd.Timedelta(days=1)
    assert 0.01 < late.mean() < 0.035


def test_keys_are_unique(tables):
    keys = {"contracts": "contract_line_id", "users": "user_id", "surveys": "response_id", "voc": "voc_id"}
    keys |= {"tickets": "ticket_id", "deals": "deal_id", "invoices": "invoice_id"}
    assert {name for name, key in keys.items() if not tables[name][key].is_unique} == set()
    assert not tables["accounts"].duplicated(["account_id", "valid_from"]).any()
    assert not tables["entitlements"].duplicated(["account_id", "feature"]).any()


def test_references_hold(tables):
    accounts, users = set(tables["accounts"]["account_id"]), set(tables["users"]["user_id"])
    assert set(tables["accounts"]["parent_id"].dropna()) <= accounts
    for name, table in tables.items():
        assert set(table.get("account_id", [])) <= accounts, name
        assert set(table["user_id"].dropna() if "user_id" in table else []) <= users, name


def test_users_act_while_they_are_users(tables):
    usage = tables["usage"].merge(tables["users"], on=["user_id", "account_id"], validate="many_to_one")
    assert len(usage) == len(tables["usage"])
    assert (usage["event_at"] >= usage["active_from"]).all()
    assert ((usage["event_at"] < usage["active_to"]) | usage["active_to"].isna()).all()


def test_times_are_naive_and_text_is_text(tables):
    for table in tables.values():
        for column in table.columns[table.columns.str.endswith(("_at", "_from", "_to"))]:
            assert str(table[column].dtype) == "datetime64[us]", column
    assert pd.api.types.is_string_dtype(tables["usage"]["user_id"])


def test_leaks_are_off_until_asked_for(tmp_path, tables):
    assert "account_status" not in tables["accounts"]
    assert "offboarding" not in set(tables["tickets"]["category"])
    assert "export_all" not in set(tables["usage"]["event"])
    leaky = simulate(WorldConfig(n_accounts=256, seed=3, usage_intensity=0.05, leaks=True), tmp_path / "leaky")
    assert set(leaky.table("accounts")["account_status"]) == {"active", "cancelled"}
    told = leaky.table("contracts").dropna(subset=["cancel_requested_at"])
    betrayed = leaky.table("tickets").query("category == 'offboarding'")
    assert len(betrayed) > 10
    assert set(betrayed["account_id"]) <= set(told["account_id"])
    exports = leaky.table("usage").query("event == 'export_all'")
    first_notice = told.groupby("account_id")["cancel_requested_at"].min()
    assert (exports["event_at"] > exports["account_id"].map(first_notice)).all()
    assert (exports["known_at"] < exports["event_at"]).all()


def test_a_failed_run_leaves_no_half_table(tmp_path, monkeypatch):
    monkeypatch.setattr("cs_ml.simulate.world.cost_table", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        simulate(WorldConfig(n_accounts=60, usage_intensity=0.05), tmp_path / "broken")
    assert list((tmp_path / "broken").iterdir()) == []
