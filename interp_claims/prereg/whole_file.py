"""What the fourth rule seals of the code: the claim's file but for its other claims, what that imports, and values."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from interp_claims.collecting import imports_of
from interp_claims.places import file_of, file_of_module, modules_of, own_file, wrapped
from interp_claims.prereg.predictions import PredictionError
from interp_claims.prereg.source_code import hash_of_code, is_measuring
from interp_claims.prereg.statements import SourceFile, Statement
from interp_claims.prereg.values import Values

_LIBRARY = "interp_claims"


def files_of(function: Callable[..., Any]) -> dict[Path, list[FunctionType]]:
    """The author's own files that a function and what it wraps stand in, with those that do."""
    found: dict[Path, list[FunctionType]] = {}
    for each in filter(inspect.isfunction, wrapped(function)):
        for path in (file_of(each), own_file(each.__globals__.get("__file__"))):
            if path is not None and each not in found.setdefault(path, []):
                found[path].append(each)
    return found


class _File:
    """One of the author's files: which names of it a prediction starts from."""

    def __init__(self, path: Path) -> None:
        self.source = SourceFile(path)
        self.roots: set[str] = set()

    def reached(self) -> list[Statement]:
        return self.source.reached(self.roots)

    def sealed(self) -> list[Statement]:
        return self.source.sealed(self.roots)


class WholeFile:
    """The code of one prediction.

    Sealed are the statements of its file that it reaches by names, and those that may change what others do; likewise
    of each file of the author's that these import; and the values of names that no text tells.

    Args:
        function: the prediction.
        claim: its identity, file and function.

    Raises:
        PredictionError: it stands in no file, or in one where nothing has its name.
    """

    def __init__(self, function: Callable[..., Any], claim: str) -> None:
        self.claim = claim
        self._files: dict[Path, _File] = {}
        self._namespaces: dict[Path, dict[str, Any]] = {}
        self._named: dict[str, str] = {}
        self._taken = 0
        found = files_of(function)
        if not found:
            raise PredictionError(f"{claim}: stands in no file, wanted one of claims, test_*.py; write it into one")
        self.values = Values(claim, next(iter(found)).parent)
        name = claim.rpartition("::")[2].split("[")[0]
        for path, functions in found.items():
            for each in functions:
                if own_file(each.__globals__.get("__file__")) == path:
                    self._namespaces[path] = each.__globals__
                self._file(path).roots |= {name, each.__qualname__.split(".")[0]}
        if not any(file.reached() for file in self._files.values()):
            raise PredictionError(
                f"{claim}: nothing in {', '.join(map(str, self._files))} has its name, so that its code cannot be "
                "found; define it there, and decorate it with functools.wraps alone"
            )
        self.describe(name, function)

    def describe(self, name: str, value: Any) -> str:
        """A value as a text; the code that it holds is sealed too."""
        return self.values.text(name, value)

    @property
    def source_code(self) -> str:
        """All of it as one text."""
        self._follow()
        parts = []
        for path, file in sorted(self._files.items(), key=lambda item: self.values.file(item[0])):
            if text := "\n".join(_in_order(file.sealed())):
                parts.append(f"# {self.values.file(path)}\n{text}")
        return "\n".join([*parts, *(f"# {name}\n{text}" for name, text in sorted(self._named.items()))])

    @property
    def library(self) -> dict[str, str]:
        """The library's measures, edits, mazes and controls that the code names: sha-256 of each, by its name."""
        self._follow()
        found = [inspect.unwrap(value) for value in [*self.values.met, *self._of_library()] if callable(value)]
        named = {f"{v.__module__}.{v.__qualname__}": v for v in found if isinstance(v, (FunctionType, type))}
        wanted = {name: v for name, v in named.items() if is_measuring(v) and "<" not in name}
        return {name: hash_of_code(value) for name, value in sorted(wanted.items())}

    def _file(self, path: Path) -> _File:
        if path not in self._files:
            self._files[path] = _File(path)
        return self._files[path]

    def _namespace(self, path: Path) -> dict[str, Any]:
        if path not in self._namespaces:
            self._namespaces[path] = _namespace_of(path)
        return self._namespaces[path]

    def _follow(self) -> None:
        """Take up all that is reached, until nothing new is."""
        before = -1
        while before != (before := self._size()):
            for path, file in list(self._files.items()):
                self._follow_imports(path, file)
                self._follow_values(path, file)
            for value in self.values.met[self._taken :]:
                if (path_of := file_of(value)) is not None:
                    self._file(path_of).roots.add(value.__qualname__.split(".")[0])
            self._taken = len(self.values.met)

    def _size(self) -> int:
        return sum(len(file.roots) + 1 for file in self._files.values()) + len(self._named)

    def _follow_imports(self, path: Path, file: _File) -> None:
        every = [statement for statement in file.source.statements if isinstance(statement.node, _IMPORTS)]
        sealed = file.sealed()
        words = {word for statement in sealed for word in (*statement.words, *_imported(statement.node))}
        for statement in {id(s): s for s in (*sealed, *every)}.values():
            for node in ast.walk(statement.node):
                for module in modules_of(node):
                    if (imported := file_of_module(module, path)) is not None and imported != path:
                        self._file(imported).roots |= words

    def _follow_values(self, path: Path, file: _File) -> None:
        for statement in file.reached():
            of_own = isinstance(statement.node, ast.ImportFrom) and any(
                file_of_module(module, path) is not None for module in modules_of(statement.node)
            )
            if statement.determined and not of_own:
                continue
            for name in sorted(statement.binds & self._words(file)):
                key = f"{self.values.file(path)}, {name}"
                if key in self._named or name not in self._namespace(path):
                    continue
                value = self._namespace(path)[name]
                if not (of_own and isinstance(value, (type, ModuleType))):
                    self._named[key] = self.describe(name, value)

    def _words(self, file: _File) -> set[str]:
        return file.roots.union(*(statement.words for statement in file.reached()))

    def _of_library(self) -> Iterator[Any]:
        for path, file in self._files.items():
            for statement in file.sealed():
                for node in ast.walk(statement.node):
                    yield from self._meant(path, node)

    def _meant(self, path: Path, node: ast.AST) -> Iterator[Any]:
        """What a name, an attribute of a module or an import inside of a function stands for."""
        if isinstance(node, ast.Name):
            yield self._namespace(path).get(node.id)
        elif isinstance(node, ast.Attribute):
            yield self._attribute(path, node)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _LIBRARY:
            module = importlib.import_module(str(node.module))
            yield from (getattr(module, alias.name, None) for alias in node.names)

    def _attribute(self, path: Path, node: ast.expr) -> Any:
        if isinstance(node, ast.Name):
            return self._namespace(path).get(node.id)
        owner = self._attribute(path, node.value) if isinstance(node, ast.Attribute) else None
        known = isinstance(node, ast.Attribute) and isinstance(owner, ModuleType)
        return vars(owner).get(node.attr) if known else None  # type: ignore[attr-defined]


