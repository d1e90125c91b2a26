"""The code that a claim's result depends on, beside its own file."""

import sys

import pytest

from interp_claims.running.local_code import LocalCode

HELPER = "def measure():\n    return 1\n"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Writes files by name; a claim's file among them is claims/test_it.py, whose folder Python looks in."""
    monkeypatch.syspath_prepend(str(tmp_path / "claims"))
    before = set(sys.modules)

    def write(**texts):
        for name, text in texts.items():
            path = tmp_path / "claims" / f"{name.replace('__in__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path / "claims" / "test_it.py"

    yield write
    assert set(sys.modules) == before, "nothing is imported to find out"


def names(path):
    """What is found of the files that were written; above them there may be others."""
    return {name for name in LocalCode().of([path]) if not name.startswith("../../")}


@pytest.mark.parametrize(
    "text",
    [
        "import local_helper",
        "import local_helper as h",
        "from local_helper import measure",
        "from local_helper import *",
        "def test_it():\n    import local_helper",
        "if True:\n    from local_helper import measure",
        "import importlib\nhelper = importlib.import_module('local_helper')",
        "pytest_plugins = ['local_helper']",
        "pytest_plugins = 'local_helper'",
    ],
)
def test_what_a_file_imports_is_found(files, text):
    path = files(test_it=text, local_helper=HELPER, local_other="")
    assert names(path) == {"test_it.py", "local_helper.py"}


def test_modules_that_modules_import_are_found_round_in_circles_too(files):
    path = files(test_it="import local_a", local_a="import local_b", local_b="import local_c", local_c="import local_a")
    assert names(path) == {"test_it.py", "local_a.py", "local_b.py", "local_c.py"}


def test_of_packages_all_that_runs_is_found(files):
    path = files(
        test_it="from local_package.part import measure\nfrom local_package import another",
        local_package__in____init__="",
        local_package__in__part="from . import beside\nfrom .deep import measure",
        local_package__in__beside="",
        local_package__in__another="",
        local_package__in__unused="",
        local_package__in__deep__in____init__="from ..further import measure",
        local_package__in__further=HELPER,
    )
    parts = ("__init__", "part", "beside", "another", "deep/__init__", "further")
    assert names(path) == {"test_it.py", *(f"local_package/{part}.py" for part in parts)}


def test_conftest_files_above_are_found_with_what_they_import(files, tmp_path):
    (tmp_path / "conftest.py").write_text("import local_helper")
    path = files(test_it="", conftest="", local_helper="")
    assert names(path) == {"test_it.py", "conftest.py", "../conftest.py", "local_helper.py"}


def test_what_is_installed_is_left_out(files):
    text = "import os, json, torch.nn, none\nfrom numpy import linalg\nfrom interp_claims import claims"
    assert names(files(test_it=text)) == {"test_it.py"}


def test_what_cannot_be_read_as_python_has_a_hash_all_the_same(files):
    path = files(test_it="import local_helper", local_helper="not python (")
    assert names(path) == {"test_it.py", "local_helper.py"}


def test_a_change_is_another_hash_for_the_next_run_and_the_same_for_this_one(files):
    path = files(test_it="import local_helper", local_helper=HELPER)
    run, first = LocalCode(), LocalCode().of([path])
    assert run.of([path]) == first
    files(local_helper=HELPER.replace("1", "0"))
    assert run.of([path]) == first, "what it imported is the code as it was"
    changed = LocalCode().of([path])
    assert changed.keys() == first.keys()
    assert [name for name in first if first[name] != changed[name]] == ["local_helper.py"]
