"""What the reader must know about tables and features of one's own."""

from __future__ import annotations

from cs_ml.config import Config
from cs_ml.errors import Fault, InputError
from cs_ml.features import SnapshotBuilder, load_builders
from cs_ml.features.own_builders import absent_own
from cs_ml.tables import Tables
from cs_ml.tables.own import lacking

__all__ = ["check_builders", "own_notes"]


def own_notes(builder: SnapshotBuilder, tables: Tables) -> tuple[str, ...]:
    """Return notes on features of one's own that are absent, and on declared columns that the data lack.

    Parameters
    ----------
    builder
        Builders, those of the package among them.
    tables
        Checked source tables.
    """
    notes = []
    if absent := absent_own(builder.builders, {name: tables.columns(name) for name in tables.names}):
        notes.append(f"features of your own that are absent: {', '.join(absent)}")
    columns = [name for table in tables.names for name in lacking(tables.loaded[table].schema, tables.columns(table))]
    if columns:
        notes.append(f"declared columns that the data lack: {', '.join(columns)}; map them if they have other names")
    return tuple(notes)


def check_builders(config: Config, tables: Tables) -> tuple[list[str], list[Fault]]:
    """Load the builders that a config names, and return notes on them and what is wrong with them.

    Parameters
    ----------
    config
        Checked config.
    tables
        Checked source tables, whose columns decide which features there are.
    """
    own, faults = SnapshotBuilder(()), list[Fault]()
    try:
        builder = SnapshotBuilder.default(own=load_builders(config.features.builders, config.features.written))
        if config.features.builders:
            builder.catalog(tables)
        own = builder
    except InputError as error:
        faults = list(error.faults)
    return list(own_notes(own, tables)), faults