_IMPORTS = (ast.Import, ast.ImportFrom)


def _imported(node: ast.AST) -> Iterator[str]:
    """The names that an import takes from what it imports."""
    if isinstance(node, ast.ImportFrom):
        yield from (alias.name for alias in node.names)


def _in_order(statements: Iterable[Statement]) -> list[str]:
    """The texts of statements: first, sorted, the imports of names that nothing else binds; their order is free."""
    chosen = list(statements)
    times: dict[str, int] = {}
    for statement in chosen:
        for name in statement.binds:
            times[name] = times.get(name, 0) + 1
    free = [s for s in chosen if isinstance(s.node, _IMPORTS) and all(times[name] == 1 for name in s.binds)]
    return [*sorted({s.text for s in free}), *(s.text for s in chosen if not any(s is each for each in free))]


def _namespace_of(path: Path) -> dict[str, Any]:
    """What the names of a file stand for: of the module that it was imported as, or else of a new one.

    Raises:
        PredictionError: it cannot be imported.
    """
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType) and file_of(module) == path:
            return vars(module)
    try:
        spec = importlib.util.spec_from_file_location(f"interp_claims_sealed_{path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        with imports_of(path, Path.cwd(), anew=False):
            spec.loader.exec_module(module)
    except Exception as error:  # whatever the file's own code raises
        raise PredictionError(
            f"{path}: a prediction imports it, and it cannot be imported by itself ({type(error).__name__}: {error}); "
            "import it at the top of the claim's file"
        ) from error
    return vars(module)
