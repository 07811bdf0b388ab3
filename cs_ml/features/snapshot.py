"""Snapshots: what was known about each account on each date, one column a feature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from cs_ml.engine.bucket import Builder
from cs_ml.engine.local import LocalEngine
from cs_ml.engine.plan import Engine
from cs_ml.errors import NotEnoughData
from cs_ml.features.accounts import AccountsBuilder
from cs_ml.features.billing import BillingBuilder
from cs_ml.features.contracts import ContractsBuilder
from cs_ml.features.deals import DealsBuilder
from cs_ml.features.entitlements import EntitlementsBuilder
from cs_ml.features.family import FamilyBuilder
from cs_ml.features.feature import Feature, catalog_frame
from cs_ml.features.frame import gathered, plain
from cs_ml.features.marketing import MarketingBuilder
from cs_ml.features.onboarding import OnboardingBuilder
from cs_ml.features.own_builders import as_builders, maker_of, refuse_twice, refuse_unknown
from cs_ml.features.sentiment import SentimentBuilder
from cs_ml.features.support import SupportBuilder
from cs_ml.features.surveys import SurveysBuilder
from cs_ml.features.topic_words import Topics, default_topics
from cs_ml.features.topics import TopicsBuilder
from cs_ml.features.usage import UsageBuilder
from cs_ml.features.usage_breadth import BreadthBuilder
from cs_ml.features.usage_choice import UsageChoice
from cs_ml.features.usage_features import FeatureUsageBuilder
from cs_ml.features.usage_habits import HabitsBuilder
from cs_ml.features.usage_roles import RoleUsageBuilder
from cs_ml.features.users import UsersBuilder
from cs_ml.features.utilisation import UtilisationBuilder
from cs_ml.features.voc import VocBuilder
from cs_ml.tables.tables import Tables

__all__ = ["FeatureBuilder", "SnapshotBuilder", "default_builders"]


class FeatureBuilder(Builder, Protocol):
    """A builder that describes its features; ``reads[0]`` is the table without which it makes none.

    Where more than the columns of that table decides on its features, such as the kinds of its rows, ``suited(tables)``
    returns the builder for these tables, or ``None``.
    """

    def features(self, columns: Iterable[str]) -> list[Feature]:
        """Return the features that can be made from these columns of ``reads[0]``."""
        ...


def default_builders(
    *,
    windows: Sequence[int] = (7, 30, 90, 180),
    attributes: Sequence[str] = (),
    topics: Topics | None = None,
    usage: UsageChoice | None = None,
) -> tuple[FeatureBuilder, ...]:
    """Return the builders of all source tables.

    Parameters
    ----------
    windows
        Look-back windows of the usage features, in days.
    attributes
        Further columns of ``accounts`` to use as categories.
    topics
        Topics of comments and their words; those of the package where missing.
    usage
        What was decided about usage on the training period; no single features and no business hours where missing.

    Examples
    --------
    >>> [builder.reads[0] for builder in default_builders()]
    ['usage', 'usage', 'usage', 'usage', 'usage', 'usage', 'entitlements', 'surveys', 'surveys', 'voc', 'voc',
     'tickets', 'onboarding', 'marketing', 'deals', 'invoices', 'users', 'sentiment', 'contracts', 'accounts',
     'accounts']
    """
    chosen = usage or UsageChoice()
    return (
        UsageBuilder(windows=tuple(windows), logins=chosen.logins),
        FeatureUsageBuilder(chosen.top_features),
        BreadthBuilder(),
        HabitsBuilder(chosen.business_hours),
        RoleUsageBuilder(),
        UtilisationBuilder(),
        EntitlementsBuilder(),
        SurveysBuilder("nps"),
        SurveysBuilder("csat"),
        VocBuilder(),
        TopicsBuilder(topics or default_topics()),
        SupportBuilder(),
        OnboardingBuilder(),
        MarketingBuilder(),
        DealsBuilder(),
        BillingBuilder(),
        UsersBuilder(),
        SentimentBuilder(),
        ContractsBuilder(),
        FamilyBuilder(),
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
    trained
        Names of features that a model was trained on. They are made even where these tables happen to hold no row of
        their kind; a table that is absent stays absent.

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
    engine: Engine = field(default_factory=LocalEngine)
    trained: frozenset[str] = frozenset()

    @classmethod
    def default(
        cls,
        *,
        windows: Sequence[int] = (7, 30, 90, 180),
        attributes: Sequence[str] = (),
        topics: Topics | None = None,
        usage: UsageChoice | None = None,
        engine: Engine | None = None,
        own: Iterable[Any] = (),
    ) -> SnapshotBuilder:
        """Return a builder with every feature of the package, and your own.

        Parameters
        ----------
        windows, attributes, topics, usage
            As for :func:`default_builders`.
        engine
            Where it runs.
        own
            Features made by :func:`cs_ml.feature`, builders, or classes of builders.
        """
        packaged = default_builders(windows=windows, attributes=attributes, topics=topics, usage=usage)
        return cls((*packaged, *as_builders(own)), engine or LocalEngine())

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
        keys = _keys(spine)
        buckets = self.engine.stream(self._present(tables), tables, keys)
        return gathered(buckets, len(keys), features)

    def stream(self, tables: Tables, spine: pd.DataFrame) -> Iterator[pd.DataFrame]:
        """Yield the features bucket by bucket, categories as plain strings, in a few buckets' memory."""
        features = self._features(tables)
        for X in self.engine.stream(self._present(tables), tables, _keys(spine)):
            yield plain(X, features)

    def lay_out(
        self, tables: Tables, spine: pd.DataFrame
    ) -> tuple[list[FeatureBuilder], Tables, pd.MultiIndex, dict[str, str]]:
        """Return what an engine that keeps the features needs: builders, tables, keys, the kind of every feature."""
        kinds: dict[str, str] = {feature.name: feature.kind for feature in self._features(tables)}
        return self._present(tables), tables, _keys(spine), kinds

    def _present(self, tables: Tables) -> list[FeatureBuilder]:
        refuse_unknown(self.builders, tables.names)
        present = [
            builder
            for builder in (self._suited(builder, tables) for builder in self.builders if builder.reads[0] in tables)
            if builder is not None and builder.features(tables.columns(builder.reads[0]))
        ]
        if not present:
            raise NotEnoughData(f"expected a table with features, found only {', '.join(tables.names)}")
        return present

    def _features(self, tables: Tables) -> list[Feature]:
        present = self._present(tables)
        named = [(maker_of(builder), builder.features(tables.columns(builder.reads[0]))) for builder in present]
        refuse_twice(named)
        return [feature for _, features in named for feature in features]

    def _suited(self, builder: FeatureBuilder, tables: Tables) -> FeatureBuilder | None:
        """Return the builder for these tables, or none; itself where it looks at columns only, or must make more."""
        if not hasattr(builder, "suited"):
            return builder
        suited: FeatureBuilder | None = builder.suited(tables)
        made, able = (_named(one, tables) for one in (suited, builder))
        absent = any(table not in tables for table in builder.reads)
        return suited if absent or able & self.trained <= made else builder


def _named(builder: FeatureBuilder | None, tables: Tables) -> set[str]:
    return set() if builder is None else {item.name for item in builder.features(tables.columns(builder.reads[0]))}


def _keys(spine: pd.DataFrame) -> pd.MultiIndex:
    if not len(spine):
        raise NotEnoughData("expected accounts and dates on the spine, found none; check the dates")
    return pd.MultiIndex.from_arrays(
        [spine.index.get_level_values(0), spine.index.get_level_values(1)], names=["account_id", "as_of"]
    )
