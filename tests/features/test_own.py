"""Features of one's own: what the function sees, what it may return, how it travels."""

from __future__ import annotations

import pickle
import sys
from types import ModuleType

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from builders import keys, rows

import cs_ml as cs
from cs_ml.engine.local import LocalEngine
from cs_ml.errors import ConfigError, FrameError, TableError
from cs_ml.features import Feature, as_builders
from cs_ml.features.own_builders import absent_own
from cs_ml.tables import Column, own_table

TRAININGS = own_table(
    "trainings",
    time="held_at",
    columns={
        "course": "category",
        "hours": "number",
        "passed": Column("passed", "flag", reveals=("graded_at",)),
        "graded_at": "instant",
        "room": "category",
    },
)
FRAMES = {
    "accounts": rows("account_id\na\nb\nc"),
    "contracts": rows("""
        contract_line_id account_id start_at   mrr
        1                a          2025-01-01 10
        2                b          2025-01-01 20
        3                c          2025-01-01 30"""),
    "trainings": rows("""
        account_id held_at    course hours passed graded_at  known_at
        a          2026-01-05 basic  1     yes    2026-01-10 -
        a          2026-01-20 expert 2     no     2026-02-10 -
        a          2026-02-01 expert 9     yes    2026-02-02 -
        b          2025-12-01 basic  4     -      -          2026-01-31
        b          2026-01-10 basic  5     no     2026-01-31 2026-02-15"""),
}
ABOUT = {"table": "trainings", "time": "held_at", "theme": "onboarding", "unit": "count", "en": "E", "ja": "日"}
KEYS = keys(*[(account, "2026-02-01") for account in "abc"])


@cs.feature(**ABOUT)
def trainings_hours_sum(trainings):
    return trainings.sum("hours")


def tables(**changed):
    return cs.open_tables(FRAMES | changed, own=[TRAININGS], data_end="2026-03-01", max_rejected_share=0)


def made(function, **about):
    own = cs.feature(**{**ABOUT, "name": "own", **about})(function)
    spine = pd.DataFrame(index=KEYS)
    return cs.SnapshotBuilder((own,), LocalEngine(1, 2)).build(tables(), spine)["own"].tolist()


def same(found, expected):
    np.testing.assert_array_equal(np.array(found, dtype=float), np.array(expected, dtype=float))


nan = np.nan


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda t: t.count(), [2, 1, 0]),
        (lambda t: t.sum("hours"), [3, 4, 0]),
        (lambda t: t.mean("hours"), [1.5, 4, nan]),
        (lambda t: t.maximum("hours"), [2, 4, nan]),
        (lambda t: t.minimum("hours"), [1, 4, nan]),
        (lambda t: t.distinct("course"), [2, 1, 0]),
        (lambda t: t.latest("hours"), [2, 4, nan]),
        (lambda t: t.recency(), [12, 62, nan]),
        (lambda t: t.last(27).count(), [2, 0, 0]),
        (lambda t: t.last(26).count(), [1, 0, 0]),
        (lambda t: t.share(t["course"] == "basic"), [0.5, 1, nan]),
        (lambda t: t.where(t["hours"] > 1).sum("hours"), [2, 4, 0]),
        (lambda t: t.sum(t["hours"] * t.days_ago), [27 + 24, 248, 0]),
        (lambda t: t.spread(t.frame("hours").groupby("key")["hours"].median()), [1.5, 4, nan]),
        (lambda t: t.mean("passed"), [1, nan, nan]),
        (lambda t: t.where(t["graded_at"].notna()).count(), [1, 0, 0]),
        (lambda t: list(t.count()), [2, 1, 0]),
        (lambda t: pd.Series(t.sum("hours")).sort_values(), [3, 4, 0]),
        (lambda t: t.latest(t.days_since("graded_at")), [22, nan, nan]),
        (lambda t: t.maximum(t.days_since("held_at")), [27, 62, nan]),
    ],
)
def test_what_was_known_by_hand(function, expected):
    """The course of the day itself, a row known later, and a grade not yet given are not seen."""
    same(made(function), expected)


