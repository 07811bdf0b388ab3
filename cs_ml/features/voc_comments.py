"""What people said, wherever it stands: comments, and the words they wrote into surveys."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from cs_ml.engine.bucket import Bucket
from cs_ml.tables.tables import Tables

__all__ = ["all_comments", "deciding", "rating", "tables_with_words"]

COLUMNS = ("account_id", "said_at", "known_at", "text", "user_id", "speaker_role", "language", "sentiment", "topic")


def tables_with_words(tables: Tables) -> tuple[str, ...]:
    """Return the tables to read comments with, first the one that has them: ``surveys`` where there is no ``voc``."""
    asked = "voc" not in tables and {"text", "answered_at"} <= set(tables.columns("surveys"))
    return ("surveys", "users") if asked else ("voc", "users", "surveys")


def all_comments(bucket: Bucket) -> pd.DataFrame:
    """Return the comments of a bucket, and the free text of its surveys as said when they were answered.

    Parameters
    ----------
    bucket
        Rows of some accounts, with a table ``voc``, or surveys that have words.

    Returns
    -------
    pandas.DataFrame
        Columns of ``voc`` that are there, and ``score`` from -1 to 1 for words that came with a survey's score.
    """
    if "voc" not in bucket.frames:
        return _answers(bucket.frames["surveys"]).reset_index(drop=True)
    voc = bucket.frames["voc"]
    kept = voc[[name for name in COLUMNS if name in voc]].reset_index(drop=True).assign(score=np.nan)
    if not bucket.has("surveys", "text", "answered_at"):
        return kept
    answers = _answers(bucket.frames["surveys"])
    shared = [name for name in answers if name in kept or name == "user_id"]
    if not len(answers):
        return kept
    if not len(kept):
        return answers[shared].reindex(columns=[*dict.fromkeys([*kept.columns, *shared])])
    return pd.concat([kept, answers[shared]], ignore_index=True)


def rating(rows: pd.DataFrame) -> np.ndarray:
    """Return what each comment was rated by people, from -1 to 1: its sentiment, else its survey's score, else NaN."""
    given = rows["sentiment"].to_numpy(dtype=float) if "sentiment" in rows else np.full(len(rows), np.nan)
    return np.where(np.isnan(given), rows["score"].to_numpy(dtype=float), given)


def deciding(rows: pd.DataFrame, bucket: Bucket, decision_makers: Collection[str]) -> np.ndarray | None:
    """Tell for each comment whether a decision maker spoke; ``None`` where no table can say.

    Parameters
    ----------
    rows
        Comments.
    bucket
        Where ``users`` tell the role of a comment that names none.
    decision_makers
        Roles that decide about the contract.
    """
    by_user = "user_id" in rows and bucket.has("users", "role")
    if "speaker_role" not in rows and not by_user:
        return None
    role = rows["speaker_role"] if "speaker_role" in rows else pd.Series(None, index=rows.index, dtype=object)
    decides = role.isin(list(decision_makers))
    if by_user:
        decides |= role.isna() & _deciding_user(rows, bucket.frames["users"], decision_makers)
    return np.asarray(decides, dtype=bool)


def _deciding_user(rows: pd.DataFrame, users: pd.DataFrame, decision_makers: Collection[str]) -> np.ndarray:
    """Tell for each row whether its user was known as a decision maker when it was said."""
    users = users[users["role"].isin(list(decision_makers)).to_numpy(dtype=bool)]
    listed = pd.Index(np.asarray(users["user_id"], dtype=object))
    found = listed.get_indexer(pd.Index(np.asarray(rows["user_id"], dtype=object)))
    since = np.append(np.asarray(users["known_at"], dtype="datetime64[us]"), np.datetime64("NaT", "us"))[found]
    return np.asarray((found >= 0) & ~(since > rows["said_at"].to_numpy()))


def _answers(surveys: pd.DataFrame) -> pd.DataFrame:
    """Return the answers with words, as comments."""
    written = surveys["text"].notna() & surveys["answered_at"].notna()
    rows = surveys[written.to_numpy(dtype=bool)].rename(columns={"answered_at": "said_at"})
    return rows[[name for name in COLUMNS if name in rows]].assign(score=_score(rows))


def _score(rows: pd.DataFrame) -> np.ndarray:
    """Bring scores to -1 to 1: NPS counts from 0 to 10, everything else from 1 to ``scale_max`` (5 by default)."""
    if "score" not in rows:
        return np.full(len(rows), np.nan)
    nps = (rows["kind"] == "nps").to_numpy(dtype=bool)
    best = rows["scale_max"].to_numpy(dtype=float) if "scale_max" in rows else np.full(len(rows), np.nan)
    best = np.where(nps, 10.0, np.where(np.isnan(best), 5.0, best))
    worst = np.where(nps | (best <= 1), 0.0, 1.0)
    return np.asarray(np.clip(2 * (rows["score"].to_numpy(dtype=float) - worst) / (best - worst) - 1, -1, 1))
