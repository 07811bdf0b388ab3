"""Snapshots: what was known about each account on each date, one column a feature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd

from cs_ml.engine.bucket import Builder
from cs_ml.engine.local import LocalEngine
from cs_ml.errors import NotEnoughData
from cs_ml.features.accounts import AccountsBuilder
from cs_ml.features.contracts import ContractsBuilder
from cs_ml.features.feature import Feature, catalog_frame
from cs_ml.features.surveys import SurveysBuilder
from cs_ml.features.usage import UsageBuilder
from cs_ml.features.voc import VocBuilder
from cs_ml.tables.tables import Tables

__all__ = ["FeatureBuilder", "SnapshotBuilder", "default_builders"]


class FeatureBuilder(Builder, Protocol):
    """A builder that describes its features; ``reads[0]`` is the table without which it makes none."""

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``reads[0]``."""
        ...


def default_builders(
    *, windows: Sequence[int] = (7, 30, 90, 180), attributes: Sequence[str] = ()
) -> tuple[FeatureBuilder, ...]:
    """Return the builders of all source tables.

    Parameters
    ----------
    windows
        Look-back windows of the usage features, in days.
    attributes
        Further columns of ``accounts`` to use as categories.

    Examples
    --------
    >>> [builder.reads[0] for builder in default_builders()]
    ['usage', 'surveys', 'surveys', 'voc', 'contracts', 'accounts']
    """
    return (
        UsageBuilder(windows=tuple(windows)),
        SurveysBuilder("nps"),
        SurveysBuilder("csat"),
        VocBuilder(),
        ContractsBuilder(),
        AccountsBuilder(tuple(attributes)),
    )


@dataclass(frozen=True)
class SnapshotBuilder:
    """Builds the features of every account and date of a spine, using only what was known before each date.

    Parameters
    ----------
    builders
        What to build; those whose table is absent are left out.
    engine
        Where it runs.

    Examples
    --------
    >>> from cs_ml.tables import open_tables
    >>> from cs_ml.timeline import make_spine
    >>> accounts = pd.DataFrame({"account_id": ["a"], "region": ["Tokyo"]})
    >>> usage = pd.DataFrame({"account_id": ["a"] * 3, "event_at": ["2026-01-03", "2026-01-20", "2026-02-02"]})
    >>> tables = open_tables({"accounts": accounts, "usage": usage})
    >>> X = SnapshotBuilder.default().build(tables, make_spine(tables, start="2026-02-01"))
    >>> X["usage_events_count_30d"].item(), X["accounts_region_current"].item()
    (2.0, 'Tokyo')
    """

    builders: tuple[FeatureBuilder, ...]
    engine: LocalEngine = field(default_factory=LocalEngine)

    @classmethod
    def default(
        cls,
        *,
        windows: Sequence[int] = (7, 30, 90, 180),
        attributes: Sequence[str] = (),
        engine: LocalEngine | None = None,
    ) -> SnapshotBuilder:
        """Return a builder with every feature of the package; parameters as for :func:`default_builders`."""
        return cls(default_builders(windows=windows, attributes=attributes), engine or LocalEngine())

    def catalog(self, tables: Tables) -> pd.DataFrame:
        """Return the description of every feature these tables allow, indexed by feature name."""
        return catalog_frame(self._features(tables))

    def build(self, tables: Tables, spine: pd.DataFrame) -> pd.DataFrame:
        """Return the features of a spine.

        Parameters
        ----------
        tables
            Checked source tables.
        spine
            Frame indexed by (account_id, as_of), sorted.

        Returns
        -------
        pandas.DataFrame
            float64 and category columns, and text as objects with ``None`` where there is none; one row a row of the
            spine.

        Raises
        ------
        NotEnoughData
            If no table allows any feature, or the spine has no row.
        """
        features = self._features(tables)
        X = _plain(self.engine.build(self._present(tables), tables, _keys(spine)), features)
        categories = [feature.name for feature in features if feature.kind == "category"]
        return X.astype({name: pd.CategoricalDtype(sorted(X[name].dropna().unique())) for name in categories})

    def stream(self, tables: Tables, spine: pd.DataFrame) -> Iterator[pd.DataFrame]:
        """Yield the features bucket by bucket, categories as plain strings, in a few buckets' memory."""
        features = self._features(tables)
        for X in self.engine.stream(self._present(tables), tables, _keys(spine)):
            yield _plain(X, features)

    def _present(self, tables: Tables) -> list[FeatureBuilder]:
        present = [
            builder
            for builder in self.builders
            if builder.reads[0] in tables and builder.features(tables.columns(builder.reads[0]))
        ]
        if not present:
            raise NotEnoughData(f"expected a table with features, found only {', '.join(tables.names)}")
        return present

    def _features(self, tables: Tables) -> list[Feature]:
        return [
            feature
            for builder in self._present(tables)
            for feature in builder.features(tables.columns(builder.reads[0]))
        ]


def _keys(spine: pd.DataFrame) -> pd.MultiIndex:
    if not len(spine):
        raise NotEnoughData("expected accounts and dates on the spine, found none; check the dates")
    return pd.MultiIndex.from_arrays(
        [spine.index.get_level_values(0), spine.index.get_level_values(1)], names=["account_id", "as_of"]
    )


def _plain(X: pd.DataFrame, features: list[Feature]) -> pd.DataFrame:
    """Give every column one dtype, whatever the bucket holds: numbers and flags float64, words objects or ``None``."""
    words = [feature.name for feature in features if feature.kind in {"category", "text"}]
    X = X.astype({name: object if name in words else "float64" for name in X})
    return X.assign(**{name: X[name].where(X[name].notna(), None) for name in words})