def test_words_come_as_words():
    assert made(lambda t: t.latest("course"), kind="category")[:2] == ["expert", "basic"]
    assert pd.isna(made(lambda t: t.latest("course"), kind="text")[2])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda t: t.sum("hour"), r"trainings\.hour: expected a column of the table, .* did you mean hours\?"),
        (lambda t: t["hours"], r"feature own: expected \d values, one an account and date, found Series of shape"),
        (lambda _: 1, "feature own: expected . values, one an account and date, found int of shape"),
        (lambda t: t.latest("course"), "feature own: expected finite numbers or nothing, found '[a-z]+' .* declare"),
        (lambda t: np.full(t.n_keys, np.inf), "feature own: expected finite numbers or nothing, found inf"),
        (lambda _: {}["x"], "feature own: expected a function that runs, found KeyError: 'x'"),
        (lambda _: exec("1 / 0"), r"found ZeroDivisionError: division by zero at <string>:1"),  # noqa: S102
        (lambda _: sys.exit(3), r"feature own: expected a function that runs, found SystemExit: 3 at test_own.py:\d+"),
        (lambda t: pd.Series(1.0, index=[*"xyz"][: t.n_keys]), r"feature own: .* `key`, 0 to .*; .* seen.spread\(ans"),
        (lambda t: t.frame("hours").groupby("key")["hours"].sum(), r"expected . values, .*; .* seen.spread\(answers\)"),
        (lambda t: t.spread(t.frame("course").groupby("course")["key"].sum()), "spread: expected .* 'basic'; group by"),
        (
            lambda t: t.sum("graded_at"),
            r"feature own: trainings.graded_at: expected numbers, .* seen.days_since\('graded_a",
        ),
        (lambda t: t.mean(t["graded_at"]), "expected numbers, flags or words, found instants"),
        (
            lambda t: t.latest("graded_at"),
            r"found instants; ask for days: .* seen.latest\(seen.days_since\('graded_at'\)",
        ),
        (lambda t: t.sum("course"), r"trainings.course: expected numbers or flags, found text; count what meets"),
        (lambda t: t.days_since("hours"), r"trainings.hours: expected instants, found values of type float64"),
        (lambda t: np.full(t.n_keys, np.datetime64("2026-01-01", "ns")), "found instants; return days, as seen.days"),
        (lambda t: t.count() * 1j, "expected numbers, flags or text, found complex numbers"),
        (lambda t: t.last(-90).count(), "feature own: trainings: last: expected a number of days above 0, found -90"),
        (lambda t: t.last("90").count(), "expected a number of days above 0, found '90'"),
        (lambda t: t.last(1).sum(t["hours"]), "trainings: expected 0 values, one a row seen, found .*narrowed last"),
    ],
)
def test_what_cannot_be_used_is_said(function, message):
    with pytest.raises((FrameError, TableError), match=message):
        made(function)


def test_numbers_are_no_words():
    with pytest.raises(FrameError, match=r"feature own: expected text or nothing, found 2\.0"):
        made(lambda t: t.latest("hours"), kind="category")


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"name": "Own feature"}, "expected a name of small letters, digits and _, found 'Own feature'"),
        ({"kind": "float"}, "kind: expected one of number, category, flag, text, found 'float'"),
        ({"role": "cause"}, "role: expected one of lever, signal, context"),
        ({"direction": 2}, "direction: expected one of -1, 0, 1, found 2"),
        ({"table": "usage"}, "expected a table with rows, found usage, which is reduced to days before"),
        ({"en": "{x}"}, "expected a noun phrase, found braces"),
        ({"theme": "usagee"}, "theme: expected one of usage, .* other, found 'usagee'; did you mean usage"),
        ({"unit": "yen"}, "unit: expected one of count, .* text, found 'yen'"),
        (
            {"en": " ", "ja": ""},
            "2 faults\nfeature own: en: expected a noun phrase that names it, found ' '\nfeature own: ja",
        ),
    ],
)
def test_a_feature_describes_itself_in_known_words(about, message):
    with pytest.raises(ConfigError, match=message):
        cs.feature(**{**ABOUT, "name": "own", **about})(lambda t: t.count())


def test_the_column_of_time_is_there_and_holds_instants():
    with pytest.raises(
        ConfigError, match=r"feature own: time: expected a column of trainings, found 'held'.* mean held_at"
    ):
        made(lambda t: t.count(), time="held")
    with pytest.raises(FrameError, match=r"feature own: time: expected a column of instants, found trainings\.hours"):
        made(lambda t: t.count(), time="hours")
    late = cs.feature(**{**ABOUT, "table": "surveys", "time": "answered_at"}, name="own")(lambda t: t.count())
    assert late.features(["account_id", "sent_at"]) == [], "the catalog knows it, so a book may be without it"


