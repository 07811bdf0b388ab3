import numpy as np
import pandas as pd
import pytest

from cs_ml.health.checks import ship_checks, verdict_on
from cs_ml.models.report_card import FEWEST, NOT_KNOWABLE, SIGNAL
from cs_ml.report import LANGUAGES, ModelReport, evidence, signal
from cs_ml.report.checks import check_rows, off_rows
from cs_ml.report.said import Said
from cs_ml.report.words import Words

OFF = pd.DataFrame(
    {"group": ["plan 1", "tenure 1 to 2 years"], "predicted": [0.08, 0.06], "observed": [0.059, 0.05],
     "low": [0.001, -0.01], "high": [0.036, 0.03], "off": [True, False]}
)  # fmt: skip


def test_what_could_not_be_measured_neither_holds_nor_fails():
    nobody_left = ship_checks(np.array([30.0, 50.0, 70.0, 75.0]), np.ones(4), np.arange(4))
    states = [row["state"] for row in check_rows(nobody_left, Said(Words("en")))]
    assert states == ["not measured", "not measured", "holds"]
    assert verdict_on(nobody_left) == "not measured: red_churn_lift, churners_caught; the others hold"
    assert verdict_on(nobody_left.iloc[:2]) == "not measured: red_churn_lift, churners_caught"


def test_only_groups_that_are_off_are_named_with_the_interval_of_what_came():
    assert off_rows(OFF, Said(Words("en"))) == ["plan 1: 8.0 % foreseen, 5.9 % came (4.4 % to 7.9 %)"]
    assert off_rows(OFF, Said(Words("ja"), {"plan": "プラン"})) == ["プラン 1:見込み 8.0%、実績 5.9%(4.4%〜7.9%)"]
    assert off_rows(None, Said(Words("en"))) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_model_card_shows_failed_checks_and_groups_that_are_off(lang):
    failed = ship_checks(np.array([70.0, 75.0, 80.0, 90.0]), np.array([0.0, 1.0, 1.0, 1.0]), np.arange(4))
    page, words = ModelReport(checks=failed, calibration=OFF, lang=lang).html(), Words(lang)
    assert f'<span class="pill red">{words("check_fails")}</span>' in page
    assert words("off") in page
    assert words("ship_checks") not in ModelReport(lang=lang).html()


def test_pages_know_the_verdicts_and_the_fewest_events_of_models():
    assert (signal.SIGNAL, signal.NOT_KNOWABLE) == (SIGNAL, NOT_KNOWABLE)
    assert evidence.FEWEST == FEWEST
