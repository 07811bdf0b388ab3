"""YAML that means what it says, says where it says it, and does nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_ml.errors import ConfigError, StorageError
from cs_ml.store.located_yaml import parse_yaml, read_yaml


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("off", "off"), ("y", "y"),
        ("true", True), ("False", False),
        ("010", 10), ("0o10", "0o10"), ("1_000", "1_000"), ("12:30", "12:30"),
        ("1e3", 1000.0), (".5", 0.5), ("-3", -3), ("2026-10-01", "2026-10-01"), ("1.2.3", "1.2.3"),
        ("~", None), ("", None), ("null", None), ("'null'", "null"), ('"5"', "5"),
        ("<<", "<<"), ("=", "="), (".inf", ".inf"), (".nan", ".nan"),
        ("[1, a, {b: c}]", [1, "a", {"b": "c"}]), ("高", "高"),
    ],
)  # fmt: skip
def test_scalars_mean_what_a_reader_thinks(written, meant):
    value = parse_yaml(f"key: {written}\n").data["key"]
    assert value == meant
    assert type(value) is type(meant)


texts = st.text("aZ09 \"'\\:#-?高\n\t", max_size=9)


@given(
    st.dictionaries(
        texts,
        st.recursive(
            st.none() | st.booleans() | st.integers() | texts,
            lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
        ),
    )
)
def test_json_is_yaml(value):
    assert parse_yaml(json.dumps(value)).data == value


def test_places_are_those_of_keys_and_items():
    marks = parse_yaml("a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n").marks
    assert marks["a",] == (1, 1)
    assert marks["a", "b"] == (2, 3)
    assert marks["a", "c", "0"] == (4, 7)
    assert marks["a", "c", "1", "d"] == (5, 8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: {c: 1, c: 2}\n", r"f\.yaml:2:11: b\.c: expected each key once, got it again after line 2"),
        (
            "a: !!python/object/apply:os.system [id]\n",
            r"f\.yaml:1:4: a: expected a plain value without a tag, got tag:.*python",
        ),
        ("a: !secret x\n", r"f\.yaml:1:4: a: expected a plain value without a tag, got !secret"),
        ("a: !!int x\n", r"f\.yaml:1:4: a: expected a value of the kind int, got 'x'"),
        ("a: !!binary aGk=\n", r"without a tag"),
        ("a: &x 1\nb: *x\n", r"f\.yaml:1:4: expected plain YAML, got an anchor or alias"),
        ("a: &x [*x]\n", r"an anchor or alias"),
        ("? [1, 2]\n: 3\n", r"f\.yaml:1:3: expected a plain value without a tag, got tag:yaml.org,2002:seq"),
        ("- 1\n", r"f\.yaml:1:1: expected keys with values, got \[1\]"),
        ("a: 1\n---\nb: 2\n", r"f\.yaml:2:1: expected plain YAML, got but found another document"),
        ("a:\n\t- 1\n", r"f\.yaml:2:1: expected plain YAML"),
        ("a: [1\n", r"f\.yaml:2:1: expected plain YAML"),
        ("a: \x00\n", r"f\.yaml:1:1: expected plain YAML, got unacceptable character"),
        ("a: " + "[" * 60 + "]" * 60, r"expected at most 50 levels, got more"),
        ("a: " + "[" * 5000, r"expected plain YAML"),
        ("a: " + "x" * 1_000_001, r"expected at most 1,000,000 characters"),
    ],
)
def test_what_is_not_plain_is_refused_with_its_place(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_yaml(text, "f.yaml")


def test_all_faults_at_once():
    with pytest.raises(ConfigError) as error:
        parse_yaml("a: 1\na: 2\nb: !x 1\n", "f.yaml")
    assert len(error.value.faults) == 2


def test_nothing_at_all_is_an_empty_mapping():
    assert parse_yaml("# only a comment\n").data == {}


def test_file_with_byte_order_mark_is_read(tmp_path):
    (tmp_path / "f.yaml").write_bytes("a: 1\n".encode("utf-8-sig"))
    assert read_yaml(tmp_path / "f.yaml").data == {"a": 1}


def test_file_in_another_encoding_is_said(tmp_path):
    (tmp_path / "f.yaml").write_bytes(b"a: 1\nb: " + "解約".encode("cp932"))
    with pytest.raises(ConfigError, match=r"f\.yaml:2:1: expected UTF-8 text"):
        read_yaml(tmp_path / "f.yaml")


def test_missing_file_is_said(tmp_path):
    with pytest.raises(StorageError, match=r"cannot read .*f\.yaml: the file or its folder does not exist"):
        read_yaml(tmp_path / "f.yaml")
