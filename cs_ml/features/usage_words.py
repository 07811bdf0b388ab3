"""What the features of usage are called, in English and Japanese, and which columns they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cs_ml.features.feature import Feature, Role

__all__ = ["described"]

TYPICAL_EN, TYPICAL_JA = ", where {typical} is typical", "(標準的な値: {typical})"


class _Words(NamedTuple):
    """Name, unit and words of a feature; ``#`` stands for the days of its window."""

    name: str
    needs: str
    unit: str
    direction: int
    role: Role
    label_en: str
    label_ja: str
    sentence_en: str
    sentence_ja: str


WINDOWED = [
    _Words("events_count_#d", "", "count", 1, "signal", "Events, last # days", "イベント数(直近#日)",
           "{value} events in the last # days", "直近#日のイベントは{value}件"),
    _Words("quantity_sum_#d", "quantity", "count", 1, "signal", "Quantity used, last # days", "利用量(直近#日)",
           "{value} units were used in the last # days", "直近#日の利用量は{value}"),
    _Words("users_distinct_#d", "user_id", "users", 1, "lever", "Active users, last # days",
           "アクティブユーザー数(直近#日)", "{value} users were active in the last # days",
           "直近#日のアクティブユーザーは{value}人"),
    _Words("active_users_mean_#d", "active_users", "users", 1, "lever", "Active users a row of totals, last # days",
           "集計行あたりの平均アクティブユーザー数(直近#日)",
           "{value} users were active on average where usage was reported in the last # days",
           "直近#日に報告された利用の平均アクティブユーザーは{value}人"),
    _Words("seats_active_share_#d", "active_users seats", "share", 1, "lever",
           "Active users by contracted seat, last # days", "契約席数に対する平均アクティブユーザーの割合(直近#日)",
           "{value} of the contracted seats were active on average in the last # days",
           "直近#日の平均アクティブユーザーは契約席数の{value}"),
    _Words("days_distinct_#d", "", "days", 1, "signal", "Active days, last # days", "利用日数(直近#日)",
           "The product was used on {value} of the last # days", "直近#日のうち利用があったのは{value}日"),
    _Words("features_distinct_#d", "feature", "count", 1, "lever", "Features used, last # days", "利用機能数(直近#日)",
           "{value} features were used in the last # days", "直近#日に利用された機能は{value}種類"),
]  # fmt: skip
SINGLE = [
    _Words("events_recency", "", "days", -1, "signal", "Days since the last event", "最終利用からの日数",
           "The product was last used {value} days ago", "最後の利用から{value}日経過"),
    _Words("events_slope_180d", "", "slope", 1, "signal", "Trend of events, last 180 days",
           "イベント数の傾向(直近180日)", "Events moved by {value} a month over the last 180 days",
           "直近180日のイベント数は月あたり{value}の変化"),
    _Words("events_change_30d", "", "log_ratio", 1, "signal", "Change of events, last 30 days",
           "イベント数の変化(直近30日)", "Events of the last 30 days moved by {value} against the five months before",
           "直近30日のイベント数はその前の5か月平均から{value}の変化"),
    _Words("users_change_30d", "user_id", "log_ratio", 1, "signal", "Change of active users, last 30 days",
           "アクティブユーザー数の変化(直近30日)",
           "Active users of the last 30 days moved by {value} against the five months before",
           "直近30日のアクティブユーザー数はその前の5か月平均から{value}の変化"),
    _Words("seats_utilisation_30d", "user_id seats", "share", 1, "lever", "Seat utilisation, last 30 days",
           "席の利用率(直近30日)", "{value} of the contracted seats were in use in the last 30 days",
           "直近30日に利用された席は契約席数の{value}"),
    _Words("logins_count_30d", "event", "count", 1, "signal", "Logins, last 30 days", "ログイン回数(直近30日)",
           "{value} logins in the last 30 days", "直近30日のログインは{value}回"),
    _Words("logins_days_30d", "event", "days", 1, "signal", "Days with a login, last 30 days",
           "ログインのあった日数(直近30日)", "Someone logged in on {value} of the last 30 days",
           "直近30日のうちログインがあったのは{value}日"),
    _Words("logins_rate_30d", "event user_id seats", "share", 1, "signal", "Login rate, last 30 days",
           "ログイン率(直近30日)", "Users of {value} of the contracted seats logged in during the last 30 days",
           "直近30日にログインしたユーザーは契約席数の{value}"),
    _Words("logins_frequency_30d", "event user_id", "per_week", 1, "signal", "Logins a week and active user",
           "アクティブユーザー1人あたりの週間ログイン回数",
           "Active users logged in {value} times a week over the last 30 days",
           "直近30日のログインはアクティブユーザー1人あたり週{value}回"),
]  # fmt: skip


def described(windows: Sequence[int]) -> Iterable[tuple[Feature, set[str]]]:
    """Yield every feature of usage and the columns it needs beside account and time.

    Parameters
    ----------
    windows
        Look-back windows in days.

    Examples
    --------
    >>> feature, needed = next(iter(described([7])))
    >>> feature.label_en, feature.label_ja, needed
    ('Events, last 7 days', 'イベント数(直近7日)', set())
    """
    for words in WINDOWED:
        for window in windows:
            yield _feature(words, str(window)), set(words.needs.split())
    for words in SINGLE:
        yield _feature(words, ""), set(words.needs.split())


def _feature(words: _Words, days: str) -> Feature:
    name, label_en, label_ja, sentence_en, sentence_ja = (
        text.replace("#", days)
        for text in (words.name, words.label_en, words.label_ja, words.sentence_en, words.sentence_ja)
    )
    return Feature(
        f"usage_{name}",
        "usage",
        words.unit,
        label_en,
        label_ja,
        sentence_en + TYPICAL_EN,
        sentence_ja + TYPICAL_JA,
        direction=words.direction,
        role=words.role,
        sources="usage,contracts" if "seats" in words.needs else "usage",
    )