def test_without_a_column_that_it_needs_there_is_no_such_feature():
    own = cs.feature(**ABOUT, name="own", needs=["room"])(lambda t: t.distinct("room"))
    builder = cs.SnapshotBuilder.default(own=[own, trainings_hours_sum])
    assert "own" not in builder.catalog(tables()).index
    assert builder.catalog(tables()).loc["trainings_hours_sum", ["sources", "theme"]].tolist() == [
        "trainings", "onboarding"
    ]  # fmt: skip


def test_a_name_is_there_once_and_a_table_exists():
    twice = cs.feature(**ABOUT, name="contracts_mrr_current")(lambda t: t.count())
    with pytest.raises(ConfigError, match="feature contracts_mrr_current: expected a name that is there once, found"):
        cs.SnapshotBuilder.default(own=[twice]).catalog(tables())
    lost = cs.feature(**{**ABOUT, "table": "training"}, name="own")(lambda t: t.count())
    with pytest.raises(ConfigError, match=r"table training: expected a table .*, found no such table; did you mean"):
        cs.SnapshotBuilder.default(own=[lost]).catalog(tables())


@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps], ids=["pickle", "cloudpickle"])
def test_a_feature_of_a_module_travels(monkeypatch, dumps):
    module = ModuleType("a_module_of_ones_own")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(  # noqa: S102  a module as a user writes it
        "import cs_ml as cs\n"
        "@cs.feature(table='trainings', time='held_at', theme='usage', unit='count', en='E', ja='J')\n"
        "def trainings_count(t): return t.count()",
        vars(module),
    )
    back = pickle.loads(dumps(module.trainings_count))  # noqa: S301  our own
    assert back.about == module.trainings_count.about
    assert back(type("Rows", (), {"count": lambda _: 7})()) == 7


def test_a_feature_of_a_notebook_travels_by_value():
    own = cs.feature(**ABOUT, name="own")(lambda t: t.count())
    assert cloudpickle.loads(cloudpickle.dumps(own)).about == own.about


@pytest.mark.parametrize("look", ["honest", "ahead"])
def test_the_audit_covers_it(look):
    class Ahead:
        reads = ("trainings",)

        def features(self, _):
            return [Feature("hours", "usage", "count", "H", "H", "{value}", "{value}", sources="trainings")]

        def build(self, bucket, keys):
            hours = bucket.frames["trainings"].groupby("account_id")["hours"].sum()
            return pd.DataFrame({"hours": hours.reindex(keys.get_level_values(0)).to_numpy()}, index=keys)

    own = [Ahead] if look == "ahead" else [trainings_hours_sum]
    found = cs.audit(as_builders(own), tables(), dates=[pd.Timestamp("2026-02-01")], engine=LocalEngine(1, 1))
    assert found.clean == (look == "honest")
    cells = found.cells[found.cells["feature"].isin(["hours", "trainings_hours_sum"])]
    by_change = cells.groupby("change")["verdict"].agg(set)
    assert by_change.pop("apart") == {"identical"}
    assert set.union(*by_change) == {"leak" if look == "ahead" else "identical"}


class Wrong:
    reads = ("trainings",)

    def __init__(self, build):
        self.build = build

    def features(self, _):
        return [Feature("own", "usage", "count", "H", "H", "{value}", "{value}", sources="trainings")]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda *_: [1, 2], "builder Wrong: expected a frame, one row a key, found list"),
        (
            lambda _, keys: pd.DataFrame({"own": 1.0}, index=range(len(keys))),
            "builder Wrong: expected the 3 keys as the index, in their order, found another index of 3 rows; give it",
        ),
        (
            lambda _, keys: pd.DataFrame({"own": 1.0}, index=keys[::-1]),
            "expected the 3 keys as the index, in their order",
        ),
        (lambda _, keys: pd.DataFrame({"other": 1.0}, index=keys), "expected columns own, found other"),
        (lambda _, keys: pd.DataFrame({"own": "x"}, index=keys), "feature own: expected finite numbers"),
        (
            lambda bucket, _: bucket.frames["nope"],
            r"builder Wrong: expected build\(.*, found KeyError: 'nope' at test_own",
        ),
        (lambda *_: sys.exit(0), "builder Wrong: .* found SystemExit: 0 at test_own"),
    ],
)
def test_frames_of_own_builders_are_checked(build, message):
    builder = cs.SnapshotBuilder(as_builders([Wrong(build)]), LocalEngine(1, 1))
    with pytest.raises(FrameError, match=message):
        builder.build(tables(), pd.DataFrame(index=KEYS))


