"""What customers say, in English and Japanese, by topic and polarity."""

from __future__ import annotations

from functools import cache

__all__ = ["LANGUAGES", "TOPICS", "phrases"]

LANGUAGES = ("en", "ja")
TOPICS = ("price", "bugs", "usability", "support", "competitor", "adoption", "value")
WORDS = {
    "en": ("dashboard", "report screen", "search", "calendar sync", "workflow builder"),
    "ja": ("ダッシュボード", "レポート画面", "検索機能", "カレンダー連携", "ワークフロー"),
}
SENTENCES: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {  # topic -> negative, positive
    "en": {
        "price": (
            ("The price is hard to defend in our budget round.", "For our use of the {word} it has become expensive.",
             "Finance asks why the invoice went up again.", "We pay for seats that nobody uses."),
            ("The price is fair for what we get.", "Compared with other tools the cost is easy to justify.",
             "Our budget for next year already includes you.", "The {word} alone pays for the licence."),
        ),
        "bugs": (
            ("The {word} crashed twice this week.", "We keep running into errors in the {word}.",
             "Data in the {word} was wrong after the last update.", "The same bug has been open for a month."),
            ("The {word} has been stable since the last release.", "The bug we reported was fixed within days.",
             "No outage this quarter, well done.", "Imports run without errors now."),
        ),
        "usability": (
            ("The {word} is confusing for new colleagues.", "It takes too many clicks to get to the {word}.",
             "Our people find the {word} slow and hard to read.", "Settings are hidden where nobody looks."),
            ("The {word} is easy to use, even for beginners.", "The new layout of the {word} saves us time every day.",
             "Everyone found their way without training.", "The {word} is fast and clear."),
        ),
        "support": (
            ("We waited three days for an answer from support.", "Support closed our ticket without solving it.",
             "Nobody could tell us how to set up the {word}.", "We have to explain our case again every time."),
            ("Support answered within the hour and solved it.", "Our contact knows our business well.",
             "The help with the {word} was excellent.", "Thank you for the quick call yesterday."),
        ),
        "competitor": (
            ("We are comparing you with another vendor.", "A competitor offers the {word} for half the price.",
             "Our head office prefers a different tool.", "Some teams have begun a trial of another product."),
            ("We looked at a competitor and decided to stay.", "Your {word} is ahead of what others offer.",
             "The other vendor could not match the {word}.", "Switching was discussed, but nobody wants to."),
        ),
        "adoption": (
            ("Only two people still log in.", "We have not had time to roll out the {word}.",
             "Most of the team went back to spreadsheets.", "The {word} is hardly used since our project ended."),
            ("The whole team works with the {word} every day.", "We want to roll it out to two more departments.",
             "Use has grown since the training.", "New hires start with the {word} on their first day."),
        ),
        "value": (
            ("We do not see what the {word} brings us.", "The promised savings have not come.",
             "Management doubts the benefit.", "It is hard to show a result from the {word}."),
            ("We close the month two days faster thanks to the {word}.", "The {word} has become part of how we work.",
             "The numbers convinced our management.", "We reached the goal we set at the start."),
        ),
    },
    "ja": {
        "price": (
            ("予算会議で料金の説明に困っています。", "{word}の利用頻度に対して料金が高いと感じます。",
             "また請求額が上がった理由を経理から聞かれました。", "使っていないシートの分まで払っています。"),
            ("内容を考えると料金は妥当だと思います。", "他のツールと比べても費用対効果は説明しやすいです。",
             "来年度の予算にもすでに組み込んでいます。", "{word}だけでも元が取れています。"),
        ),
        "bugs": (
            ("今週は{word}が二回も落ちました。", "{word}でエラーが続いていて困っています。",
             "前回の更新のあと{word}の数字が合いません。", "同じ不具合が一か月も直っていません。"),
            ("前回のリリース以降、{word}は安定しています。", "報告した不具合をすぐに直してもらえました。",
             "今期は障害がなく助かっています。", "取り込みのエラーがなくなりました。"),
        ),
        "usability": (
            ("{word}が新しいメンバーには分かりにくいようです。", "{word}にたどり着くまでのクリックが多すぎます。",
             "{word}が遅くて見づらいという声が出ています。", "設定の場所が分からず迷いました。"),
            ("{word}は初めての人でも使いやすいです。", "{word}の新しい画面で毎日の作業が楽になりました。",
             "研修なしでも全員が使えています。", "{word}が速くて見やすいです。"),
        ),
        "support": (
            ("サポートの返信に三日かかりました。", "解決しないまま問い合わせを閉じられました。",
             "{word}の設定方法を誰も教えてくれませんでした。", "毎回同じ説明をしなければならず疲れます。"),
            ("サポートが一時間以内に解決してくれました。", "担当の方が業務をよく理解してくれています。",
             "{word}の支援がとても丁寧でした。", "昨日はすぐにお電話いただきありがとうございました。"),
        ),
        "competitor": (
            ("他社の製品と比較検討を始めました。", "他社なら{word}が半額で使えると聞きました。",
             "本社は別のツールを推しています。", "一部の部署で他社製品の試用が始まっています。"),
            ("他社も検討しましたが、継続することにしました。", "{word}は他社より進んでいると思います。",
             "他社では{word}の代わりになりませんでした。", "乗り換えの話も出ましたが、現場は反対です。"),
        ),
        "adoption": (
            ("最近ログインしているのは二人だけです。", "忙しくて{word}の展開が進んでいません。",
             "多くのメンバーが表計算に戻ってしまいました。", "今は{word}をほとんど使っていません。"),
            ("チーム全員が毎日{word}を使っています。", "あと二つの部署にも広げたいと考えています。",
             "研修のあと利用が増えました。", "新入社員は初日から{word}を使っています。"),
        ),
        "value": (
            ("{word}の効果がまだ見えていません。", "期待していた工数削減ができていません。",
             "経営層から効果を疑問視されています。", "{word}の成果を数字で示すのが難しいです。"),
            ("{word}のおかげで月次の締めが二日早くなりました。", "{word}は業務に欠かせないものになりました。",
             "成果の数字に経営層も納得しています。", "導入時に立てた目標を達成できました。"),
        ),
    },
}  # fmt: skip
TAILS = {
    "en": (("", " We need a solution soon.", " This worries us."), ("", " Thank you.", " Please keep it up.")),
    "ja": (
        ("", "早めの対応をお願いします。", "正直、心配しています。"),
        ("", "ありがとうございます。", "今後もよろしくお願いします。"),
    ),
}


@cache
def phrases() -> tuple[tuple[str, ...], int]:
    """Return all comments in the order language, topic, polarity (negative first), variant.

    Returns
    -------
    tuple
        The comments, and how many variants each (language, topic, polarity) has.

    Examples
    --------
    >>> texts, variants = phrases()
    >>> texts[0]
    'The price is hard to defend in our budget round.'
    >>> len(texts) == 2 * 7 * 2 * variants
    True
    """
    texts = [
        sentence.format(word=word) + tail
        for language in LANGUAGES
        for topic in TOPICS
        for polarity in (0, 1)
        for sentence in SENTENCES[language][topic][polarity]
        for word in WORDS[language]
        for tail in TAILS[language][polarity]
    ]
    return tuple(texts), len(texts) // (len(LANGUAGES) * len(TOPICS) * 2)
