"""Edits of a registered prediction's file: what can change its outcome is found, what belongs to others is not."""

import re

import pytest
from plugin_projects import MANIFEST

from interp_claims import measures
from interp_claims.cli import main
from interp_claims.prereg import Ledger, block_of

HEAD = """
import collections
import dataclasses
import enum
import functools
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import torch
from numpy import maximum as combine

import interp_claims.measures as measures
from interp_claims.claims import claim
from interp_claims.controls import untrained
from interp_claims.mazes import MazeDistribution, only, stock_mazes
from interp_claims.measures import p_cheese
from interp_claims.prereg import preregistered
from interp_claims.sources import INVARIANTS
"""
CLAIM = """

@preregistered("P1", by="somebody", on="2026-01-31", policy="one", supported=.7, refuted=.2, undecided=.1,
               data_seen="none")
@claim(number=1, source=INVARIANTS, effect_at_least=0.2, bounds=(-1, 1), mazes=stock_mazes(),
       null_controls=(untrained,))
def test_it(policy, mazes):
    'It is so.'
    return value(mazes)
"""
VALUE = """
def value(mazes):
    return [0.5 for _ in mazes]
"""
OTHER = (
    CLAIM.replace('"P1"', '"P2"')
    .replace("test_it", "test_other")
    .replace("stock_mazes()", "LARGE")
    .replace("value(mazes)", "other(mazes)")
)
EDITED = re.compile(r"P1: was edited after it was registered as line 1 \((claim, )?source_code")


class Project:
    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "claims" / "test_p.py"
        self.write("fixtures/policies.toml", MANIFEST)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    @property
    def blocks(self):
        entries = Ledger(self.folder / "claims" / "ledger.jsonl").entries
        return [block_of(entry.body["sealed"]).first for entry in entries]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(measures, "p_cheese", measures.p_cheese)  # put back after those that change it
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


@pytest.fixture
def registered(folder, capsys):
    """Registers a file of one prediction; gives what verify says after each edit of it."""

    def register(text, edited):
        folder.file.parent.mkdir(exist_ok=True)
        folder.file.write_text(text)
        assert main(["register", "claims/test_p.py"]) == 0, capsys.readouterr().err
        assert main(["verify"]) == 0, capsys.readouterr().err
        folder.file.write_text(edited)
        status = main(["verify"])
        return status, capsys.readouterr().err

    return register


APPENDED = {
    "the claim, wrapped": "_inner = test_it\n@functools.wraps(_inner)\n"
    "def test_it(policy, mazes):\n    return 0 * _inner(policy, mazes)\n",
    "the claim, by another name": "def other(policy, mazes):\n    return [0]\nother.__dict__.update(test_it.__dict__)\n"
    "test_it = other\n",
    "a helper, wrapped": "_value = value\n@functools.wraps(_value)\ndef value(mazes):\n    return [0 for _ in mazes]\n",
    "a name of the library, wrapped": "_p = p_cheese\np_cheese = functools.wraps(_p)(lambda *given: 0 * _p(*given))\n",
    "a module of the library, changed": "measures.p_cheese = lambda *given: 0\n",
    "a module of the library, changed by another test": "def test_else():\n    measures.p_cheese = lambda *given: 0\n",
    "a module of the library, changed by its dictionary": "vars(measures)['p_cheese'] = lambda *given: 0\n",
    "a builtin": "def max(*given):\n    return 0\n",
    "an attribute of a function": "value.factor = 2\n",
    "globals": "globals()['value'] = lambda mazes: [0 for _ in mazes]\n",
    "a fixture": "import pytest\n@pytest.fixture(autouse=True)\ndef always():\n    yield\n",
    "a star": "from numpy import *\n",
    "a name bound by another claim's decorator": "@claim(number=(value := 1), source=INVARIANTS, effect_at_least=0.2,"
    "bounds=(-1, 1), mazes=stock_mazes(), null_controls=(untrained,))\n"
    "def test_more(policy, mazes):\n    'It is so.'\n    return [0 for _ in mazes]\n",
    "a patch": "from unittest import mock\n"
    "def test_else():\n    mock.patch('interp_claims.measures.p_cheese').start()\n",
    "a mark that asks for something": "import pytest\npytestmark = pytest.mark.usefixtures('something')\n",
    "a class that changes something when it is made": "class Kind:\n    measures.p_cheese = max\n",
    "a default that changes something": "def test_else(a=vars(measures).update(p_cheese=max)):\n    pass\n",
    "another import of the same name": "import math as combine\n",
    "an attribute of a class": "dict_of = collections.OrderedDict\nFactor.by = 2\n",
    "a loop": "for each in LIST:\n    LIST[0] = 2\n",
    "what a list that others read was called": "LISTS = LIST\nLISTS[0] = 3\n",
    "a list that others read, changed by another test": "def test_else():\n    LIST.append(3)\n",
}
READS = """
LIST = [0.5]
class Factor:
    by = 1
def value(mazes):
    measures.p_cheese, p_cheese, combine
    return [max(LIST[0], 0.1) for _ in mazes]
"""


