"""What stands beside the table: goals, cohorts, forecasts, levels over time, the list of names."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from builders import book

from cs_ml.errors import ConfigError, FrameError
from cs_ml.kpis import ELSEWHERE, KpiOptions, kpi_catalog, kpi_table
from cs_ml.kpis.book import Book
from cs_ml.kpis.cohorts import retention_triangle
from cs_ml.kpis.forecast import compare_forecast
from cs_ml.kpis.goals import Goal, goal_tree, require_tree
from cs_ml.kpis.levels import transitions
from cs_ml.timeline.periods import make_periods

LINES = """
    account_id start_at   end_at     mrr
    a          2026-01-05 2027-01-01 100
    b          2026-01-09 2026-02-15 50
    c          2026-02-03 2026-03-10 70
    c          2026-03-10 2027-01-01 90"""


def test_triangles_of_accounts_and_revenue():
    tables, periods = book(data_end="2026-04-01", contracts=LINES), make_periods("2026-01-01", "2026-06-01")
    logo = retention_triangle(tables, periods).set_index(["cohort", "age"])
    assert logo.loc["2026-01-01", "value"].tolist() == [1, 0.5, 0.5]
    assert logo.loc["2026-02-01", "value"].tolist() == [1, 1]
    money = retention_triangle(tables, periods, of="mrr").set_index(["cohort", "age"])
    assert money.loc["2026-01-01", "value"].tolist() == [pytest.approx(value) for value in (1, 2 / 3, 2 / 3)]
    assert money.loc["2026-02-01", "value"].tolist() == [1, pytest.approx(90 / 70)]


def test_triangles_add_up_to_the_active_accounts_and_the_mrr():
    tables, periods = book(data_end="2026-06-01", contracts=LINES), make_periods("2026-01-01", "2026-06-01")
    v = kpi_table(tables, periods).values()
    for of, kpi in (("accounts", "active_accounts"), ("mrr", "mrr")):
        summed = retention_triangle(tables, periods, of=of).groupby("period_end")["numerator"].sum()
        np.testing.assert_allclose(summed, v[kpi])


GOALS = (
    Goal("mrr", 200.0),
    Goal("nrr", 1.0, feeds=("mrr",)),
    Goal("churn_rate", 0.2, at_least=False, feeds=("nrr",)),
    Goal("csat", 0.9, feeds=("churn_rate",)),
)


def test_the_tree_of_goals_has_status_from_the_top_down():
    tables = book(data_end="2026-12-01", contracts=LINES)
    tree = goal_tree(kpi_table(tables, make_periods("2026-02-01", "2026-03-01")), GOALS)
    assert tree[["depth", "kpi", "feeds", "status"]].to_numpy().tolist() == [
        [0, "mrr", "", "missed"], [1, "nrr", "mrr", "missed"], [2, "churn_rate", "nrr", "unsure"],
        [3, "csat", "churn_rate", "absent"],
    ]  # fmt: skip
    met = goal_tree(kpi_table(tables, make_periods("2026-02-01", "2026-03-01")), (Goal("mrr", 170.0), Goal("arpa")))
    assert met["status"].tolist() == ["met", "no target"]


def test_goals_that_are_no_tree_are_refused_with_all_faults():
    with pytest.raises(ConfigError, match="2 faults"):
        require_tree((Goal("mmr"), Goal("nrr", feeds=("mrr",))))
    with pytest.raises(ConfigError, match="circle"):
        require_tree((Goal("mrr", feeds=("nrr",)), Goal("nrr", feeds=("mrr",))))


def index(*accounts):
    return pd.MultiIndex.from_product([accounts, [pd.Timestamp("2026-01-01")]], names=["account_id", "as_of"])


def test_forecast_beside_what_happened():
    at = index("a", "b", "c", "d")
    forecasts = pd.DataFrame({"p_churn": [0.2, 0.3, 0.5, 0.9], "mrr": [100.0, 200.0, 10.0, 1.0]}, index=at)
    labels = pd.DataFrame({"label": [1.0, 0.0, 0.0, np.nan]}, index=at)
    found = compare_forecast(forecasts, labels).iloc[0]
    assert (found["n"], found["n_excluded"], found["actual"], found["actual_mrr"]) == (3, 1, 1, 100)
    assert found["expected"] == pytest.approx(1.0)
    assert found["expected_mrr"] == pytest.approx(20 + 60 + 5)
    spread = np.sqrt(0.2 * 0.8 * 100**2 + 0.3 * 0.7 * 200**2 + 0.25 * 10**2)
    assert found["high_mrr"] == pytest.approx(85 + 1.959964 * spread)
    by = compare_forecast(forecasts, labels, pd.Series(["x", "x", "y", "y"], index=at)).set_index("group")
    assert by["expected"].tolist() == pytest.approx([0.5, 0.5])
    with pytest.raises(FrameError, match=r"forecasts\.mrr"):
        compare_forecast(forecasts[["p_churn"]], labels)


def test_right_forecasts_lie_inside_their_interval_95_times_in_a_hundred():
    random, inside = np.random.default_rng(3), []
    at = index(*[f"a{number:03d}" for number in range(200)])
    for _ in range(200):
        p = random.uniform(0.02, 0.3, 200)
        forecasts = pd.DataFrame({"p_churn": p, "mrr": random.lognormal(5, 0.5, 200)}, index=at)
        labels = pd.DataFrame({"label": (random.random(200) < p).astype(float)}, index=at)
        found = compare_forecast(forecasts, labels).iloc[0]
        inside.append([found[f"low{e}"] <= found[f"actual{e}"] <= found[f"high{e}"] for e in ("", "_mrr")])
    assert (np.mean(inside, axis=0) > 0.90).all()


def test_accounts_move_between_levels():
    usage = "account_id event_at\na 2026-01-05\nb 2026-02-05\nc 2026-02-05\nc 2026-03-05"
    tables = book(data_end="2026-06-01", contracts=LINES, usage=usage)
    moved = transitions(Book(tables, make_periods("2026-01-01", "2026-04-01"), KpiOptions()))
    found = {tuple(row) for row in moved[["level_from", "level_to", "accounts"]].to_numpy()}
    assert found == {("low", "dormant", 1), ("dormant", "absent", 1), ("absent", "low", 1), ("low", "low", 1),
                     ("dormant", "dormant", 1)}  # fmt: skip


JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
ASKED_FOR = """
    login rate|login count|login frequency|login days|share of contracted seats|utilisation of contracted features
    degree of feature use|how many users make real use|satisfied with which service|number of uses|frequency of uses
    used to the fullest|change in the customer's revenue|customer's own database|utilisation level|proficiency
    health score|NPS|customer satisfaction|customer loyalty|churn rate|negative churn|retention rate|continuation rate
    renewal rate|monthly recurring revenue|expansion MRR|premium package|customers per month|lifetime value
    average revenue per customer|purchase frequency|average lifetime|revenue earned until cancellation
    purchase unit price|customer retention cost|first contact resolution|onboarding completion|upsell rate
    cross-sell rate|sales|closed contracts|acquisition cost vs retention cost|contract length|calls|leads|mails
    repeat customers|extensions|goal attainment|quality of the relationship|early adoption|business results
    stable revenue
    ログイン率|ログイン回数|ログイン頻度|ログイン日数|契約に対する実際の利用ユーザーの割合|契約している機能の利用率
    機能の活用度合い|活用しているユーザー数|サービスごとの満足度|サービスの使用回数|利用頻度|最大限に利用しているか
    顧客の収益の変化|顧客データベースの増減|活用レベルの分類・習熟度|ヘルススコア|NPS|顧客満足度スコア|顧客満足度
    顧客ロイヤルティ|チャーンレート|解約率|ネガティブチャーン|リテンションレート|継続率|更新率|月間経常収益|MRRの拡大
    プレミアムパッケージ選択顧客数|月毎の顧客数|顧客生涯価値|平均顧客単価|平均購買頻度|継続期間|解約までの収益|収益率
    購買単価|顧客維持費|初回コンタクトの解決率|オンボーディング完了率|アップセル率|クロスセル率|売上|成約数
    新規獲得コスト対維持コスト|契約期間|通話|リード獲得|送信メール数|リピーター・サブスクリプション延長|顧客の目標達成
    関係値|早期定着化|ビジネス成果|安定した収益"""


def test_everything_asked_for_is_found_by_name_in_both_languages():
    from cs_ml.pipeline.kpi import list_kpis

    listed = "\n".join(list_kpis()).lower()
    wanted = [name.strip().lower() for line in ASKED_FOR.strip().splitlines() for name in line.split("|")]
    assert [name for name in wanted if name not in listed] == []
    catalog = kpi_catalog()
    assert catalog["meaning_ja"].str.contains(JAPANESE).sum() >= len(catalog) - 2  # formulas need no words
    assert catalog["label_ja"].ne("").all()
    assert all(JAPANESE.search(one[4]) for one in ELSEWHERE)
    assert catalog.index.is_unique
