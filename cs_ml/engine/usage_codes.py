"""Dense codes of ids: a hash table of 64-bit words in plain NumPy, exact, growing, shared by threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from cs_ml.engine.usage_keys import as_words
from cs_ml.engine.usage_scatter import compiled

__all__ = ["KeyTable"]

MULTIPLIERS = np.random.default_rng(20).integers(2**63, 2**64, 64, dtype=np.uint64) | np.uint64(1)
FEWEST_SLOTS_BITS = 10
SMALL = 1 << 22


@dataclass(frozen=True)
class _Slots:
    """Where each key lies: open addressing with linear probing; negative where a slot is free."""

    code: np.ndarray
    shift: np.uint64
    keys: np.ndarray

    def home(self, words: np.ndarray) -> np.ndarray:
        mixed: np.ndarray = words[:, 0] * MULTIPLIERS[0]
        for position in range(1, words.shape[1]):
            mixed += words[:, position] * MULTIPLIERS[position % len(MULTIPLIERS)]
        mixed >>= self.shift
        return mixed.view(np.int64)

    def same(self, code: np.ndarray, words: np.ndarray) -> np.ndarray:
        equal = self.keys.take(code, axis=0, mode="clip") == words
        found: np.ndarray = equal[:, 0]
        for position in range(1, words.shape[1]):
            found &= equal[:, position]
        return found


class KeyTable:
    """Gives keys dense codes; equal keys get equal codes, whatever thread asks.

    Keys are compared word by word, so codes are exact; the hash only says where to look first. Looking up takes no
    lock; adding does.

    Parameters
    ----------
    keys
        Different keys to begin with, shape (n, words); the code of each is its position. Keys added later get the
        codes that follow, in no particular order.
    n_expected
        Keys that will be asked for, as far as is known.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from cs_ml.engine.usage_keys import words_of
    >>> table = KeyTable(words_of(pa.array(["b", "a"])))
    >>> table.add(words_of(pa.array(["a", "c", "c"]))).tolist(), len(table)
    ([1, 2, 2], 3)
    >>> table.find(words_of(pa.array(["c", "a longer id"]))).tolist()
    [2, -1]
    """

    def __init__(self, keys: np.ndarray | None = None, n_expected: int = 0) -> None:
        self._lock = threading.Lock()
        keys = np.empty((0, 1), np.uint64) if keys is None else keys
        self._size, self._n_expected, self._n_asked = len(keys), n_expected, 0
        self._direct = np.empty(0, np.int32)
        self._slots = _slots_with(keys, len(keys))
        self._held: SimpleNamespace | None = None

    def __len__(self) -> int:
        return self._size

    def keys(self) -> np.ndarray:
        """Return the keys in the order of their codes, shape (n, words)."""
        return self._slots.keys[: self._size]

    def find(self, words: np.ndarray) -> np.ndarray:
        """Return the code of every key, -1 where it is not known.

        Parameters
        ----------
        words
            Keys, shape (n, words), or whole numbers of 32 bits, shape (n,).

        Returns
        -------
        numpy.ndarray of int32
            Shape (n,).
        """
        if words.ndim == 1:
            return self._found_among_small(words)
        slots, self._n_asked = self._slots, self._n_asked + len(words)
        width = slots.keys.shape[1]
        longer, words = words[:, width:], _widened(words[:, :width], width)
        codes = self._found(slots, words)
        return np.where(longer.any(axis=1), np.int32(-1), codes) if longer.shape[1] else codes

    def _found(self, slots: _Slots, words: np.ndarray) -> np.ndarray:
        loops = self._loops()
        if loops is None:
            if words.shape[1] == 1 and len(words) and int(words.max()) < SMALL:
                return np.asarray(self._small().take(words[:, 0].view(np.int64)) - np.int32(1))
            return _find(slots, words)
        codes = np.empty(len(words), np.int32)
        words = np.ascontiguousarray(words)
        loops.find(self._small(), slots.code, slots.keys, MULTIPLIERS, int(slots.shift), words, codes)
        return codes

    def _found_among_small(self, numbers: np.ndarray) -> np.ndarray:
        loops = self._loops(len(numbers))
        if loops is None:
            return self.find(as_words(numbers))
        self._n_asked += len(numbers)
        codes = np.empty(len(numbers), np.int32)
        if loops.find_small(self._small(), np.ascontiguousarray(numbers), codes):
            others = np.flatnonzero(codes == -2)
            codes[others] = self.find(as_words(numbers[others]))
        return codes

    def _loops(self, more: int = 0) -> SimpleNamespace | None:
        """Return the compiled loops once they pay, and ever after: keys they add are not all where NumPy looks."""
        self._held = self._held or compiled(max(self._n_expected, self._n_asked + more))
        return self._held

    def add(self, words: np.ndarray) -> np.ndarray:
        """Return the code of every key; keys not seen before get the next codes."""
        codes = self.find(words)
        if len(codes) and codes.min() < 0:
            missing = np.flatnonzero(codes < 0)
            with self._lock:
                codes[missing] = self._insert(as_words(words[missing]))
        return codes

    def _insert(self, words: np.ndarray) -> np.ndarray:
        loops = self._loops()
        if loops is None and len(self._direct) and words.shape[1] == 1 and int(words.max()) < SMALL:
            return self._inserted_once(words[:, 0].view(np.int64))
        return self._inserted(words, loops)

    def _inserted_once(self, numbers: np.ndarray) -> np.ndarray:
        """Insert small numbers, each once: in NumPy most of the work is on rows that ask for the same."""
        asked = np.zeros(int(numbers.max()) + 1, bool)
        asked[numbers] = True
        self._inserted(as_words(np.flatnonzero(asked)), None)
        return np.asarray(self._direct.take(numbers) - np.int32(1))

    def _inserted(self, words: np.ndarray, loops: SimpleNamespace | None) -> np.ndarray:
        self._make_room(len(words), words.shape[1])
        slots, first = self._slots, self._size
        words = _widened(words, slots.keys.shape[1])
        if loops is not None:
            codes = np.empty(len(words), np.int32)
            direct = self._direct
            self._size = loops.add(direct, slots.code, slots.keys, MULTIPLIERS, int(slots.shift), words, first, codes)
        else:
            codes = self._claimed(slots, words)
        self._note(first, self._direct)
        return codes

    def _claimed(self, slots: _Slots, words: np.ndarray) -> np.ndarray:
        codes, slot, left = np.empty(len(words), np.int32), slots.home(words), np.arange(len(words))
        while len(left):
            self._claim(slot, words, left)
            code = slots.code[slot[left]]
            done = slots.same(code, words[left])
            codes[left[done]] = code[done]
            left = left[~done]
            slot[left] = (slot[left] + 1) % len(slots.code)
        return codes

    def _small(self) -> np.ndarray:
        """Return the code of each small number plus one, 0 where it is not known: it is found without a search."""
        if not len(self._direct):
            with self._lock:
                self._note(0, np.zeros(SMALL, np.int32))
        return self._direct

    def _note(self, first: int, direct: np.ndarray) -> None:
        if len(direct):
            keys = self._slots.keys[first : self._size]
            small = keys[:, 0] < SMALL
            if keys.shape[1] > 1:
                small &= ~keys[:, 1:].any(axis=1)
            rows = np.flatnonzero(small)
            direct[keys[rows, 0].view(np.int64)] = first + 1 + rows
        self._direct = direct

    def _claim(self, slot: np.ndarray, words: np.ndarray, left: np.ndarray) -> None:
        """Give each free slot to one of the rows that ask for it."""
        slots = self._slots
        asking = left[slots.code[slot[left]] < 0]
        slots.code[slot[asking]] = -2 - asking
        winners = asking[slots.code[slot[asking]] == -2 - asking]
        fresh = np.arange(self._size, self._size + len(winners), dtype=np.int32)
        slots.keys[self._size : self._size + len(winners)] = words[winners]
        self._size += len(winners)
        slots.code[slot[winners]] = fresh

    def _make_room(self, more: int, width: int) -> None:
        wanted, old = self._size + more, self._slots
        if 2 * wanted > len(old.code) or width > old.keys.shape[1]:
            self._slots = _slots_with(_widened(self.keys(), max(width, old.keys.shape[1])), wanted)


def _slots_with(keys: np.ndarray, room: int) -> _Slots:
    """Make slots for four times as many keys, and put different keys into them; their position is their code."""
    bits = max((4 * room).bit_length(), FEWEST_SLOTS_BITS)
    slots = _Slots(
        np.full(2**bits, -1, np.int32), np.uint64(64 - bits), np.zeros((2 ** (bits - 1), keys.shape[1]), np.uint64)
    )
    slots.keys[: len(keys)] = keys
    slot, left = slots.home(keys), np.arange(len(keys), dtype=np.int32)
    while len(left):
        free = left[slots.code[slot[left]] < 0]
        slots.code[slot[free]] = free
        left = left[slots.code[slot[left]] != left]
        slot[left] = (slot[left] + 1) % len(slots.code)
    return slots


def _widened(words: np.ndarray, width: int) -> np.ndarray:
    if words.shape[1] == width:
        return words
    wide = np.zeros((len(words), width), np.uint64)
    wide[:, : words.shape[1]] = words
    return wide


def _find(slots: _Slots, words: np.ndarray) -> np.ndarray:
    slot = slots.home(words)
    codes: np.ndarray = slots.code.take(slot)
    left = np.flatnonzero((codes >= 0) & ~slots.same(codes, words))
    while len(left):
        slot[left] = (slot[left] + 1) % len(slots.code)
        codes[left] = code = slots.code.take(slot[left])
        left = left[(code >= 0) & ~slots.same(code, words[left])]
    codes[codes < 0] = -1
    return codes
