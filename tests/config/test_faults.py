"""Every fault of a file at once, with line, column, key and the way out."""

from __future__ import annotations

import re

import pytest

from cs_ml.config import Config, load_config
from cs_ml.config.load import _checked
from cs_ml.errors import ConfigError
from cs_ml.store.located_yaml import parse_yaml

HEAD = "tables:\n  folder: data\n"


def cases(text):
    """Return pairs: a line of config, and the fault that is told of it."""
    written = re.findall(r"^(\S.*)\n    (.*)\n    (.*)$", text, flags=re.MULTILINE)
    return [pytest.param(line, f"f.yaml:{where} {what}", id=line) for line, where, what in written]


@pytest.fixture
def faults(tmp_path):
    def write_and_load(text):
        (tmp_path / "f.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as error:
            load_config(tmp_path / "f.yaml")
        return [str(fault) for fault in error.value.faults]

    return write_and_load


def test_fault_reads_like_this(faults):
    found = faults(f"{HEAD}labels:\n  churn:\n    horizon_days: ninety\n")
    assert found == ["f.yaml:5:5: labels.churn.horizon_days: expected a whole number, got 'ninety'"]


KEYS = """
labels: {churn: {horizn_days: 1}}
    3:18: labels.churn.horizn_days:
    expected a known key, got 'horizn_days'; did you mean horizon_days?
report: {zzz: 1}
    3:10: report.zzz:
    expected a known key, got 'zzz'; known are languages, top_drivers
bok: {}
    3:1: bok:
    expected a known key, got 'bok'; did you mean book?
book: {timezone: Asia/Tokio}
    3:8: book.timezone:
    expected an IANA time zone such as Asia/Tokyo, got 'Asia/Tokio'
book: {currency: yen}
    3:8: book.currency:
    expected three capital letters such as JPY, got 'yen'
book: {language: fr}
    3:8: book.language:
    expected one of en, ja, got 'fr'
book: {data_end: 2026-13-01}
    3:8: book.data_end:
    expected a date such as 2026-10-01, got '2026-13-01'
book: {data_end: 20261001}
    3:8: book.data_end:
    expected a date such as 2026-10-01, got 20261001
book: {name: ''}
    3:8: book.name:
    expected text that is not empty, got ''
book: 3
    3:1: book:
    expected keys with values, got 3
model: {tune: no}
    3:9: model.tune:
    expected true or false, got 'no'
model: {n_origins: true}
    3:9: model.n_origins:
    expected a whole number, got true
model: {n_origins: 2.5}
    3:9: model.n_origins:
    expected a whole number, got 2.5
model: {n_origins: '6'}
    3:9: model.n_origins:
    expected a whole number, got '6'
model: {n_origins: 0}
    3:9: model.n_origins:
    expected a number of at least 1, got 0
model: {n_origins: }
    3:9: model.n_origins:
    expected a whole number, got nothing
model: {learners: [logistc]}
    3:20: model.learners.0:
    expected one of base_rate, logistic, additive, tree, free_tree, got 'logistc'
model: {learners: trees}
    3:9: model.learners:
    expected one of auto or a list, got 'trees'
model: {test_dates: [2026-01-01], train_dates: [2026-01-01]}
    3:9: model.test_dates:
    expected dates that train_dates leaves out, got 2026-01-01
model: {test_dates: [2026-03-01], train_dates: {to: 2026-03-01}}
    3:9: model.test_dates:
    expected dates that train_dates leaves out, got 2026-03-01
model: {train_dates: {from: 2026-03-01, to: 2026-01-01}}
    3:41: model.train_dates.to:
    expected a date from 2026-03-01 on, got 2026-01-01
snapshots: {every: mnth}
    3:13: snapshots.every:
    expected one of day, week, month, quarter or keys with values, got 'mnth'
snapshots: {every: {renewal: [90, x]}}
    3:35: snapshots.every.renewal.1:
    expected a whole number, got 'x'
snapshots: {windows: [30, 30]}
    3:13: snapshots.windows:
    expected each value once, got [30, 30]
snapshots: {windows: []}
    3:13: snapshots.windows:
    expected a list of at least 1, got []
snapshots: {start: 2026-02-01, end: 2026-01-01}
    3:32: snapshots.end:
    expected a date from 2026-02-01 on, got 2026-01-01
snapshots: {label: churned}
    3:13: snapshots.label:
    expected the key file beside it, got no file; it names a column of that file
labels: {mine: {horizon_days: 3}}
    3:10: labels.mine.kind:
    expected a value, got nothing
labels: {churn: {kind: table}}
    3:10: labels.churn.table:
    expected a path, because kind is table, got nothing
labels: {churn: {table: x.csv}}
    3:18: labels.churn.table:
    expected kind: table beside it, got kind: churn
labels: {churn: {min_increase: .inf}}
    3:18: labels.churn.min_increase:
    expected a number, got '.inf'
labels: {growth: {}}
    1:1: health.target:
    expected one of the labels (growth), got 'churn'
labels: {}
    3:1: labels:
    expected a list of at least 1, got keys with values
health: {target: chrn}
    3:10: health.target:
    expected one of the labels (churn, upsell), got 'chrn'; did you mean churn?
health: {scorecard: 3}
    3:10: health.scorecard:
    expected one of default or a path, got 3
engine: {memory_limit: lots}
    3:10: engine.memory_limit:
    expected a size such as 2GB, got 'lots'
output: {folder: ''}
    3:10: output.folder:
    expected a path, got ''
"""


@pytest.mark.parametrize(("line", "fault"), cases(KEYS))
def test_fault_is_exactly_this(faults, line, fault):
    assert faults(f"{HEAD}{line}\n") == [fault]


TABLES = """
usge: {}
    4:9: tables.map.usge:
    expected one of accounts, contracts, users, usage, ..., got 'usge'; did you mean usage?
usage: {columns: {acount_id: x}}
    4:27: tables.map.usage.columns.acount_id:
    expected one of account_id, ...; did you mean account_id?
usage: {columns: {event: {}}}
    4:27: tables.map.usage.columns.event:
    expected exactly one of column, constant, ..., got none of them
usage: {columns: {event: {column: a, constant: b}}}
    4:46: tables.map.usage.columns.event.constant:
    expected exactly one of ..., got column and constant
usage: {columns: {event: [a]}}
    4:27: tables.map.usage.columns.event:
    expected keys with values, got ['a']
usage: {columns: {quantity: {unit: minutes, column: a}}}
    4:38: tables.map.usage.columns.quantity.unit:
    expected one of percent, ..., got 'minutes'
usage: {columns: {quantity: {product: [a]}}}
    4:38: tables.map.usage.columns.quantity.product.1:
    expected a value, got nothing
usage: {columns: {quantity: {product: [a, b, c]}}}
    4:38: tables.map.usage.columns.quantity.product:
    expected a list of at most 2, got ...
usage: {where: [{column: a}]}
    4:25: tables.map.usage.where.0:
    expected exactly one of equals, ..., got none of them
usage: {where: [{column: a, above: [1]}]}
    4:37: tables.map.usage.where.0.above:
    expected a single value, got [1]
usage: {where: [{column: a, above: 1, below: 2}]}
    4:47: tables.map.usage.where.0.below:
    expected exactly one of ..., got above and below
usage: {encoding: shiftjs}
    4:17: tables.map.usage.encoding:
    expected a text encoding such as utf-8 or cp932, got 'shiftjs'
"""


@pytest.mark.parametrize(("line", "fault"), cases(TABLES))
def test_fault_of_a_table_is_this(faults, line, fault):
    (found,) = faults(f"{HEAD}  map:\n        {line}\n")
    assert re.fullmatch(re.escape(fault).replace(r"\.\.\.", ".*"), found)


def test_all_faults_come_at_once_in_the_order_of_the_file(faults):
    text = (
        "book: {name: 3}\n"
        "tables: {folder: a, duckdb: b, max_rejected_share: 2, map: {usge: {}}}\n"
        "snapshots: {start: 2026-02-01, end: 2026-01-01, windows: x}\n"
        "labels: {churn: {horizon_days: x, table: t.csv}}\n"
        "report: {top_drivers: 0}\n"
    )
    places = [fault.split(": expected")[0].removeprefix("f.yaml:") for fault in faults(text)]
    assert places == [
        "1:8: book.name",
        "2:21: tables.duckdb",
        "2:32: tables.max_rejected_share",
        "2:61: tables.map.usge",
        "3:32: snapshots.end",
        "3:49: snapshots.windows",
        "4:18: labels.churn.horizon_days",
        "4:35: labels.churn.table",
        "5:10: report.top_drivers",
    ]


def test_duckdb_file_is_told_by_its_ending(faults):
    assert faults("tables: {duckdb: book.sqlite}\n") == [
        "f.yaml:1:10: tables.duckdb: expected a file ending in .duckdb or .db, got 'book.sqlite'"
    ]


def test_nowhere_to_read_from_is_said(faults):
    places = "folder, duckdb, postgres, spark, url"
    assert faults("book: {name: x}\n") == [
        f"f.yaml:1:1: tables: expected one of {places}, got none of them; or give snapshots.file"
    ]


def test_faults_count_themselves():
    source = parse_yaml(f"{HEAD}labels: {{churn: {{horizon_days: 0, gap_days: -1}}}}")
    with pytest.raises(ConfigError, match=r"^2 faults\n") as error:
        _checked(source, "/")
    assert error.value.exit_code == 2


def test_config_made_in_python_is_checked_too():
    with pytest.raises(ValueError, match="keys that fit together"):
        Config()
