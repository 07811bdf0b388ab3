"""From a config to checked tables, a spine, features and labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

from cs_ml.config import Config
from cs_ml.errors import ConfigError, Fault, NotEnoughData, TableError
from cs_ml.features.own_load import load_builders
from cs_ml.features.snapshot import SnapshotBuilder
from cs_ml.features.topic_words import load_topics
from cs_ml.features.usage_choice import UsageChoice
from cs_ml.labels import own_labels
from cs_ml.pipeline.choice import choice_of
from cs_ml.pipeline.engines import check_on_spark, engine_of
from cs_ml.pipeline.labelers import labeler_of, read_frame
from cs_ml.pipeline.own import OwnSnapshot, own_catalog, own_snapshot
from cs_ml.pipeline.own_told import own_notes
from cs_ml.pipeline.private import without_persons
from cs_ml.store import make_folder, write_parquet
from cs_ml.tables import SCHEMAS, Check, Tables, check, connect, find_source
from cs_ml.timeline import calendar_grid, make_spine

__all__ = ["Snapshot", "check_tables", "open_book", "snapshot_builder", "spine_of", "take_snapshot"]

MRR = "contracts_mrr_current"
Progress = Callable[[str], None]
Newest = Literal["newest"]


def silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Snapshot:
    """What was known about each account on each date, and what happened next.

    Parameters
    ----------
    spine
        Accounts and dates, with ``notice_given``.
    X
        Features.
    catalog
        Description of every feature.
    labels
        Label frame of each target.
    purge_days
        Days until the outcome of each target is certain.
    mrr
        Monthly revenue of each row, where known.
    tables
        Source tables, where there are any.
    notes
        What the reader must know about the data.
    usage
        What was decided about usage, where features were built from tables.
    """

    spine: pd.DataFrame
    X: pd.DataFrame
    catalog: pd.DataFrame
    labels: dict[str, pd.DataFrame] = field(default_factory=dict)
    purge_days: dict[str, int] = field(default_factory=dict)
    mrr: pd.Series | None = None
    tables: Tables | None = None
    notes: tuple[str, ...] = ()
    usage: UsageChoice | None = None

    @property
    def text(self) -> tuple[str, ...]:
        """Names of the free-text features."""
        return tuple(self.catalog.index[self.catalog["kind"] == "text"])


def check_tables(config: Config) -> Check:
    """Check the source tables, and write rejected rows to ``quarantine/`` in the output folder.

    Raises
    ------
    TableError
        If a table cannot be read or lacks a column.
    """
    engine, tables = config.engine, config.tables
    options: dict[str, Any] = {
        "connection": connect(engine.memory_limit.replace(" ", ""), engine.workers),
        "zone": config.book.timezone,
        "data_end": config.book.data_end,
        "max_rejected_share": tables.max_rejected_share,
        "own": tables.schemas(),
    }
    if tables.spark is not None:
        found = check_on_spark(config, **options)
    else:
        found = check(find_source(tables.location()), tables.mappings(), **options)
    folder, apart = config.output.folder / "quarantine", {"usage"} if tables.spark is not None else set()
    for name, table in found.tables.loaded.items():
        path = folder / f"{name}.parquet"
        if table.n_rejected and name not in apart:
            make_folder(folder)
            shown = without_persons(found.rejected(name), table.schema, tables.mappings().get(name))
            write_parquet(shown, path)
        elif path.is_file():
            path.unlink()
    return found


def open_book(config: Config) -> Tables:
    """Return the good rows of the source tables.

    Raises
    ------
    TableError
        If more rows of a table break a rule than the config allows; all faults at once.
    """
    found = check_tables(config)
    if found.faults:
        hint = Fault(
            "rejected rows",
            "a share within tables.max_rejected_share",
            "more",
            hint=f"see {config.output.folder / 'quarantine'}",
        )
        raise TableError([*found.faults, hint])
    return found.tables


def snapshot_builder(config: Config, usage: UsageChoice | None = None) -> SnapshotBuilder:
    """Return the builder of all features that the config asks for.

    Parameters
    ----------
    config
        Checked config.
    usage
        What was decided about usage on the training period; no single features of the product where missing.
    """
    accounts = config.tables.map.get("accounts")
    declared = accounts.columns if accounts is not None else {}
    attributes = tuple(name for name in declared if name not in SCHEMAS["accounts"].names)
    own = load_builders(config.features.builders, config.features.written)
    topics = None if config.features.topics is None else load_topics(config.features.topics)
    return SnapshotBuilder.default(
        windows=config.snapshots.windows,
        attributes=attributes,
        topics=topics,
        usage=usage,
        engine=engine_of(config),
        own=own,
    )


def take_snapshot(
    config: Config,
    *,
    as_of: pd.Timestamp | Newest | None = None,
    trained: Iterable[str] = (),
    usage: UsageChoice | None = None,
    progress: Progress = silent,
) -> Snapshot:
    """Build features and labels of every date of the config, or the features of one date.

    Parameters
    ----------
    config
        Checked config.
    as_of
        Only this date, or only the newest one, without labels.
    trained
        Features that a model was trained on; see :class:`cs_ml.features.SnapshotBuilder`.
    usage
        What was decided about usage when that model was trained; decided anew where missing.
    progress
        Called with a line of text at each step.

    Raises
    ------
    InputError
        If tables, dates or snapshots cannot be used.
    """
    if config.snapshots.file is not None:
        return _own(config, as_of)
    progress("checking tables")
    tables = open_book(config)
    spine, date = spine_of(config, tables, as_of)
    if date is None:
        progress("labelling")
    labelers = {name: labeler_of(label) for name, label in config.labels.items()} if date is None else {}
    labels = {name: labeler.label(tables, spine) for name, labeler in labelers.items()}
    purge = {name: labeler.purge_days for name, labeler in labelers.items()}
    progress("building snapshots")
    chosen = usage or choice_of(config, tables, spine, labels, purge)
    builder = replace(snapshot_builder(config, chosen), trained=frozenset(trained))
    X, catalog = builder.build(tables, spine), builder.catalog(tables)
    notes = (*_notes(tables, catalog), *own_notes(builder, tables))
    return Snapshot(spine, X, catalog, labels, purge, X.get(MRR), tables, notes, chosen)


def spine_of(
    config: Config, tables: Tables, as_of: pd.Timestamp | Newest | None = None
) -> tuple[pd.DataFrame, pd.Timestamp | None]:
    """Return the spine of the config's dates or of one date, and that date.

    Raises
    ------
    NotEnoughData
        If the data do not reach a date, or no account was a customer.
    """
    date = newest_date(config, tables) if as_of == "newest" else as_of
    dates = config.snapshots.spine_kwargs() if date is None else {"start": date, "end": date, "every": [date]}
    _require_data(date, tables)
    spine = make_spine(tables, **dates)
    _require_data(spine.index.get_level_values("as_of").max(), tables)
    return spine, date


def _require_data(last: pd.Timestamp | None, tables: Tables) -> None:
    """Refuse dates that the data do not reach: whatever happened last would look like nothing at all."""
    if last is not None and last > tables.data_end:
        hint = "choose an earlier date, or declare book.data_end if the data are complete until then"
        expected = f"dates up to {tables.data_end.date()}, where the data end"
        raise NotEnoughData(Fault("as_of", expected, str(last.date()), hint=hint))


def newest_date(config: Config, tables: Tables) -> pd.Timestamp:
    """Return the newest date of the config's calendar that the data reach; their end where it has no calendar."""
    every, end = config.snapshots.every, pd.Timestamp(config.snapshots.end or tables.data_end)
    if not isinstance(every, str):
        return end.normalize()
    return calendar_grid(end - pd.Timedelta(days=100), end, every)[-1]


