"""The command line: what it prints, what it writes and how it exits."""

import dataclasses
import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from interp_claims.cli import main
from interp_claims.commands import policies
from interp_claims.mazes import CONFIRMATION, with_decision_square
from interp_claims.measures import behaviour, success_by_offset
from interp_claims.measures.behaviour import BehaviourTable, Part, file_of
from interp_claims.policies import ImpalaNetwork, Policy, file_sha256, save_network, untrained_like
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
    assert error.startswith(
        "interp-claims: 1 results are exploratory (run with --max-mazes, --alpha, --precision or --mutant), the first "
    )
    assert not (tmp_path / "verdicts").exists()


def test_a_damaged_record_is_named_and_left_as_it_is(record, tmp_path):
    (tmp_path / "verdicts").mkdir()
    (tmp_path / "verdicts" / "one.json").write_text("{")
    status, _, error = record(result())
    assert status == 2
    assert error.startswith(f"interp-claims: {tmp_path / 'verdicts' / 'one.json'}: no readable record (")
    assert (tmp_path / "verdicts" / "one.json").read_text() == "{"


COMMANDS = (
    "list run compare sweep record explain table attest report behaviour roles explore register bind resolve score "
    "verify"
)


@pytest.mark.parametrize("command", ["", *COMMANDS.split()])
def test_help_shows_an_example_and_what_the_exit_status_means(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command.split(), "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"\n  interp-claims {command}" in text.partition("examples:")[2]
    assert "exit status" in text or "status: 0" in text


def test_every_command_is_listed(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "{" + ",".join(COMMANDS.split()) + "}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [[], ["forget"], ["record"], ["record", "a", "b"], ["behaviour"], ["roles"], ["table", "a"]]
)
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


# -- the table of the inventory --------------------------------------------------------------------------------------

ELSEWHERE = """
[[elsewhere]]
number = 2
claim = "It is elsewhere."
why = "No such network."
"""


@pytest.fixture
def table(tmp_path, capsys):
    """Writes the table of a folder with a record: exit status, standard output, standard error."""
    Records(tmp_path / "verdicts").write([result(effect=0.5, interval=(0.4, 0.6), statement="mean", mazes=32)])
    (tmp_path / "elsewhere.toml").write_text(ELSEWHERE)
    (tmp_path / "README.md").write_text("Before.\n<!-- inventory: begin -->\nold\n<!-- inventory: end -->\nAfter.\n")

    def run():
        options = [("--verdicts", "verdicts"), ("--elsewhere", "elsewhere.toml"), ("--markdown", "README.md")]
        status = main(["table", *(word for name, file in options for word in (name, str(tmp_path / file)))])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_the_table_stands_between_its_marks_and_the_rest_is_kept(table, tmp_path):
    assert table() == (0, f"written: the table in {tmp_path / 'README.md'}\n", "")
    text = (tmp_path / "README.md").read_text()
    assert text.startswith(
        "Before.\n<!-- inventory: begin -->\n- `one`: 1 supported, 0 refuted, 0 undecided, 0 not evaluated\n\n"
        "| # | claim | source | reported | wanted | `one` |\n|---"
    )
    assert text.endswith("|\n<!-- inventory: end -->\nAfter.\n")
    assert "old" not in text
    assert "\n| 2 | It is elsewhere. |  |  | No such network. |  |\n" in text
    assert "\n| 11 | It is so.<br>`it` | a source |  | mean | ✔ supported +0.500 [+0.400, +0.600] n=32 |\n" in text
    table()
    assert (tmp_path / "README.md").read_text() == text


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("README.md", "No marks.", "README.md: found no pair of marks, wanted '<!-- inventory: begin -->'"),
        ("elsewhere.toml", "x = 1", "elsewhere.toml: no readable list of claims decided elsewhere ("),
        ("verdicts/one.json", "{", "one.json: no readable record ("),
    ],
)
def test_a_file_that_the_table_cannot_be_made_of_is_named(table, tmp_path, file, content, message):
    before = (tmp_path / "README.md").read_text()
    (tmp_path / file).write_text(content)
    status, out, error = table()
    assert (status, out) == (2, "")
    assert error.startswith("interp-claims: ")
    assert message in error
    assert (tmp_path / "README.md").read_text() in (before, content)


# -- gathering behaviour ---------------------------------------------------------------------------------------------

SMALL = Policy(ImpalaNetwork(1).initialise(1), name="one")
MAZES = 5