@pytest.mark.parametrize("name", APPENDED)
def test_what_is_appended_and_changes_the_outcome_is_found(registered, name):
    text = HEAD + READS + CLAIM
    status, error = registered(text, text + APPENDED[name])
    assert status == 1
    assert EDITED.search(error)


CONSTANTS = {
    "np.float32": ("np.float32(1)", "np.float32(-1)"),
    "np.int64": ("np.int64(1)", "np.int64(-1)"),
    "np.bool_": ("np.bool_(True)", "np.bool_(False)"),
    "tensor": ("torch.tensor([1.0])", "torch.tensor([-1.0])"),
    "bfloat16": ("torch.ones(2, dtype=torch.bfloat16)", "torch.zeros(2, dtype=torch.bfloat16)"),
    "fraction": ("Fraction(1, 2)", "Fraction(-1, 2)"),
    "deque": ("collections.deque([1])", "collections.deque([-1])"),
    "namespace": ("SimpleNamespace(a=1)", "SimpleNamespace(a=-1)"),
    "enum": ("Side.LEFT", "Side.RIGHT"),
    "dataclass": ("Sign(1)", "Sign(-1)"),
    "callable": ("Times(1)", "Times(-1)"),
    "bound method": ("Times(1).__call__", "Times(-1).__call__"),
    "partial": ("functools.partial(max, 1)", "functools.partial(max, -1)"),
    "import": ("combine", "np.minimum"),
    "read": ("Times(np.loadtxt('one'))", "Times(np.loadtxt('two'))"),
    "object array": ("np.array([Sign(1)], dtype=object)", "np.array([Sign(-1)], dtype=object)"),
}
KINDS = """
class Side(enum.Enum):
    LEFT = 1
    RIGHT = -1
@dataclasses.dataclass(frozen=True)
class Sign:
    by: int
class Times:
    def __init__(self, by):
        self.by = by
    def __call__(self, number):
        return self.by * number
def value(mazes):
    return [WEIGHT for _ in mazes]
"""


@pytest.mark.parametrize("kind", CONSTANTS)
@pytest.mark.parametrize("made", ["WEIGHT = {}\n", "def make():\n    return {}\nWEIGHT = make()\n"])
def test_constants_of_any_kind_are_sealed(registered, folder, kind, made):
    folder.write("one", "1")
    folder.write("two", "2")
    before, after = (HEAD + KINDS + made.format(value) + CLAIM for value in CONSTANTS[kind])
    status, error = registered(before, after)
    assert status == 1
    assert EDITED.search(error)


@pytest.mark.parametrize(("one", "two"), CONSTANTS.values(), ids=CONSTANTS)
def test_values_that_no_text_tells_are_sealed_as_they_are(registered, folder, one, two, monkeypatch):
    folder.write("one", "1")
    folder.write("two", "2")
    text = HEAD + KINDS + f"import os\nWEIGHT = {one} if 'TWO' not in os.environ else {two}\n" + CLAIM
    assert registered(text, text) == (0, "")
    monkeypatch.setenv("TWO", "1")
    assert main(["verify"]) == 1


def test_an_import_of_another_function_by_the_same_name_is_found(registered):
    text = HEAD + VALUE.replace("0.5", "combine(0, 0.5)") + CLAIM
    status, error = registered(text, text.replace("maximum as combine", "minimum as combine"))
    assert status == 1
    assert EDITED.search(error)


@pytest.mark.parametrize(
    "made", ["iter([1])", "np.random.default_rng(0)", "functools.singledispatch(max).registry.values()"]
)
def test_a_value_that_cannot_be_sealed_is_refused_by_name_and_type(folder, capsys, made):
    folder.write("claims/test_p.py", HEAD + f"WEIGHT = {made}\n" + KINDS + CLAIM)
    assert main(["register", "claims/test_p.py"]) == 2
    error = capsys.readouterr().err
    assert re.search(r"claims/test_p.py::test_it: cannot be sealed: WEIGHT is a [\w.]+, and no text tells", error)
    assert "make it inside of the function that uses it" in error
    assert not (folder.folder / "claims" / "ledger.jsonl").exists()


