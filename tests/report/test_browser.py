import pandas as pd
import pytest

from cs_ml.report import LANGUAGES, AccountReport, ModelReport, PortfolioReport

pytestmark = pytest.mark.slow
ROWS = "[...document.querySelectorAll('#table tbody tr')]"


def pages(scores, drivers, lang):
    metrics = pd.DataFrame({"metric": "roc_auc", "model": ["model", "base_rate"], "value": [0.7, 0.5]})
    yield PortfolioReport(scores, drivers, lang=lang, metrics=metrics)
    yield AccountReport("a00000", scores, drivers=drivers, lang=lang)
    yield ModelReport(metrics=metrics, lang=lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_fetch_nothing_and_complain_of_nothing(browser, scores, drivers, lang, tmp_path):
    for page in pages(scores, drivers, lang):
        file = page.save(tmp_path / "page.html")
        browser.open(file)
        assert browser.complaints() == []
        assert browser.requests() == [file.as_uri()]
        assert browser.run("document.documentElement.scrollWidth <= innerWidth")


def test_the_policy_stops_a_script_that_is_not_ours(browser, scores, tmp_path):
    page = PortfolioReport(scores).html().replace("</body>", "<script>window.stolen = 1</script></body>")
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    browser.open(tmp_path / "page.html")
    assert browser.run("window.stolen === undefined")


def test_hostile_names_are_only_text(browser, scores, drivers, tmp_path):
    browser.open(PortfolioReport(scores, drivers).save(tmp_path / "page.html"))
    assert browser.run("document.images.length") == 0
    shown = browser.run(f"{ROWS}.map(row => row.cells[1].textContent)")
    assert {"<script>alert(1)</script>", "</script><img src=x onerror=alert(2)>"} <= set(shown)


def test_twenty_thousand_accounts_can_be_searched_sorted_and_paged(browser, many_scores, tmp_path):
    browser.open(PortfolioReport(many_scores).save(tmp_path / "page.html"))
    assert browser.complaints() == []
    assert browser.run(f"{ROWS}.length") == 50
    assert browser.run("document.getElementById('count').textContent") == "1-50 of 20,000"
    type_into = "(text) => { const s = document.getElementById('search'); s.value = text;"
    type_into += " s.dispatchEvent(new Event('input')); }"
    browser.run(f"({type_into})('顧客 19998')")
    assert browser.run(f"{ROWS}.map(row => row.cells[0].textContent)") == ["a19998"]
    browser.run(f"({type_into})('no such account')")
    assert browser.run("document.getElementById('count').textContent") == "No account matches"
    browser.run(f"({type_into})('')")
    browser.run("document.querySelector('[data-column=account_id]').click()")
    assert browser.run(f"{ROWS}[0].cells[0].textContent") == "a00000"
    browser.run("document.getElementById('next').click()")
    assert browser.run(f"{ROWS}[0].cells[0].textContent") == "a00050"
    browser.run("document.querySelector('[data-column=account_id]').click()")
    assert browser.run(f"{ROWS}[0].cells[0].textContent") == "a19999"
    browser.run("document.querySelector('[data-band=red]').click()")
    assert set(browser.run(f"{ROWS}.map(row => row.querySelector('.pill').title)")) == {"Red"}


def test_slash_goes_to_the_search_and_the_theme_turns(browser, scores, tmp_path):
    browser.open(PortfolioReport(scores, lang="ja").save(tmp_path / "page.html"))
    browser.run("document.dispatchEvent(new KeyboardEvent('keydown', {key: '/'}))")
    assert browser.run("document.activeElement.id") == "search"
    ground = "getComputedStyle(document.body).backgroundColor"
    before = browser.run(ground)
    browser.run("document.getElementById('theme').click()")
    assert browser.run(ground) != before
