"""``interp-claims list`` and ``run``."""

import subprocess
import sys

import pytest
from plugin_projects import CONFTEST, HEAD, claim_text

from interp_claims import cli


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with one file of claims, where commands run."""
    (tmp_path / "claims").mkdir()
    text = HEAD + claim_text(0.5, options="effect_at_least={'direction': 0.02, 'size': 0.2}")
    (tmp_path / "claims" / "test_some_claims.py").write_text(text)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list_tells_number_sentence_thresholds_and_place(folder, capsys):
    assert cli.main(["list"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "1 The effect is large. sampled direction: mean at least 0.02" in shown
    assert "size: mean at least 0.2" in shown
    assert "claims/test_some_claims.py" in shown


def test_where_there_are_no_claims_list_says_so(folder, capsys):
    assert cli.main(["list", "nowhere"]) == 2
    assert "nowhere: there is no such file or folder; run from the folder that holds claims/" in capsys.readouterr().err
    (folder / "empty").mkdir()
    assert cli.main(["list", "empty"]) == 2
    assert "empty: holds no claims; wanted functions under @claim(...)" in capsys.readouterr().err


def test_run_is_pytest_on_the_claims_with_its_options_and_status(folder, monkeypatch):
    called = []
    monkeypatch.setattr("os.execv", lambda program, command: called.append((program, command)))
    cli.main(["run", "-n", "2", "--policy", "mine.pth", "-k", "cheese"])
    [(program, command)] = called
    assert program == command[0] == sys.executable
    assert command[1:] == ["-m", "pytest", "claims/", "-n", "2", "--policy", "mine.pth", "-k", "cheese"]


@pytest.mark.parametrize(
    ("words", "collected"),
    [
        (["claims/test_b.py"], ["claims/test_b.py::test_it", "claims/test_b.py::test_other"]),
        (["-x", "claims/test_b.py::test_it"], ["claims/test_b.py::test_it"]),
        (["-k", "test_a.py"], ["claims/test_a.py::test_it", "claims/test_a.py::test_other"]),
        (["--junitxml", "old.xml", "-k", "it"], ["claims/test_a.py::test_it", "claims/test_b.py::test_it"]),
        (["-k", "claims and it", "-m", ""], ["claims/test_a.py::test_it", "claims/test_b.py::test_it"]),
        (["-k", "tests"], []),
    ],
)
def test_run_runs_the_claims_that_are_named_and_else_all(tmp_path, monkeypatch, words, collected):
    for name in ("claims/test_a.py", "claims/test_b.py", "tests/test_c.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("def test_it(): pass\ndef test_other(): pass\n")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\ntestpaths = ['tests']\n")
    (tmp_path / "old.xml").touch()
    monkeypatch.chdir(tmp_path)
    called = []
    monkeypatch.setattr("os.execv", lambda program, command: called.append(command))
    cli.main(["run", *words, "--collect-only", "-q"])
    output = subprocess.run(called[0], capture_output=True, text=True).stdout
    assert [line for line in output.splitlines() if "::" in line] == collected


def test_other_commands_take_no_unknown_options(folder, capsys):
    with pytest.raises(SystemExit) as error:
        cli.main(["list", "--policy", "mine.pth"])
    assert error.value.code == 2
    assert "unrecognized arguments: --policy" in capsys.readouterr().err