MORE = [
    "# a comment\n",
    "LARGE = only(wide)\n",
    "def wide(maze):\n    return maze.size > 9\n",
    "from interp_claims.mazes import size_between as between, DISCOVERY\n",
    "def other(mazes):\n    found = {}\n    found['a'] = [1]\n    found.setdefault('b', []).append(2)\n"
    "    return [0.1 for _ in mazes]\n",
    "import pytest\npytestmark = pytest.mark.slow\n",
    "def test_plain():\n    assert value([]) == []\n",
    "class Kept:\n    def __init__(self):\n        self.a = 1\n",
]


def test_what_is_added_for_others_leaves_a_seal_as_it_is(registered, folder, capsys):
    text = HEAD + VALUE + CLAIM
    grown = '"""Predictions."""\n' + HEAD.replace("MazeDistribution, only", "DONORS, MazeDistribution, only")
    grown += "LARGE = only(lambda maze: maze.size > 9)\n" + VALUE + "".join(MORE[2:]) + CLAIM + "# the other\n" + OTHER
    assert registered(text, grown) == (0, "")
    assert main(["register", "claims/test_p.py"]) == 0
    assert "P1: registered already, as line 1\nP2: registered as line 2" in capsys.readouterr().out
    folder.file.write_text(grown.replace("0.1", "0.2"))
    assert main(["verify"]) == 1
    assert "P2: was edited" in capsys.readouterr().err


def test_comments_and_empty_lines_are_not_sealed_but_those_in_texts_are(registered, folder):
    text = HEAD + 'NAMES = """a\n\n# b"""\n' + VALUE.replace("0.5", "len(NAMES)") + CLAIM
    loose = text.replace("def value(mazes):\n", "def value(mazes):  # of each\n\n    # one\n")
    assert registered(text, loose) == (0, "")
    for changed in (text.replace("a\n\n#", "a\n#"), text.replace("# b", "# c")):
        folder.file.write_text(changed)
        assert main(["verify"]) == 1


def test_an_edit_draws_other_mazes(folder):
    for effect in ("0.5", "0.6"):
        folder.write("claims/test_p.py", HEAD + VALUE.replace("0.5", effect) + CLAIM)
        assert main(["register", "claims/test_p.py"]) == 0
    assert len(set(folder.blocks)) == 2


HELPER = """
import my_numbers
def twice(function):
    return lambda *given: [2 * each for each in function(*given)]
def measure(mazes):
    return [my_numbers.HALF for _ in mazes]
def unused(mazes):
    return 1
"""


IMPORTING = [
    "from my_helper import measure\n",
    "import my_helper\nmeasure = my_helper.measure\n",
    "def measure(mazes):\n    from my_helper import measure\n    return measure(mazes)\n",
]


@pytest.mark.parametrize("importing", IMPORTING)
def test_what_stands_beside_the_claim_is_sealed_where_it_is_used(registered, folder, importing, capsys):
    folder.write("claims/my_helper.py", HELPER)
    folder.write("claims/my_numbers.py", "HALF = 0.5\n")
    text = HEAD + importing + VALUE.replace("[0.5 for _ in mazes]", "measure(mazes)") + CLAIM
    assert registered(text, text) == (0, "")
    folder.write("claims/my_helper.py", HELPER.replace("return 1", "return 2"))
    assert main(["verify"]) == 0
    for name, changed in (
        ("my_helper", HELPER.replace("HALF for", "HALF / 2 for")),
        ("my_numbers", "HALF = 0.25\n"),
        ("my_helper", HELPER + "my_numbers.HALF /= 2\n"),
    ):
        before = (folder.folder / "claims" / f"{name}.py").read_text()
        folder.write(f"claims/{name}.py", changed)
        assert main(["verify"]) == 1, name
        assert EDITED.search(capsys.readouterr().err)
        folder.write(f"claims/{name}.py", before)


def test_a_claim_made_elsewhere_is_refused(folder, capsys):
    folder.write("claims/my_helper.py", "def bare(function):\n    def inner(policy, mazes):\n        'It is so.'\n"
                                        "        return function(policy, mazes)\n    return inner\n")  # fmt: skip
    text = CLAIM.replace("def test_it", "@bare\ndef test_it")
    folder.write("claims/test_p.py", HEAD + "from my_helper import bare\n" + VALUE + text)
    assert main(["register", "claims/test_p.py"]) == 2
    assert "its function was not made in claims/test_p.py" in capsys.readouterr().err
