"""Sentiment learned from ratings, and clusters of comments."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cs_ml.models.text_clusters import CommentClusters
from cs_ml.models.text_columns import TextColumns
from cs_ml.models.text_said import Said
from cs_ml.models.text_tone import CommentTone
from cs_ml.tables.comments import join_comments

GOOD = ["とても便利で助かります", "満足しています", "great help, thank you", "we like the dashboard"]
BAD = ["遅くて困っています", "エラーが多いです", "the price is too high", "support never answers"]


def make_cells(n_accounts=150, n_dates=6, seed=0, rated=0.5):
    """One new comment a month and account, the cell holds the newest three; half of them are rated."""
    rng = np.random.default_rng(seed)
    dates = pd.date_range("2025-01-01", periods=n_dates, freq="MS")
    index = pd.MultiIndex.from_product([range(n_accounts), dates], names=["account_id", "as_of"])
    cells, truth = [], []
    for account in range(n_accounts):
        glad = rng.random(n_dates) < 0.5
        said = [f"{rng.choice(GOOD if g else BAD)} {account}{month}" for month, g in enumerate(glad)]
        tone = np.where(glad, 0.8, -0.8)
        given = np.where(rng.random(n_dates) < rated, tone, np.nan)
        for month in range(n_dates):
            held = slice(max(month - 2, 0), month + 1)
            cells.append(join_comments(zip(said[held], given[held].tolist(), strict=True)))
            truth.append(tone[held].mean())
    return pd.Series(cells, index=index, dtype=object), np.array(truth)


def test_the_tone_of_unrated_comments_is_foreseen_from_rated_ones():
    cells, truth = make_cells()
    tone = CommentTone()
    honest = tone.fit_out_of_fold(cells)
    assert tone.usable_
    assert tone.skill_ > 0.8
    known = ~np.isnan(honest)
    assert np.abs(honest[known] - truth[known]).mean() < 0.15
    back = CommentTone.from_state(json.loads(json.dumps(tone.to_state())))
    assert back.transform(cells).tobytes() == tone.transform(cells).tobytes()


def test_ratings_given_later_change_no_earlier_tone():
    cells, _ = make_cells()
    dates = cells.index.get_level_values("as_of")
    later = dates > dates.unique()[3]
    swapped = cells.where(~later, cells.str.replace("+0.80", "-0.70", regex=False))
    kept = CommentTone().fit_out_of_fold(cells, origins=99)
    found = CommentTone().fit_out_of_fold(swapped, origins=99)
    np.testing.assert_array_equal(found[~later], kept[~later])
    assert (found[later] != kept[later]).any()


def test_a_rated_comment_sounds_as_it_was_rated():
    cells, _ = make_cells()
    tone = CommentTone().fit(cells)
    found = tone.transform(pd.Series(["-0.40\tとても便利で助かります", "とても便利で助かります", None]))
    assert found[0] == -0.4
    assert found[1] > 0.5
    assert np.isnan(found[2])


@pytest.mark.parametrize(("accounts", "rated", "why"), [
    (10, 0.5, "comments with a rating, of 100"), (60, 1.0, "a rating of its own"),
    (60, 0.0, "0 comments with a rating"),
])  # fmt: skip
def test_it_says_why_it_gives_nothing(accounts, rated, why):
    cells, _ = make_cells(accounts, rated=rated)
    tone = CommentTone().fit(cells)
    assert not tone.usable_
    assert why in tone.note_
    assert np.isnan(tone.transform(cells)).all()
    assert not CommentTone.from_state(json.loads(json.dumps(tone.to_state()))).usable_


def test_ratings_that_follow_no_word_give_no_sentiment():
    cells, _ = make_cells(rated=0.0)
    rng = np.random.default_rng(1)
    noise = pd.Series([
        join_comments((text, rng.choice([-0.9, 0.9, np.nan])) for text in cell.split("\n")) for cell in cells
    ], index=cells.index)  # fmt: skip
    tone = CommentTone().fit(noise)
    assert tone.skill_ < 0.05
    assert tone.usable_ == (tone.skill_ > 0)


def test_a_comment_held_by_many_rows_counts_once():
    said = Said.read(make_cells(20, 6, rated=1.0)[0])
    assert len(said.first()) == 20 * 6


def test_clusters_are_named_by_words_that_many_accounts_use():
    index = pd.MultiIndex.from_product([range(200), ["2025-01-01"]], names=["account_id", "as_of"])
    said = [f"{'価格が高いので相談' if at % 2 else 'エラーが多くて困る'} 山田太郎{at}号" for at in range(200)]
    clusters = CommentClusters(k=2).fit(pd.Series(said, index=index))
    assert sorted(word.split(", ")[0] for word in clusters.words_) == ["エラー", "価格"]
    shares = clusters.transform(pd.Series(["価格が高い\nエラーが多い", "価格が高いです", None]))
    assert sorted(shares[0]) == [0.5, 0.5]
    assert sorted(shares[1]) == [0.0, 1.0]
    assert np.isnan(shares[2]).all()
    back = CommentClusters.from_state(json.loads(json.dumps(clusters.to_state())))
    assert back.transform(pd.Series(said)).tobytes() == clusters.transform(pd.Series(said)).tobytes()


def test_a_word_of_few_accounts_names_no_cluster():
    index = pd.MultiIndex.from_product([range(200), ["2025-01-01"]], names=["account_id", "as_of"])
    said = [f"{'山田太郎' if at < 4 else '価格'}{at}です" for at in range(200)]
    words = CommentClusters(k=2).fit(pd.Series(said, index=index)).words_
    assert "山田太郎" not in " ".join(words)


def test_few_comments_give_no_clusters():
    cells, _ = make_cells(10)
    clusters = CommentClusters().fit(cells)
    assert clusters.words_ == []
    assert clusters.transform(cells).shape == (60, 0)


def test_columns_beside_a_text_are_counted_with_it():
    cells, truth = make_cells()
    y = (truth < 0).astype(float)
    frame = pd.DataFrame({"said": cells, "logins": 1.0})
    texts, encoded = TextColumns.learn(frame, y, ("said",), purge_days=30, seed=0)
    assert list(encoded)[:3] == ["said", "logins", "said_tone"]
    assert list(texts.apply(frame)) == list(encoded)
    parts = pd.DataFrame(1.0, index=cells.index, columns=list(encoded))
    folded = texts.folded(parts)
    assert list(folded) == ["said", "logins"]
    np.testing.assert_array_equal(folded.sum(axis=1), parts.sum(axis=1))
