"""The code beside a claim that its result depends on: what its file imports, and the conftest.py files above it.

Found by reading, without importing anything: import statements wherever they stand in a file, names in
``pytest_plugins``, and ``importlib.import_module("name")`` with the name written out. The standard library, installed
packages and this library are left out.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from interp_claims.places import file_of_module, modules_of, with_packages

_IMPORTING = ("import_module", "__import__", "importorskip")


class LocalCode:
    """What files hold, and what they import, read once: code that was imported is not what was written since."""

    def __init__(self) -> None:
        self._files: dict[Path, tuple[str, tuple[str, ...]]] = {}
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
            left += filter(None, (file_of_module(name, path) for name in imported))
        return found


def _conftests_above(file: Path) -> list[Path]:
    return [path for folder in file.parents if (path := folder / "conftest.py").is_file()]


def _read(path: Path) -> tuple[str, tuple[str, ...]]:
    """The hash of a file, and the modules that it may import, each after the packages that it is in."""
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


def _told_by(node: ast.AST) -> Iterator[str]:
    """What one part of a file imports."""
    yield from modules_of(node)
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if called in _IMPORTING and node.args:
            yield from (each for name in _texts(node.args[0]) for each in with_packages(name))
    elif isinstance(node, ast.Assign) and any(getattr(to, "id", "") == "pytest_plugins" for to in node.targets):
        yield from (each for name in _texts(node.value) for each in with_packages(name))


def _texts(node: ast.AST) -> list[str]:
    parts = [node, *getattr(node, "elts", ())]
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
