"""Which statements of a file can change nothing but the names that they bind, so that a seal may leave them out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Optional, Union

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


Scope = Union[ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda]
#: What may be called when a file is read: it changes nothing, and its arguments tell what it gives.
_CALLED = (
    "interp_claims.claims. interp_claims.controls. interp_claims.discovery. interp_claims.edits. interp_claims.mazes. "
    "interp_claims.measures. interp_claims.policies. interp_claims.prereg. interp_claims.sources. "
    "interp_claims.verdicts. functools. dataclasses. fractions. collections. itertools. math. pathlib. enum. typing. "
    "pytest.mark. pytest.param types.SimpleNamespace"
)
_OF_NUMPY = _set(
    "array asarray arange linspace zeros ones full eye float32 float64 int32 int64 bool_ uint8 stack concatenate sqrt "
    "log exp"
)
_OF_TORCH = frozenset({"tensor", "zeros", "ones", "arange", "linspace"})
_BUILTIN = _set(
    "abs bool bytes complex dict enumerate float frozenset int len list max min range reversed round set slice sorted "
    "str sum tuple zip"
)
#: Packages whose names mean the same in every process.
_SAME_EVERYWHERE = _set(
    "interp_claims numpy torch scipy math functools dataclasses fractions collections itertools pathlib enum typing "
    "pytest types decimal"
)
#: Who names one of these may change something by its name.
_REACHING = _set(
    "setattr delattr globals vars exec eval __import__ __dict__ __setattr__ __builtins__ __defaults__ __code__ "
    "__class__ modules import_module reload monkeypatch MonkeyPatch usefixtures environ "
    "_getframe currentframe patch setitem mock"
)
_CHANGING = _set(
    "append appendleft extend insert pop popleft popitem remove clear update setdefault add discard sort reverse fill "
    "itemset resize partition rotate copyto put place putmask __setitem__ __delitem__"
)
_CALLED_BY_OTHERS = ("pytest_", "setup", "teardown", "__")


class Harmless:
    """What can be said of the statements of one file.

    Args:
        tree: the file.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._imported: dict[str, list[str]] = {}
        self._assigned: set[str] = set()
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self._note(node)
            else:
                self._assigned |= set(_stored(node))

    def _note(self, node: Union[ast.Import, ast.ImportFrom]) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                path = f"{'.' * node.level}{node.module or ''}.{alias.name}"
            else:
                path = alias.name if alias.asname else alias.name.split(".")[0]
            name = alias.asname or (alias.name.split(".")[0] if isinstance(node, ast.Import) else alias.name)
            self._imported.setdefault(name, []).append(path)

    def statement(self, node: ast.stmt) -> bool:
        """Whether a statement changes nothing but what its names are bound to, now or when something calls it."""
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            given = [*node.args.defaults, *filter(None, node.args.kw_defaults), *_annotations(node)]
            named = node.name.startswith(_CALLED_BY_OTHERS)
            return not named and self._definition(node, given)
        if isinstance(node, ast.ClassDef):
            given = [*node.bases, *(keyword.value for keyword in node.keywords)]
            body = all(self._of_class(each) for each in node.body)
            return body and self._definition(node, given)
        if isinstance(node, ast.Assign):
            names = [name for target in node.targets for name in _names(target)]
            return self._binding(names, node.value)
        if isinstance(node, ast.AnnAssign):
            return self._binding(_names(node.target), node.value) and self.expression(node.annotation)
        return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))

    def determined(self, node: ast.stmt) -> bool:
        """Whether the text of a statement tells what its names are bound to, wherever and whenever it is run."""
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or not self.statement(node):
            return False
        return node.value is not None and all(self._same(part) for part in ast.walk(node.value))

    def _same(self, part: ast.AST) -> bool:
        paths = self._imported.get(part.id, []) if isinstance(part, ast.Name) else []
        return all(path.split(".")[0] in _SAME_EVERYWHERE for path in paths)

    def _binding(self, names: list[Optional[str]], value: Optional[ast.expr]) -> bool:
        if names == ["pytestmark"] and value is not None:
            return not any(isinstance(part, ast.Call) for part in ast.walk(value)) and self.expression(value)
        plain = all(name is not None and not name.startswith(_CALLED_BY_OTHERS) for name in names)
        return plain and (value is None or self.expression(value))

    def _definition(self, node: Scope, given: list[ast.expr]) -> bool:
        decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
        return (
            all(map(self._decorator, decorators)) and all(map(self.expression, given)) and not self._reaches_out(node)
        )

    def _of_class(self, node: ast.stmt) -> bool:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            given = [*node.args.defaults, *filter(None, node.args.kw_defaults), *_annotations(node)]
            return self._definition(node, given)
        return self.statement(node)

    def _decorator(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Call):
            return self.expression(node)
        known = isinstance(node, ast.Name) and node.id in {"property", "staticmethod", "classmethod"} - self._assigned
        return known or self._called(node)

    def expression(self, node: ast.expr) -> bool:
        """Whether evaluating an expression changes nothing."""
        if isinstance(node, ast.Lambda):
            return all(map(self.expression, node.args.defaults)) and not self._reaches_out(node)
        if isinstance(node, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
            return False
        if isinstance(node, ast.Call) and not self._called(node.func):
            return False
        return all(
            self.expression(each) if isinstance(each, ast.expr) else all(map(self.expression, _expressions(each)))
            for each in ast.iter_child_nodes(node)
        )

    def _called(self, node: ast.expr) -> bool:
        """Whether what an expression names may be called."""
        root, _, rest = (_dotted(node) or "").partition(".")
        if not root or root in self._assigned:
            return False
        if root not in self._imported:
            return not rest and root in _BUILTIN
        return all(_may_be_called(f"{path}.{rest}" if rest else path) for path in self._imported[root])

    def _reaches_out(self, node: Scope) -> bool:
        """Whether a function or class may change something that is not its own, as far as its text shows."""
        fresh = _fresh_names(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Global):
                return True
            if isinstance(part, ast.Name) and part.id in _REACHING:
                return True
            if isinstance(part, ast.arg) and part.arg in _REACHING:
                return True
            if isinstance(part, ast.Attribute) and part.attr in _REACHING:
                return True
            if isinstance(part, (ast.Attribute, ast.Subscript)) and not isinstance(part.ctx, ast.Load):
                own = _root(part) in (fresh if isinstance(part, ast.Subscript) else {"self", "cls"})
                if not own:
                    return True
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
                changing = part.func.attr in _CHANGING or (part.func.attr.endswith("_") and part.func.attr[0] != "_")
                if changing and _root(part.func) not in fresh:
                    return True
        return False


def _may_be_called(path: str) -> bool:
    package, _, name = path.partition(".")
    if package in ("numpy", "torch"):
        return name in (_OF_NUMPY if package == "numpy" else _OF_TORCH)
    return path.startswith(tuple(_CALLED.split())) and not path.endswith(".usefixtures")


def _stored(node: ast.stmt) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, _DEFINITIONS) and part is node:
            yield part.name
        elif isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load) and not isinstance(node, _DEFINITIONS):
            yield part.id
        elif isinstance(part, ast.alias) and not isinstance(node, _DEFINITIONS):
            yield part.asname or part.name.split(".")[0]
        elif isinstance(part, ast.Global):
            yield from part.names


