"""What accounts say of themselves and what is said of them: comments, surveys, the CSM's view."""

from __future__ import annotations

import numpy as np

from cs_ml.simulate.cast import Cast
from cs_ml.simulate.events import Happenings, happen, hourly, moments, seated, under_contract
from cs_ml.simulate.frames import BLOCK, Bools, Floats, Ints, Strings, Table, coded, numbered
from cs_ml.simulate.people import user_ids
from cs_ml.simulate.phrases import LANGUAGES, TOPICS, phrases
from cs_ml.simulate.profile import CSMS

__all__ = ["sentiment_table", "survey_table", "voc_table"]

SPEAKERS = ("champion", "decision_maker", "admin", "user")
SPEAKER_SHARES = np.array([0.2, 0.2, 0.1, 0.5])
CHANNELS = ("meeting", "mail", "call", "form", "chat")
KINDS = ("nps", "csat", "first_use")
NOT_YET = np.datetime64("NaT", "us")


def voc_table(cast: Cast) -> Table:
    """Return comments of customers; decision makers are politer than they feel.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``voc.parquet``. After the loss of a champion, decision makers fall silent for six months.
    """
    block, random = cast.block, cast.block.random("voc")
    months = np.arange(block.axis.first, block.axis.last)
    said = happen(cast, 0.3 * np.maximum(cast.life.seats[:, months], 1) ** 0.35, random)
    at = said.account, said.month
    speaker = _speakers(len(said.at), random)
    silent = cast.latents.champion_lost[at] & ((speaker == 0) | ((speaker == 1) & (random.random(len(speaker)) < 0.85)))
    topic = _topics(cast, said, random)
    positive = _positive(cast, said, random, polite=speaker == 1, sceptical=topic == TOPICS.index("competitor"))
    tone = np.round(np.clip((2.0 * positive - 1) * random.uniform(0.3, 0.9, len(speaker)), -1, 1), 2)
    user = seated(cast, *at, np.where(speaker == 3, 3 + random.integers(0, 20, len(speaker)), speaker))
    known = hourly(said.at, random)
    keep = (known < block.axis.end) & ~silent
    columns = {
        "account_id": coded(said.account[keep], block.ids),
        "said_at": said.at[keep],
        "text": _texts(cast, said.account, topic, positive, random)[keep],
        "user_id": coded(user[keep], user_ids(block, cast.users)),
        "speaker_role": coded(speaker[keep], SPEAKERS),
        "channel": coded(random.integers(0, len(CHANNELS), len(speaker))[keep], CHANNELS),
        "language": coded(_language(cast, said.account)[keep], LANGUAGES),
        "sentiment": np.where(random.random(len(tone)) < 0.4, tone, np.nan)[keep],
        "topic": coded(np.where(random.random(len(tone)) < 0.6, topic, -1)[keep], TOPICS),
        "known_at": known[keep],
    }
    return {"voc_id": numbered(block, said.account[keep], "V")} | columns


def survey_table(cast: Cast) -> Table:
    """Return survey invitations with their answers, if any.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``surveys.parquet``. ``known_at`` is when the invitation became known; an answer is known
        from then or from ``answered_at`` on, whichever is later.
    """
    block, random = cast.block, cast.block.random("surveys")
    invited, kind = _invitations(cast, random)
    known = hourly(invited.at, random, block.config.late_share)
    there = known < block.axis.end
    sent = Happenings(invited.account[there], invited.month[there], invited.at[there])
    kind, known = kind[there], known[there]
    at, n = (sent.account, sent.month), len(sent.at)
    keen = -0.4 + 0.45 * cast.latents.satisfaction[at] + 0.35 * cast.latents.adoption[at]
    answered_at = sent.at + random.integers(10, 60 * 24 * 6, n).astype("timedelta64[m]")
    answered = (random.random(n) < 1 / (1 + np.exp(-keen))) & (answered_at < block.axis.end)
    score = _scores(cast, sent, kind, random)
    happy = np.where(kind == 0, score >= 8, score >= 4)
    topic = _topics(cast, sent, random)
    wrote = answered & (random.random(n) < 0.3)
    text = _texts(cast, sent.account, topic, happy, random)
    text[~wrote] = None
    return {
        "response_id": numbered(block, sent.account, "S"),
        "account_id": coded(sent.account, block.ids),
        "kind": coded(kind, KINDS),
        "score": np.where(answered, score, np.nan),
        "scale_max": np.where(kind == 0, 10.0, 5.0),
        "user_id": coded(
            seated(cast, *at, random.integers(0, np.maximum(cast.life.seats[at], 1))), user_ids(block, cast.users)
        ),
        "sent_at": sent.at,
        "answered_at": np.where(answered, answered_at, NOT_YET),
        "text": text,
        "language": coded(np.where(wrote, _language(cast, sent.account), -1), LANGUAGES),
        "topic": coded(np.where(wrote, topic, -1), TOPICS),
        "known_at": known,
    }


