"""One batch of usage as packed keys on the piles of a thread."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cs_ml.engine.usage_codes import KeyTable
from cs_ml.engine.usage_columns import UNITS, business_hours, codes_of, day_numbers, fixed_point, flags_of
from cs_ml.engine.usage_ids import Accounts, Members, is_whole
from cs_ml.engine.usage_keys import words_of
from cs_ml.engine.usage_pile import Pile
from cs_ml.engine.usage_rows import Marks, Rows
from cs_ml.errors import Fault, TableError
from cs_ml.timeline.clock import Clock

__all__ = ["DAY_BITS", "FEATURE_BITS", "Codes", "Kind", "Work", "check_sizes", "reduce_batch"]

Kind = Literal["days", "users", "features", "logins", "top"]
KINDS: tuple[Kind, ...] = ("days", "users", "features", "logins", "top")
DAY_BITS, FEATURE_BITS = 16, 20
MOST_ACCOUNTS, MOST_FEATURES = 1 << 27, 1 << FEATURE_BITS
LARGEST_SUM = 9.2e18  # a little below 2**63
LAG = "lag"
SUMMED = ("active_users", "active_rows", "business")  # beside rows, quantity and logins
COUNTED = {"rows": "rows", "units": "quantity", "actives": "active_users", "active_rows": "active_rows",
           "business": "business"}  # fmt: skip


@dataclass
class Codes:
    """What all threads share: the calendar, the codes given so far, and the piles of rows.

    Parameters
    ----------
    accounts
        Codes of the known accounts.
    clock
        Calendar of the book.
    login_events
        Values of ``event`` that count as a login.
    top_features
        Features whose events are counted a day and account.
    business_hours
        Whether to count events in business hours.
    n_expected
        Rows that will come, as far as is known.
    users, members, features
        Codes of users, of users of accounts, and of features; grow with every batch.
    piles
        Rows by kind and by whether they were known late.
    """

    accounts: Accounts
    clock: Clock
    login_events: frozenset[str]
    top_features: tuple[str, ...] = ()
    business_hours: bool = False
    n_expected: int = 0
    users: KeyTable = field(init=False)
    members: Members = field(init=False)
    features: KeyTable = field(init=False)
    piles: dict[tuple[Kind, bool], Pile] = field(init=False)
    _whole: dict[str, bool] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make room for the codes of users, of users of accounts and of features, and begin empty piles."""
        self.users, self.features = KeyTable(n_expected=self.n_expected), KeyTable(n_expected=self.n_expected)
        self.members = Members(self.n_expected)
        bits = {"features": FEATURE_BITS}
        self.piles = {
            (kind, late): Pile(bits.get(kind, 0), self.n_expected) for kind in KINDS for late in (False, True)
        }

    @property
    def whole_features(self) -> bool:
        """Whether the names of the features are integers."""
        return self._whole.get("feature", False)

    def note(self, name: str, kind: pa.DataType) -> None:
        """Note whether the ids of a column are integers.

        Raises
        ------
        TableError
            If they were text in another batch, or the other way round: the same id would be two.
        """
        if not pa.types.is_null(kind) and self._whole.setdefault(name, _is_whole(kind)) != _is_whole(kind):
            hint = "write them in the same way in all files"
            raise TableError(
                Fault(f"usage.{name}", "text or integers", "text in one file, integers in another", hint=hint)
            )

    def top(self, feature: np.ndarray) -> np.ndarray:
        """Return the position among the top features of every feature code, -1 where it is not among them."""
        whole = self.whole_features
        place = [at for at, name in enumerate(self.top_features) if not whole or is_whole(name)]
        names = pa.array([self.top_features[at] for at in place], pa.string())
        code = self.features.find(words_of(names.cast(pa.int64()) if whole else names))
        n_known = int(max(code.max(initial=-1), feature.max(initial=-1))) + 1  # by now: another thread may be adding
        position = np.full(n_known + 1, -1)  # the last is that of a missing feature
        position[code[code >= 0]] = np.array(place, np.int64)[code >= 0]
        return np.asarray(position[feature])


@dataclass
class Work:
    """What one thread has seen so far.

    Parameters
    ----------
    columns
        Names of all columns seen.
    n_rows, n_ignored
        Rows of known and of other accounts.
    quantity
        No less than the sum of all absolute quantities, or of all active users, in millionths.
    """

    columns: set[str] = field(default_factory=set)
    n_rows: int = 0
    n_ignored: int = 0
    quantity: float = 0.0


def reduce_batch(batch: pa.RecordBatch, codes: Codes, work: Work) -> None:
    """Reduce one batch and put the result on the piles.

    Parameters
    ----------
    batch
        Columns of ``usage``. Where it has ``rows``, each row stands for so many that agree in all else, ``units``
        is the sum of their quantities in millionths, ``actives`` that of their active users, ``active_rows`` how many
        of them name those, ``business`` how many of them lie in business hours.
    codes, work
        Changed in place.

    Raises
    ------
    TableError
        If a column is missing or holds what it must not.
    """
    work.columns.update(batch.schema.names)
    for name in {"user_id", "feature"}.intersection(batch.schema.names):
        codes.note(name, batch[name].type)
    columns = _integers(batch, codes)
    known = columns["account"] >= 0
    work.n_ignored += int(np.count_nonzero(~known))
    late = columns["lag"] > 0 if "lag" in columns else np.zeros(len(known), bool)
    _pile(_chosen(columns, known & ~late), False, codes, work)
    if late.any():
        _pile(_chosen(columns, known & late), True, codes, work)


def _chosen(columns: dict[str, np.ndarray], mask: np.ndarray) -> dict[str, np.ndarray]:
    if mask.all():
        return columns
    chosen = np.flatnonzero(mask)  # taking by position is several times quicker than by a mask
    return {name: column.take(chosen) for name, column in columns.items()}


