"""The state of usage kept on disk: new files cost their own rows, changes are noticed, damage is not believed."""

from __future__ import annotations

import hashlib
import json
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from cs_ml.engine.usage_state import Days, UsageState
from cs_ml.engine.usage_store_file import read_state, write_state
from cs_ml.engine.usage_store_merge import merge_states, with_accounts
from cs_ml.errors import StorageError
from cs_ml.store import hash_file, hash_json, hash_text, lock, make_folder, read_json, write_json
from cs_ml.store.aside import disk, remove
from cs_ml.timeline import clock
from cs_ml.timeline.clock import Clock

__all__ = ["UsageStore", "usage_key"]

MANIFEST = "manifest.json"
FORMAT = 1
MOST_PIECES = 8  # more are written as one
MOST_KEYS = 4  # states with other options that are kept besides
SETTLED = 2_000_000_000  # nanoseconds after which another change of a file shows in its times
TAIL = 1 << 16  # bytes at the end of a file: the footer of Parquet with the statistics of every row group
WAIT = 60.0  # seconds for another run to end
Mark: TypeAlias = list[Any]
Reduce: TypeAlias = Callable[[Sequence[Path]], UsageState]
EMPTY = UsageState(Days(np.zeros(1, np.int64), np.zeros(1, np.int64), np.empty(0, np.uint16)))


def usage_key(zone: str, **options: Any) -> dict[str, Any]:
    """Return what a state depends on besides files and accounts: options, the days of the zone, the code itself.

    Parameters
    ----------
    zone
        Time zone of the book.
    **options
        JSON-able: columns and their mapping, login events, top features and the like.

    Examples
    --------
    >>> usage_key("UTC", top_features=["a"]) == usage_key("UTC", top_features=["b"])
    False
    """
    days = Clock(zone).instant(np.arange(1 << 16)).astype("datetime64[s]").astype(np.int64)
    return {"options": options, "days": hashlib.sha256(days.tobytes()).hexdigest(), "code": _code()}


@cache
def _code() -> str:
    modules = [*sorted(Path(__file__).parent.glob("usage_*.py")), Path(clock.__file__)]
    with disk(Path(__file__).parent, "read"):
        return hash_json({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in modules})


@dataclass(frozen=True)
class _Piece:
    """A state on disk and the contents of the files it was made of."""

    name: str
    sha256: str
    contents: tuple[str, ...]


@dataclass
class _Manifest:
    """What is in the folder, and the content of files whose marks are still the same."""

    pieces: list[_Piece] = field(default_factory=list)
    marks: dict[str, Mark] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        pieces = [{"name": piece.name, "sha256": piece.sha256, "contents": piece.contents} for piece in self.pieces]
        body = {"format": FORMAT, "pieces": pieces, "marks": self.marks}
        write_json(folder / MANIFEST, {**body, "seal": hash_json(body)})

    @classmethod
    def read(cls, folder: Path) -> Self:
        if not (folder / MANIFEST).exists():
            return cls()
        try:
            body = read_json(folder / MANIFEST)
            sound = body.pop("seal") == hash_json(body) and body["format"] == FORMAT
        except (StorageError, KeyError, TypeError, AttributeError):
            sound = False
        if not sound:
            _warn(folder / MANIFEST)
            return cls()
        pieces = [_Piece(piece["name"], piece["sha256"], tuple(piece["contents"])) for piece in body["pieces"]]
        return cls(pieces, body["marks"])


