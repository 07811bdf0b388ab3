"""Every measure that customer success speaks of is found by its name, and reads a feature that is made."""

import pandas as pd
import pytest

from cs_ml.features.snapshot import default_builders
from cs_ml.health import default_scorecard
from cs_ml.health.card_file import packaged_scorecard
from cs_ml.health.library import measure_catalog
from cs_ml.tables import SCHEMAS

OWN = {"goals", "customer", "contacts", "csat_services"}  # what a table of one's own must bring
NAMES = [
    ("ログイン率", "login rate"),
    ("ログイン回数", "login count"),
    ("ログイン頻度", "login frequency"),
    ("ログイン日数 / ログイン数", "login days"),
    ("契約に対する実際の利用ユーザーの割合", "share of contracted seats actually used"),
    ("契約している機能の利用率", "utilisation of contracted features"),
    ("機能の活用度合い", "degree of feature use"),
    ("活用しているユーザー数・利用サービス", "how many users make real use"),
    ("サービスごとの満足度", "satisfied with which service"),
    ("サービスの使用回数 / 利用頻度", "frequency of uses"),
    ("最大限に利用しているか", "used to the fullest"),
    ("顧客の収益の変化", "change in the customer's revenue"),
    ("顧客データベースの増減", "growth or shrinkage of the customer's own database"),
    ("活用レベルの分類・習熟度", "utilisation level classification"),
    ("NPS", "net promoter score"),
    ("CSAT(顧客満足度スコア)", "customer satisfaction score"),
    ("顧客満足度", "customer satisfaction"),
    ("顧客ロイヤルティ", "customer loyalty"),
    ("初回コンタクトの解決率", "first contact resolution"),
    ("オンボーディング完了率", "onboarding completion rate"),
    ("契約期間", "contract length"),
    ("通話・リード獲得・送信メール数", "leads"),
    ("リピーター・サブスクリプション延長", "repeat customers"),
    ("顧客の目標達成", "goal attainment"),
    ("関係値", "quality of the relationship as the CSM sees it"),
    ("早期定着化・ビジネス成果", "early adoption"),
]


def made():
    """Every feature that the builders can make of tables with all their columns."""
    features = [
        feature.name
        for builder in default_builders()
        for feature in builder.features([column.name for column in SCHEMAS[builder.reads[0]].columns])
    ]
    return {*features, "usage_logins_rate_30d", "usage_logins_count_30d", "usage_logins_days_30d"}


@pytest.mark.parametrize(("japanese", "english"), NAMES)
def test_what_people_call_a_measure_finds_it_in_both_languages(japanese, english):
    found = [set(measure_catalog(word).index) for word in (japanese, english)]
    assert found[0] & found[1]


def test_the_default_reads_only_features_that_the_builders_make():
    used = {feature for measure in default_scorecard().measures for feature in measure.features}
    assert used <= made()


def test_the_library_reads_features_that_are_made_or_says_they_are_ones_own():
    unmade = {measure.feature for measure in packaged_scorecard("library").measures} - made()
    assert all(any(feature.startswith(own) for own in OWN) for feature in unmade - {"usage_logins_frequency_30d"})


def test_every_source_table_has_a_measure_in_the_default():
    sources = {measure.feature.split("_")[0] for measure in default_scorecard().measures}
    wanted = {"usage", "entitlements", "nps", "csat", "voc", "tickets", "onboarding", "invoices", "users", "sentiment"}
    assert wanted | {"contracts"} <= sources


def test_measures_have_one_name_each_and_speak_both_languages():
    table = measure_catalog()
    assert table.index.is_unique
    assert not table["label_ja"].str.isascii().any()
    assert table["label_en"].notna().all()


def test_a_measure_without_its_feature_is_not_there():
    card = default_scorecard(["tickets_open_count", "invoices_overdue_count"])
    assert card.names == ("support_backlog", "overdue_invoices")
    points = card.points(pd.DataFrame({"tickets_open_count": [0.0, 3.0], "invoices_overdue_count": [1.0, None]}))
    assert points["support_backlog"].tolist() == [65.0, 20.0]


def test_a_word_that_nobody_uses_finds_nothing():
    assert measure_catalog("xyzzy").empty