def _annotations(node: Union[ast.FunctionDef, ast.AsyncFunctionDef]) -> list[ast.expr]:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    found = [each.annotation for each in arguments if each is not None and each.annotation is not None]
    return found if node.returns is None else [*found, node.returns]


def _names(target: ast.expr) -> list[Optional[str]]:
    """The names that a target binds; None where it is something else than names."""
    if isinstance(target, (ast.Tuple, ast.List)):
        return [name for each in target.elts for name in _names(each)]
    return [target.id if isinstance(target, ast.Name) else None]


def _expressions(node: ast.AST) -> list[ast.expr]:
    """The expressions right inside a part of an expression that is none, such as ``for x in y`` or ``name=value``."""
    found: list[ast.expr] = []
    for each in ast.iter_child_nodes(node):
        found += [each] if isinstance(each, ast.expr) else _expressions(each)
    return found


def _dotted(node: ast.expr) -> Optional[str]:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value)) is not None:
        return f"{before}.{node.attr}"
    return None


def _root(node: ast.expr) -> Optional[str]:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None


def _fresh_names(node: Scope) -> set[str]:
    """The names that a function binds to new objects alone: by calls, displays and sums, not to what had a name."""
    fresh: dict[str, bool] = {"self": True}
    arguments = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    for part in ast.walk(node):
        if not isinstance(part, (ast.Assign, ast.AnnAssign)):
            continue
        new = not isinstance(part.value, (ast.Name, ast.Attribute, ast.Subscript, ast.IfExp, ast.BoolOp))
        for target in part.targets if isinstance(part, ast.Assign) else [part.target]:
            for name in _names(target):
                if name is not None:
                    fresh[name] = fresh.get(name, True) and new
    bound = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)}
    return {name for name, new in fresh.items() if new and (name in bound or name == "self")} - (arguments - {"self"})
