"""The code beside a claim that its result depends on: what its file imports, and the conftest.py files above it.

Found by reading, without importing anything: import statements wherever they stand in a file, names in
``pytest_plugins``, and ``importlib.import_module("name")`` with the name written out. The standard library, installed
packages and this library are left out.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Optional

import interp_claims
from interp_claims.places import own_file

_IMPORTING = ("import_module", "__import__", "importorskip")


class LocalCode:
    """What files hold, and what they import, read once: code that was imported is not what was written since."""

    def __init__(self) -> None:
        self._files: dict[Path, tuple[str, tuple[tuple[int, str], ...]]] = {}
        self._beside: dict[tuple[Path, ...], dict[str, str]] = {}

    def of(self, files: Iterable[Path]) -> dict[str, str]:
        """sha-256 of files, of the conftest.py files above them and of all local modules that these import in turn.

        Args:
            files: where to begin, at least one; the others are named relative to the first one's folder. One that
                cannot be read counts as empty.
        """
        given = tuple(dict.fromkeys(Path(file).resolve() for file in files))
        if given not in self._beside:
            self._beside[given] = self._follow(given)
        return self._beside[given]

    def _follow(self, given: tuple[Path, ...]) -> dict[str, str]:
        left = [*given, *(path for file in given for path in _conftests_above(file))]
        found: dict[str, str] = {}
        seen: set[Path] = set()
        while left:
            path = left.pop()
            if path in seen:
                continue
            seen.add(path)
            if path not in self._files:
                self._files[path] = _read(path)
            digest, imported = self._files[path]
            found[Path(os.path.relpath(path, given[0].parent)).as_posix()] = digest
            left += [other for level, name in imported for other in _imported(path, level, name)]
        return found


def _conftests_above(file: Path) -> list[Path]:
    return [path for folder in file.parents if (path := folder / "conftest.py").is_file()]


def _read(path: Path) -> tuple[str, tuple[tuple[int, str], ...]]:
    """The hash of a file, and what it imports: levels (the dots of a relative import, else 0) and names."""
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    digest = hashlib.sha256(content).hexdigest()
    if path.suffix != ".py":
        return digest, ()
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):  # it cannot be imported either
        return digest, ()
    return digest, tuple(dict.fromkeys(told for node in ast.walk(tree) for told in _told_by(node)))


def _told_by(node: ast.AST) -> Iterator[tuple[int, str]]:
    """What one part of a file imports."""
    if isinstance(node, ast.Import):
        yield from ((0, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        name = node.module or ""
        yield node.level, name
        yield from ((node.level, f"{name}.{alias.name}".lstrip(".")) for alias in node.names)  # each may be a module
    elif isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in _IMPORTING and node.args:
            yield from ((0, name) for name in _texts(node.args[0]))
    elif isinstance(node, ast.Assign) and any(getattr(to, "id", "") == "pytest_plugins" for to in node.targets):
        yield from ((0, name) for name in _texts(node.value))


def _texts(node: ast.AST) -> list[str]:
    parts = [node, *getattr(node, "elts", ())]
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def _imported(by: Path, level: int, name: str) -> Iterator[Path]:
    """The local files that an import runs: the module, and the packages that it is in."""
    parts = [part for part in name.split(".") if part]
    if level:
        folder = by.parents[min(level, len(by.parents)) - 1]
        yield from filter(None, map(_in_folder, (folder.joinpath(*parts[:n]) for n in range(len(parts) + 1))))
        return
    if not parts or parts[0] in sys.stdlib_module_names or parts[0] == interp_claims.__name__:
        return
    inside: Any = None
    for n in range(1, len(parts) + 1):
        file, inside = _found(".".join(parts[:n]), inside)
        if file is not None:
            if (own := own_file(file)) is None:
                return
            yield own
        if inside is None:
            return


def _in_folder(module: Path) -> Optional[Path]:
    """The file of a module or package that would be at a path without its ending."""
    files = (module / "__init__.py", module.parent / f"{module.name}.py")
    return next((file for file in files if file.is_file()), None)


def _found(name: str, inside: Any) -> tuple[Optional[str], Any]:
    """The file of a module, and where its parts are if it is a package; ``inside`` is that of the package it is in."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        return getattr(loaded, "__file__", None), getattr(loaded, "__path__", None)
    try:
        spec = importlib.util.find_spec(name) if inside is None else PathFinder.find_spec(name, list(inside))
    except (ImportError, ValueError, AttributeError, TypeError):
        return None, None
    if spec is None:
        return None, None
    return (spec.origin if spec.has_location else None), spec.submodule_search_locations
