"""Columns of usage batches as integers: codes of ids, calendar days, quantities in fixed point."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cs_ml.engine.usage_keys import keys_of
from cs_ml.errors import Fault, TableError
from cs_ml.timeline.clock import Clock

__all__ = ["UNITS", "business_hours", "codes_of", "day_numbers", "fixed_point", "flags_of"]

UNITS = 1_000_000  # units of quantity in one; sums of integers do not depend on their order
LARGEST = float(2**62)
DAYS = 2**16  # days since 1970-01-01 fit two bytes until 2149
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
QUARTER = 900  # seconds; a day of any present zone begins on a quarter of an hour
OPENS, CLOSES, FRIDAY = 9, 18, 4  # hours of the wall clock, day of the week


def codes_of(column: pa.Array, ask: Callable[[np.ndarray], np.ndarray], where: str) -> np.ndarray:
    """Return the code of every value of a column, -1 for null.

    Parameters
    ----------
    column
        Text or integers, plain or as a dictionary, of which the dictionary alone is hashed.
    ask
        ``KeyTable.add`` or ``KeyTable.find``.
    where
        Table and column, for messages.

    Returns
    -------
    numpy.ndarray of int32

    Examples
    --------
    >>> from cs_ml.engine.usage_codes import KeyTable
    >>> codes_of(pa.array(["x", None, "y", "x"]).dictionary_encode(), KeyTable().add, "usage.feature").tolist()
    [0, -1, 1, 0]
    """
    if pa.types.is_null(column.type):
        return np.full(len(column), -1, np.int32)
    if pa.types.is_dictionary(column.type):
        return _looked_up(codes_of(column.dictionary, ask, where), -1, column)
    codes: np.ndarray = ask(keys_of(column, where))
    if column.null_count:
        codes[_numpy(column.is_null())] = -1
    return codes


def flags_of(column: pa.Array, wanted: Collection[str]) -> np.ndarray:
    """Return whether each value of a text column is among the wanted ones.

    Examples
    --------
    >>> flags_of(pa.array(["login", "click", None]), {"login"}).tolist()
    [True, False, False]
    """
    values = pa.array(sorted(wanted), pa.string())
    if pa.types.is_dictionary(column.type):
        return _looked_up(flags_of(column.dictionary, wanted), False, column)
    column = column if pa.types.is_string(column.type) else pc.cast(column, pa.string())
    return _numpy(pc.is_in(column, value_set=values))


def day_numbers(column: pa.Array, clock: Clock, where: str) -> np.ndarray:
    """Return the calendar day of every instant.

    Parameters
    ----------
    column
        Timestamps that mean UTC, or dates.
    clock
        Calendar of the book.
    where
        Table and column, for messages.

    Returns
    -------
    numpy.ndarray of int64
        Days since 1970-01-01 in the zone of the clock.

    Raises
    ------
    TableError
        If the column holds no instants, a null, or a day before 1970 or after 2149-06-05.

    Examples
    --------
    >>> evening = pa.array([np.datetime64("1970-02-01T15:00", "us")])
    >>> day_numbers(evening, Clock(), "usage.event_at"), day_numbers(evening, Clock("Asia/Tokyo"), "usage.event_at")
    (array([31]), array([32]))
    """
    if pa.types.is_date(column.type):
        column = pc.cast(column, pa.timestamp("s"))
    if not pa.types.is_timestamp(column.type):
        raise TableError(
            Fault(where, "timestamps", f"a column of {column.type}", hint="declare its format in the config")
        )
    if column.null_count:
        raise TableError(Fault(where, "an instant in every row", "null", rows=column.null_count))
    instants = _numpy(column.view(pa.int64()))
    if not len(instants):
        return np.empty(0, np.int64)
    second = PER_SECOND[column.type.unit]
    bounds = int(instants.min()) // second // 86400, int(instants.max()) // second // 86400
    if bounds[0] < 1 or bounds[1] >= DAYS - 1:
        found = f"{np.datetime64(bounds[0], 'D')} to {np.datetime64(bounds[1], 'D')}"
        raise TableError(
            Fault(where, "days from 1970-01-02 to 2149-06-05", found, hint="correct or leave out these rows")
        )
    if clock.zone == "UTC":
        return np.asarray(instants // (86400 * second))
    return _zone_days(instants, second, clock, bounds)


def _zone_days(instants: np.ndarray, second: int, clock: Clock, utc_days: tuple[int, int]) -> np.ndarray:
    """Look the day up by quarter of an hour, unless some day of the zone begins within one."""
    starts = clock.instant(np.arange(utc_days[0] - 1, utc_days[1] + 2)).astype(np.int64)
    if (starts % (QUARTER * 10**6)).any():
        return clock.day((instants * (10**6 // second) if second <= 10**6 else instants // 1000).view("datetime64[us]"))
    first = utc_days[0] * 86400 // QUARTER
    quarters = np.arange(first, (utc_days[1] + 1) * 86400 // QUARTER)
    days = clock.day((quarters * QUARTER).astype("datetime64[s]"))
    return np.asarray(days.take(instants // (QUARTER * second) - first))


def business_hours(column: pa.Array, clock: Clock) -> np.ndarray:
    """Return whether each instant lies on a weekday from 9:00 to 18:00 by the wall clock of the book.

    Parameters
    ----------
    column
        Timestamps that mean UTC, or dates, without nulls.
    clock
        Calendar of the book.

    Examples
    --------
    >>> evening = pa.array([np.datetime64("2026-01-05T01:00", "us")])
    >>> business_hours(evening, Clock()), business_hours(evening, Clock("Asia/Tokyo"))
    (array([False]), array([ True]))
    """
    seconds = _numpy(pc.cast(column, pa.timestamp("s"), safe=False).view(pa.int64()))
    if not len(seconds):
        return np.empty(0, bool)
    quarter = seconds // QUARTER
    first, last = int(quarter.min()), int(quarter.max())
    days = np.arange(first * QUARTER // 86400 - 1, last * QUARTER // 86400 + 2)
    if last - first < len(seconds) and not (clock.instant(days).astype(np.int64) % (QUARTER * 10**6)).any():
        return np.asarray(_open(np.arange(first, last + 1) * QUARTER, clock).take(quarter - first))
    return _open(seconds, clock)


def _open(seconds: np.ndarray, clock: Clock) -> np.ndarray:
    local = pd.DatetimeIndex(seconds.astype("datetime64[s]")).tz_localize("UTC").tz_convert(clock.zone)
    return np.asarray((local.day_of_week <= FRIDAY) & (local.hour >= OPENS) & (local.hour < CLOSES))


def fixed_point(column: pa.Array, where: str) -> np.ndarray:
    """Return quantities as whole millionths; null counts as zero.

    Parameters
    ----------
    column
        Numbers.
    where
        Table and column, for messages.

    Returns
    -------
    numpy.ndarray of int64

    Raises
    ------
    TableError
        If the column holds no numbers, or a number beyond what 62 bits of millionths can hold (about 4.6e12).

    Examples
    --------
    >>> fixed_point(pa.array([0.1, None, -2]), "usage.quantity").tolist()
    [100000, 0, -2000000]
    """
    try:
        values = _numpy(pc.cast(column, pa.float64(), safe=False))  # null becomes NaN
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise TableError(Fault(where, "numbers", f"a column of {column.type}")) from error
    units = values * UNITS
    np.rint(units, out=units)
    if not (len(units) == 0 or (units.min() >= -LARGEST and units.max() <= LARGEST)):  # NaN is neither
        usual = np.abs(units) <= LARGEST
        broken = ~usual & ~np.isnan(units)
        if broken.any():
            worst = str(values[broken][0])
            raise TableError(Fault(where, f"numbers up to {LARGEST / UNITS:.1e}", worst, rows=int(broken.sum())))
        units[~usual] = 0
    return np.asarray(units.astype(np.int64))


def _looked_up(values: np.ndarray, missing: int, column: pa.DictionaryArray) -> np.ndarray:
    """Return the value of every row's entry in the dictionary."""
    if not column.null_count:
        return values.take(_numpy(column.indices)) if len(values) else np.empty(len(column), values.dtype)
    indices = pc.fill_null(pc.cast(column.indices, pa.int64()), len(values))
    return np.append(values, values.dtype.type(missing)).take(_numpy(indices))


def _numpy(values: pa.Array) -> np.ndarray:
    return np.asarray(values.to_numpy(zero_copy_only=False))
