"""Reading files of claims: what they import is found as pytest finds it, each file's own."""

import os
import sys

import pytest

from interp_claims.collecting import CollectingError, claims_in

CLAIM = """
{importing}
from interp_claims.claims import universal_claim
from interp_claims.sources import INVARIANTS

@universal_claim(number=1, source=INVARIANTS)
def test_it():
    'It is so.'
test_it.told = told
"""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def told(tmp_path):
    """What a file of claims imported."""

    def read(path):
        (function,) = claims_in(tmp_path / path, tmp_path).values()
        return function.told

    return read


def test_what_stands_beside_a_file_is_imported_and_each_file_has_its_own(tmp_path, told):
    paths = list(sys.path)
    for folder in ("one", "two"):
        write(tmp_path / folder / "test_it.py", CLAIM.format(importing="from a_helper import told"))
        write(tmp_path / folder / "a_helper.py", f"told = {folder!r}\n")
    assert [told("one/test_it.py"), told("two/test_it.py"), told("one/test_it.py")] == ["one", "two", "one"]
    write(tmp_path / "one" / "a_helper.py", "told = 'changed since'\n")
    assert told("one/test_it.py") == "changed since"
    assert sys.path == paths


def test_what_stands_in_the_folder_of_the_run_is_imported_too(tmp_path, told):
    write(tmp_path / "one" / "test_it.py", CLAIM.format(importing="from tools.a_helper import told"))
    write(tmp_path / "tools" / "a_helper.py", "told = 'from the root'\n")
    assert told("one/test_it.py") == "from the root"


def test_a_file_in_a_package_imports_its_neighbours(tmp_path, told):
    write(tmp_path / "pack" / "__init__.py", "")
    write(tmp_path / "pack" / "a_helper.py", "told = 'of the package'\n")
    for importing in ("from .a_helper import told", "from pack.a_helper import told"):
        write(tmp_path / "pack" / "test_it.py", CLAIM.format(importing=importing))
        assert told("pack/test_it.py") == "of the package"


def test_what_is_nowhere_is_an_error(tmp_path, told):
    write(tmp_path / "one" / "test_it.py", CLAIM.format(importing="from a_helper_that_is_nowhere import told"))
    with pytest.raises(CollectingError, match="No module named 'a_helper_that_is_nowhere'"):
        told("one/test_it.py")


def test_a_file_edited_twice_in_one_second_is_read_anew(tmp_path, told, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    read = []
    for value in ("1", "2"):
        write(tmp_path / "test_it.py", CLAIM.format(importing=f"told = {value}"))
        os.utime(tmp_path / "test_it.py", (1_700_000_000, 1_700_000_000))
        read.append(told("test_it.py"))
    assert read == [1, 2]
    assert not sys.dont_write_bytecode
    assert not list(tmp_path.rglob("*.pyc"))
