import numpy as np
import pandas as pd
import pytest

from cs_ml.report import LANGUAGES, AccountReport, ModelReport
from cs_ml.report.survival import survival
from cs_ml.report.words import Words

CURVE = pd.DataFrame({"account_id": "a00001", "day": [0, 90, 365], "stays": [1.0, 0.9, 0.6]})
LEAVE = {"p_leave_30": 0.04, "p_leave_90": 0.1, "p_leave_180": 0.2, "p_leave_365": 0.4}


def told(curve=CURVE, lang="en", currency="USD", **scores):
    return survival(curve, {**LEAVE, **scores}, pd.Timestamp("2026-10-01"), currency, Words(lang))


def test_every_horizon_and_the_money_with_its_unit_and_interval():
    found = told(
        stay_months=31.4, stay_months_low=20.0, stay_months_high=44.0, ltv=56098.4, ltv_low=None, at_stake=np.nan
    )
    assert found["leaving"][1] == ("within 90 days", "10 %")
    assert found["figures"] == [("Expected remaining stay, months", "31 (20 - 44)"), ("LTV", "56,098 USD")]


def test_the_curve_is_drawn_from_the_date_with_its_interval_where_known():
    plain, spread = told()["chart"], told(CURVE.assign(low=[1, 0.8, 0.3], high=[1, 0.95, 0.8]))["chart"]
    assert plain.count("<circle") == 3
    assert "2026-12-30: 90.0%" in plain
    assert 'class="area"' not in plain
    assert 'class="area"' in spread


def test_without_a_curve_there_is_nothing_to_tell():
    assert told(None) is None
    assert told(CURVE.iloc[:0]) is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_account_page_shows_its_own_curve_alone(scores, lang):
    other = CURVE.assign(account_id="a00002", stays=[1.0, 0.123, 0.1])
    page = AccountReport("a00001", scores, curve=pd.concat([CURVE, other]), currency="JPY", lang=lang).html()
    assert 'id="staying"' in page
    assert "90.0%" in page
    assert "12.3%" not in page
    assert 'id="staying"' not in AccountReport("a00001", scores, lang=lang).html()


def test_the_model_card_draws_the_base_rate_by_date():
    dates = pd.date_range("2026-01-01", periods=3, freq="MS")
    rates = pd.DataFrame({"as_of": dates, "base_rate": [0.05, 0.06, np.nan], "low": [0.03, 0.04, np.nan]})
    page = ModelReport(base_rates=rates.assign(high=[0.08, 0.09, np.nan])).html()
    assert "2026-02-01: 6.0%" in page
    assert "Base rate by date" in page
    assert "Base rate by date" not in ModelReport(base_rates=rates.iloc[:1]).html()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_a_signal_nothing_is_foreseen_from_accounts_that_were_alike(scores, lang):
    told, words = AccountReport("a00001", scores, curve=CURVE, signal=False, lang=lang).html(), Words(lang)
    assert words("survival_silent_note") in told
    assert words("survival_note") not in told
