"""The command line: what it prints, what it writes and how it exits."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from interp_claims.cli import main
from interp_claims.records import Records
from interp_claims.report.results_json import write_results
from interp_claims.results import ClaimResult

ONE, OTHER = "1" * 64, "2" * 64
RESULT = ClaimResult("claims/test_a.py::test_it", 11, "sampled", "It is so.", "a source", "one", ONE, "supported")


def result(name="a", **changes):
    return dataclasses.replace(RESULT, claim=f"claims/test_{name}.py::test_it", **changes)


@pytest.fixture
def record(tmp_path, capsys):
    """Records results from a file: exit status, lines on standard output, standard error."""

    def run(*results, text=None):
        path = tmp_path / "results.json"
        if text is None:
            write_results(path, results)
        else:
            path.write_text(text)
        status = main(["record", str(path), "--verdicts", str(tmp_path / "verdicts")])
        captured = capsys.readouterr()
        return status, captured.out.splitlines(), captured.err

    return run


def test_recording_says_of_each_verdict_whether_it_is_new_unchanged_or_other_than_it_was(record, tmp_path):
    status, lines, error = record(result("a"), result("b", verdict="not evaluated"), result("c", verdict="refuted"))
    written = f"written: {tmp_path / 'verdicts' / 'one.json'}"
    assert (status, error) == (0, "")
    assert lines == [
        "supported      claims/test_a.py::test_it on one (new)",
        "not evaluated  claims/test_b.py::test_it on one (new)",
        "refuted        claims/test_c.py::test_it on one (new)",
        written,
    ]
    status, lines, _ = record(result("a"), result("c", verdict="undecided"))
    assert status == 0
    assert lines == [
        "supported      claims/test_a.py::test_it on one (unchanged)",
        "undecided      claims/test_c.py::test_it on one (was refuted)",
        written,
    ]
    records = Records(tmp_path / "verdicts")
    assert records.verdict(ONE, result("b").claim) == "not evaluated"
    assert records.verdict(ONE, result("c").claim) == "undecided"


def test_recording_several_policies_says_of_each_what_its_own_verdict_was(record):
    record(result(), result(policy="other", policy_sha256=OTHER, verdict="refuted"))
    _, lines, _ = record(result(), result(policy="other", policy_sha256=OTHER, verdict="refuted"))
    assert [line.partition(" on ")[2] for line in lines[:2]] == ["one (unchanged)", "other (unchanged)"]


def test_claims_about_no_policy_are_passed_over(record, tmp_path):
    status, lines, _ = record(result(policy=None, policy_sha256=None))
    assert (status, lines) == (0, ["written: nothing"])


def test_the_records_are_those_of_the_project_unless_said_otherwise(tmp_path, monkeypatch, capsys):
    write_results(tmp_path / "results.json", [result()])
    monkeypatch.chdir(tmp_path)
    assert main(["record", "results.json"]) == 0
    assert Records(tmp_path / "fixtures" / "verdicts").verdict(ONE, result().claim) == "supported"
    assert "written: fixtures/verdicts/one.json" in capsys.readouterr().out.replace("\\", "/")


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"schema": 99, "claims": []})])
def test_a_file_without_results_is_named_and_nothing_is_written(record, tmp_path, text):
    status, lines, error = record(text=text)
    assert (status, lines) == (2, [])
    assert error.startswith(f"interp-claims: {tmp_path / 'results.json'}: ")
    assert error.count("\n") == 1
    assert not (tmp_path / "verdicts").exists()


def test_a_missing_file_is_named(tmp_path, capsys):
    assert main(["record", str(tmp_path / "none.json")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"interp-claims: {tmp_path / 'none.json'}: no results (FileNotFoundError")
    assert error.endswith("write them with pytest claims/ --claims-json\n")


def test_exploratory_results_are_refused_and_nothing_is_written(record, tmp_path):
    status, lines, error = record(result("a"), result("b", exploratory=True))
    assert (status, lines) == (2, [])
    assert error.startswith("interp-claims: 1 results are exploratory (run with --max-mazes or --alpha), the first ")
    assert not (tmp_path / "verdicts").exists()


def test_a_damaged_record_is_named_and_left_as_it_is(record, tmp_path):
    (tmp_path / "verdicts").mkdir()
    (tmp_path / "verdicts" / "one.json").write_text("{")
    status, _, error = record(result())
    assert status == 2
    assert error.startswith(f"interp-claims: {tmp_path / 'verdicts' / 'one.json'}: no readable record (")
    assert (tmp_path / "verdicts" / "one.json").read_text() == "{"


@pytest.mark.parametrize("arguments", [["--help"], ["record", "--help"]])
def test_help_shows_an_example_and_what_the_exit_status_means(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "\n  pytest claims/ --policy" in text
    assert "\n  interp-claims record results.json\n" in text
    assert "exit status: 0 done, 2 " in text


@pytest.mark.parametrize("arguments", [[], ["forget"], ["record"], ["record", "a", "b"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: interp-claims" in capsys.readouterr().err


def test_it_can_be_run_as_a_program(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    command = [sys.executable, "-m", "interp_claims.cli", "record", str(tmp_path / "none.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr.startswith("interp-claims: ")
    assert "Traceback" not in done.stderr