def sentiment_table(cast: Cast) -> Table:
    """Return the CSM's own view of an account: optimistic and noisy, about once a quarter.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``sentiment.parquet``.
    """
    block, random, profile = cast.block, cast.block.random("sentiment"), cast.profile
    rate = np.array([0.12, 0.3, 0.4])[profile.segment]
    held = happen(cast, np.broadcast_to(rate[:, None], (BLOCK, block.config.months)), random)
    view = 0.3 + cast.latents.satisfaction[held.account, held.month] + 0.7 * random.standard_normal(len(held.at))
    later = held.at >= profile.handover[held.account]
    return {
        "account_id": coded(held.account, block.ids),
        "set_at": held.at,
        "csm": coded(np.where(later, profile.next_csm[held.account], profile.csm[held.account]), CSMS),
        "level": coded(np.searchsorted([-0.5, 0.4], view), ("poor", "neutral", "good")),
        "reason": coded(_topics(cast, held, random), TOPICS),
        "expires_at": held.at.astype("datetime64[D]").astype("datetime64[us]") + np.timedelta64(90, "D"),
        "known_at": held.at,
    }


def _invitations(cast: Cast, random: np.random.Generator) -> tuple[Happenings, Ints]:
    """NPS every three months to two people, CSAT after contacts, one first-use survey; sorted by account and time."""
    axis, profile = cast.block.axis, cast.profile
    months = np.arange(axis.first, axis.last)
    due = (months + random.integers(0, 3, (BLOCK, 1))) % 3 == 0
    account, month = np.nonzero(np.repeat(due, 2, axis=1))
    month = month // 2 + axis.first
    nps = (
        account,
        month,
        moments(axis.dates(month, random.integers(1, 29, len(month))), random, profile.utc_offset[account]),
    )
    contact = happen(cast, 0.12 * np.exp(0.4 * cast.latents.support[:, months]), random)
    everyone = np.arange(BLOCK)
    begun = axis.dates(profile.first, profile.day) + np.timedelta64(14, "D")
    first = everyone, np.minimum(profile.first, axis.size - 1), moments(begun, random, profile.utc_offset)
    parts = (nps, contact, first)
    account, month, at = (np.concatenate(part) for part in zip(*parts, strict=True))
    kind = np.repeat(np.arange(3), [len(part[0]) for part in parts])
    keep = under_contract(cast, account, at)
    order = np.flatnonzero(keep)[np.lexsort((at[keep], account[keep]))]
    return Happenings(account[order], month[order], at[order]), kind[order]


def _scores(cast: Cast, sent: Happenings, kind: Ints, random: np.random.Generator) -> Floats:
    at = sent.account, sent.month
    satisfaction, support, noise = (
        cast.latents.satisfaction[at],
        cast.latents.support[at],
        random.standard_normal(len(kind)),
    )
    nps = np.clip(np.rint(7.2 + 1.6 * satisfaction + 1.2 * noise), 0, 10)
    stars = np.clip(np.rint(3.7 + 0.6 * satisfaction - 0.2 * support + 0.6 * noise), 1, 5)
    return np.where(kind == 0, nps, stars)


def _speakers(n: int, random: np.random.Generator) -> Ints:
    return np.searchsorted(np.cumsum(SPEAKER_SHARES)[:-1], random.random(n))


def _topics(cast: Cast, said: Happenings, random: np.random.Generator) -> Ints:
    """Choose a topic by what weighs on the account: problems bring up bugs, disuse adoption, content value."""
    at = said.account, said.month
    content, support, adoption = (getattr(cast.latents, name)[at] for name in ("satisfaction", "support", "adoption"))
    none = np.zeros(len(content))
    pull = (none, 0.7 * support, -0.3 * content, 0.4 * support, -0.5 * content - 0.8, -0.5 * adoption, 0.5 * content)
    topic: Ints = np.argmax(np.column_stack(pull) + random.gumbel(size=(len(content), len(TOPICS))), axis=1)
    return topic


def _positive(cast: Cast, said: Happenings, random: np.random.Generator, *, polite: Bools, sceptical: Bools) -> Bools:
    level = 0.2 + 1.4 * cast.latents.satisfaction[said.account, said.month] + 0.6 * polite - 0.9 * sceptical
    positive: Bools = random.random(len(level)) < 1 / (1 + np.exp(-level))
    return positive


def _language(cast: Cast, account: Ints) -> Ints:
    language: Ints = (cast.profile.region[account] == 0).astype(np.int64)
    return language


def _texts(cast: Cast, account: Ints, topic: Ints, positive: Bools, random: np.random.Generator) -> Strings:
    texts, variants = phrases()
    group = (_language(cast, account) * len(TOPICS) + topic) * 2 + positive
    chosen: Strings = np.array(texts, dtype=object)[group * variants + random.integers(0, variants, len(topic))]
    return chosen
