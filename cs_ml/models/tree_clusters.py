"""Leaves that share columns put together, so that one table look-up a column serves them all."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cs_ml.models.tree_leaves import Leaf

__all__ = ["Cluster", "gather"]

PATTERNS = 1 << 11  # a column of a table then takes a third of the first cache
TRIES = 12


class Cluster:
    """Leaves, and how finely they cut each column.

    Parameters
    ----------
    leaf
        The first leaf.
    every
        All cells of each column; the last one is NaN's.
    """

    def __init__(self, leaf: Leaf, every: dict[int, int]) -> None:
        self.leaves = [leaf]
        self.cuts: dict[int, int] = {}
        self.like_nan: dict[int, int] = {}
        for column, cells in leaf.cells.items():
            numbers = every[column] >> 1
            self.cuts[column] = (cells ^ (cells >> 1)) & (numbers >> 1)
            self.like_nan[column] = numbers & (cells if cells > numbers else ~cells)
        self.size = self._size_with(self, 1 << 62)

    def has_room(self, other: Cluster) -> bool:
        """Whether one table would be small, or no longer than the two together."""
        most = max(PATTERNS, self.size + other.size)
        return self._size_with(other, most) <= most

    def _size_with(self, other: Cluster, most: int) -> int:
        """Return how many patterns the cells could form were the two put together; a larger number is not exact."""
        size = 1
        for column in self.cuts.keys() | other.cuts.keys():
            cuts = self.cuts.get(column, 0) | other.cuts.get(column, 0)
            like_nan = self.like_nan.get(column, -1) & other.like_nan.get(column, -1)
            size *= cuts.bit_count() + 1 + (like_nan == 0)
            if size > most:
                break
        return size

    def take(self, other: Cluster) -> None:
        """Put the leaves of another cluster here."""
        self.size = self._size_with(other, 1 << 62)
        self.leaves += other.leaves
        for column, cuts in other.cuts.items():
            self.cuts[column] = self.cuts.get(column, 0) | cuts
            self.like_nan[column] = self.like_nan.get(column, -1) & other.like_nan[column]


def gather(trees: Iterable[Iterable[Leaf]], every: dict[int, int]) -> list[Cluster]:
    """Return clusters of at most 2,048 patterns each, or as many as their parts had together.

    Parameters
    ----------
    trees
        Leaves of each tree, from left to right.
    every
        All cells of each column.
    """
    clusters: list[Cluster] = []
    for leaves in trees:
        n_before = len(clusters)
        for leaf in leaves:
            single = Cluster(leaf, every)
            if len(clusters) > n_before and clusters[-1].has_room(single):
                clusters[-1].take(single)
            else:
                clusters.append(single)
    return _across(clusters, sorted(every))


def _across(clusters: list[Cluster], columns: list[int]) -> list[Cluster]:
    """Put clusters of different trees together, the wide ones first, each with one it shares the most columns with."""
    place = {column: i for i, column in enumerate(columns)}
    reads = np.zeros((len(clusters), len(columns)), dtype=np.float32)
    kept: list[Cluster] = []
    for cluster in sorted(clusters, key=lambda one: -len(one.cuts)):
        mine = np.zeros(len(columns), dtype=np.float32)
        mine[[place[column] for column in cluster.cuts]] = 1.0
        host = _host(cluster, kept, reads[: len(kept)], mine)
        if host is None:
            reads[len(kept)] = mine
            kept.append(cluster)
        else:
            kept[host].take(cluster)
            reads[host] = np.maximum(reads[host], mine)
    return kept


def _host(cluster: Cluster, kept: list[Cluster], reads: np.ndarray, mine: np.ndarray) -> int | None:
    """Return a cluster that has room: most columns shared first, then fewest others."""
    shared = np.einsum("ij,j->i", reads, mine)
    for at in np.argsort(reads.sum(axis=1) - 1024.0 * shared, kind="stable")[:TRIES].tolist():
        if shared[at] and kept[at].has_room(cluster):
            return int(at)
    return None
