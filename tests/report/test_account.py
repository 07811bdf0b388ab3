import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from cs_ml.errors import FrameError
from cs_ml.report import LANGUAGES, AccountReport, Words
from cs_ml.report.history import contracts_chart

DAY = pd.Timestamp
CONTRACTS = pd.DataFrame(
    {
        "account_id": ["a00001", "a00001", "a00002"],
        "product": ["Core", "Core", "Secret product"],
        "start_at": [DAY("2025-01-01"), DAY("2025-06-01"), DAY("2025-01-01")],
        "end_at": [DAY("2026-01-01"), pd.NaT, pd.NaT],
        "mrr": [100.0, 50.0, 9.0],
        "cancelled_at": [DAY("2025-12-01"), pd.NaT, pd.NaT],
    }
)
SURVEYS = pd.DataFrame(
    {
        "account_id": ["a00001", "a00001", "a00002"],
        "kind": ["nps", "csat", "nps"],
        "score": [9.0, None, 1.0],
        "scale_max": [10, 5, 10],
        "answered_at": [DAY("2026-03-01"), pd.NaT, DAY("2026-03-02")],
        "sent_at": [DAY("2026-02-28"), DAY("2026-05-05"), DAY("2026-03-01")],
        "text": ["mail me: taro@example.co.jp", None, "another account's words"],
    }
)
VOC = pd.DataFrame(
    {
        "account_id": ["a00001", "a00002"],
        "said_at": [DAY("2026-04-01"), DAY("2026-04-02")],
        "text": ["電話は 03-1234-5678 <b>です</b>", "another account's comment"],
        "speaker_role": ["decision_maker", "user"],
        "sentiment": [-0.8, 0.5],
    }
)
USAGE = pd.DataFrame({"logins": [5.0, 4.0, 3.0]}, index=pd.date_range("2026-01-01", periods=3, freq="MS"))
THEMES = {"churn": pd.Series({"usage": 0.75, "sentiment": -0.25})}


def page(scores, drivers=None, **more):
    return AccountReport("a00001", scores, drivers=drivers, **more).html()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_section_is_shown_when_given(scores, drivers, lang):
    found = page(
        scores,
        drivers,
        lang=lang,
        themes=THEMES,
        contracts=CONTRACTS,
        usage=USAGE,
        surveys=SURVEYS,
        voc=VOC,
        facts={"segment": "SMB"},
    )
    for section in ('id="why"', 'id="past"', 'id="said"', "Core", "SMB", "+0.75", "2026-03-01"):
        assert section in found
    assert "://" not in found


def test_a_section_without_data_is_absent(scores):
    found = page(scores[scores.index.get_level_values("as_of") == scores.index.get_level_values("as_of").max()])
    for section in ('id="why"', 'id="past"', 'id="said"'):
        assert section not in found


def test_no_row_of_another_account_is_shown(scores, drivers):
    found = page(scores, drivers, contracts=CONTRACTS, surveys=SURVEYS, voc=VOC)
    for stranger in ("Secret product", "another account", "a00002"):
        assert stranger not in found


def test_free_text_is_redacted_and_escaped(scores):
    found = page(scores, surveys=SURVEYS, voc=VOC)
    assert "taro@example.co.jp" not in found
    assert "[MAIL]" in found
    assert "1234-5678" not in found
    assert "&lt;b&gt;です&lt;/b&gt;" in found


def test_another_redaction_may_be_given(scores):
    found = page(scores, surveys=SURVEYS, voc=VOC, redact=lambda text: f"{len(text)} letters")
    assert f"{len(VOC['text'][0])} letters" in found
    assert "です" not in found


def test_levers_stand_apart_from_signals(scores, drivers):
    found = page(scores, drivers[drivers["target"] == "churn"])
    lever, signal, context = (found.index(f"<h4>{role}</h4>") for role in ("Levers", "Signals", "Context"))
    assert lever < found.index("seats of a00001") < signal < found.index("nps of a00001") < context
    assert context < found.index("shaky of a00001") < found.index("sign not stable")


def test_only_drivers_of_the_newest_date_are_shown(scores, drivers):
    found = page(scores, drivers)
    assert "on 2026-10-01" in found
    assert "on 2026-09-01" not in found


def test_bars_are_red_where_risk_rises(scores, drivers):
    rows = drivers[(drivers["target"] == "churn") & (drivers["feature"] == "seats")]
    assert 'class="fill red"' in page(scores, rows)
    assert 'class="fill green"' not in page(scores, rows)
    assert 'class="fill green"' in page(scores, rows.assign(target="health"))


