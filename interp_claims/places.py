"""Where code stands: in a file of its author's, which a seal reads whole, or in something that is installed."""

from __future__ import annotations

import ast
import sys
import sysconfig
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Optional

import interp_claims

_LIBRARY = Path(interp_claims.__file__).resolve().parent
_INSTALLED = tuple(
    Path(sysconfig.get_paths()[name]).resolve() for name in ("stdlib", "platstdlib", "purelib", "platlib")
)


@lru_cache(maxsize=4096)
def own_file(name: Optional[str]) -> Optional[Path]:
    """A file, if it is one of the author's own: of Python, and neither installed nor of this library."""
    if not name or name.startswith("<") or not name.endswith(".py"):
        return None
    path = Path(name).resolve()
    if {"site-packages", "dist-packages"} & set(path.parts):
        return None
    return None if any(path.is_relative_to(folder) for folder in (_LIBRARY, *_INSTALLED)) else path


def file_of(value: Any) -> Optional[Path]:
    """The author's own file that a function, class or module stands in, or None."""
    if isinstance(value, FunctionType):
        return own_file(value.__code__.co_filename)
    if isinstance(value, ModuleType):
        return own_file(getattr(value, "__file__", None))
    return own_file(getattr(sys.modules.get(value.__module__), "__file__", None))


def wrapped(function: Callable[..., Any]) -> Iterator[Any]:
    """A function, what it wraps by its own account, and so on inwards."""
    seen: list[Any] = []
    value: Any = function
    while value is not None and not any(value is each for each in seen):
        seen.append(value)
        yield value
        value = getattr(value, "__wrapped__", None) or getattr(value, "func", None)


def package_of(path: Path) -> tuple[Path, list[str]]:
    """The folder that a file is imported from, as pytest does, and the packages that it is in there."""
    folder = path.resolve().parent
    packages: list[str] = []
    while (folder / "__init__.py").is_file():
        packages.insert(0, folder.name)
        folder = folder.parent
    return folder, packages


def modules_of(node: ast.AST) -> Iterator[str]:
    """The modules that an import statement may read, packages before what is in them; nothing for other statements."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        own = f"{'.' * node.level}{node.module or ''}"
        names = [own, *(f"{own}{'' if own.endswith('.') else '.'}{alias.name}" for alias in node.names)]
    for name in names:
        yield from with_packages(name)


def with_packages(name: str) -> Iterator[str]:
    """The packages that a module is in, outermost first, and the module; relative ones keep their dots."""
    bare = name.lstrip(".")
    dots, parts = name[: len(name) - len(bare)], bare.split(".") if bare else []
    yield from (f"{dots}{'.'.join(parts[:i])}" for i in range(0 if dots else 1, len(parts) + 1))


def file_of_module(name: str, importer: Path) -> Optional[Path]:
    """The author's own file that an import means in one of their files, or None if it is installed or nowhere.

    Args:
        name: dotted; relative ones begin with as many dots as they have.
        importer: the file that imports it.
    """
    if name.startswith("."):
        bare = name.lstrip(".")
        folder = importer.parent
        for _ in range(len(name) - len(bare) - 1):
            folder = folder.parent
        return _in_folder(folder, bare.split(".") if bare else [])
    if (loaded := sys.modules.get(name)) is not None:
        return file_of(loaded)
    if name.split(".")[0] in sys.stdlib_module_names:
        return None
    folders = [package_of(importer)[0], importer.parent, *(Path(each) for each in sys.path), Path.cwd()]
    found = (_in_folder(folder, name.split(".")) for folder in folders)
    path = next((path for path in found if path is not None), None)
    return None if path is None else own_file(str(path))


def _in_folder(folder: Path, parts: list[str]) -> Optional[Path]:
    base = folder.joinpath(*parts)
    for path in (base / "__init__.py", *([base.with_name(f"{base.name}.py")] if parts else [])):
        if path.is_file():
            return path.resolve()
    return None
