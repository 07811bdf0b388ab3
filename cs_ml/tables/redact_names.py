"""Hides the names of persons that stand before an honorific or an office, or after a title."""

from __future__ import annotations

import re

__all__ = ["NAME_SIGNS", "hide_names"]

KANJI, KANA, HIRAGANA = r"\u4e00-\u9fff々", r"\u30a1-\u30f6\u30fc\uff66-\uff9f", r"\u3041-\u3096"
SAN = r"(?:さん(?!ざん|ぽ)|さま|様(?!々|式|子)|氏(?!名)|殿|君|くん|ちゃん)"
CALLED = re.compile(
    rf"(?:(?<![{KANJI}{KANA}])([{KANJI}]{{1,4}}|[{KANA}]{{2,10}})[ \u3000])?"
    rf"([{KANJI}]{{1,4}}|[{KANA}]{{2,10}})(?=[ \u3000]?({SAN}))"
)
PARTICLE = rf"(?<=[{KANJI}{KANA}A-Za-z0-9\]])[のはがをにとへ]"  # belongs to the word before it, not to the name
SPELT = re.compile(
    rf"(?:(?<![{HIRAGANA}])(?!{PARTICLE})|(?<=[{KANJI}{KANA}A-Za-z0-9\]][のはがをにとへ]))"
    rf"([{HIRAGANA}]{{2,7}}?)(?=[ \u3000]?(さん(?!ざん|ぽ))|(?<![のるたいうなき])(様)(?!々|式|子|[なにでだ]))"
)
OFFICE = re.compile(rf"([{KANJI}]{{1,4}})(?=[ \u3000]?(?:部長|課長|係長|次長|室長|社長|会長|専務|常務|主任))")
NOBODY = re.compile(
    r".*[客皆社者長当店業員仕同模位先](?:さん|さま|様|氏|殿|君|くん|ちゃん)|.*種多様|[多有一異左王神奥何]様|[神王奥]さま"
    r"|.*[奥母父兄姉娘嫁]さん|息子さん|[両彼同]氏|.*[貴御宮神本沈拝]殿|.*[諸主暴名細夫]君"
    r"|.*(?:たく|だく|みな|きゃく|かあ|とう|にい|ねえ|ばあ|じい|おば|おじ|おく|むすこ|むすめ|つかれ|くろう|だんな)(?:さん|様|氏)"
)  # customer, colleague, specification, many, mother, ...
ROLE = re.compile(
    r".*(?:営業|開発|人事|総務|経理|財務|法務|企画|広報|宣伝|製造|生産|品質|購買|調達|物流|情報|技術|研究|設計|販売|管理"
    r"|業務|事業|海外|国内|地域|支店|工場|店舗|教育|研修|推進|戦略|経営|監査|審査|統括|事務|庶務|労務|会計|商品|広告|運用|保守"
    r"|顧客|市場|資材|施設|環境|安全|渉外|国際|特命|専任|執行役員|取締役|代表|女性|歴代|[社長副新前元各当目支者客役員任部課室])本?"
)  # sales, development, ... : what an office is of
SURNAMES = frozenset("林森原岡菅堀辻関谷星島沢神李金朴張陳楊黄王")  # of one letter
TRADES = {
    "ユーザー", "メーカー", "ベンダー", "サポート", "パートナー", "エンジニア", "オペレーター", "スタッフ", "メンバー",
    "クライアント", "マネージャー", "リーダー", "アカウント", "ユーザ",
}  # fmt: skip
SEP = r"(?:\. ?| )"
WORD = r"[A-Za-z\u00c0-\u024f'\u2019-]"
SMALL = r"(?:van|von|der|den|de|del|della|di|da|la|le|ter|bin|al|el)"
NO_TITLE = r"(?!(?:mrs?|ms|dr|prof|miss|and|or|is|was|has|had|the|who|of|to|in|for)(?![A-Za-z]))"
TITLED = re.compile(
    rf"(?<![A-Za-z])((?:(?:(?:Mrs?|MRS?|mrs?|Ms|Dr|Prof|Miss|MISS|Mx){SEP})|(?:(?:MS|DR|PROF)\. ?)){{1,3}})"
    rf"(?i:{NO_TITLE})(?:[A-Z]\. ?|{SMALL} ){{0,3}}[A-Z](?:{WORD}+(?: [A-Z]{WORD}+)?|(?!{WORD}))"
)
SMALL_TITLED = re.compile(rf"(?<![A-Za-z])((?:(?:mrs?|dr|prof)\. ?|mrs? ){{1,3}}){NO_TITLE}{WORD}{{2,}}", re.IGNORECASE)
JAPANESE_TITLED = re.compile(
    rf"(?<![A-Za-z])((?:mrs?|ms|dr|prof|miss)\.? ?)(?:[{KANJI}]{{1,4}}|[{KANA}]{{2,10}})", re.IGNORECASE
)
NAME_SIGNS = (
    r"[様氏殿君]|さん|さま|くん|ちゃん|[部課係次室社会]長|専務|常務|主任|(?<![a-z])(?:[md]rs?|ms|mx|prof|miss)(?![a-z])"
)


def hide_names(text: str) -> str:
    """Replace names that stand before an honorific or an office, or after a title; other names stay.

    Parameters
    ----------
    text
        Free text.

    Examples
    --------
    >>> hide_names("山田 太郎 様、さくらさん、鈴木課長と営業部長、皆さんがたくさん")
    '[NAME] 様、[NAME]さん、[NAME]課長と営業部長、皆さんがたくさん'
    >>> hide_names("Mr.Johnson, Mrs. van der Berg and Dr. 山田 ask for MS Office within 30 ms")
    'Mr.[NAME], Mrs. [NAME] and Dr. [NAME] ask for MS Office within 30 ms'
    """
    text = OFFICE.sub(_before_office, SPELT.sub(_spelt, CALLED.sub(_called, text)))
    for pattern in (TITLED, SMALL_TITLED, JAPANESE_TITLED):
        text = pattern.sub(r"\1[NAME]", text)
    return text


def _called(found: re.Match[str]) -> str:
    first, word, honorific = found.groups()
    if word in TRADES or NOBODY.fullmatch(word + honorific):
        return found[0]
    gap = found[0][len(first) : -len(word)] if first else ""
    kept = first and (first in TRADES or ROLE.fullmatch(first) or NOBODY.fullmatch(first + "様"))
    return f"{first}{gap}[NAME]" if kept else "[NAME]"


def _spelt(found: re.Match[str]) -> str:
    return found[0] if NOBODY.fullmatch(found[1] + (found[2] or found[3])) else "[NAME]"


def _before_office(found: re.Match[str]) -> str:
    word = found[1]
    person = word in SURNAMES if len(word) == 1 else not ROLE.fullmatch(word)
    return "[NAME]" if person else word
