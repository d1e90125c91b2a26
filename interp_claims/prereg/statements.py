"""A Python file as what its statements bind, read and may change: which of them a prediction rests on."""

from __future__ import annotations

import ast
import dataclasses
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Union

from interp_claims.prereg.harmless import Harmless
from interp_claims.prereg.predictions import PredictionError

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LAYOUT = (tokenize.COMMENT, tokenize.NL)


@dataclasses.dataclass(frozen=True)
class Statement:
    """One statement at the top of a file; of an import, one name.

    Attributes:
        node: the statement.
        text: its text without comments.
        binds: the names of the file that it binds.
        words: the names that it reads, or could be reading: attributes, and texts that are names.
        kept: whether it is sealed though nothing names it, since it may change what others do.
        determined: whether its text tells what its names are bound to.
    """

    node: ast.stmt
    text: str
    binds: frozenset[str]
    words: frozenset[str]
    kept: bool
    determined: bool


class SourceFile:
    """The statements of a file.

    Args:
        path: the file.

    Raises:
        PredictionError: it cannot be read as Python.
    """

    def __init__(self, path: Path) -> None:
        try:
            with tokenize.open(path) as file:
                text = file.read()
            tree = ast.parse(text)
            lines, dropped = _without_comments(text)
        except (OSError, SyntaxError, ValueError) as error:
            raise PredictionError(
                f"{path}: cannot be sealed ({error}); wanted a readable Python file, which a prediction is written in"
            ) from error
        self.path = path
        self._lines, self._dropped = lines, dropped
        harmless = Harmless(tree)
        self.statements = [s for node in tree.body if not _is_docstring(node, tree) for s in self._of(node, harmless)]

    def reached(self, roots: Iterable[str]) -> list[Statement]:
        """The statements that bind one of these names, or a name that such a statement reads, and so on."""
        return self._closure(set(roots), [])

    def sealed(self, roots: Iterable[str]) -> list[Statement]:
        """Those, and the ones that may change what others do, with what these read."""
        return self._closure(set(roots), [s for s in self.statements if s.kept])

    def _closure(self, words: set[str], taken: list[Statement]) -> list[Statement]:
        chosen = {id(statement) for statement in taken}
        words = words.union(*(statement.words for statement in taken))
        while True:
            more = [s for s in self.statements if id(s) not in chosen and s.binds & words]
            if not more:
                return [statement for statement in self.statements if id(statement) in chosen]
            chosen |= {id(statement) for statement in more}
            words = words.union(*(statement.words for statement in more))

    def _of(self, node: ast.stmt, harmless: Harmless) -> Iterator[Statement]:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                bound = alias.asname or (alias.name.split(".")[0] if isinstance(node, ast.Import) else alias.name)
                one = f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")
                if isinstance(node, ast.ImportFrom):
                    one = f"from {'.' * node.level}{node.module or ''} {one}"
                alone = ast.copy_location(
                    ast.ImportFrom(node.module, [alias], node.level)
                    if isinstance(node, ast.ImportFrom)
                    else ast.Import([alias]),
                    node,
                )
                yield Statement(alone, one, frozenset({bound}), frozenset(), alias.name == "*", True)
            return
        binds = frozenset(bound_by(node))
        kept = not harmless.statement(node)
        determined = isinstance(node, _DEFINITIONS) or harmless.determined(node)
        yield Statement(node, self._text(node), binds, frozenset(_words(node)), kept, determined)

    def _text(self, node: ast.stmt) -> str:
        decorators = node.decorator_list if isinstance(node, _DEFINITIONS) else []
        return "\n".join([*(f"@{self._segment(each)}" for each in decorators), self._segment(node)])

    def _segment(self, node: Union[ast.stmt, ast.expr]) -> str:
        """A part of the file without its comments and empty lines."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        first, last = node.lineno - 1, node.end_lineno - 1
        parts = [self._lines[i] for i in range(first, last + 1)]
        parts[-1] = _cut(parts[-1], 0, node.end_col_offset)
        parts[0] = _cut(parts[0], node.col_offset, None)
        return "\n".join(part for i, part in enumerate(parts, first) if i not in self._dropped)


def bound_by(node: ast.stmt) -> Iterator[str]:
    """The names of its file that a statement binds or deletes."""
    for part in _of_this_scope(node):
        if isinstance(part, _DEFINITIONS):
            yield part.name
        elif isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            yield part.id
        elif isinstance(part, ast.alias):
            yield part.asname or part.name.split(".")[0]
        elif isinstance(part, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and part.name:
            yield part.name
        elif isinstance(part, ast.MatchMapping) and part.rest:
            yield part.rest
    for part in ast.walk(node):
        if isinstance(part, ast.Global):
            yield from part.names


def _of_this_scope(node: ast.AST) -> Iterator[ast.AST]:
    """A node and those inside it that are of the file's own scope: no bodies of functions and classes."""
    yield node
    inner: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, _DEFINITIONS):
        given = node.bases if isinstance(node, ast.ClassDef) else [*node.args.defaults, *node.args.kw_defaults]
        inner = [*node.decorator_list, *(each for each in given if each is not None)]
    elif isinstance(node, ast.comprehension):
        inner = [node.iter, *node.ifs]
    for each in inner:
        yield from _of_this_scope(each)


def _words(node: ast.AST) -> Iterator[str]:
    docstrings = {id(part.body[0].value) for part in ast.walk(node) if _has_docstring(part)}  # type: ignore[attr-defined]
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.alias):
            yield from part.name.split(".")
        elif isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in docstrings:
            yield from part.value.split(".") if re.fullmatch(r"[\w.]+", part.value) else ()


def _has_docstring(node: ast.AST) -> bool:
    body = getattr(node, "body", None)
    return isinstance(node, _DEFINITIONS) and bool(body) and _is_text(node.body[0])


def _is_docstring(node: ast.stmt, tree: ast.Module) -> bool:
    return node is tree.body[0] and _is_text(node)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _cut(line: str, first: int, last: Union[int, None]) -> str:
    """A part of a line, by bytes, as syntax trees count them."""
    return line.encode()[first:last].decode()


def _without_comments(text: str) -> tuple[list[str], set[int]]:
    """The lines of a text without comments, and the numbers of those that hold nothing else."""
    lines = text.split("\n")
    empty: set[int] = set()
    full: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        row, column = token.start
        if token.type == tokenize.COMMENT:
            lines[row - 1] = lines[row - 1][:column].rstrip()
        if token.type in _LAYOUT:
            empty.add(row - 1)
        else:
            full.update(range(row - 1, token.end[0]))
    return lines, empty - full
