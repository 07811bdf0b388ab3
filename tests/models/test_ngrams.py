from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.models.ngrams import count_grams, gram_keys, gram_texts, tidy

TEXTS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12), max_size=4)


@given(TEXTS)
def test_counts_agree_with_a_plain_loop(texts):
    counts, keys = count_grams(texts)
    for row, text in enumerate(texts):
        wanted = Counter(text[i : i + n] for n in (1, 2, 3) for i in range(len(text) - n + 1))
        found = {g: int(c) for g, c in zip(gram_texts(keys), counts.toarray()[row], strict=True) if c}
        assert found == dict(wanted)


def test_a_given_vocabulary_is_kept_in_order():
    keys = np.sort(gram_keys(["解約", "x", "約し"]))
    counts, _ = count_grams(["解約したい解約"], keys)
    assert dict(zip(gram_texts(keys), counts.toarray()[0].tolist(), strict=True)) == {"解約": 2, "x": 0, "約し": 1}


def test_width_case_and_space_do_not_matter():
    assert tidy("ｶｲﾔｸ　ＯＫ\n") == tidy("カイヤク ok")
