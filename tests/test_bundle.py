"""A bundle comes back bit for bit, or is refused with every reason."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from cs_ml.bundle import Bundle
from cs_ml.errors import BundleError, StorageError


class Rate:
    def __init__(self, weights):
        self.weights = weights

    def to_state(self):
        return {"weights": self.weights, "trees": "tree\nversion=v4\n", "missing": float("nan")}

    @classmethod
    def from_state(cls, state):
        return cls(state["weights"])


WEIGHTS = [0.1 + 0.2, 1e-308, -0.0, math.pi, 2.0**53 + 2]


@pytest.fixture
def bundle():
    catalog = pd.DataFrame({"unit": ["count"], "direction": [1]}, pd.Index(["usage_events_count_30d"], name="feature"))
    return Bundle.of(
        {"churn": Rate(WEIGHTS)},
        tables={"catalog": catalog},
        metadata={"config_hash": "c", "data_hash": "d", "report_card": {"events": np.int64(40)}},
        created_at=datetime(2026, 11, 1),  # noqa: DTZ001  naive means UTC
    )


@pytest.fixture
def folder(bundle, tmp_path):
    return bundle.save(tmp_path / "bundle")


def test_estimator_comes_back_bit_for_bit(folder):
    restored = Bundle.load(folder).restore("churn", {"Rate": Rate})
    assert np.array(restored.weights).tobytes() == np.array(WEIGHTS).tobytes()


def test_state_tables_and_facts_come_back(bundle, folder):
    loaded = Bundle.load(folder)
    assert loaded.part("churn")["missing"] is None
    assert loaded.part("churn")["trees"] == "tree\nversion=v4\n"
    assert loaded.table("catalog").equals(bundle.table("catalog").astype({"unit": object}))
    assert loaded.metadata["report_card"] == {"events": 40}
    assert loaded.metadata["created_at"] == "2026-11-01T00:00:00"


def test_version_survives_and_ignores_the_clock(bundle, folder):
    later = Bundle(bundle.parts, bundle.tables, {**bundle.metadata, "created_at": "2027-01-01T00:00:00"})
    assert Bundle.load(folder).version == bundle.version == later.version
    assert Bundle.of({"churn": Rate([1.0])}).version != bundle.version


def test_saved_twice_gives_the_same_bytes(bundle, tmp_path):
    one, two = (bundle.save(tmp_path / name) for name in "ab")
    files = sorted(path.relative_to(one) for path in one.rglob("*.*"))
    assert [str(name) for name in files] == [
        "manifest.json",
        "metadata.json",
        "parts/churn.json",
        "tables/catalog.json",
    ]
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in files)


def damage_hash(folder):
    path = folder / "parts" / "churn.json"
    path.write_text(path.read_text().replace("tree", "free"))


def damage_remove(folder):
    (folder / "tables" / "catalog.json").unlink()


def damage_add(folder):
    (folder / "parts" / "evil.pkl").write_bytes(b"\x80\x04.")


def damage_link(folder):
    path = folder / "parts" / "churn.json"
    path.rename(folder.parent / "elsewhere.json")
    path.symlink_to(folder.parent / "elsewhere.json")


def damage_link_to_folder(folder):
    (folder / "more").symlink_to("/")


def manifest(change):
    def damage(folder):
        path = folder / "manifest.json"
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    return damage


def traversal(content):
    content["files"]["../secret.json"] = content["files"].pop("metadata.json")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_hash, r"parts/churn\.json: altered"),
        (damage_remove, r"tables/catalog\.json: missing"),
        (damage_add, r"parts/evil\.pkl: not named by the manifest"),
        (damage_link, r"parts/churn\.json: a link"),
        (damage_link_to_folder, r"more: not named by the manifest"),
        (manifest(traversal), r"\.\./secret\.json: not a name that belongs here\nmetadata\.json: not named"),
        (manifest(lambda m: m.update(format=2)), r"expected format 1, found 2 made by cs_ml .*update cs_ml"),
        (manifest(lambda m: m.update(files=[])), r"expected files with their hashes"),
        (manifest(lambda m: m["files"].clear()), r"parts/churn\.json: not named"),
        (lambda folder: (folder / "manifest.json").write_text("[1"), r"manifest\.json is not JSON"),
        (lambda folder: (folder / "manifest.json").write_text("[1]"), r"found None made by something else"),
        (lambda folder: (folder / "manifest.json").unlink(), r"is not a bundle: it has no manifest\.json"),
    ],
)
def test_damage_is_refused_and_named(folder, damage, message):
    damage(folder)
    with pytest.raises(BundleError, match=message):
        Bundle.load(folder)


@pytest.mark.parametrize("content", ["{}", "[]", '{"kind": "Rate", "state": 3}', "NaN", "[" * 100_000, "\udcff"])
def test_sealed_nonsense_is_refused(bundle, tmp_path, content):
    folder = bundle.save(tmp_path / "bundle")
    raw = content.encode("utf-8", "surrogateescape")
    (folder / "parts" / "churn.json").write_bytes(raw)
    manifest(lambda m: m["files"]["parts/churn.json"].update(sha256=hashlib.sha256(raw).hexdigest()))(folder)
    with pytest.raises(BundleError):
        Bundle.load(folder)


def test_class_not_allowed_is_refused(bundle):
    with pytest.raises(BundleError, match="part churn: expected one of Other, found 'Rate'"):
        bundle.restore("churn", {"Other": Rate})


def test_state_that_does_not_fit_is_refused():
    bundle = Bundle({"churn": {"kind": "Rate", "state": {}}})
    with pytest.raises(BundleError, match=r"part churn: the state does not fit Rate \(KeyError"):
        bundle.restore("churn", {"Rate": Rate})


def test_missing_part_names_those_there_are(bundle):
    with pytest.raises(BundleError, match="part 'upsell' is not in the bundle, which has churn"):
        bundle.part("upsell")
    with pytest.raises(BundleError, match="table 'x' is not in the bundle, which has catalog"):
        bundle.table("x")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"../x": {"kind": "Rate", "state": {}}}, "lower case letters"),
        ({"churn": {"kind": "Rate", "state": {"cap": math.inf}}}, r"churn\.state\.cap: expected a finite number"),
        ({"churn": {"kind": "Rate", "state": {"tree": object()}}}, r"churn\.state\.tree: expected text"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path, parts, message):
    with pytest.raises(BundleError, match=message):
        Bundle(parts).save(tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_missing_parent_folder_is_said(bundle, tmp_path):
    with pytest.raises(StorageError, match="folder does not exist"):
        bundle.save(tmp_path / "no" / "bundle")


def test_table_handed_out_is_a_copy(bundle):
    table = bundle.table("catalog")
    table["unit"] = "days"
    assert bundle.table("catalog")["unit"].tolist() == ["count"]
