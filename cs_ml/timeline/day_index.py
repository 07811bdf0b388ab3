"""One look-up instead of a search: where the items of a group reach a day."""

from __future__ import annotations

from copy import copy

import numpy as np

__all__ = ["DayIndex"]


class DayIndex:
    """Finds, in items sorted by group and day, the first item of a group on or after a day.

    One table entry a group and day answers every question with one look-up; groups whose items lie on the same days
    share one table.

    Parameters
    ----------
    starts
        First item of each group, shape (groups + 1,).
    days
        Day of each item, ascending within a group.
    low, high
        First and last day that will be asked for.
    asked
        All days that will be asked for, ascending, where they are few: the table has a column for each. No item may
        lie outside ``low`` to ``high`` then.

    Examples
    --------
    >>> index = DayIndex(np.array([0, 2, 3]), np.array([10, 20, 15]), low=0, high=30)
    >>> index.find(np.array([0, 0, 0, 1]), np.array([10, 11, 30, 11])).tolist()
    [0, 1, 2, 2]
    """

    def __init__(
        self, starts: np.ndarray, days: np.ndarray, low: int, high: int, asked: np.ndarray | None = None
    ) -> None:
        self.starts = np.asarray(starts, np.int64)
        self._low, self._width = low, (high - low + 1 if asked is None else len(asked)) + 1
        self._column = None if asked is None else np.searchsorted(asked, np.arange(low, high + 1))
        per_group = np.diff(self.starts)
        n_groups, most = len(per_group), int(per_group.max(initial=0))
        self.shared = n_groups > 0 and int(per_group.min()) == most and _repeats(days, n_groups)
        if self.shared:
            days, group = days[:most], np.zeros(most, np.int64)
        else:
            group = np.repeat(np.arange(n_groups), per_group)
        if asked is None:
            column = np.clip(np.asarray(days, np.int64) + (1 - low), 0, self._width - 1)
        else:
            column = np.searchsorted(asked, np.arange(low, high + 1), side="right").take(days - low)
        n_cells = self._width * (1 if self.shared else n_groups)
        gaps = np.diff(group * self._width + column, prepend=0, append=n_cells)
        positions = np.arange(len(days) + 1, dtype=np.min_scalar_type(len(days)))  # small: the table is read often
        self._table = np.repeat(positions, gaps)

    def moved(self, days: int) -> DayIndex:
        """Return the index of items that lie some days earlier, where every day has a column.

        Days asked for plus ``days`` must not lie beyond ``high``.

        Examples
        --------
        >>> index = DayIndex(np.array([0, 2]), np.array([10, 20]), low=0, high=30)
        >>> index.moved(5).find(np.array([0, 0]), np.array([5, 6])).tolist()
        [0, 1]
        """
        moved = copy(self)
        moved.__dict__["_low"] = self._low - days
        return moved

    def find(self, group: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the position of the first item of each group on or after each day.

        Parameters
        ----------
        group
            Groups, shape (n,).
        day
            Days between ``low`` and ``high``, shape (n,).

        Returns
        -------
        numpy.ndarray of int64
            Shape (n,); the end of the group where no item is that late.
        """
        offset, start = self.places(group)
        return np.asarray(self.look_up(offset, day) + start, np.int64)

    def places(self, group: np.ndarray) -> tuple[np.ndarray | int, np.ndarray | int]:
        """Split a search in two, for callers that ask about the same groups often.

        Parameters
        ----------
        group
            Groups, shape (n,).

        Returns
        -------
        offset, start
            What :meth:`look_up` needs, and what to add to what it returns; each of shape (n,) or one for all.
        """
        return (0, self.starts[group]) if self.shared else (group * self._width, 0)

    def laid_out(self) -> tuple[np.ndarray, int, int, np.ndarray]:
        """Return the table for compiled loops, where it has a column a day.

        Returns
        -------
        table, width, low, starts
            The entry of a group and a day is at ``group * width + day - low``; a width of 0 means that all groups
            share the table, and that ``starts[group]`` is to be added to it.
        """
        return self._table, 0 if self.shared else self._width, self._low, self.starts

    def look_up(self, offset: np.ndarray | int, day: np.ndarray, later: int = 0) -> np.ndarray:
        """Return positions as :meth:`find`, but counted from ``start``.

        Parameters
        ----------
        offset
            From :meth:`places`.
        day
            Days, shape (n,).
        later
            Days to add; the sum lies between ``low`` and ``high``.

        Returns
        -------
        numpy.ndarray of unsigned integers
            Shape (n,), of the smallest type that holds every position.
        """
        if self._column is None:
            return np.asarray(self._table.take(np.add(day, offset + (later - self._low), dtype=np.int64)))
        return np.asarray(self._table.take(self._column.take(day + (later - self._low)) + offset))


def _repeats(days: np.ndarray, times: int) -> bool:
    table = days.reshape(times, -1)
    return bool((table == table[0]).all())