def _integers(batch: pa.RecordBatch, codes: Codes) -> dict[str, np.ndarray]:
    present = set(batch.schema.names)
    faults = [
        Fault(f"usage.{name}", "this column", "none") for name in ("account_id", "event_at") if name not in present
    ]
    if faults:
        raise TableError(faults)
    columns = {
        "account": codes.accounts.codes(batch["account_id"]),
        "day": day_numbers(batch["event_at"], codes.clock, "usage.event_at"),
    }
    if "known_at" in present:
        columns["lag"] = day_numbers(_known_at(batch), codes.clock, "usage.known_at") - columns["day"]
    if "user_id" in present:
        columns["user"] = codes_of(batch["user_id"], codes.users.add, "usage.user_id")
    if "feature" in present:
        columns["feature"] = codes_of(batch["feature"], codes.features.add, "usage.feature")
    if "event" in present:
        columns["login"] = flags_of(batch["event"], codes.login_events)
    if "quantity" in present:
        columns["quantity"] = fixed_point(batch["quantity"], "usage.quantity")
    if "active_users" in present:
        columns["active_users"] = fixed_point(batch["active_users"], "usage.active_users")
        columns["active_rows"] = batch["active_users"].is_valid().to_numpy(zero_copy_only=False).astype(np.int64)
    columns |= {whole: batch[name].to_numpy().astype(np.int64) for name, whole in COUNTED.items() if name in present}
    if codes.business_hours and "business" not in present:
        columns["business"] = business_hours(batch["event_at"], codes.clock).astype(np.int64)
    return columns


def _known_at(batch: pa.RecordBatch) -> pa.Array:
    known_at = batch["known_at"]
    if not known_at.null_count:
        return known_at
    return pc.coalesce(known_at, pc.cast(batch["event_at"], known_at.type, safe=False))


def _is_whole(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind.value_type if pa.types.is_dictionary(kind) else kind))


def _pile(columns: dict[str, np.ndarray], late: bool, codes: Codes, work: Work) -> None:
    work.n_rows += int(columns["rows"].sum()) if "rows" in columns else len(columns["account"])
    work.quantity += max((_size(columns[name]) for name in ("quantity", "active_users") if name in columns), default=0)
    account, day = columns["account"], columns["day"].astype(np.int32)  # as the loops take it, once for all kinds
    within = (int(day.min()), int(day.max())) if len(day) else None
    counted = {"rows": columns["rows"]} if "rows" in columns else {}
    values = counted | ({"quantity": columns["quantity"]} if "quantity" in columns else {})
    summed, times = dict(values), columns.get("rows", np.int64(1))
    values |= {"logins": columns["login"] * times} if "login" in columns else {}
    values |= {name: columns[name] for name in SUMMED if name in columns}
    count = None if counted else "rows"

    def add(kind: Kind, marks: Marks) -> None:
        codes.piles[kind, late].add(_with_lag(marks, columns["lag"]) if late else marks)

    add("days", Marks(account, day, None, values, count, within))
    if "feature" in columns:
        add("features", Marks(account, day, columns["feature"], within=within))
        if codes.top_features:
            position = codes.top(columns["feature"])
            code = np.where(position < 0, -1, position * len(codes.accounts) + account)
            add("top", Marks(code, day, None, summed, count, within))
    if "user" in columns:
        member = _members(account, columns["user"], codes)
        add("users", Marks(member, day, within=within))
        if "login" in columns:
            add("logins", Marks(np.where(columns["login"], member, np.int32(-1)), day, within=within))


def _size(values: np.ndarray) -> float:
    """Return the sum of absolute values: in whole numbers, which is several times quicker, where they hold it."""
    if not len(values):
        return 0.0
    least, largest = int(values.min()), int(values.max())
    sizes, largest = np.abs(values) if least < 0 else values, max(-least, largest)
    return float(sizes.sum() if largest * len(values) <= LARGEST_SUM else sizes.sum(dtype=np.float64))


def _with_lag(marks: Marks, lag: np.ndarray) -> Rows:
    """Pack rows known late, with how much later that was."""
    rows = replace(marks, values={**marks.values, LAG: lag}).rows(FEATURE_BITS)
    values = dict(rows.values)
    return Rows(rows.key, values.pop(LAG), values, rows.count)


def _members(account: np.ndarray, user: np.ndarray, codes: Codes) -> np.ndarray:
    """Return the code of the user of each row's account, -1 where no user is named."""
    known = user >= 0
    if known.all():
        return codes.members.codes(account, user)
    chosen = np.flatnonzero(known)
    member = np.full(len(user), -1, np.int32)
    member[chosen] = codes.members.codes(account[chosen], user[chosen])
    return member


def check_sizes(codes: Codes, quantity: float) -> None:
    """Refuse more accounts or features than a key has bits for, and sums that could overflow.

    Raises
    ------
    TableError
        With all faults.
    """
    faults = []
    if len(codes.accounts) > MOST_ACCOUNTS:
        faults.append(Fault("accounts", f"at most {MOST_ACCOUNTS:,} accounts", f"{len(codes.accounts):,}"))
    if len(codes.features) > MOST_FEATURES:
        hint = "map it to the name of the feature, without ids or addresses in it"
        faults.append(
            Fault("usage.feature", f"at most {MOST_FEATURES:,} features", f"{len(codes.features):,}", hint=hint)
        )
    if quantity > LARGEST_SUM:
        hint = "give it in a larger unit"
        faults.append(
            Fault("usage.quantity", f"at most {LARGEST_SUM / UNITS:.1e} in all", f"{quantity / UNITS:.1e}", hint=hint)
        )
    if faults:
        raise TableError(faults)
