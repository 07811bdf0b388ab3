import numpy as np
import pandas as pd
import pytest

from cs_ml.models import counted, ngrams
from cs_ml.models.counted import CountedTexts

TEXTS = pd.Series(["abc", "bc", None, "ABC", "cd", "日本", "", "dab"], dtype=object)


@pytest.mark.parametrize("min_texts", [1, 2])
def test_counting_in_blocks_gives_what_counting_at_once_gives(monkeypatch, min_texts):
    at_once = CountedTexts(TEXTS, min_texts)
    for module in (ngrams, counted):
        monkeypatch.setattr(module, "BLOCK", 2)
    in_blocks = CountedTexts(TEXTS, min_texts)
    np.testing.assert_array_equal(in_blocks.vocabulary, at_once.vocabulary)
    np.testing.assert_array_equal(in_blocks.counts.toarray(), at_once.counts.toarray())
    amounts = np.arange(1.0, len(set(at_once.row)))
    np.testing.assert_array_equal(in_blocks.by_gram(amounts), at_once.by_gram(amounts))


def test_sums_by_gram_agree_with_a_plain_product():
    found = CountedTexts(TEXTS, 1)
    amounts = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    np.testing.assert_allclose(found.by_gram(amounts), amounts @ (found.counts.toarray() > 0))


def test_rows_without_text_hold_none():
    assert CountedTexts(TEXTS, 1).row.tolist() == [0, 1, -1, 0, 2, 3, -1, 4]
