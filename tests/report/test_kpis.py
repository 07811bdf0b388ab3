import re

import pandas as pd
import pytest

from cs_ml.report import LANGUAGES
from cs_ml.report.kpis import KpiReport

MONTHS = pd.date_range("2026-07-01", periods=4, freq="MS")
FRAME = pd.DataFrame(
    {"kpi": "churn_rate", "definition": "standard", "period_start": MONTHS[:3], "period_end": MONTHS[1:], "by": "all",
     "group": "all", "value": [0.01, 0.0, 0.037], "unit": "share", "settled": [True, True, False]}
)  # fmt: skip
CATALOG = pd.DataFrame(
    {"kpi": ["churn_rate"], "definition": ["standard"], "label_en": ["Churn"], "label_ja": ["解約率"],
     "unit": ["share"], "meaning_en": ["a / b"], "meaning_ja": ["a / b"]}
)  # fmt: skip
GOAL = {"depth": 0, "kpi": "churn_rate", "definition": "standard", "target": None, "status": "no target"}
TRIANGLE = pd.DataFrame({"cohort": MONTHS[[0, 0, 2]], "age": [0, 1, 0], "value": 1.0, "denominator": 4.0})


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_value_stands_beside_its_period(lang):
    goals = pd.DataFrame([{**GOAL, "period_start": MONTHS[1], "value": 0.0}, {**GOAL, "period_start": pd.NaT}])
    page = KpiReport(FRAME, CATALOG, goals=goals, lang=lang).html()
    aimed, figures = page.split('<section id="figures">')
    assert re.findall(r'<td class="nowrap mute">(.*?)</td><td class="n">(.*?)<', aimed)[0][0] == "2026-08"
    assert re.findall(r'<td class="nowrap mute">(.*?)</td><td class="n">(.*?)<', aimed)[1] == ("–", "–")
    assert re.findall(r'<td class="nowrap mute">(.*?)</td><td class="n">([\d.]+)', figures) == [("2026-09", "3.7")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_triangle_says_which_cohorts_it_shows(lang):
    page = KpiReport(FRAME, CATALOG, triangles={"accounts": TRIANGLE}, lang=lang).html()
    (told,) = re.findall(r'<p class="lead">([^<]*2026-07[^<]*)</p>', page)
    assert "2026-09" in told
