"""When we knew it: spine, windows, look-ups and purged splits; the only room where times are compared."""

from cs_ml.timeline.clock import Clock
from cs_ml.timeline.grid import calendar_grid
from cs_ml.timeline.keys import read_accounts, read_days
from cs_ml.timeline.lookup import Lookup, Pairs, ratio
from cs_ml.timeline.revealed import known_from, revealed_at
from cs_ml.timeline.seen import Seen
from cs_ml.timeline.spine import make_spine, spine_index
from cs_ml.timeline.split import TimeSplit, as_of_dates, settled, spaced_dates
from cs_ml.timeline.terms import Terms, effective_end, terms_known

__all__ = [
    "Clock", "Lookup", "Pairs", "Seen", "Terms", "TimeSplit", "as_of_dates", "calendar_grid", "effective_end",
    "known_from", "make_spine", "ratio", "read_accounts", "read_days", "revealed_at", "settled", "spaced_dates",
    "spine_index", "terms_known",
]  # fmt: skip
