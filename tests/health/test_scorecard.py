import json

import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import ConfigError
from cs_ml.health import Measure, Scorecard, default_scorecard, load_scorecard
from cs_ml.health.typical import scorecard_from_state

GOOD = """\
name: mine
pdo: 20
bands: {red_below: 30}
measures:
  days:
    feature: usage_days
    dimension: adoption
    knots: [[0, 0], [20, 100]]
    weight: 3
    owner: no
"""


def load(tmp_path, text):
    (tmp_path / "card.yaml").write_text(text, encoding="utf-8")
    return load_scorecard(tmp_path / "card.yaml")


def faults(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return [str(fault) for fault in caught.value.faults]


def test_a_scorecard_is_read_from_yaml(tmp_path):
    card = load(tmp_path, GOOD)
    assert (card.name, card.pdo, card.bands.red_below, card.bands.green_from) == ("mine", 20, 30, 60)
    assert card.measures[0].weight == 3


def test_no_is_a_word_and_not_a_boolean(tmp_path):
    assert load(tmp_path, GOOD).measures[0].owner == "no"


def test_an_unknown_key_is_named_with_line_column_and_the_nearest_right_one(tmp_path):
    found = faults(tmp_path, GOOD.replace("    weight: 3", "    wieght: 3"))
    assert len(found) == 1
    assert found[0].startswith("card.yaml:9:5: days: expected one of the keys")
    assert found[0].endswith("found 'wieght'; did you mean 'weight'?")


def test_an_unknown_key_at_the_top_is_named_too(tmp_path):
    assert faults(tmp_path, GOOD.replace("pdo", "pod"))[0].startswith("card.yaml:2:1: expected one of the keys")


def test_a_wrong_knot_is_shown_where_it_stands(tmp_path):
    found = faults(tmp_path, GOOD.replace("[20, 100]", "[20, 1000]"))
    assert found == ["card.yaml:8:26: days: expected less than or equal to 100, found 1000"]


def test_all_faults_of_a_file_are_reported_together(tmp_path):
    text = GOOD.replace("adoption", "adoptoin").replace("{red_below: 30}", "{red: 30}").replace("pdo: 20", "pdo: -1")
    assert [fault.split(": ")[0] for fault in faults(tmp_path, text)] == [
        "card.yaml:7:5",
        "card.yaml:3:9",
        "card.yaml:2:1",
    ]


def test_a_missing_key_is_shown_at_its_measure(tmp_path):
    found = faults(tmp_path, GOOD.replace("    feature: usage_days\n", ""))
    assert found == ["card.yaml:5:3: days: expected a value for feature, found nothing; add the key"]


def test_a_key_given_twice_is_refused(tmp_path):
    assert faults(tmp_path, GOOD + "pdo: 10\n") == ["card.yaml:11:1: expected the key 'pdo' once, found it twice"]


@pytest.mark.parametrize("text", ["- a\n", "", "a: [1\n", "a: !!python/name:os.system\n", "name: x\n", "measures: 3\n"])
def test_what_is_no_scorecard_is_refused_with_a_place(tmp_path, text):
    assert faults(tmp_path, text)[0].startswith("card.yaml:")


def test_aliases_that_multiply_are_refused(tmp_path):
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 9)]
    assert "at most 20,000 values" in faults(tmp_path, "\n".join(lines))[0]


def test_an_unreadable_file_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="a readable UTF-8 file"):
        load_scorecard(tmp_path / "none.yaml")


def test_the_version_follows_the_content_and_nothing_else(tmp_path):
    card = load(tmp_path, GOOD)
    assert card.version == load(tmp_path, GOOD.replace("weight: 3", "weight: 3.0  # same")).version
    assert card.version != load(tmp_path, GOOD.replace("weight: 3", "weight: 4")).version


def test_a_scorecard_survives_json():
    card = default_scorecard()
    again = scorecard_from_state(json.loads(json.dumps(card.model_dump(mode="json"))))
    assert (again, again.version) == (card, card.version)


def test_names_must_be_unique_and_some_weight_positive():
    measure = Measure(name="a", feature="f", dimension="adoption", relative="higher", weight=0)
    with pytest.raises(ConfigError, match="unique names"):
        Scorecard(measures=(measure, measure))
    with pytest.raises(ConfigError, match="a weight above zero"):
        Scorecard(measures=(measure,))


def test_the_default_speaks_both_languages_and_names_owners():
    table = default_scorecard().table()
    assert table[["owner", "label_en", "label_ja"]].notna().all(axis=None)
    assert not table["label_ja"].str.isascii().any()


def test_the_default_keeps_what_the_book_can_bear():
    card = default_scorecard(["nps_score_latest", "contracts_tenure_days"])
    assert card.names == ("nps_score", "tenure")
    assert card.measures[0].recency is None
    with pytest.raises(ConfigError, match="at least one measure"):
        default_scorecard(["other"])


def test_points_of_an_unknown_feature_name_the_nearest(card):
    with pytest.raises(ConfigError, match="did you mean 'f_days_'"):
        card.points(pd.DataFrame({"f_days_": [1.0]}))


def test_points_are_a_frame_by_measure(card):
    X = pd.DataFrame({name: [10.0, np.nan] for name in ("f_days", "f_seats", "f_nps", "f_noise")}, index=[7, 8])
    points = card.points(X)
    assert list(points) == ["days", "seats", "nps", "noise"]
    assert points.loc[7].tolist() == [10.0] * 4
    assert points.loc[8].isna().all()


def test_the_order_of_levels_does_not_change_the_version():
    plan = {"name": "plan", "feature": "f", "dimension": "commercial"}
    cards = [
        Scorecard(measures=(Measure(**plan, levels=dict(pairs)),))
        for pairs in ([("a", 1), ("b", 2)], [("b", 2), ("a", 1)])
    ]
    assert cards[0].version == cards[1].version