def test_figures_by_hand(scores):
    row = scores.loc[("a00001", scores.index.get_level_values("as_of").max())]
    found = page(scores)
    for text in (
        f"{row['health']:.0f}",
        f"{row['health_low']:.0f} - {row['health_high']:.0f}",
        f"{row['p_churn'] * row['mrr']:,.0f}",
    ):
        assert text in found


def test_overlapping_terms_get_lanes_of_their_own(scores):
    found = page(scores, contracts=CONTRACTS)
    assert "Core (2)" in found
    assert 'class="fill down"' in found
    assert "cancelled 2025-12-01" in found


def test_a_null_health_says_why(scores):
    null = scores.assign(health=None, health_low=None, health_high=None, band=None, health_reason="coverage below 50 %")
    assert "coverage below 50 %" in page(null)


def test_an_account_without_scores_is_refused(scores):
    with pytest.raises(FrameError, match="at least one row"):
        AccountReport("nobody", scores)


def test_columns_that_are_missing_are_named(scores):
    with pytest.raises(FrameError, match=r"contracts: .*no \['start_at'\]"):
        page(scores, contracts=CONTRACTS.drop(columns="start_at"))
    with pytest.raises(FrameError, match="surveys"):
        page(scores, surveys=SURVEYS.drop(columns="kind"))
    with pytest.raises(FrameError, match="voc"):
        page(scores, voc=VOC.drop(columns="text"))


def test_a_target_of_another_name_has_a_section_without_judgement(scores, drivers):
    other = drivers[drivers["target"] == "churn"].assign(target="my_target")
    found = page(scores, other, themes={"my_target": pd.Series({"usage": 0.5})})
    assert "my_target" in found
    assert 'class="fill accent"' in found
    assert 'class="fill red"' not in found


def test_starting_point_and_points_add_up_to_the_score(scores):
    points = {"health": pd.Series({"usage": -39.4, "other": 0.04, "sentiment": 4.0}), "churn": THEMES["churn"]}
    found = page(scores, themes=points, starts={"health": 57.4, "churn": -2.0})
    rows = re.findall(r'<tr[^>]*><th scope="row">(.*?)</th><td class="n">(.*?)</td>', found)
    health = [("Starting point", "57.4"), ("Usage", "-39.4"), ("Sentiment", "+4.0"), ("Sum", "22.0")]
    churn = [("Starting point (12 %)", "-2.00"), ("Usage", "+0.75"), ("Sentiment", "-0.25"), ("Sum (18 %)", "-1.50")]
    assert rows == [*health, *churn]


def test_points_that_are_written_as_zero_are_left_out(scores, drivers):
    rows = drivers[drivers["target"] == "churn"].copy()
    rows["points"] = rows["feature"].map({"shaky": 0.0, "seats": 0.004, "nps": -0.25})
    found = page(scores, rows, themes={"churn": pd.Series({"usage": 0.0049, "sentiment": -0.25})})
    assert "nps of a00001" in found
    for zero in ("shaky of", "seats of", "<h4>Levers</h4>", "+0.00", "-0.00", ">Usage</th>"):
        assert zero not in found


def test_a_term_is_drawn_until_it_was_cancelled():
    drawn = contracts_chart(CONTRACTS[CONTRACTS["account_id"] == "a00001"].head(1), DAY("2026-01-01"), Words("en"))
    (bar,) = (mark for mark in ET.fromstring(drawn).iter("rect"))  # noqa: S314  our own text
    days = (DAY("2025-12-01") - DAY("2025-01-01")) / (DAY("2026-01-01") - DAY("2025-01-01"))
    assert float(bar.get("width")) == pytest.approx(days * 1070 - 1.5, abs=0.2)
    assert "as of 2026-01-01" in drawn


def test_a_japanese_page_names_topics_and_channels_in_japanese(scores):
    topics = ["price", "bugs", "usability", "support", "competitor", "adoption", "value"]
    channels = ["meeting", "mail", "call", "form", "chat", "chat", "chat"]
    said = pd.DataFrame(
        {"account_id": "a00001", "said_at": DAY("2026-04-01"), "text": "あ", "topic": topics, "channel": channels}
    )
    found = re.findall(r"<figcaption>2026-04-01 · (.*?)</figcaption>", page(scores, voc=said, lang="ja"))
    assert found[0] == "打ち合わせ · 価格"
    assert len(found) == 7
    assert not re.search(r"[a-z]", "".join(found))
