"""What imports what: each part of the library only parts that come before it."""

import ast
from pathlib import Path

import interp_claims

_LIBRARY = Path(interp_claims.__file__).parent
#: From the bottom up; parts on one line know nothing of one another.
_LAYERS = (
    ("errors",),
    ("files", "mazes", "verdicts", "places", "sources"),
    ("policies",),
    ("edits", "results"),
    ("measures", "controls", "outcomes", "records"),
    ("discovery", "pictures", "declarations"),
    ("claims",),
    ("collecting", "running"),
    ("prereg", "replay", "explore"),
    ("report",),
    ("proof", "training"),
    ("plugin", "bench"),
    ("commands",),
    ("cli",),
)


def _imports(file: Path) -> set[str]:
    """The parts of the library that a file imports, at its top or inside of functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "interp_claims":
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("interp_claims."):
            found.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            found.update(a.name.split(".")[1] for a in node.names if a.name.startswith("interp_claims."))
    return found


def _part(file: Path) -> str:
    return file.relative_to(_LIBRARY).parts[0].removesuffix(".py")


def test_every_part_imports_only_those_below_it():
    height = {part: i for i, layer in enumerate(_LAYERS) for part in layer}
    wrong = [
        f"{file.relative_to(_LIBRARY)} imports {other}"
        for file in sorted(_LIBRARY.rglob("*.py"))
        if _part(file) != "__init__"
        for other in sorted(_imports(file) - {_part(file)})
        if height[other] >= height[_part(file)]
    ]
    assert not wrong


def test_the_layers_are_those_that_there_are():
    there = {_part(file) for file in _LIBRARY.rglob("*.py")} - {"__init__"}
    assert sorted(part for layer in _LAYERS for part in layer) == sorted(there)