@pytest.fixture
def gather(tmp_path, monkeypatch, capsys):
    """Gathers behaviour of a small policy in five mazes, two at a time: exit status, output, standard error."""
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(behaviour, "MAX_STEPS", 4)
    monkeypatch.setattr(behaviour, "_AT_ONCE", 2)
    parts = (Part(with_decision_square(), CONFIRMATION, MAZES),)
    monkeypatch.setattr("interp_claims.measures.behaviour.PARTS", parts)
    save_network(ImpalaNetwork(1).initialise(1), tmp_path / "one.safetensors")
    fields = {
        "file": "one.safetensors",
        "sha256": SMALL.sha256,
        "file_sha256": file_sha256(tmp_path / "one.safetensors"),
        **dict.fromkeys(("origin", "licence", "card"), "test"),
    }
    numbers = "scale = 1\nseed = 0\nregion = 5\n"
    listed = "".join(f'{name} = "{value}"\n' for name, value in fields.items())
    (tmp_path / "policies.toml").write_text(f'default = "one"\n[policies.one]\n{numbers}{listed}')

    def run(*options, policies=("one",), command="behaviour"):
        status = main([command, *policies, "--manifest", str(tmp_path / "policies.toml"), *options])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def measured(monkeypatch):
    """The mazes that were measured, batch by batch."""
    batches = []
    original = behaviour.roll_out

    def roll_out(policy, mazes, **options):
        batches.append((policy.name, len(mazes)))
        return original(policy, mazes, **options)

    monkeypatch.setattr(behaviour, "roll_out", roll_out)
    return batches


def rows(policy, folder):
    return BehaviourTable.read(file_of(policy, folder), policy.sha256).rows


def test_behaviour_is_gathered_of_a_policy_and_of_the_untrained_one(gather, measured, tmp_path):
    untrained = untrained_like(SMALL)
    status, out, _ = gather("--out", str(tmp_path / "new" / "tables"))
    assert status == 0
    folder = tmp_path / "new" / "tables"
    assert out.splitlines() == [
        f"one: {MAZES} mazes in {file_of(SMALL, folder)}",
        f"untrained-scale1-seed0: {MAZES} mazes in {file_of(untrained, folder)}",
    ]
    assert measured == [(name, count) for name in ("one", untrained.name) for count in (2, 2, 1)]
    mazes = with_decision_square().sample(CONFIRMATION, MAZES)
    for policy in (SMALL, untrained):
        assert [row.seed for row in rows(policy, folder).values()] == [maze.seed for maze in mazes]


def test_what_was_gathered_is_not_gathered_again(gather, measured, tmp_path):
    gather()
    folder = tmp_path / "cache" / "behaviour"
    before = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    assert len(before) == 2
    measured.clear()
    status, out, _ = gather()
    assert (status, measured) == (0, [])
    assert f"one: {MAZES} mazes in " in out
    assert {path.name: path.read_bytes() for path in folder.glob("*.csv")} == before


def test_two_commands_at_once_do_not_gather_the_same_twice(gather, measured, tmp_path, monkeypatch):
    gather()
    path = file_of(SMALL, tmp_path / "cache" / "behaviour")
    whole = path.read_bytes()
    path.unlink()
    measured.clear()
    began, waiting = threading.Event(), threading.Event()
    write = sys.stderr.write

    def noticing(text):
        if "waiting" in text:
            waiting.set()
        return write(text)

    def other():
        with FileLock(f"{path}.lock"):
            began.set()
            waiting.wait(timeout=60)
            path.write_bytes(whole)

    monkeypatch.setattr(sys.stderr, "write", noticing)

    threading.Thread(target=other).start()
    began.wait(timeout=10)
    status, out, error = gather()
    assert (status, measured) == (0, [])
    assert f"interp-claims: waiting for another process, which is gathering {path}" in error
    assert f"one: {MAZES} mazes in {path}" in out
    assert path.read_bytes() == whole


@pytest.mark.parametrize("command", ["behaviour", "record"])
def test_a_disk_that_is_full_is_told_with_the_file(gather, record, tmp_path, monkeypatch, command):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    if command == "behaviour":
        status, _, error = gather()
        path = file_of(SMALL, tmp_path / "cache" / "behaviour")
    else:
        write = json.dumps({"schema": 1, "claims": [dataclasses.asdict(RESULT)]})
        status, _, error = record(text=write)
        path = tmp_path / "verdicts" / "one.json"
    assert status == 2
    assert error.splitlines()[-1] == (
        f"interp-claims: {path}: cannot be written (No space left on device), and is as it was before; make room for "
        "it, or choose another path"
    )
    assert not path.exists()


def test_an_interrupted_command_keeps_what_was_gathered_and_goes_on(gather, measured, tmp_path, monkeypatch):
    original = behaviour.roll_out

    def interrupted(policy, mazes, **options):
        if len(measured) == 2:
            raise KeyboardInterrupt
        return original(policy, mazes, **options)

    monkeypatch.setattr(behaviour, "roll_out", interrupted)
    status, _, error = gather()
    assert status == 130
    assert error.endswith("interp-claims: interrupted; the same command goes on\n")
    folder = tmp_path / "cache" / "behaviour"
    assert len(rows(SMALL, folder)) == 4
    monkeypatch.setattr(behaviour, "roll_out", original)
    measured.clear()
    assert gather()[0] == 0
    assert measured[0] == ("one", 1)
    assert len(rows(SMALL, folder)) == MAZES