@dataclass(frozen=True)
class UsageStore:
    """Keeps states of usage in pieces, each made of some files.

    A file is known by the SHA-256 of its bytes. It is not read again only while size, times, inode and last 64 KiB are
    as they were when it was, at rest, hashed. A piece counts only while all its files are there, unchanged, and its own
    bytes hash to what the manifest says; otherwise its files are reduced again. A killed run leaves whole files only.

    Parameters
    ----------
    folder
        Cache folder; made when missing, may be deleted at any time.
    key
        What the state depends on besides files and accounts, see :func:`usage_key`.
    """

    folder: Path
    key: Mapping[str, Any]

    @cached_property
    def own(self) -> Path:
        """Folder of the pieces with this key."""
        return self.folder / f"usage-{hash_json(self.key)[:32]}"

    def state(
        self, files: Sequence[Path], account_ids: Sequence[str], reduce: Reduce, wanted: Sequence[str] | None = None
    ) -> UsageState:
        """Return the state of files, from what is kept as far as that goes.

        Parameters
        ----------
        files
            All files of the table.
        account_ids
            Known accounts, sorted.
        reduce
            Reduces some of the files, with these accounts.
        wanted
            Accounts the state is to have, sorted; the known ones where missing.

        Returns
        -------
        UsageState
            Bit for bit that of reducing all files at once. Where nothing can be kept, a warning says so.
        """
        wanted = account_ids if wanted is None else wanted
        try:
            with lock(make_folder(self.folder), wait_seconds=WAIT):
                states = self._completed(files, account_ids, reduce, read=True)
                whole = merge_states([with_accounts(state, ids, wanted) for ids, state in states])
                if len(states) > MOST_PIECES and list(wanted) == list(account_ids):
                    self._join(whole, account_ids)
        except StorageError as error:
            warnings.warn(f"usage is not kept: {error}", stacklevel=2)
            return with_accounts(reduce(files), account_ids, wanted)
        return whole

    def extend(self, files: Sequence[Path], account_ids: Sequence[str], reduce: Reduce) -> None:
        """Keep the states of files that are not kept yet, without reading those that are.

        Parameters
        ----------
        files, account_ids, reduce
            As for :meth:`state`.

        Raises
        ------
        StorageError
            When the disk does not let us, or another run works here for a minute.
        """
        with lock(make_folder(self.folder), wait_seconds=WAIT):
            self._completed(files, account_ids, reduce, read=False)

    def _completed(
        self, files: Sequence[Path], account_ids: Sequence[str], reduce: Reduce, *, read: bool
    ) -> list[tuple[Sequence[str], UsageState]]:
        """Keep what is sound, make the rest, and return the states that were read or made."""
        manifest = _Manifest.read(make_folder(self.own))
        marks = {str(path): _mark(path) for path in files}
        settled = [path for path, mark in marks.items() if _is_settled(mark)]  # before the bytes are looked at
        contents = {path: _content(Path(path), mark, manifest.marks) for path, mark in marks.items()}
        left, kept, states = Counter(contents.values()), [], []
        for piece in manifest.pieces:
            if Counter(piece.contents) <= left and (found := self._found(piece, account_ids, read=read)):
                kept.append(piece)
                states += [found] if read else []
                left -= Counter(piece.contents)
        new = _taken(contents, left)
        if new or not kept:
            state = reduce([Path(path) for path in new])
            _refuse_changed(marks)
            kept.append(self._written(state, account_ids, [contents[path] for path in new]))
            states.append((account_ids, state))
        _Manifest(kept, {path: [*marks[path], contents[path]] for path in settled}).write(self.own)
        self._sweep(kept)
        return states

    def _found(
        self, piece: _Piece, account_ids: Sequence[str], *, read: bool
    ) -> tuple[Sequence[str], UsageState] | None:
        """Return a piece after checking its bytes; nothing where it cannot be believed or lacks an account."""
        path = self.own / piece.name
        if not read:
            return (account_ids, EMPTY) if path.exists() else None
        if not path.exists() or hash_file(path) != piece.sha256:
            _warn(path)
            return None
        ids, state = read_state(path)
        return None if state.n_ignored and ids != list(account_ids) else (ids, state)

    def _written(self, state: UsageState, account_ids: Sequence[str], contents: Sequence[str]) -> _Piece:
        named = "\0".join([json.dumps(sorted(contents)), *account_ids])
        name = f"{hash_text(named)[:32]}.arrow"
        path = write_state(self.own / name, account_ids, state)
        return _Piece(name, hash_file(path), tuple(sorted(contents)))

    def _join(self, whole: UsageState, account_ids: Sequence[str]) -> None:
        """Write many pieces as one."""
        manifest = _Manifest.read(self.own)
        contents = [content for piece in manifest.pieces for content in piece.contents]
        joined = _Manifest([self._written(whole, account_ids, contents)], manifest.marks)
        joined.write(self.own)
        self._sweep(joined.pieces)

    def _sweep(self, kept: Sequence[_Piece]) -> None:
        """Delete pieces that no longer count, and the states of options not asked for in a long time."""
        names = {piece.name for piece in kept}
        for path in self.own.iterdir():
            if path.suffix == ".arrow" and path.name not in names:
                remove(path)
        others = [path for path in self.folder.iterdir() if path.name.startswith("usage-") and path != self.own]
        for path in sorted(others, key=lambda path: path.stat().st_mtime_ns)[: -(MOST_KEYS - 1)]:
            remove(path)


def _mark(path: Path) -> Mark:
    """Return what changes with every change of a file, as far as can be seen without reading it all."""
    with disk(path, "read"), path.open("rb") as file:
        stat = os.fstat(file.fileno())
        file.seek(max(stat.st_size - TAIL, 0))
        tail = hashlib.sha256(file.read()).hexdigest()
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, tail]


def _is_settled(mark: Mark) -> bool:
    """Tell whether a later change would show in the times of a file: not on Windows, nor right after a change."""
    return os.name == "posix" and time.time_ns() - max(mark[1], mark[2]) > SETTLED


def _content(path: Path, mark: Mark, marks: Mapping[str, Mark]) -> str:
    known = marks.get(str(path), [])
    return str(known[-1]) if known[:-1] == mark else hash_file(path)


def _taken(contents: Mapping[str, str], left: Counter[str]) -> list[str]:
    """Return files with the contents that are left, as often as they are."""
    wanted, taken = Counter(left), []
    for path, content in contents.items():
        if wanted[content] > 0:
            wanted[content] -= 1
            taken.append(path)
    return taken


def _refuse_changed(marks: Mapping[str, Mark]) -> None:
    changed = [path for path, mark in marks.items() if _mark(Path(path)) != mark]
    if changed:
        raise StorageError(f"{', '.join(changed)} changed while being read; run again when it is written")


def _warn(path: Path) -> None:
    warnings.warn(f"{path}: expected what was written, found other bytes; it is made again", stacklevel=2)
