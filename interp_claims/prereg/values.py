"""Values as texts, for a seal: the same in every process, and others for others."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import linecache
import os
import pathlib
import re
import types
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from interp_claims.places import file_of
from interp_claims.prereg.predictions import PredictionError

_PLAIN = (int, float, complex, str, bytes, bytearray, type(None), range, slice, type(...), type(NotImplemented))
_PRINTED = (
    fractions.Fraction, decimal.Decimal, pathlib.PurePath, datetime.date, datetime.time, datetime.timedelta, uuid.UUID,
    np.dtype, torch.dtype, torch.device,
)  # fmt: skip
_BUILTIN = (types.BuiltinFunctionType, types.MethodWrapperType, types.WrapperDescriptorType, types.MethodDescriptorType)
_DECLARED = ("interp_claims_", "pytestmark", "__wrapped__")


class Values:
    """Values as texts.

    Args:
        prediction: whose values they are, for errors.
        base: the folder that files are named from.

    Attributes:
        met: the functions and classes that were found in values.
    """

    def __init__(self, prediction: str, base: Path) -> None:
        self.prediction, self.base = prediction, base
        self.met: list[Any] = []
        self._open: list[Any] = []

    def text(self, name: str, value: Any) -> str:
        """A value as a text.

        Raises:
            PredictionError: it is, or holds, something of which no text tells what it does.
        """
        if any(value is each for each in self._open) and not isinstance(value, _PLAIN):
            return f"{type(value).__name__} that holds this"
        self._open.append(value)
        try:
            return self._text(name, value)
        finally:
            self._open.pop()

    def place(self, value: Any) -> str:
        """How a function, class or module is called: by its file, if that is the author's own."""
        if isinstance(value, types.ModuleType):
            path = file_of(value)
            return value.__name__ if path is None else self.file(path)
        path, called = file_of(value), getattr(value, "__qualname__", type(value).__name__)
        return f"{value.__module__}.{called}" if path is None else f"{self.file(path)}::{called}"

    def file(self, path: Path) -> str:
        """How a file is called: from the folder of the claim."""
        return pathlib.PurePath(os.path.relpath(path, self.base)).as_posix()

    def _text(self, name: str, value: Any) -> str:
        kind = type(value)
        if isinstance(value, enum.Enum):
            return f"{self._class(kind)}.{value.name} = {self.text(name, value.value)}"
        if kind in _PLAIN or kind is bool:
            return f"{kind.__name__} {value!r}"
        if isinstance(value, type):
            return f"class {self._class(value)}"
        if isinstance(value, types.ModuleType):
            return f"module {self.place(value)}"
        if isinstance(value, types.FunctionType):
            return self._function(name, value)
        if isinstance(value, types.MethodType):
            return f"{self.text(name, value.__func__)} of {self.text(name, value.__self__)}"
        if isinstance(value, _BUILTIN):
            return self._builtin(name, value)
        if isinstance(value, functools.partial):
            parts = [self.text(name, part) for part in (value.func, value.args, value.keywords, vars(value))]
            return f"partial({', '.join(parts)})"
        if isinstance(value, np.ufunc):
            return f"ufunc {value.__name__}"
        if callable(value) and isinstance(getattr(value, "__wrapped__", None), types.FunctionType):
            return f"{self._class(kind)} around {self.text(name, value.__wrapped__)}"
        if isinstance(value, (np.ndarray, np.generic, torch.Tensor)):
            return self._array(name, value)
        if isinstance(value, re.Pattern):
            return f"pattern {value.pattern!r} {value.flags}"
        if isinstance(value, _PRINTED):
            return f"{kind.__name__} {value}"
        return self._made_of_parts(name, value)

    def _class(self, kind: type) -> str:
        self.met.append(kind)
        return self.place(kind)

    def _function(self, name: str, function: types.FunctionType) -> str:
        self.met.append(function)
        if file_of(function) is None and function.__code__.co_filename.startswith("<"):
            raise self._unknown(name, "a function that stands in no file", function)
        called = self.place(function)
        if file_of(function) is None:
            return f"function {called}"
        held: dict[str, Any] = {"defaults": function.__defaults__, "keywords": function.__kwdefaults__}
        for free, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
            try:
                held[f"closes over {free}"] = cell.cell_contents
            except ValueError:  # nothing in it yet
                continue
        held |= {key: each for key, each in vars(function).items() if not key.startswith(_DECLARED)}
        told = [f"{key}: {self.text(f'{name}, {key}', each)}" for key, each in held.items() if each is not None]
        inner = getattr(function, "__wrapped__", None)
        told += [] if inner is None else [f"around {self.text(name, inner)}"]
        line = linecache.getline(function.__code__.co_filename, function.__code__.co_firstlineno).strip()
        return " ".join(["function", called, *([line] if function.__name__ == "<lambda>" else []), *told])

    def _builtin(self, name: str, value: Any) -> str:
        owner = getattr(value, "__self__", None)
        if owner is None or isinstance(owner, types.ModuleType):
            return f"function {getattr(value, '__module__', '')}.{value.__qualname__}"
        return f"{value.__qualname__} of {self.text(name, owner)}"

    def _array(self, name: str, value: Any) -> str:
        if isinstance(value, torch.Tensor):
            if value.layout is not torch.strided or value.is_quantized:
                raise self._unknown(name, f"a tensor of layout {value.layout}", value)
            raw = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        elif value.dtype.hasobject:
            return f"{value.dtype} {value.shape} {self.text(name, np.asarray(value).tolist())}"
        else:
            raw = np.ascontiguousarray(value).tobytes()
        return f"{type(value).__name__} {value.dtype} {tuple(value.shape)} {hashlib.sha256(raw).hexdigest()}"

    def _made_of_parts(self, name: str, value: Any) -> str:
        kind = type(value)
        parts = list(self._parts(name, value))
        if not parts and not self._has_no_more(value):
            raise self._unknown(name, f"a {kind.__module__}.{kind.__qualname__}", value)
        return f"{self._class(kind)}({', '.join(parts)})"

    def _parts(self, name: str, value: Any) -> Iterator[str]:
        if isinstance(value, _PLAIN):
            base: Any = next(kind for kind in _PLAIN if isinstance(value, kind))
            yield repr(base(value))
        if isinstance(value, Mapping):
            for key, item in value.items():
                yield f"{self.text(name, key)}: {self.text(f'{name}[{key!r}]', item)}"
            yield self.text(name, getattr(value, "default_factory", None))
        elif isinstance(value, (list, tuple, deque)):
            for i, item in enumerate(value):
                yield self.text(f"{name}[{i}]", item)
            yield self.text(name, getattr(value, "maxlen", None))
        elif isinstance(value, (set, frozenset)):
            yield from sorted(self.text(name, item) for item in value)
        if self._has_no_more(value):
            told = {**{f: getattr(value, f) for f in _fields(value)}, **getattr(value, "__dict__", {})}
            for key, item in told.items():
                yield f"{key}={self.text(f'{name}.{key}', item)}"

    def _has_no_more(self, value: Any) -> bool:
        """Whether the parts of a value are all that it is."""
        if isinstance(value, (list, tuple, deque, set, frozenset, dict, types.MappingProxyType, types.SimpleNamespace)):
            return True
        return dataclasses.is_dataclass(value) or file_of(type(value)) is not None

    def _unknown(self, name: str, what: str, value: Any) -> PredictionError:
        return PredictionError(
            f"{self.prediction}: cannot be sealed: {name} is {what}, and no text tells what that does; wanted numbers, "
            "texts, arrays, functions, dataclasses, and lists and dicts of these; make it inside of the function that "
            "uses it"
        )


def _fields(value: Any) -> list[str]:
    own = [field.name for field in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
    slots = [slot for kind in type(value).__mro__ for slot in _slots(kind)]
    return [name for name in dict.fromkeys([*own, *slots]) if hasattr(value, name)]


def _slots(kind: type) -> list[str]:
    slots = vars(kind).get("__slots__", ())
    named = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in named if name not in ("__dict__", "__weakref__") and file_of(kind) is not None]
