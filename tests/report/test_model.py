import pandas as pd
import pytest

from cs_ml.errors import FrameError
from cs_ml.report import LANGUAGES, ModelReport
from cs_ml.report.words import Words

METRICS = pd.DataFrame(
    {
        "metric": ["roc_auc"] * 2,
        "model": ["model", "base_rate"],
        "value": [0.74, 0.5],
        "low": [0.7, None],
        "high": [0.78, None],
    }
)
HEALTH = pd.DataFrame(
    {
        "health_from": [60],
        "health_to": [70],
        "rows": [52],
        "stayed": [41],
        "share": [0.79],
        "low": [0.66],
        "high": [0.88],
        "expected": [0.8],
        "sentence": ["scored 60-70"],
    }
)
CATALOG = pd.DataFrame({"label_en": ["Active <users>"], "label_ja": ["利用者数"]}, index=["users"])
WEIGHTS = pd.DataFrame({"measure": ["seats"], "prior": [1.0], "posterior": [1.42], "events": [142]})
DATES = pd.DataFrame(
    {"as_of": pd.to_datetime(["2026-01-01", "2026-02-01"]), "value": [0.7, 0.75], "low": [0.6, 0.7], "high": [0.8, 0.8]}
)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_given_is_shown(lang):
    found = ModelReport(
        metrics=METRICS,
        reliability=HEALTH,
        report_card={"verdict": "no usable signal"},
        importance=pd.Series({"users": 0.31, "margin": 0.1}),
        catalog=CATALOG,
        weights=WEIGHTS,
        by_date=DATES,
        alarms=["contracts_notice_days_current alone reaches AUC 0.97"],
        counts={"1": 52, "0": 1200, "immature": 310, "censored": 4},
        facts={"cohort": "active"},
        limits=["not for people"],
        lang=lang,
    ).html()
    for text in (
        "0.740",
        "0.700 - 0.780",
        "no usable signal",
        "0.310",
        "1.42",
        "alone reaches",
        "1,200",
        "310",
        "active",
        "not for people",
    ):
        assert text in found
    assert ("Active &lt;users&gt;" if lang == "en" else "利用者数") in found
    assert "scored 60-70" not in found
    assert "://" not in found


def test_no_alarm_is_said_but_not_asked_is_not():
    assert "No column was found that gives" in ModelReport(alarms=[]).html()
    assert "No column was found that gives" in ModelReport(alarms=pd.DataFrame({"column": []})).html()
    assert "No column was found" not in ModelReport().html()


def test_alarms_may_be_a_frame():
    found = ModelReport(alarms=pd.DataFrame({"feature": ["notice_days"], "auc": [0.97]})).html()
    assert "notice_days" in found
    assert "0.97" in found


def test_metrics_keep_their_order_and_the_model_its_first_row():
    found = ModelReport(metrics=METRICS).html()
    assert found.index("0.740") < found.index("0.500")
    assert found.count('<tr class="strong">') == 1


def test_a_single_date_draws_no_line():
    assert "By test date" not in ModelReport(by_date=DATES.iloc[:1]).html()
    assert "By test date" in ModelReport(by_date=DATES).html()


def test_missing_columns_are_named():
    with pytest.raises(FrameError, match=r"metrics: .*no \['model', 'value'\]"):
        ModelReport(metrics=METRICS[["metric"]]).html()
    with pytest.raises(FrameError, match="by_date"):
        ModelReport(by_date=DATES.drop(columns="value")).html()


def test_metrics_of_several_targets_stand_apart():
    both = pd.concat([METRICS.assign(target="churn"), METRICS.assign(target="upsell", value=0.61)])
    found = ModelReport(metrics=both).html()
    assert (
        found.index("Churn · ROC AUC") < found.index("0.740") < found.index("Upsell · ROC AUC") < found.index("0.610")
    )


def test_a_metric_at_a_share_is_named():
    at = METRICS.assign(metric="lift_at_10%")
    assert "Lift, first 10%" in ModelReport(metrics=at).html()
    assert "上位10%のリフト" in ModelReport(metrics=at, lang="ja").html()


def test_a_japanese_card_has_no_english_of_the_package_and_names_things_by_their_labels():
    card = pd.DataFrame({"name": ["verdict", "best simple rule"], "value": ["no usable signal", "days_to_renewal"]})
    alarms = ["users: alone reaches an AUC of 0.97; was it written after the outcome?"]
    more = {"weights": WEIGHTS, "measures": {"seats": "席の利用", "days_to_renewal": "残り日数"}, "catalog": CATALOG}
    limits = ["absent tables, so their features are absent too: deals"]
    page = ModelReport(report_card=card, alarms=alarms, limits=limits, lang="ja", **more).html()
    told = page[page.index("<main") : page.index("</main")]
    for english in ("signal", "verdict", "days_to", "alone", "seats", "absent", "Name", "顧客名"):
        assert english not in told
    assert "残り日数" not in told  # a rule is not the measure of its name
    for word in ("項目", "使える手がかりがない", "利用者数:この列だけで", "席の利用", "商談"):
        assert word in told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_interval_that_few_events_cannot_bear_is_not_shown(lang):
    few, words = METRICS.assign(events=2), Words(lang)
    page = ModelReport(metrics=few, by_date=DATES.assign(events=[2, 3]), lang=lang).html()
    assert "0.700 - 0.780" not in page
    assert words("too_few") in page
    assert 'class="area"' not in page
    borne = ModelReport(metrics=few.assign(events=5), by_date=DATES.assign(events=[5, 6]), lang=lang).html()
    assert "0.700 - 0.780" in borne
    assert words("too_few") not in borne
    assert 'class="area"' in borne


def test_events_of_a_table_of_rows_are_said_to_be_rows():
    rows = pd.DataFrame({"predicted": [0.1], "observed": [0.2], "n": [10], "events": [2]})
    assert "Rows with the event" in ModelReport(reliability=rows).html()
    assert "イベントのあった行数" in ModelReport(reliability=rows, lang="ja").html()
