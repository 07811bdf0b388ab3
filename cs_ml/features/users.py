"""Features of the people at the customer: how many, who decides, who left, and how long the deciders are silent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.features.feature import Feature, Role
from cs_ml.tables.tables import Tables
from cs_ml.timeline.lookup import Lookup, Pairs
from cs_ml.timeline.revealed import known_from

__all__ = ["UsersBuilder"]

ALWAYS = pd.Timestamp("1900-01-01")
HEARD = ["account_id", "at", "known_at"]


@dataclass(frozen=True)
class UsersBuilder:
    """Describes the people of an account as they were known before each date.

    A person counts from ``active_from`` on, or from the start where it is missing, until ``active_to`` has passed.
    Key people are champions and decision makers. They are heard when they comment or answer a survey; a comment that
    names no role, and an answer, belong to the role of their user if it was known by then.

    Parameters
    ----------
    admins, champions, decision_makers
        Values of ``users.role``; those of ``voc.speaker_role`` are the same.
    reads
        ``voc`` and ``surveys`` are left out where they cannot tell who speaks.

    Examples
    --------
    >>> [feature.name for feature in UsersBuilder().features(["user_id", "active_from"])]
    ['users_known_count', 'users_new_count_90d', 'users_key_people_heard_recency']
    """

    admins: tuple[str, ...] = ("admin",)
    champions: tuple[str, ...] = ("champion",)
    decision_makers: tuple[str, ...] = ("decision_maker",)
    reads: tuple[str, ...] = ("users", "voc", "surveys")

    def suited(self, tables: Tables) -> UsersBuilder:
        """Return the builder for these tables: one that listens only where the speaker's role can be told."""
        voc, surveys = set(tables.columns("voc")), set(tables.columns("surveys"))
        roles = "role" in tables.columns("users")
        by_role = "speaker_role" in voc or (roles and "user_id" in voc)
        by_user = roles and {"user_id", "score", "answered_at"} <= surveys
        return replace(self, reads=("users", *["voc"] * by_role, *["surveys"] * by_user))

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``users``."""
        present = set(columns)
        allowed = {
            "": True,
            "new": "active_from" in present,
            "role": "role" in present,
            "left": {"role", "active_to"} <= present,
            "heard": len(self.reads) > 1,
        }
        return [feature for need, feature in FEATURES if allowed[need]]

    def build(self, bucket: Bucket, keys: pd.MultiIndex) -> pd.DataFrame:
        """Return one row a key; see :class:`cs_ml.engine.bucket.Builder`."""
        rows = bucket.frames["users"]
        dated = _dated(rows)
        joined = Lookup(dated, keys, time="since", known="known_at", clock=bucket.clock)
        left = Lookup(dated, keys, time="active_to", known="known_at", clock=bucket.clock)
        here = _without(joined.window(None), left.window(None), len(rows))
        values = {
            "users_known_count": here.count(),
            "users_new_count_90d": joined.window(90).where(rows.get("active_from", dated["since"]).notna()).count(),
            "users_key_people_heard_recency": self._silence(bucket, keys),
        }
        if "role" in rows:
            champion, decides = self._has(rows, self.champions), self._has(rows, self.decision_makers)
            values |= {
                "users_admins_count": here.where(self._has(rows, self.admins)).count(),
                "users_champions_count": here.where(champion).count(),
                "users_decision_makers_count": here.where(decides).count(),
                "users_champions_lost_count_180d": left.window(180).where(champion).count(),
                "users_key_people_left_recency": _age(
                    dated["active_to"], left.latest(champion | decides), bucket, keys
                ),
            }
        names = [feature.name for feature in self.features(rows.columns)]
        return pd.DataFrame({name: values[name] for name in names}, index=keys)

    @staticmethod
    def _has(rows: pd.DataFrame, roles: tuple[str, ...]) -> np.ndarray:
        return rows["role"].isin(roles).to_numpy(dtype=bool)

    def _silence(self, bucket: Bucket, keys: pd.MultiIndex) -> np.ndarray:
        """Return the days since one of the key people last commented or answered."""
        heard = pd.concat([self._comments(bucket), self._answers(bucket)], ignore_index=True)
        lookup = Lookup(heard, keys, time="at", known="known_at", clock=bucket.clock)
        return _age(heard["at"], lookup.latest(), bucket, keys)

    def _comments(self, bucket: Bucket) -> pd.DataFrame:
        if "voc" not in self.reads or "voc" not in bucket.frames:
            return _nothing()
        rows = bucket.frames["voc"].rename(columns={"said_at": "at"})
        role = rows["speaker_role"] if "speaker_role" in rows else pd.Series(None, index=rows.index, dtype=object)
        key = role.isin((*self.champions, *self.decision_makers)) | (role.isna() & self._key_user(rows, bucket))
        return rows.loc[key.to_numpy(dtype=bool), HEARD]

    def _answers(self, bucket: Bucket) -> pd.DataFrame:
        needed = ("user_id", "score", "answered_at")
        if "surveys" not in self.reads or not bucket.has("surveys", *needed):
            return _nothing()
        rows = bucket.frames["surveys"].rename(columns={"answered_at": "at"})
        answered = (rows["score"].notna() & rows["at"].notna()).to_numpy(dtype=bool)
        rows = rows.assign(at_known_at=known_from(bucket.frames["surveys"], "answered_at"))
        kept: pd.DataFrame = rows.loc[answered & self._key_user(rows, bucket), [*HEARD, "at_known_at"]]
        return kept

    def _key_user(self, rows: pd.DataFrame, bucket: Bucket) -> np.ndarray:
        """Tell for each row whether its user was known as one of the key people by then."""
        if "user_id" not in rows or not bucket.has("users", "role"):
            return np.zeros(len(rows), dtype=bool)
        users = bucket.frames["users"]
        users = users[self._has(users, (*self.champions, *self.decision_makers))]
        found = pd.Index(users["user_id"].astype(object)).get_indexer(pd.Index(rows["user_id"].astype(object)))
        since = np.append(np.asarray(users["known_at"], dtype="datetime64[us]"), np.datetime64("NaT", "us"))[found]
        return np.asarray((found >= 0) & ~(since > rows["at"].to_numpy(dtype="datetime64[us]")))


def _dated(rows: pd.DataFrame) -> pd.DataFrame:
    """Give every person a first day, and a column for the last one."""
    missing = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us]")
    since = rows.get("active_from", missing).fillna(rows["known_at"]).fillna(ALWAYS)
    return rows.assign(since=since.astype("datetime64[us]"), active_to=rows.get("active_to", missing))


def _without(pairs: Pairs, others: Pairs, n_rows: int) -> Pairs:
    """Return the pairs that are not among others."""
    kept = ~np.isin(pairs.key * (n_rows + 1) + pairs.row, others.key * (n_rows + 1) + others.row)
    return Pairs(pairs.key[kept], pairs.row[kept], pairs.n_keys)


def _age(moments: pd.Series, position: np.ndarray, bucket: Bucket, keys: pd.MultiIndex) -> np.ndarray:
    """Return the days from a row's moment to each date, missing where there is no row."""
    days = np.append(bucket.clock.day(moments), 0)[position]
    return np.where(position >= 0, bucket.clock.date(keys.get_level_values("as_of")) - days, np.nan)


