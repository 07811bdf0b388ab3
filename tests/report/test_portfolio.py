import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from cs_ml.errors import FrameError, InputError
from cs_ml.report import LANGUAGES, PortfolioReport
from cs_ml.report.words import Words

HOSTILE = ["<script>alert(1)</script>", "</script><img src=x onerror=alert(2)>", '" onmouseover="alert(3)', "{{ 7*7 }}"]
VOID = {"meta", "link", "input", "br"}
METRICS = pd.DataFrame(
    {"metric": "roc_auc", "model": ["model", "base_rate"], "value": [0.7, 0.5], "low": [0.6, None], "high": [0.8, None]}
)
RELIABILITY = pd.DataFrame(
    {"predicted": [0.1, 0.3], "observed": [0.12, 0.25], "low": [0.1, 0.2], "high": [0.2, 0.4], "rows": [900, 40]}
)


class Outline(HTMLParser):
    """Every element, its text, and whether they nest."""

    def __init__(self, page):
        super().__init__()
        self.open, self.seen, self.ids, self.texts = [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def embedded(page):
    return json.loads(re.search(r'<script type="application/json" id="rows">(.*?)</script>', page, re.DOTALL)[1])


def full(scores, drivers, lang="en", **more):
    return PortfolioReport(
        scores,
        drivers,
        reliability=RELIABILITY,
        coverage=pd.DataFrame({"table": ["usage"], "rows": [1200], "coverage": [0.5]}),
        book=pd.DataFrame({"mrr": [1000.0, 1100.0], "churn_rate": [0.02, 0.03]}, index=["2026-08", "2026-09"]),
        metrics=METRICS,
        notes=["segment is <not> point-in-time"],
        lang=lang,
        **more,
    ).html()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_well_formed_and_loads_nothing(scores, drivers, lang):
    page = full(scores, drivers, lang)
    outline = Outline(page)
    assert len(outline.ids) == len(set(outline.ids))
    assert ("html", {"lang": lang}) in outline.seen
    assert not re.search(r"https?:|//[a-z]|@import|url\(", page)
    for tag, attributes in outline.seen:
        assert tag not in ("img", "iframe", "object", "embed", "form")
        assert not any(name.startswith("on") or name == "src" for name in attributes)
    anchors = {found["href"] for tag, found in outline.seen if tag == "a"}
    assert {anchor.removeprefix("#") for anchor in anchors} <= set(outline.ids)


def test_hostile_names_stay_text(scores, drivers):
    page = full(scores, drivers)
    assert page.count("<script") == 2
    assert page.count("</script") == 2
    assert "<img" not in page
    assert set(HOSTILE) <= {row[1] for row in embedded(page)["rows"]}


def test_the_figures_of_the_newest_date_are_shown(scores, drivers):
    now = scores.xs(scores.index.get_level_values("as_of").max(), level="as_of")
    texts = Outline(full(scores, drivers)).texts
    assert "2,100" in texts
    assert f"{(now['p_churn'] * now['mrr']).sum():,.0f}" in texts
    assert f"{now['p_churn'].sum():.1f}" in texts
    assert any("2026-10-01" in text for text in texts)
    assert any("v3" in text and "m14" in text for text in texts)
    assert "segment is <not> point-in-time" in texts
    assert {"0.700", "0.600 - 0.800", "12 %", "1,200", "1,100", "+1.0 pt"} <= set(texts)


def test_rows_carry_what_the_table_shows(scores, drivers):
    found = embedded(full(scores, drivers, links={"a00001": "accounts/a 1.html"}))
    now = scores.xs(scores.index.get_level_values("as_of").max(), level="as_of")
    rows = {row[0]: dict(zip(found["fields"], row, strict=True)) for row in found["rows"]}
    assert len(rows) == 6
    for account, row in rows.items():
        assert row["health"] == now.loc[account, "health"]
        assert row["expected_loss"] == pytest.approx(now.loc[account, "p_churn"] * now.loc[account, "mrr"], abs=0.01)
        assert row["reason"] == f"seats of {account} on 2026-10-01 for churn"
    assert rows["a00001"]["link"] == "accounts/a%201.html"
    losses = [row[found["fields"].index("expected_loss")] for row in found["rows"]]
    assert losses == sorted(losses, reverse=True)


def test_health_moves_since_the_date_before(scores):
    found = embedded(PortfolioReport(scores).html())
    at = found["fields"].index("health_change")
    health = scores.reset_index().pivot_table("health", "account_id", "as_of")
    for row in found["rows"]:
        assert row[at] == health.loc[row[0]].iloc[-1] - health.loc[row[0]].iloc[-2]


def test_an_unstable_driver_is_no_reason(scores, drivers):
    found = embedded(PortfolioReport(scores, drivers.assign(stable=False)).html())
    assert "reason" not in found["fields"]
    drivers.loc[drivers["target"] == "churn", "stable"] = False
    rows = embedded(PortfolioReport(scores, drivers).html())
    assert {row[rows["fields"].index("reason")].split(" for ")[1] for row in rows["rows"]} == {"health"}


def test_reasons_are_in_the_language_of_the_page(scores, drivers):
    found = embedded(full(scores, drivers, "ja"))
    assert all(row[found["fields"].index("reason")].startswith("日本語") for row in found["rows"])


@pytest.mark.parametrize("column", ["health", "p_churn", "p_upsell", "mrr", "band", "name", "health_low"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_any_column_may_be_absent_or_null(scores, lang, column):
    Outline(PortfolioReport(scores.drop(columns=column), lang=lang).html())
    Outline(PortfolioReport(scores.assign(**{column: None}), lang=lang).html())


def test_one_score_is_enough():
    index = pd.MultiIndex.from_tuples([("a", pd.Timestamp("2026-01-01"))], names=["account_id", "as_of"])
    page = PortfolioReport(pd.DataFrame({"health": [np.nan]}, index=index), title="A & B").html()
    assert "<h1>A &amp; B</h1>" in page
    assert embedded(page)["rows"] == [["a"]]


def test_the_same_frames_give_the_same_bytes(scores, drivers):
    assert full(scores, drivers) == full(scores.copy(), drivers.copy())


def test_saved_as_it_stands(scores, tmp_path):
    report = PortfolioReport(scores, lang="ja")
    assert report.save(tmp_path / "page.html").read_text(encoding="utf-8") == report.html()


def test_frames_that_cannot_be_shown_are_refused(scores, drivers):
    with pytest.raises(FrameError, match=r"drivers: .*no \['points', 'role'\]"):
        PortfolioReport(scores, drivers.drop(columns=["points", "role"]))
    with pytest.raises(FrameError, match="reliability"):
        PortfolioReport(scores, reliability=pd.DataFrame({"predicted": [0.1]})).html()
    with pytest.raises(InputError, match="lang"):
        PortfolioReport(scores, lang="fr")


def test_twenty_thousand_accounts_make_a_page(many_scores):
    page = PortfolioReport(many_scores).html()
    assert len(embedded(page)["rows"]) == 20_000
    assert len(page) < 4_000_000


def test_only_headline_metrics_reach_the_portfolio(scores):
    more = pd.concat([METRICS, METRICS.assign(metric="brier_resolution", value=0.123)])
    assert "0.123" not in PortfolioReport(scores, metrics=more).html()
    assert "0.123" in PortfolioReport(scores, metrics=more[more["metric"] != "roc_auc"]).html()


def test_a_table_about_health_says_so(scores):
    health = pd.DataFrame({"health_from": [60], "health_to": [70], "share": [0.79], "expected": [0.8]})
    assert "how many stayed" in PortfolioReport(scores, reliability=health).html()
    assert "how many stayed" not in PortfolioReport(scores, reliability=RELIABILITY).html()


@pytest.mark.parametrize(("healths", "told"), [((30.0, 50.0, 70.0), False), ((42.0, 41.0, 70.0), True)])
def test_every_band_is_drawn_where_its_accounts_are(scores, healths, told):
    now = scores.groupby(level="account_id").tail(1).iloc[:3].assign(health=healths, band=["red", "yellow", "green"])
    page = PortfolioReport(now).html()
    drawn = re.findall(r"<title>Health (\d+)-\d+, (\w+): 1</title>", page)
    bins = [str(int(health // 5 * 5)) for health in healths]
    assert sorted(drawn) == sorted(zip(bins, ["Red", "Yellow", "Green"], strict=True))
    assert ("does not follow from today" in page) == told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_a_signal_the_page_says_so_first_and_ranks_by_revenue_alone(scores, drivers, lang):
    words = Words(lang)
    page = PortfolioReport(scores, drivers, verdicts={"churn": "no usable signal"}, capacity=3, lang=lang).html()
    assert 0 < page.index(words("no_signal", target=words.level("churn"))) < page.index('id="today"')
    assert words("by_revenue_note") in page
    assert words("top_loss") not in page
    assert words("priority") not in page
    (section,) = re.findall(rf"<h3>{words('by_revenue')} .*?</table>", page, flags=re.DOTALL)
    assert re.findall(r'<td class="n">([\d,]+)</td>', section) == ["600", "500", "400"]
    found = embedded(page)
    assert "reason" not in found["fields"]
    assert [row[found["fields"].index("mrr")] for row in found["rows"]][:3] == [600.0, 500.0, 400.0]


def test_a_target_with_a_signal_is_ranked_beside_one_without(scores, drivers):
    page = PortfolioReport(scores, drivers, verdicts={"churn": "usable signal", "upsell": "not knowable"}).html()
    assert "Upsell: not knowable yet" in page
    assert "Churn: no" not in page
    assert Words("en")("top_loss") in page
    assert Words("en")("top_growth") not in page
