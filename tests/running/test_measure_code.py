"""The hash of a claim's code: what changes what is measured changes it, and nothing else does."""

import functools
import importlib.util

import pytest

from interp_claims.mazes import size_between, with_decision_square
from interp_claims.running.measure_code import code_sha256

TEXT = '''
from interp_claims.policies import DEFAULT_LAYER

STEPS = 5
ELSEWHERE = 7
KINDS = {"a": lambda number: number}

def helper(number):
    """What helps."""
    return number + STEPS

@functools.lru_cache(maxsize=4)
def test_it(policy=None, mazes=()):
    """It is so."""
    return KINDS["a"](helper(1)) + len(DEFAULT_LAYER)
'''


@pytest.fixture
def hashed(tmp_path):
    """The hash of test_it in a file with some text."""
    numbers = iter(range(100))

    def make(text, conditions=()):
        path = tmp_path / f"file{next(numbers)}.py"
        path.write_text(f"import functools\n{text}")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return code_sha256(module.test_it, tuple(getattr(module, name) for name in conditions))

    return make


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("helper(1)", "helper(2)"),
        ("mazes=()", "mazes=[]"),
        ("number + STEPS", "number - STEPS"),
        ("STEPS = 5", "STEPS = 6"),
        ("lambda number: number", "lambda number: -number"),
    ],
    ids=["the function", "its default", "what it calls", "a constant", "a table"],
)
def test_what_changes_the_measure_changes_the_hash(hashed, old, new):
    assert hashed(TEXT) != hashed(TEXT.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("It is so.", "So it is."),
        ("What helps.", "A helper."),
        ("    return KINDS", "    # a remark\n\n    return  KINDS"),
        ('KINDS["a"]', "KINDS['a']"),
        ("maxsize=4", "maxsize=5"),
        ("ELSEWHERE = 7", "ELSEWHERE = 8"),
        ("STEPS = 5\n", "\n\nSTEPS = 5  # of them\n"),
    ],
    ids=["docstring", "its helper's", "layout", "quotes", "decorator", "another constant", "place"],
)
def test_what_changes_nothing_that_is_measured_leaves_it(hashed, old, new):
    assert hashed(TEXT) == hashed(TEXT.replace(old, new, 1))


def test_a_condition_of_ones_own_on_mazes_is_part_of_it(hashed):
    text = TEXT + "\ndef roomy(maze):\n    return maze.size > 7\n"
    assert hashed(text, ["roomy"]) != hashed(TEXT)
    assert hashed(text, ["roomy"]) != hashed(text.replace("> 7", "> 9"), ["roomy"])


def test_the_librarys_conditions_are_told_by_their_names(hashed):
    def of_this_library(maze):
        return True

    of_this_library.__module__ = size_between.__module__
    assert with_decision_square().conditions == ()

    def test_it(policy, mazes):
        return 1

    assert code_sha256(test_it, (of_this_library,)) == code_sha256(test_it)


def test_the_hash_is_the_same_in_every_version_of_python_and_of_this_library(hashed):
    """Results are compared with older ones: where this fails, those would be refused."""
    text = TEXT.replace("    return KINDS", "    a, b = (f'{n:>{STEPS}}!' for n, _ in mazes)\n    return KINDS")
    assert hashed(text) == "5f6134dd395169e7f1ebba1cad280aa48365eaa371b54339daa70fad45854ddf"


@pytest.mark.parametrize("function", [len, functools.partial(len), lambda: 1])
def test_what_has_no_text_of_its_own_has_no_hash(function):
    assert code_sha256(function) is None