def class_of(**parts):
    def build(self, bucket, keys):
        return pd.DataFrame({"own": 1.0}, index=keys)

    return type("Mine", (), {"reads": ("trainings",), "features": Wrong.features, "build": build, **parts})


def with_features(made):
    return class_of(features=lambda *_: made)


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (class_of(reads=None), "builder Mine: reads: expected a tuple of names of tables, found None; such as"),
        (class_of(reads=()), r"builder Mine: reads: expected a tuple of names of tables, found \(\)"),
        (class_of(reads="trainings"), "expected a tuple of names of tables, found 'trainings'"),
        (class_of(__init__=lambda _: {}[1]), "builder Mine: expected a class .* found KeyError: .* at test_own.py:"),
        (class_of(__init__=lambda _, x: None), "found TypeError: .*'x'; give its parameters defaults"),  # noqa: ARG005
        (with_features(None), "builder Mine: features: expected a list of features, found None of type NoneType"),
        (with_features(["own"]), "expected a list of features, found 'own' of type str; return a list of cs_ml"),
        (with_features(Wrong.features(0, 0) * 2), "feature own: expected a name .* once, found it in Mine in test"),
        (with_features([Feature("My own!", *["usage", "count", *"EJej"])]), "Mine: feature My own!: expected a name"),
        (class_of(features=lambda *_: {}[1]), "builder Mine: .* that runs, found KeyError: 1 at test_own"),
    ],
)  # fmt: skip
def test_a_class_that_is_no_good_builder_is_told(thing, message):
    with pytest.raises(ConfigError, match=message):
        cs.SnapshotBuilder(as_builders([thing]), LocalEngine(1, 1)).build(tables(), pd.DataFrame(index=KEYS))


def test_what_a_builder_writes_into_its_rows_no_other_sees():
    class Spoils(class_of()):
        def build(self, bucket, keys):
            bucket.frames["trainings"]["hours"] = 0.0
            return super().build(bucket, keys)

    builder = cs.SnapshotBuilder(as_builders([Spoils, trainings_hours_sum]), LocalEngine(1, 1))
    same(builder.build(tables(), pd.DataFrame(index=KEYS))["trainings_hours_sum"], [3, 4, 0])


def test_why_a_builder_of_ones_own_makes_nothing_is_told():
    lost = cs.feature(**ABOUT, name="own", needs=["rooms"])(lambda t: t.count())
    builders = as_builders([class_of(reads=("tickets",)), lost, trainings_hours_sum, with_features([])])
    held = {"trainings": ("account_id", "held_at", "hours")}
    assert absent_own(builders, held) == [
        "builder Mine (no table tickets)", "own (no column trainings.rooms)",
        "builder Mine (nothing of the columns of trainings)",
    ]  # fmt: skip


def test_two_features_of_one_name_are_told_with_their_lines():
    one, other = (cs.feature(**ABOUT, name="own")(lambda t: t.count()) for _ in range(2))
    with pytest.raises(
        ConfigError, match=r"feature own: .* found it in test_own.py:\d+ and in test_own.py:\d+; rename"
    ):
        cs.SnapshotBuilder((one, other)).catalog(tables())


def test_what_is_no_list_of_builders_is_refused():
    with pytest.raises(ConfigError, match=r"own builders: expected a list of features or builders, found .*; own=\["):
        cs.SnapshotBuilder.default(own=print)


def test_what_is_no_builder_is_refused():
    with pytest.raises(ConfigError, match="2 faults\nown builders: expected a feature or a builder, found int without"):
        as_builders([1, trainings_hours_sum, len])


def test_buckets_change_nothing():
    spine = pd.DataFrame(index=keys(*[(account, f"2026-0{month}-01") for account in "abc" for month in (1, 2, 3)]))
    whole, pieces = (
        cs.SnapshotBuilder((trainings_hours_sum,), LocalEngine(workers, buckets)).build(tables(), spine)
        for workers, buckets in ((1, 1), (2, 3))
    )
    pd.testing.assert_frame_equal(whole, pieces, check_exact=True)
