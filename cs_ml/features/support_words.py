"""What the features of support are called, in English and Japanese, and which columns they need."""

from __future__ import annotations

from collections.abc import Sequence

from cs_ml.features.words import Page, Worded

__all__ = ["support_words"]

PAGE = Page("tickets", "support", "tickets")
ROWS = (
    PAGE.row("opened_change_30d", "", "log_ratio", -1, "signal", "Change of tickets, last 30 days",
             "チケット数の変化(直近30日)",
             "Tickets of the last 30 days moved by {value} against the five months before",
             "直近30日のチケット数はその前の5か月平均から{value}の変化"),
    PAGE.row("opened_recency", "", "days", 0, "signal", "Days since the last ticket", "最後のチケットからの日数",
             "The last ticket was opened {value} days ago", "最後のチケットから{value}日経過"),
    PAGE.row("open_count", "resolved_at", "count", -1, "lever", "Open tickets", "未解決チケット数",
             "{value} tickets are open", "未解決のチケットは{value}件"),
    PAGE.row("open_age_mean", "resolved_at", "days", -1, "lever", "Mean age of open tickets",
             "未解決チケットの平均経過日数",
             "Open tickets have been waiting for {value} days on average", "未解決のチケットは平均{value}日経過"),
    PAGE.row("open_age_max", "resolved_at", "days", -1, "lever", "Age of the oldest open ticket",
             "最も古い未解決チケットの経過日数",
             "The oldest open ticket has been waiting for {value} days", "最も古い未解決チケットは{value}日経過"),
    PAGE.row("severe_open_count", "resolved_at severity", "count", -1, "lever", "Open severe tickets",
             "未解決の重大チケット数",
             "{value} severe tickets are open", "未解決の重大なチケットは{value}件"),
    PAGE.row("severe_count_90d", "severity", "count", -1, "signal", "Severe tickets, last 90 days",
             "重大チケット数(直近90日)",
             "{value} severe tickets were opened in the last 90 days", "直近90日の重大なチケットは{value}件"),
    PAGE.row("severe_share_180d", "severity", "share", -1, "signal", "Share of severe tickets, last 180 days",
             "重大チケットの割合(直近180日)", "{value} of the tickets of the last 180 days are severe",
             "直近180日のチケットの{value}が重大"),
    PAGE.row("response_hours_180d", "first_response_at", "hours", -1, "lever",
             "Hours to the first response, last 180 days",
             "初回応答時間(直近180日)", "First responses of the last 180 days took {value} hours on average",
             "直近180日の初回応答は平均{value}時間"),
    PAGE.row("resolution_hours_180d", "resolved_at", "hours", -1, "lever", "Hours to the solution, last 180 days",
             "解決時間(直近180日)", "Tickets solved in the last 180 days took {value} hours on average",
             "直近180日に解決したチケットの所要時間は平均{value}時間"),
    PAGE.row("first_contact_share_180d", "resolved_at contacts", "share", 1, "lever",
             "Share solved at first contact, last 180 days", "初回コンタクト解決率(直近180日)",
             "{value} of the tickets solved in the last 180 days needed one contact only",
             "直近180日に解決したチケットの{value}が1回のコンタクトで解決"),
    PAGE.row("reopened_share_180d", "resolved_at reopened_at", "share", -1, "signal",
             "Share of reopened tickets, last 180 days", "チケットの再オープン率(直近180日)",
             "{value} of the tickets solved in the last 180 days were reopened",
             "直近180日に解決したチケットの{value}が再オープン"),
    PAGE.row("category_share_180d", "category", "share", 0, "signal",
             "Share of the most frequent kind of ticket, last 180 days", "最多カテゴリのチケットの割合(直近180日)",
             "{value} of the tickets of the last 180 days are of one and the same kind",
             "直近180日のチケットの{value}が同じカテゴリ"),
)  # fmt: skip


def support_words(windows: Sequence[int]) -> tuple[Worded, ...]:
    """Return every feature of support and the columns it needs beside account and time of opening.

    Parameters
    ----------
    windows
        Look-back windows of the load, in days.

    Examples
    --------
    >>> support_words((30,))[0].feature.label_ja
    'チケット数(直近30日)'
    """
    load = (
        PAGE.row(f"opened_count_{days}d", "", "count", -1, "signal", f"Tickets, last {days} days",
                 f"チケット数(直近{days}日)", f"{{value}} tickets were opened in the last {days} days",
                 f"直近{days}日のチケットは{{value}}件")
        for days in windows
    )  # fmt: skip
    return (*load, *ROWS)
