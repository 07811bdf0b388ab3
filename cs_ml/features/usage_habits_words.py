"""What the features of habit are called, in English and Japanese."""

from __future__ import annotations

from cs_ml.features.feature import Feature
from cs_ml.features.words import Page

__all__ = ["habits_words"]

PAGE = Page("usage", "usage", "usage")
SHARES = {
    "weekdays": ("weekdays", "平日"),
    "business_hours": ("weekdays between 9:00 and 18:00", "平日9時から18時"),
}
RHYTHM = (
    PAGE.row("gap_longest_180d", "", "days", -1, "signal", "Longest gap between active days, last 180 days",
             "利用日の間隔の最長(直近180日)", "The longest gap between two active days of the last 180 is {value} days",
             "直近180日の利用日の間隔は最長{value}日"),
    PAGE.row("gap_mean_180d", "", "days", -1, "signal", "Mean gap between active days, last 180 days",
             "利用日の平均間隔(直近180日)", "Active days of the last 180 are {value} days apart on average",
             "直近180日の利用日の間隔は平均{value}日"),
    PAGE.row("gap_current_ratio_180d", "", "times", -1, "signal", "Days since the last use, in mean gaps",
             "最終利用からの日数(平均間隔の何倍か)", "The last use is {value} times the usual gap ago",
             "最後の利用から平均間隔の{value}倍の日数が経過"),
    PAGE.row("days_shift_182d", "", "difference", 1, "signal", "Largest shift of active days a week, last 26 weeks",
             "週あたり利用日数の最大の変化(直近26週)",
             "Where the level of use moved most in the last 26 weeks, it moved by {value} active days a week",
             "直近26週で利用水準が最も大きく変わった時点の変化は週{value}日"),
    PAGE.row("days_shift_recency", "", "days", 0, "signal", "Days since active days a week shifted most",
             "利用水準が最も大きく変わってからの日数", "The level of use moved most {value} days ago",
             "利用水準が最も大きく変わったのは{value}日前"),
    PAGE.row("silence_share", "", "share", -1, "signal", "Time since the last use, as a share of that since the first",
             "初回利用からの期間のうち最終利用以降の割合",
             "{value} of the time since the first use passed after the last use",
             "初回利用からの期間のうち最後の利用から後が{value}"),
)  # fmt: skip


def habits_words(*, business_hours: bool) -> list[Feature]:
    """Return the features of habit.

    Parameters
    ----------
    business_hours
        Whether those of business hours are among them.

    Examples
    --------
    >>> habits_words(business_hours=True)[2].label_en
    'Share of events on weekdays between 9:00 and 18:00, last 30 days'
    """
    shares = [
        PAGE.row(
            f"{name}_share_{window}d", "", "share", 0, "signal", f"Share of events on {en}, last {window} days",
            f"{ja}のイベントの割合(直近{window}日)",
            f"{{value}} of the events of the last {window} days fell on {en}",
            f"直近{window}日のイベントのうち{ja}のものは{{value}}",
        )
        for name, (en, ja) in SHARES.items() if name == "weekdays" or business_hours
        for window in (30, 90)
    ]  # fmt: skip
    return [row.feature for row in (*shares, *RHYTHM)]
