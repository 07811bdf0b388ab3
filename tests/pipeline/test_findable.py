"""Every figure that customer success speaks of is found by its name, in English and in Japanese."""

import pytest

from cs_ml.errors import InputError
from cs_ml.pipeline.kpi import list_kpis
from cs_ml.pipeline.measures import list_measures

NAMES = [
    ("ログイン率", "login rate"),
    ("ログイン回数", "logins"),
    ("ログイン頻度", "login frequency"),
    ("ログイン日数", "login days"),
    ("契約に対する実際の利用ユーザーの割合", "seats actually used"),
    ("契約している機能の利用率", "utilisation of contracted features"),
    ("機能の活用度合い", "degree of feature use"),
    ("活用しているユーザー数", "users make real use"),
    ("利用サービス", "services used"),
    ("サービスごとの満足度", "satisfied with which service"),
    ("サービスの使用回数", "number of uses"),
    ("利用頻度", "frequency of use"),
    ("最大限に利用しているか", "used to the fullest"),
    ("顧客の収益の変化", "change in the customer's revenue"),
    ("顧客データベースの増減", "customer's own database"),
    ("活用レベル", "utilisation level"),
    ("習熟度", "proficiency"),
    ("ヘルススコア", "health score"),
    ("NPS", "net promoter score"),
    ("CSAT", "customer satisfaction score"),
    ("顧客満足度", "customer satisfaction"),
    ("顧客ロイヤルティ", "customer loyalty"),
    ("解約率", "churn rate"),
    ("チャーンレート", "churn rate"),
    ("ネガティブチャーン", "negative churn"),
    ("リテンションレート", "retention rate"),
    ("顧客維持率", "retention rate"),
    ("継続率", "continuation rate"),
    ("更新率", "renewal rate"),
    ("月間経常収益", "monthly recurring revenue"),
    ("MRRの拡大", "expansion MRR"),
    ("プレミアムパッケージ選択顧客数", "premium package"),
    ("月毎の顧客数", "customers per month"),
    ("LTV", "lifetime value"),
    ("CLV", "CLV"),
    ("顧客生涯価値", "lifetime value"),
    ("平均顧客単価", "average revenue per customer"),
    ("平均購買頻度", "purchase frequency"),
    ("継続期間", "lifetime"),
    ("解約までの収益", "revenue earned until cancellation"),
    ("購買単価", "purchase unit price"),
    ("顧客維持費", "retention cost"),
    ("CRC", "CRC"),
    ("初回コンタクトの解決率", "first contact resolution"),
    ("オンボーディング完了率", "onboarding completion rate"),
    ("アップセル率", "upsell rate"),
    ("クロスセル率", "cross-sell rate"),
    ("売上", "sales"),
    ("成約数", "closed contracts"),
    ("新規獲得コスト対維持コスト", "acquisition cost"),
    ("契約期間", "contract length"),
    ("通話", "calls"),
    ("リード獲得", "leads"),
    ("送信メール数", "mails sent"),
    ("リピーター", "repeat customers"),
    ("サブスクリプション延長", "extensions"),
    ("顧客の目標達成", "goal attainment"),
    ("関係値", "quality of the relationship"),
    ("早期定着化", "early adoption"),
    ("ビジネス成果", "business results"),
    ("安定した収益", "stable revenue"),
]


def found(word):
    """The names of the KPIs and measures whose entries hold a word."""
    return named(list_kpis(), word) | measures(word)


def named(lines, word):
    """Entries begin at the margin; what is told of them is indented."""
    entries = "\n".join(lines).replace("\n    ", " ").splitlines()
    return {entry.split(":")[0] for entry in entries if word.casefold() in entry.casefold()}


def measures(word):
    try:
        lines = list_measures(word)
    except InputError:
        return set()
    return {line.split(":")[0] for line in lines if line[:1] in "*-"}


def test_a_word_that_nothing_is_called_by_finds_nothing():
    assert found("no such figure") == set()
    assert found("アップセル率") & found("upsell rate") == found("アップセル率")


@pytest.mark.parametrize(("japanese", "english"), NAMES)
def test_both_names_find_the_same(japanese, english):
    assert found(japanese) & found(english)
