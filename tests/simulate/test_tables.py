import numpy as np
import pandas as pd
import pytest

from cs_ml.simulate import WorldConfig, simulate

END = pd.Timestamp("2026-10-01")


def test_terms_of_a_line_follow_each_other(tables):
    lines = tables["contracts"].sort_values(["account_id", "product", "start_at"])
    stop = lines[["end_at", "cancelled_at"]].min(axis=1)
    following = lines.groupby(["account_id", "product"])["start_at"].shift(-1)
    gap = (following - stop).dropna()
    assert (gap >= pd.Timedelta(0)).all()
    assert (gap[gap > pd.Timedelta(0)] > pd.Timedelta(days=90)).all()  # reactivations, well beyond any grace


def test_an_upgrade_cuts_its_term_and_keeps_the_end(tables):
    core = tables["contracts"].query("product == 'core'").sort_values(["account_id", "start_at"])
    cut = core[core["cancel_reason"] == "upgrade"]
    after = core.groupby("account_id").shift(-1).loc[cut.index]
    assert len(cut) > 5
    assert (after["start_at"] == cut["cancelled_at"]).all()
    assert (after["end_at"] == cut["end_at"]).all()
    assert (after["mrr"] != cut["mrr"]).all()
    assert cut["cancel_requested_at"].isna().all()


def test_notice_comes_before_the_end_and_as_early_as_agreed(tables):
    told = tables["contracts"].dropna(subset=["cancel_requested_at"])
    lead = (told["cancelled_at"] - told["cancel_requested_at"]).dt.days
    assert len(told) > 20
    assert (lead >= told["notice_days"]).all()
    assert (told["cancelled_at"] == told["end_at"]).all()
    assert (told["cancel_requested_at"] < END).all()


def test_unannounced_ends_stay_out_of_the_tables_until_they_happen(tables):
    known = tables["contracts"].dropna(subset=["cancelled_at"])
    assert ((known["cancelled_at"] < END) | (known["cancel_requested_at"] < END)).all()
    assert (tables["contracts"]["start_at"] < END).all()


def test_mrr_is_seats_times_price_less_discount(tables):
    lines = tables["contracts"]
    assert lines["mrr"].to_numpy() == pytest.approx(
        lines["seats"] * lines["list_price"] * (1 - lines["discount"]), abs=0.006
    )


def test_the_price_rises_for_new_and_renewed_terms_alone(tables):
    starter = tables["contracts"].query("plan == 'starter'")
    changed = starter["list_price"] == 21.6
    assert set(starter["list_price"]) == {20.0, 21.6}
    assert (starter.loc[changed, "start_at"] >= "2025-04-01").all()
    kept = starter[~changed & (starter["start_at"] >= "2025-04-02")]
    assert kept["contract_line_id"].isin(_upgraded(tables)).all()


def _upgraded(tables):
    """Lines that began with an upgrade or a change within a term: they keep the price of the term."""
    lines = tables["contracts"].sort_values(["account_id", "product", "start_at"])
    months = (
        (lines["end_at"].dt.year - lines["start_at"].dt.year) * 12
        + lines["end_at"].dt.month
        - lines["start_at"].dt.month
    )
    return lines.loc[~months.isin([1, 12]), "contract_line_id"]


def test_two_versions_of_an_account_meet(tables):
    versions = tables["accounts"].sort_values(["account_id", "valid_from"])
    twice = versions[versions.duplicated("account_id", keep=False)]
    assert len(twice) > 20
    assert (twice["valid_to"].iloc[::2].to_numpy() == twice["valid_from"].iloc[1::2].to_numpy()).all()
    assert twice["valid_to"].iloc[1::2].isna().all()


def test_japanese_accounts_speak_japanese(tables):
    region = tables["accounts"].drop_duplicates("account_id").set_index("account_id")["region"]
    voc = tables["voc"]
    japanese = voc["text"].str.contains("[ぁ-ん]", regex=True)
    assert (japanese == (voc["account_id"].map(region) == "japan")).all()
    assert (japanese == (voc["language"] == "ja")).all()