def _own(config: Config, as_of: pd.Timestamp | Newest | None) -> Snapshot:
    """Read ready-made snapshots; the label column belongs to the one label of the config."""
    own = own_snapshot(config.snapshots, read_frame(config.snapshots.file, [config.snapshots.account_id]))
    dates = own.index.get_level_values("as_of")
    chosen = own.index if as_of is None else own.index[dates == (dates.max() if as_of == "newest" else as_of)]
    X = own.X.loc[chosen]
    spine = pd.DataFrame({"notice_given": False}, index=chosen)
    mrr = None if own.mrr is None else own.mrr.loc[chosen]
    made = {} if as_of is not None else _own_labels(config, own, spine)
    purge = {name: config.labels[name].purge_days for name in made}
    note = f"snapshots come ready-made from {config.snapshots.file.name}: point-in-time correctness is not checked here"  # type: ignore[union-attr]
    return Snapshot(spine, X, own_catalog(X, config.snapshots.text), made, purge, mrr, None, (note,))


def _own_labels(config: Config, own: OwnSnapshot, spine: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the label frame of each target that has a table of its own, and of the one with the label column."""
    tables = {name: label for name, label in config.labels.items() if label.kind == "table"}
    made = {name: labeler_of(label).label(None, spine) for name, label in tables.items()}
    others = [name for name in config.labels if name not in tables]
    if own.label is not None and len(others) != 1:
        found, hint = ", ".join(others) or "none", "declare the target of that column, such as labels: {churn: {}}"
        raise ConfigError(Fault("labels", "exactly one label beside snapshots.label", found, hint=hint))
    if own.label is not None:
        made[others[0]] = own_labels(own.label.rename("label"))
    return made


def _notes(tables: Tables, catalog: pd.DataFrame) -> tuple[str, ...]:
    notes = []
    used = {f"accounts.{name.removeprefix('accounts_').removesuffix('_current')}" for name in catalog.index}
    used |= {"accounts.parent_id"} if catalog.index.str.startswith("family_").any() else set()
    fixed = [name for name in tables.not_point_in_time() if name in used]
    if fixed:
        notes.append(f"not point-in-time, used as they stand today: {', '.join(fixed)}")
    absent = [name for name in SCHEMAS if name not in tables]
    if absent:
        notes.append(f"absent tables, so their features are absent too: {', '.join(absent)}")
    rejected = {name: table.n_rejected for name, table in tables.loaded.items() if table.n_rejected}
    if rejected:
        notes.append("rejected rows: " + ", ".join(f"{name} {count:,}" for name, count in rejected.items()))
    return tuple(notes)
