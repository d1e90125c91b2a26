"""The code of a prediction by the first three rules: the text of a function and of what it uses of its own file.

By the fourth, the library's code is still hashed so; a prediction's own is what ``whole_file`` finds.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

import numpy as np

#: The rule by which code is sealed. A new rule gets a new number; the earlier ones stay, for what was sealed by them.
SEALING = 4
#: The last rule by which this module finds the code of a prediction.
BY_NAMES = 3
#: Where the library makes mazes, edits and measures: what of it a prediction uses is sealed by its hash.
_MEASURING = tuple(
    f"interp_claims.{part}" for part in ("controls", "discovery", "edits", "mazes", "measures", "policies")
)
_CONSTANTS = (int, float, complex, str, bytes, type(None), range)


def source_code_of(function: Callable[..., Any], sealing: int = BY_NAMES) -> str:
    """The text of a function, and of everything of its own module that it uses.

    Those are functions, classes and constants that are named anywhere in its text (its body, defaults, decorators), the
    values of its defaults and those that it closes over, and what these use in turn.

    Args:
        function: the function.
        sealing: by which rule. The first one did not follow defaults, decorators, closures, classes and partials.
    """
    own = inspect.unwrap(function)
    if sealing == 1:
        return _first_rule(own)
    collected = _Collected(getattr(own, "__module__", None) or getattr(own, "func", own).__module__)
    collected.visit(getattr(own, "__qualname__", "function"), own)
    return collected.text()


def library_code_of(function: Callable[..., Any]) -> dict[str, str]:
    """What a function, and all that it uses of its own module, names of the library: sha-256 of its code, by its name.

    Named are the functions and classes that make mazes, edits and measures; hashed with each is what it uses of its own
    module in turn, and no more, so that not every change of the library is one of every prediction.
    """
    own = inspect.unwrap(function)
    collected = _Collected(own.__module__)
    collected.visit(getattr(own, "__qualname__", "function"), own)
    found = {f"{value.__module__}.{value.__qualname__}": value for value in collected.elsewhere}
    return {name: hash_of_code(value) for name, value in sorted(found.items()) if is_measuring(value)}


def hash_of_code(function: Callable[..., Any]) -> str:
    """sha-256 of the code of a function or class, with all that it uses of its own module."""
    return hashlib.sha256(source_code_of(function).encode()).hexdigest()


def is_measuring(value: Any) -> bool:
    """Whether a function or class of the library makes mazes, edits or measures."""
    module = str(value.__module__)
    return any(module == part or module.startswith(f"{part}.") for part in _MEASURING)


class _Collected:
    """What was found so far, in the order in which it was found."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.elsewhere: list[Any] = []  # functions and classes of other modules
        self._parts: dict[str, str] = {}
        self._seen: set[int] = set()
        self._alive: list[Any] = []  # so that no identity is given twice

    def text(self) -> str:
        return "\n".join(f"# {name}\n{text}" for name, text in self._parts.items())

    def visit(self, name: str, value: Any) -> None:
        """Take up whatever goes by ``name``, if it is of the module or a plain value."""
        value = inspect.unwrap(value) if callable(value) else value
        if isinstance(value, (FunctionType, type)):
            if value.__module__ == self.module:
                self._visit_code(value)
            else:
                self.elsewhere.append(value)
        elif isinstance(value, functools.partial):
            self.visit(name, value.func)
            self.visit(f"{name} with", [value.args, value.keywords])
        else:
            self._visit_value(name, value)

    def _visit_code(self, value: Any) -> None:
        if id(value) in self._seen:
            return
        self._seen.add(id(value))
        self._alive.append(value)
        text = textwrap.dedent(inspect.getsource(value))
        self._put(value.__qualname__, text)
        known = value.__globals__ if isinstance(value, FunctionType) else vars(sys.modules[value.__module__])
        for name in sorted(_names_read(text, value)):
            if name in known and not name.startswith("__"):
                self.visit(name, known[name])
        for name, held in _held_by(value):
            self.visit(f"{value.__qualname__}, {name}", held)

    def _visit_value(self, name: str, value: Any) -> None:
        if isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                self.visit(f"{name}[{i}]", item)
        elif isinstance(value, dict):
            for key, item in value.items():
                self.visit(f"{name}[{key!r}]", item)
        elif isinstance(value, (set, frozenset)):
            self._put(f"constant {name}", ", ".join(sorted(map(repr, value))))
        elif isinstance(value, np.ndarray):
            digest = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
            self._put(f"constant {name}", f"{value.dtype} {value.shape} {digest}")
        elif isinstance(value, _CONSTANTS):
            self._put(f"constant {name}", repr(value))

    def _put(self, name: str, text: str) -> None:
        """Keep a text under its name; another one of the same name, such as a second lambda, under a number too."""
        free, number = name, 1
        while self._parts.get(free, text) != text:
            number += 1
            free = f"{name}, {number}"
        self._parts[free] = text


def _names_read(text: str, value: Any) -> set[str]:
    """Every name that a piece of code reads, wherever it stands in it."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # the line of a lambda may be a part of something larger
        return _names_in(value.__code__) if isinstance(value, FunctionType) else set()
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _held_by(value: Any) -> Iterator[tuple[str, Any]]:
    """What a function holds without naming it as a global: defaults, and what it closes over."""
    if isinstance(value, FunctionType):
        yield "defaults", [value.__defaults__ or (), value.__kwdefaults__ or {}]
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or ()):
            try:
                yield name, cell.cell_contents
            except ValueError:  # nothing in it yet
                continue


def _first_rule(own: Any) -> str:
    parts: dict[str, str] = {}

    def visit(visited: FunctionType) -> None:
        if visited.__qualname__ in parts:
            return
        parts[visited.__qualname__] = textwrap.dedent(inspect.getsource(visited))
        for name in sorted(_names_in(visited.__code__)):
            used = inspect.unwrap(value) if callable(value := visited.__globals__.get(name)) else value
            if isinstance(used, FunctionType) and used.__module__ == visited.__module__:
                visit(used)
            elif isinstance(used, (int, float, str, tuple, dict)) and not name.startswith("__"):
                parts.setdefault(f"constant {name}", repr(used))

    assert isinstance(own, FunctionType)
    visit(own)
    return "\n".join(f"# {name}\n{text}" for name, text in parts.items())


def _names_in(code: CodeType) -> set[str]:
    """Every global name that a piece of code, and the functions inside it, read."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*map(_names_in, inner)) if inner else set(code.co_names)
