"""What a claim measures, as a hash of its code: saved results are compared only with results of the same measure.

The hash outlives versions of this library and of Python. It is of the claim's function and of what that uses of its own
file, without decorators, which say what is decided about the numbers, and without comments, layout and docstrings.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Optional, Union

_Definition = Union[ast.FunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign]


def code_sha256(function: Callable[..., Any], conditions: tuple[Callable[..., Any], ...] = ()) -> Optional[str]:
    """sha-256 of a claim's code, or None where its text is not at hand.

    Args:
        function: the claim's.
        conditions: those of its own that its mazes fulfil; the library's are told by their names.
    """
    own = [each for each in conditions if not str(each.__module__).startswith("interp_claims.")]
    try:
        texts = [_text_of(inspect.unwrap(each)) for each in (function, *own)]
    except (OSError, TypeError, SyntaxError):  # no file, no function, or none that is defined by its name
        return None
    return hashlib.sha256("\n\n".join(texts).encode()).hexdigest()


def _text_of(function: Any) -> str:
    """A function, and what it uses of its own file, as text that tells nothing of layout."""
    lines, _ = inspect.findsource(function)
    functions, definitions = _read("".join(lines))
    named = function.__name__, function.__code__.co_firstlineno
    if named not in functions:
        raise TypeError(f"{function.__qualname__}: got no definition in its file, wanted a function with a name")
    used: dict[str, str] = {}
    waiting: list[ast.AST] = [functions[named]]
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Name) and node.id in definitions and node.id not in used:
                used[node.id] = _told(definitions[node.id])
                waiting.append(definitions[node.id])
    return "\n".join([_told(functions[named]), *(used[name] for name in sorted(used))])


def _told(node: ast.AST) -> str:
    """Code as its tree prints, which is the same in every version of Python, as ``ast.unparse`` is not."""
    for part in ast.walk(node):
        if isinstance(part, ast.JoinedStr):  # Python 3.12 puts empty texts into formats
            part.values = [each for each in part.values if not (isinstance(each, ast.Constant) and each.value == "")]
    return ast.dump(node).replace(", type_params=[]", "")  # a field that Python 3.12 added


@lru_cache(maxsize=16)
def _read(text: str) -> tuple[dict[tuple[str, int], ast.FunctionDef], dict[str, _Definition]]:
    """The functions of a file by name and first line, and what it defines at its top level by name."""
    tree = ast.parse(text)
    functions = {
        (node.name, min([node.lineno, *(each.lineno for each in node.decorator_list)])): node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            node.decorator_list = []
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    return functions, dict(_defined(tree))


def _defined(tree: ast.Module) -> Iterator[tuple[str, _Definition]]:
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name, node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from ((each.id, node) for each in ast.walk(target) if isinstance(each, ast.Name))
