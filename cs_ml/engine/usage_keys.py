"""Ids as keys that can be compared and hashed: whole numbers, and text as 64-bit words."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cs_ml.errors import Fault, TableError

__all__ = ["as_words", "keys_of", "text_of", "words_of"]


def keys_of(values: pa.Array, where: str) -> np.ndarray:
    """Return whole numbers of 32 bits as they are, which spares a copy, and all else as :func:`words_of` does."""
    if values.type == pa.int32() and not values.null_count:
        return _plain(values)
    return words_of(values, where)


def as_words(numbers: np.ndarray) -> np.ndarray:
    """Return whole numbers as words, shape (n, 1); what are words already as they are."""
    return numbers if numbers.ndim > 1 else numbers.astype(np.int64, copy=False).view(np.uint64)[:, None]


def words_of(values: pa.Array, where: str = "ids") -> np.ndarray:
    """Return every value as 64-bit words, different values as different words.

    Integers are one word; text is its UTF-8 bytes padded with zeros to the longest value.

    Parameters
    ----------
    values
        Integers or text; other types are written as text first. What stands for a null means nothing.
    where
        Table and column, for the message.

    Returns
    -------
    numpy.ndarray of uint64
        Shape (n, words), words >= 1.

    Raises
    ------
    TableError
        If a text ends in a NUL character, which padding could not tell from its absence; if an integer takes 64 bits
        without a sign.

    Examples
    --------
    >>> words_of(pa.array(["a", "ab"])).ravel().tolist() == [ord("a"), ord("a") + 256 * ord("b")]
    True
    """
    if pa.types.is_integer(values.type):
        numbers = _plain(pc.fill_null(values, 0) if values.null_count else values)
        if numbers.dtype == np.uint64 and len(numbers) and int(numbers.max()) >= 2**63:
            hint = "write them as text"
            raise TableError(Fault(where, "integers below 2**63", str(numbers.max()), hint=hint))
        return as_words(numbers)
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        values = pc.cast(values, pa.large_string())
    width = np.int32 if pa.types.is_string(values.type) else np.int64
    _, offsets, text = values.buffers()
    ends = np.frombuffer(offsets, width)[values.offset : values.offset + len(values) + 1]
    start, stop = (int(ends[0]), int(ends[-1])) if len(values) else (0, 0)
    letters = np.frombuffer(text, np.uint8)[start:stop] if stop > start else np.empty(0, np.uint8)
    lengths = np.diff(ends)
    if not letters.all():
        _refuse_trailing_nul(letters, (ends - start)[1:][lengths > 0], where)
    return _padded(letters, ends[:-1] - start, lengths)


def text_of(words: np.ndarray, *, whole: bool = False) -> list[str]:
    """Return the text that words were made of.

    Parameters
    ----------
    words
        From :func:`words_of`, shape (n, words).
    whole
        Whether they were made of integers.

    Examples
    --------
    >>> text_of(words_of(pa.array(["a", "日本"]))), text_of(words_of(pa.array([7, -1])), whole=True)
    (['a', '日本'], ['7', '-1'])
    """
    if whole:
        return [str(number) for number in words[:, 0].view(np.int64).tolist()]
    return [key.tobytes().rstrip(b"\0").decode() for key in words]


def _plain(values: pa.Array) -> np.ndarray:
    return np.asarray(values.to_numpy(zero_copy_only=False))


def _refuse_trailing_nul(letters: np.ndarray, ends: np.ndarray, where: str) -> None:
    broken = int((letters[ends - 1] == 0).sum())
    if broken:
        raise TableError(
            Fault(where, "ids that do not end in a NUL character", "such ids", rows=broken, hint="strip them")
        )


def _padded(letters: np.ndarray, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Read a fixed number of bytes from every start on, then blank those behind the end."""
    longest = int(lengths.max(initial=0))
    room = max(-(-longest // 8), 1) * 8
    if longest and int(lengths.min()) == longest:  # all of one length: the same in fewer steps
        return letters.view(f"S{longest}").astype(f"S{room}").view(np.uint64).reshape(-1, room // 8)
    letters = np.concatenate([letters, np.zeros(room, np.uint8)])
    windows = np.ndarray((len(letters) - room + 1,), f"V{room}", letters, strides=(1,))
    words: np.ndarray = windows[starts].view(np.uint64).reshape(-1, room // 8)
    inside = np.arange(room) < np.arange(room + 1)[:, None]
    words &= np.where(inside, np.uint8(255), np.uint8(0)).view(np.uint64).take(lengths, axis=0)
    return words
