"""The claims of files, read without running pytest."""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from interp_claims.claims import ClaimSpec, spec_of
from interp_claims.errors import InterpClaimsError
from interp_claims.places import file_of, package_of
from interp_claims.verdicts.sequential import Hypothesis

_READ = "interp_claims_read_"


class CollectingError(InterpClaimsError):
    """A file that cannot be read as claims."""


def claims_in(path: Path, root: Path) -> dict[str, Callable[..., Any]]:
    """The claims of a file, or of a folder's files ``test_*.py``, by identity, in their order.

    Args:
        path: the file or folder. Its code is run, as pytest does.
        root: the folder that identities are relative to.

    Raises:
        CollectingError: a file cannot be read as Python, or raises an error, or there are no claims.
    """
    if not path.exists():
        raise CollectingError(
            f"{path}: there is no such file or folder; run from the folder that holds claims/, or name it"
        )
    files = sorted(path.glob("test_*.py")) if path.is_dir() else [path]
    found = {name: function for file in files for name, function in _claims_of(file, root).items()}
    if not found:
        raise CollectingError(f"{path}: holds no claims; wanted functions under @claim(...) in files test_*.py")
    return found


def hypothesis_of(spec: ClaimSpec, claim: str) -> Hypothesis:
    """The threshold that a claim's identity names, such as ``…[size]``, or the only one."""
    chosen = claim.rpartition("[")[2].rstrip("]").split("-")[-1]
    return spec.hypotheses[chosen] if chosen in spec.hypotheses else next(iter(spec.hypotheses.values()))


#: Modules beside a file of claims that reading it brought in; the next file may mean others by their names.
_BROUGHT: list[str] = []


@contextlib.contextmanager
def imports_of(path: Path, root: Path, *, anew: bool = True) -> Iterator[str]:
    """Lets a file import what stands beside it, as pytest does.

    Args:
        path: the file.
        root: the folder that pytest would be run from.
        anew: forget what files before it imported so.

    Returns:
        The package that the file is in, or empty.
    """
    folder, packages = package_of(path)
    for name in list(_BROUGHT) if anew else []:
        sys.modules.pop(name, None)
        _BROUGHT.remove(name)
    before, paths, wrote_none = set(sys.modules), list(sys.path), sys.dont_write_bytecode
    sys.path[:0] = [str(folder), str(root.resolve())]
    sys.dont_write_bytecode = True  # which would stand for a file that was edited twice in one second
    importlib.invalidate_caches()
    try:
        yield ".".join(packages)
    finally:
        sys.path[:], sys.dont_write_bytecode = paths, wrote_none
        new = [(name, sys.modules[name]) for name in set(sys.modules) - before if _READ not in name]
        _BROUGHT.extend(name for name, module in new if isinstance(module, ModuleType) and file_of(module) is not None)


def _claims_of(path: Path, root: Path) -> dict[str, Callable[..., Any]]:
    try:
        where = path.resolve().relative_to(root.resolve()).as_posix()
        with imports_of(path, root) as package:
            # not what pytest calls it, should it collect another file of this name
            name = f"{package}.{_READ}{path.stem}" if package else f"{_READ}{path.stem}"
            spec = importlib.util.spec_from_file_location(name, path.resolve())
            if spec is None or spec.loader is None:
                raise ImportError("not a Python file")
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module  # so that the sources of its functions are found
            spec.loader.exec_module(module)
    except Exception as error:  # whatever the file's own code raises
        said = f"{type(error).__name__}: {error}"
        raise CollectingError(f"{path}: cannot be read as a file of claims under {root} ({said})") from error
    functions = [function for _, function in inspect.getmembers(module, callable) if spec_of(function) is not None]
    functions.sort(key=lambda function: inspect.unwrap(function).__code__.co_firstlineno)
    return {f"{where}::{function.__name__}": function for function in functions}
