"""Loops compiled by numba once, kept as machine code that later processes load without numba: a tenth of the time."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from cs_ml.errors import StorageError
from cs_ml.store.aside import written_aside

__all__ = ["kept", "load", "make", "place"]

OPTIONS: Any = {
    "nogil": True,
    "error_model": "numpy",
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}  # fmt: skip  nothing in the code refers to numba or Python then


@dataclass(frozen=True)
class Loop:
    """One compiled function: its name in the machine code, the types of its arguments, and that code."""

    symbol: str
    arguments: list[tuple[str, int]]
    code: bytes


class _Call:
    """Calls machine code with arguments as numba lays them out.

    An array is its owner and parent, how many items of how many bytes, data, shape and strides. The code raises nothing
    and checks no bounds, so types are checked here.
    """

    def __init__(self, name: str, loop: Loop, engine: Any) -> None:
        self._name, self._engine = name, engine  # which owns the code
        self._arguments = [(np.dtype(kind), n_dimensions) for kind, n_dimensions in loop.arguments]
        kinds: list[type] = [ctypes.c_void_p, ctypes.c_void_p]
        for kind, n_dimensions in self._arguments:
            scalar = ctypes.c_double if kind.kind == "f" else ctypes.c_int64
            kinds += [ctypes.c_int64] * (5 + 2 * n_dimensions) if n_dimensions else [scalar]
        self._function = ctypes.CFUNCTYPE(ctypes.c_int32, *kinds)(engine.get_function_address(loop.symbol))

    def __call__(self, *given: Any) -> int:
        returned, values = ctypes.c_int64(0), []
        for value, (kind, n_dimensions) in zip(given, self._arguments, strict=True):
            if not n_dimensions:
                values.append(value)
                continue
            if value.dtype != kind or value.ndim != n_dimensions or not value.flags.c_contiguous:
                raise TypeError(f"{self._name}: expected {kind} in {n_dimensions}d, found {value.dtype} {value.shape}")
            values += [0, 0, value.size, value.itemsize, value.ctypes.data, *value.shape, *value.strides]
        self._function(ctypes.addressof(returned), 0, *values)
        return returned.value


@cache
def place(module: str) -> Path | None:
    """Return where the machine code of a module is kept: under a name that changes with all it depends on."""
    source = Path(str(import_module(module).__file__))
    about = [version("numba"), version("llvmlite"), *_processor()]
    key = hashlib.sha256(repr(about).encode() + source.read_bytes() + Path(__file__).read_bytes()).hexdigest()[:32]
    own = os.environ.get("NUMBA_CACHE_DIR")
    for home in (Path(own) if own else source.parent / "__pycache__", Path("~/.cache/cs_ml")):
        try:
            folder = home.expanduser()
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError):
            continue
        if os.access(folder, os.W_OK):
            return folder / f"{module.rpartition('.')[2]}-{key}.code"
    return None


def _processor() -> tuple[str, str]:
    from llvmlite import binding as llvm  # type: ignore[import-untyped]  # noqa: PLC0415  33 ms, only where it pays

    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


@cache
def kept(module: str) -> dict[str, Loop]:
    """Return what is kept, nothing where there is none or its bytes are not what was written."""
    path = place(module)
    try:
        whole = b"" if path is None else path.read_bytes()
    except OSError:
        return {}
    check, _, rest = whole.partition(b"\n")
    if not rest or hashlib.sha256(rest).hexdigest().encode() != check:
        return {}
    about, _, code = rest.partition(b"\n")
    found, start = {}, 0
    for name, (symbol, arguments, size) in json.loads(about).items():
        found[name] = Loop(symbol, arguments, code[start : start + size])
        start += size
    return found


def make(module: str) -> dict[str, Loop]:
    """Compile the loops of a module, and keep them where a folder lets us."""
    import numba  # noqa: PLC0415  heavy, and only where nothing is kept

    made = {}
    for function, signature in import_module(module).LOOPS:
        (result,) = numba.njit(signature, **OPTIONS)(function).overloads.values()
        kinds = [(getattr(kind, "dtype", kind).name, getattr(kind, "ndim", 0)) for kind in result.signature.args]
        code = bytes(result.library._get_compiled_object())  # noqa: SLF001  what numba itself keeps
        made[function.__name__.strip("_")] = Loop(result.fndesc.llvm_func_name, kinds, code)
    about = {name: (loop.symbol, loop.arguments, len(loop.code)) for name, loop in made.items()}
    rest = json.dumps(about).encode() + b"\n" + b"".join(loop.code for loop in made.values())
    path = place(module)
    if path is not None:
        with suppress(StorageError), written_aside(path) as aside:
            aside.write_bytes(hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
    return made


def load(made: dict[str, Loop]) -> SimpleNamespace:
    """Put machine code into memory, and return what calls it, by name."""
    from llvmlite import binding as llvm  # noqa: PLC0415  as above

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(codemodel="jitdefault", jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    for loop in made.values():
        engine.add_object_file(llvm.ObjectFileRef.from_data(loop.code))
    engine.finalize_object()
    calls: dict[str, Callable[..., int]] = {name: _Call(name, loop, engine) for name, loop in made.items()}
    return SimpleNamespace(**calls)
