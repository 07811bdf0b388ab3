"""What the features of marketing are called, in English and Japanese, and which columns they need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cs_ml.features.words import Page, Worded

__all__ = ["KINDS", "marketing_words"]

KINDS = ("page_view", "white_paper", "webinar", "mail_open")
PAGE = Page("marketing", "marketing", "marketing")
INTEREST = Page("marketing", "marketing", "marketing,contracts")
CALLED = {
    "page_view": ("page views", "ページ閲覧数"),
    "white_paper": ("white paper downloads", "ホワイトペーパーのダウンロード数"),
    "webinar": ("webinar visits", "ウェビナー参加数"),
    "mail_open": ("opened mails", "メール開封数"),
}


def marketing_words(kinds: Sequence[str], windows: Sequence[int]) -> tuple[Worded, ...]:
    """Return every feature of marketing and the columns it needs beside account, time and kind.

    Parameters
    ----------
    kinds
        Kinds of reactions that are counted apart.
    windows
        Look-back windows in days.

    Examples
    --------
    >>> [row.feature.label_en for row in marketing_words(["webinar"], [90])][:2]
    ['Reactions to marketing, last 90 days', 'Webinar visits, last 90 days']
    """
    return (*_counts(kinds, windows), *_interest(windows))


def _counts(kinds: Sequence[str], windows: Sequence[int]) -> Iterator[Worded]:
    called = {kind: CALLED.get(kind, (f"reactions of kind {kind}", f"{kind}の件数")) for kind in kinds}
    for kind, (en, ja) in ({"events": ("reactions to marketing", "マーケティングへの反応数")} | called).items():
        for days in windows:
            yield PAGE.row(
                f"{kind}_count_{days}d", "", "count", 1, "signal", f"{en[0].upper()}{en[1:]}, last {days} days",
                f"{ja}(直近{days}日)", f"{{value}} {en} in the last {days} days", f"直近{days}日の{ja}は{{value}}件",
            )  # fmt: skip
    yield PAGE.row(
        "events_recency", "", "days", -1, "signal", "Days since the last reaction to marketing",
        "マーケティングへの最後の反応からの日数", "The last reaction to marketing was {value} days ago",
        "マーケティングへの最後の反応から{value}日経過",
    )  # fmt: skip


def _interest(windows: Sequence[int]) -> Iterator[Worded]:
    for days in windows:
        yield INTEREST.row(
            f"other_products_count_{days}d", "product", "count", 0, "signal",
            f"Interest in products not owned, last {days} days", f"未契約製品への関心(直近{days}日)",
            f"{{value}} reactions in the last {days} days were to products that the account does not own",
            f"直近{days}日の未契約製品への反応は{{value}}件",
        )  # fmt: skip
    yield INTEREST.row(
        "other_products_recency", "product", "days", 0, "signal", "Days since interest in a product not owned",
        "未契約製品への最後の関心からの日数",
        "The last reaction to a product that the account does not own was {value} days ago",
        "未契約製品への最後の反応から{value}日経過",
    )  # fmt: skip