def test_weekends_are_quiet(tables):
    by_weekday = tables["usage"]["event_at"].dt.day_of_week.value_counts()
    assert by_weekday[[5, 6]].mean() < 0.3 * by_weekday[[0, 1, 2, 3]].mean()


def _by_month(table, column, value, how):
    key = [table["account_id"], table[column].dt.to_period("M").dt.to_timestamp().rename("month")]
    return table.groupby(key)[value].agg(how)


@pytest.mark.parametrize(
    ("name", "column", "value", "latent", "sign", "least"),
    [
        ("surveys", "sent_at", "score", "satisfaction", 1, 0.5),
        ("voc", "said_at", "sentiment", "satisfaction", 1, 0.3),
        ("usage", "event_at", "user_id", "adoption", 1, 0.3),
        ("tickets", "opened_at", "ticket_id", "support", 1, 0.2),
        ("marketing", "happened_at", "kind", "interest", 1, 0.1),
    ],
)
def test_tables_are_noisy_views_of_the_latents(world, tables, name, column, value, latent, sign, least):
    table = tables[name]
    table = table[table["kind"] == "nps"] if name == "surveys" else table
    how = "mean" if value in ("score", "sentiment") else "nunique" if value == "user_id" else "count"
    seen = _by_month(table, column, value, how)
    state = world.truth("latents").set_index(["account_id", "month"])[latent]
    both = pd.concat([seen.rename("seen"), state], axis=1, join="inner").dropna()
    assert least < sign * both["seen"].corr(both[latent], method="spearman") < 0.98


def test_decision_makers_fall_silent_when_the_champion_leaves(world, tables):
    state = world.truth("latents").set_index(["account_id", "month"])["champion_lost"]
    voc = tables["voc"].query("speaker_role in ('decision_maker', 'champion')")
    month = voc["said_at"].dt.to_period("M").dt.to_timestamp()
    said = pd.MultiIndex.from_arrays([voc["account_id"], month])
    lost = state.reindex(said).fillna(False).to_numpy(dtype=bool)
    assert lost.mean() < 0.3 * state.mean()


def test_plays_are_assigned_at_random_a_quarter_ahead(world):
    effects = world.truth("effects")
    assert set(effects["play"]) == {"adoption_review", "login_nudge"}
    assert 0.4 < effects["treated"].mean() < 0.6
    ahead = effects["treated_at"] - effects["assigned_at"]
    assert (ahead >= pd.Timedelta(days=89)).all()
    assert (effects["log_odds"] == np.where(effects["play"] == "adoption_review", -0.8, 0.0)).all()


def test_the_review_lowers_churn_from_the_day_it_is_planned(truths):
    worked, idle = (
        truths.of(seed=5, playbook_effect=effect).set_index(["account_id", "as_of"]) for effect in (-3.0, 0.0)
    )
    p = pd.concat([frame["p_churn_90d_before_notice"] for frame in (worked, idle)], axis=1, keys=["worked", "idle"])
    assigned, treated = (p.xs(pd.Timestamp(day), level="as_of").dropna() for day in ("2025-02-01", "2025-05-01"))
    assert (assigned["worked"] == assigned["idle"]).all()
    assert (treated["worked"] <= treated["idle"]).all()
    assert 0.1 < (treated["worked"] < treated["idle"]).mean() < 0.4


def test_the_nudge_moves_logins_and_nothing_else(tmp_path):
    world = simulate(WorldConfig(n_accounts=1_024, usage_intensity=0.3), tmp_path / "nudged")
    effects = world.truth("effects").query("play == 'login_nudge'").set_index("account_id")
    logins = world.table("usage").query("event == 'login'")
    since = effects["treated_at"].iloc[0]
    inside = logins["event_at"].between(since, since + pd.Timedelta(days=60))
    count = logins[inside].groupby("account_id").size().reindex(effects.index, fill_value=0)
    assert count[effects["treated"]].mean() > 1.2 * count[~effects["treated"]].mean()
    truth = world.truth().query("as_of == @since").set_index("account_id")["p_churn_90d"]
    assert (
        truth.reindex(effects.index[effects["treated"]]).mean()
        > 0.8 * truth.reindex(effects.index[~effects["treated"]]).mean()
    )
