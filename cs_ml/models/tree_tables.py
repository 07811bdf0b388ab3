"""Tables of what columns add for each pattern of answers, and words that say which row of a table is meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from cs_ml.models.tree_clusters import Cluster
from cs_ml.models.tree_leaves import Leaf, leaf_tables
from cs_ml.models.tree_text import NoTables

__all__ = ["Field", "Table", "Word", "make_tables", "pack"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
BITS = 63
AT_ONCE = 32  # clusters whose leaves are worked out together


@dataclass(frozen=True)
class Table:
    """What each of some columns adds, by pattern.

    Parameters
    ----------
    step
        By column, what each of its cells adds to the number of the pattern.
    values
        By column, one value a pattern.
    """

    step: dict[int, Ints]
    values: dict[int, Floats]

    @property
    def n_patterns(self) -> int:
        """How many rows the table has."""
        return len(next(iter(self.values.values())))


@dataclass(frozen=True)
class Field:
    """Where the row of a table stands in a word.

    Parameters
    ----------
    shift, mask
        Its lowest bit, and its bits when it was shifted there.
    table
        The table.
    """

    shift: int
    mask: int
    table: Table


@dataclass(frozen=True)
class Word:
    """Rows of several tables in one number, which is a sum over columns.

    Parameters
    ----------
    terms
        By column, the term of each cell.
    fields
        The tables.
    """

    terms: dict[int, Ints]
    fields: tuple[Field, ...]


def make_tables(clusters: Sequence[Cluster], every: dict[int, int], largest: int) -> list[Table]:
    """Work out the table of each cluster.

    Parameters
    ----------
    clusters
        Leaves that share columns.
    every
        All cells of each column, as the bits of a number.
    largest
        Bytes that all tables may have.

    Raises
    ------
    NoTables
        If they would have more.
    """
    classes = [_classes(cluster, every) for cluster in clusters]
    size = sum(8 * len(found) * prod(map(len, found.values())) for found in classes)
    if size > largest:
        raise NoTables(f"the tables would take {size >> 20:,} MiB, more than {largest >> 20:,}: its trees are deep")
    tables = []
    for start in range(0, len(clusters), AT_ONCE):
        part = clusters[start : start + AT_ONCE]
        adds = _adds(leaf for cluster in part for leaf in cluster.leaves)
        tables += [_table(cluster, found, every, adds) for cluster, found in zip(part, classes[start:], strict=False)]
    return tables


def pack(tables: Iterable[Table], every: dict[int, int]) -> tuple[Word, ...]:
    """Put the rows of tables that read the same columns into common words."""
    groups: list[tuple[set[int], int, list[Field]]] = []
    for table in sorted(tables, key=lambda one: -len(one.step)):
        bits, columns = (table.n_patterns - 1).bit_length(), table.step.keys()
        room = [at for at, (_, used, _) in enumerate(groups) if used + bits <= BITS]
        shared = [len(columns & groups[at][0]) for at in room]
        if not any(shared):
            groups.append((set(columns), bits, [Field(0, (1 << bits) - 1, table)]))
            continue
        at = room[shared.index(max(shared))]
        read, used, fields = groups[at]
        groups[at] = (read | columns, used + bits, [*fields, Field(used, (1 << bits) - 1, table)])
    return tuple(_word(sorted(columns), fields, every) for columns, _, fields in groups)


def _word(columns: list[int], fields: list[Field], every: dict[int, int]) -> Word:
    terms = {column: np.zeros(every[column].bit_length(), dtype=np.intp) for column in columns}
    for field in fields:
        for column, step in field.table.step.items():
            terms[column] += step << field.shift
    return Word(terms, tuple(fields))


def _classes(cluster: Cluster, every: dict[int, int]) -> dict[int, list[int]]:
    """Return for each column its cells in groups that no leaf tells apart."""
    questions: dict[int, set[int]] = defaultdict(set)
    for leaf in cluster.leaves:
        for column, cells in leaf.cells.items():
            questions[column].add(cells)
    return {column: _split(every[column], sorted(questions[column])) for column in sorted(questions)}


def _split(whole: int, questions: list[int]) -> list[int]:
    groups = [whole]
    for cells in questions:
        groups = [part for group in groups for part in (group & cells, group & ~cells) if part]
    return groups


def _adds(leaves: Iterable[Leaf]) -> dict[int, Floats]:
    """Return what each leaf adds, by its identity: shape (n_columns, 2 ** n_columns)."""
    by_width: dict[int, list[Leaf]] = defaultdict(list)
    for leaf in leaves:
        by_width[len(leaf.cells)].append(leaf)
    return {
        id(leaf): np.ascontiguousarray(table.T)
        for group in by_width.values()
        for leaf, table in zip(group, leaf_tables(group), strict=True)
    }


def _table(cluster: Cluster, classes: dict[int, list[int]], every: dict[int, int], adds: dict[int, Floats]) -> Table:
    shape = tuple(map(len, classes.values()))
    axes = {column: axis for axis, column in enumerate(classes)}
    values = np.zeros((len(shape), *shape))
    for leaf in cluster.leaves:
        pattern = np.zeros((1,) * len(shape), dtype=np.intp)
        for bit, (column, cells) in enumerate(leaf.cells.items()):
            met = np.array([(group & cells != 0) << bit for group in classes[column]], dtype=np.intp)
            pattern = pattern + met.reshape([-1 if axis == axes[column] else 1 for axis in range(len(shape))])
        for column, added in zip(leaf.cells, adds[id(leaf)], strict=True):
            values[axes[column]] += added[pattern]
    flat = values.reshape(len(shape), -1)
    steps = {column: _steps(groups, every[column]) for column, groups in classes.items()}
    stride = {column: prod(shape[axis + 1 :]) for column, axis in axes.items()}
    return Table(
        {column: step * stride[column] for column, step in steps.items()},
        {column: flat[axis] for column, axis in axes.items()},
    )


def _steps(groups: list[int], whole: int) -> Ints:
    """Return the number of the group of each cell."""
    n_cells = whole.bit_length()
    packed = b"".join(group.to_bytes(n_cells // 8 + 1, "little") for group in groups)
    bits = np.unpackbits(np.frombuffer(packed, np.uint8).reshape(len(groups), -1), axis=1, bitorder="little")
    return np.asarray(bits[:, :n_cells].argmax(axis=0), dtype=np.intp)
