"""An override goes from its table to scored output and account page, and is judged when the outcome is known."""

import re

import pytest

from cs_ml.bundle import Bundle
from cs_ml.config import load_config
from cs_ml.pipeline import pages, score, train
from cs_ml.pipeline.evaluate import describe_bundle
from cs_ml.store import read_partition

CONFIG = """\
tables:
  folder: tables
  own:
    overrides:
      time: set_at
      columns:
        points: {kind: number, minimum: 0, maximum: 100}
        author: category
        reason: text
        expires_at: {kind: instant, future: true}
snapshots: {windows: [30]}
model: {n_origins: 2, learners: [logistic]}
labels: {churn: {}}
report: {languages: [en, ja]}
"""
LEAVERS, DATE = 12, "2026-06-01"
HEAD = "account_id,points,author,reason,set_at,expires_at\n"


def write(tiny):
    """Somebody foresaw every departure, and there are three opinions around the date that is scored."""
    rows = [f"a{number:02d},{10 if number < LEAVERS else 90},Sato,visit,2025-02-01,2026-01-01" for number in range(60)]
    rows += ["a40,20,Mori,sponsor left; ask mori@example.com,2026-05-10,2026-09-01"]
    rows += ["a41,30,Mori,expired by now,2026-04-01,2026-05-15", "a42,30,Mori,not yet said,2026-06-02,2026-09-01"]
    (tiny.folder / "overrides.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture(name="config")
def config_fixture(make_tiny, tmp_path):
    write(make_tiny(accounts=60, leavers=LEAVERS))
    (tmp_path / "cs_ml.yaml").write_text(CONFIG, encoding="utf-8")
    return load_config(tmp_path / "cs_ml.yaml")


def test_an_override_is_shown_beside_the_score_until_it_expires_and_judged_afterwards(config):
    trained = train.train(config)
    train.save(trained, config)

    told = "\n".join(describe_bundle(Bundle.load(config.output.folder / "bundle")))
    (line,) = re.findall(r"override: held on .*", told)
    assert "AUC 1.000" in line
    rows, left = (int(re.findall(pattern, line)[0]) for pattern in (r"held on (\d+) rows", r"of which (\d+) left"))
    seen = trained.health.out_of_time_
    assert rows == len(seen[seen.index.get_level_values("as_of") <= "2026-01-01"])
    assert left == int((seen["stayed"] == 0).sum())

    scored = score.score(config, DATE)
    score.write_scores(scored, config)
    held = read_partition(config.output.folder / "opinions", DATE).set_index("account_id")
    assert held["override"].dropna().to_dict() == {"a40": 20.0}
    assert held.loc["a40", ["override_author", "override_reason"]].tolist() == ["Mori", "sponsor left; ask [MAIL]"]
    scores = read_partition(config.output.folder / "scores", DATE).set_index("account_id")
    assert held["health"].to_dict() == scores["health"].to_dict()
    assert not any("override" in name for name in [*scores.columns, *scored.snapshot.X.columns])

    history = pages.published_scores(config, scored)
    for lang, words in (("en", ("Override", "Until")), ("ja", ("手動の上書き", "期限"))):
        page, other = (pages.account_page(config, scored, name, history, lang=lang).html() for name in ("a40", "a41"))
        for shown in (*words, "Mori", "sponsor left; ask [MAIL]", "2026-09-01"):
            assert shown in page
        assert words[0] not in other