def _nothing() -> pd.DataFrame:
    instant = pd.Series(dtype="datetime64[us]")
    return pd.DataFrame({"account_id": pd.Series(dtype=object), "at": instant, "known_at": instant})


def _feature(
    need: str, name: str, unit: str, texts: tuple[str, str, str, str], direction: int = 0, role: Role = "signal"
) -> tuple[str, Feature]:
    sources = "users,voc,surveys" if need == "heard" else "users"
    en, ja, sentence_en, sentence_ja = texts
    words = (en, ja, f"{sentence_en}, where {{typical}} is typical", f"{sentence_ja}(標準的な値: {{typical}})")
    return need, Feature(f"users_{name}", "relationship", unit, *words, "number", direction, role, sources)


FEATURES = (
    _feature("", "known_count", "users", ("Known people", "登録されている担当者数", "{value} people are known", "登録されている担当者は{value}人"), 1, "context"),
    _feature("new", "new_count_90d", "users", ("New people, last 90 days", "新しい担当者数(直近90日)", "{value} people joined in the last 90 days", "直近90日に加わった担当者は{value}人"), 1),
    _feature("role", "admins_count", "users", ("Administrators", "管理者数", "{value} administrators are known", "管理者は{value}人"), 0, "context"),
    _feature("role", "decision_makers_count", "users", ("Decision makers", "意思決定者数", "{value} decision makers are known", "意思決定者は{value}人"), 1, "lever"),
    _feature("role", "champions_count", "users", ("Champions", "推進役の人数", "{value} champions are known", "推進役は{value}人"), 1, "lever"),
    _feature("left", "champions_lost_count_180d", "users", ("Champions lost, last 180 days", "離れた推進役の人数(直近180日)", "{value} champions left in the last 180 days", "直近180日に離れた推進役は{value}人"), -1),
    _feature("left", "key_people_left_recency", "days", ("Time since a champion or decision maker left", "推進役・意思決定者が最後に離れてからの日数", "A champion or decision maker last left {value} days ago", "推進役・意思決定者が最後に離れてから{value}日"), 1),
    _feature("heard", "key_people_heard_recency", "days", ("Silence of champions and decision makers", "推進役・意思決定者の沈黙日数", "A champion or decision maker last spoke or answered {value} days ago", "推進役・意思決定者の最後の発言・回答から{value}日"), -1, "lever"),
)  # fmt: skip