def test_success_by_offset_is_drawn_from_what_was_gathered(gather, measured, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "interp_claims.pictures.heatmaps.plot_heatmap", lambda values, **options: drawn.append((values, options))
    )
    picture = tmp_path / "offsets.png"
    status, out, _ = gather("--plot", str(picture))
    assert status == 0
    assert out.splitlines()[-1] == f"one: {MAZES} mazes drawn in {picture}"
    assert picture.read_bytes().startswith(b"\x89PNG")
    ((values, options),) = drawn
    mazes = with_decision_square().sample(CONFIRMATION, MAZES)
    got = [row.got_cheese for row in rows(SMALL, tmp_path / "cache" / "behaviour").values()]
    assert values == success_by_offset(mazes, np.array(got, dtype=bool))
    assert options["limits"] == (0, 1)
    measured.clear()
    shipped = tmp_path / "behaviour"
    (tmp_path / "cache" / "behaviour").rename(shipped)
    assert gather("--plot", str(tmp_path / "again.svg"))[0] == 0
    assert measured == [], "the table that ships is there"
    assert (tmp_path / "again.svg").read_text().startswith("<?xml")


def test_a_picture_of_two_policies_or_of_no_known_kind_is_refused_before_anything_is_done(gather, measured, tmp_path):
    status, _, error = gather("--plot", str(tmp_path / "offsets.text"))
    assert status == 2
    assert f"{tmp_path / 'offsets.text'}: got a name that ends in '.text', wanted one of ." in error
    status, _, error = gather("--plot", str(tmp_path / "a.png"), policies=("one", "untrained-scale1-seed0"))
    assert status == 2
    assert "--plot: got 2 policies for one picture, wanted one; ask for each alone" in error
    assert measured == []


@pytest.mark.parametrize("command", ["behaviour", "roles"])
def test_a_policy_that_there_is_not_is_named_before_anything_is_done(gather, measured, command):
    status, out, error = gather(policies=("one", "two"), command=command)
    assert (status, out, measured) == (2, "", [])
    assert error.startswith("interp-claims: policy 'two': neither a checkpoint file")


@pytest.mark.parametrize("command", ["behaviour", "roles"])
@pytest.mark.parametrize("device", ["gpu", "mps", "cuda:x"])
def test_a_device_that_there_is_not_is_named_before_anything_is_done(gather, measured, command, device):
    status, out, error = gather("--device", device, command=command)
    assert (status, out, measured) == (2, "", [])
    assert error == f"interp-claims: device: got {device!r}, wanted cpu, cuda or cuda:N\n"


def test_a_damaged_table_is_named_and_left_as_it_is(gather, measured, tmp_path):
    path = file_of(SMALL, tmp_path)
    path.write_text("half a")
    status, _, error = gather("--out", str(tmp_path))
    assert (status, measured) == (2, [])
    assert error.startswith(f"interp-claims: {path}: no readable table of behaviour (")
    assert path.read_text() == "half a"


def test_a_folder_that_cannot_be_made_is_named(gather, tmp_path):
    (tmp_path / "file").write_text("")
    status, _, error = gather("--out", str(tmp_path / "file"))
    assert status == 2
    assert error == f"interp-claims: {tmp_path / 'file'}: cannot make this folder (File exists); choose another\n"


# -- showing roles ---------------------------------------------------------------------------------------------------


def test_a_table_of_roles_is_put_between_its_marks(gather, monkeypatch, tmp_path):
    monkeypatch.setattr(policies, "roles_text", lambda policy: f"roles of {policy.name}")
    monkeypatch.setattr(policies, "roles_markdown", lambda chosen: "".join(f"row of {p.name}\n" for p in chosen))
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- roles: begin -->\nold\n<!-- roles: end -->\nafter\n")
    named = ("one", "untrained-scale1-seed0")
    status, out, _ = gather("--markdown", str(page), policies=named, command="roles")
    assert (status, out.splitlines()) == (0, [f"roles of {name}" for name in named])
    rows = "".join(f"row of {name}\n" for name in named)
    assert page.read_text() == f"before\n<!-- roles: begin -->\n{rows}<!-- roles: end -->\nafter\n"
    status, out, error = gather("--markdown", str(tmp_path / "none.md"), command="roles")
    assert (status, out) == (2, "")
    assert "found no pair of marks" in error


def test_the_roles_of_each_policy_are_shown(gather, monkeypatch):
    monkeypatch.setattr(policies, "roles_text", lambda policy: f"roles of {policy.name}, {policy.sha256[:6]}")
    untrained = Policy(ImpalaNetwork(1).initialise(0), name="x")
    status, out, error = gather(policies=("one", "untrained-scale1-seed0"), command="roles")
    assert (status, error) == (0, "")
    assert out.splitlines() == [
        f"roles of one, {SMALL.sha256[:6]}",
        f"roles of untrained-scale1-seed0, {untrained.sha256[:6]}",
    ]
