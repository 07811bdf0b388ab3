"""What the features of deals are called, in English and Japanese, and which columns they need."""

from __future__ import annotations

from collections.abc import Iterator

from cs_ml.features.words import Page, Worded

__all__ = ["deals_words"]

PAGE = Page("deals", "commerce", "deals")
ALL = (
    PAGE.row("open_count", "closed_at", "count", 0, "signal", "Open deals", "進行中の商談数",
             "{value} deals are open",
             "進行中の商談は{value}件"),
    PAGE.row("open_age_max", "closed_at", "days", 0, "signal", "Age of the oldest open deal",
             "最も古い進行中商談の経過日数",
             "The oldest open deal has been open for {value} days", "最も古い進行中の商談は{value}日経過"),
    PAGE.row("downsell_open_count", "closed_at", "count", -1, "signal", "Open talks about a smaller contract",
             "縮小に関する進行中の商談数", "{value} talks about a smaller contract are open",
             "契約縮小の商談が{value}件進行中"),
    PAGE.row("opened_recency", "", "days", 0, "signal", "Days since the last deal was opened",
             "最後の商談開始からの日数",
             "The last deal was opened {value} days ago", "最後の商談開始から{value}日経過"),
)  # fmt: skip


def deals_words() -> tuple[Worded, ...]:
    """Return every feature of deals and the columns it needs beside account, kind and time of opening.

    Examples
    --------
    >>> deals_words()[0].feature.sentence_ja
    '進行中の商談は{value}件(標準的な値: {typical})'
    """
    return (*ALL, *_of_group("expansion", "Expansion", "拡大", 1), *_of_group("renewal", "Renewal", "更新", 0))


def _of_group(group: str, en: str, ja: str, direction: int) -> Iterator[Worded]:
    """Yield the features of deals of one group; more open renewals than usual say nothing good by themselves."""
    low = en.lower()
    yield PAGE.row(f"{group}_opened_count_365d", "", "count", direction, "signal", f"{en} deals opened, last year",
                   f"{ja}商談の開始数(1年)", f"{{value}} {low} deals were opened in the last year",
                   f"過去1年に始まった{ja}商談は{{value}}件")  # fmt: skip
    yield PAGE.row(f"{group}_open_count", "closed_at", "count", direction, "signal", f"Open {low} deals",
                   f"進行中の{ja}商談数", f"{{value}} {low} deals are open",
                   f"進行中の{ja}商談は{{value}}件")  # fmt: skip
    yield PAGE.row(f"{group}_open_age_max", "closed_at", "days", -1, "lever", f"Age of the oldest open {low} deal",
                   f"最も古い進行中の{ja}商談の経過日数",
                   f"The oldest open {low} deal has been open for {{value}} days",
                   f"最も古い進行中の{ja}商談は{{value}}日経過")  # fmt: skip
    yield PAGE.row(f"{group}_pipeline_amount", "closed_at amount", "money", direction, "signal",
                   f"Amount of open {low} deals", f"進行中の{ja}商談の金額", f"Open {low} deals amount to {{value}}",
                   f"進行中の{ja}商談の金額は{{value}}")  # fmt: skip
    yield PAGE.row(f"{group}_won_count_365d", "closed_at won", "count", 1, "signal", f"{en} deals won, last year",
                   f"{ja}商談の受注数(1年)", f"{{value}} {low} deals were won in the last year",
                   f"過去1年に受注した{ja}商談は{{value}}件")  # fmt: skip
    yield PAGE.row(f"{group}_lost_count_365d", "closed_at won", "count", -1, "signal", f"{en} deals lost, last year",
                   f"{ja}商談の失注数(1年)", f"{{value}} {low} deals were lost in the last year",
                   f"過去1年に失注した{ja}商談は{{value}}件")  # fmt: skip
    yield PAGE.row(f"{group}_win_rate_365d", "closed_at won", "share", 1, "signal",
                   f"Win rate of {low} deals, last year",
                   f"{ja}商談の受注率(1年)", f"{{value}} of the {low} deals closed in the last year were won",
                   f"過去1年に終了した{ja}商談の{{value}}を受注")  # fmt: skip
