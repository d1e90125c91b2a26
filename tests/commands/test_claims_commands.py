"""``interp-claims list``, ``run`` and ``compare``."""

import sys

import pytest
from plugin_projects import CONFTEST, HEAD, claim_text

from interp_claims import cli
from interp_claims.report.results_json import write_results
from interp_claims.results import ClaimResult

CLAIM = "claims/test_some_claims.py::test_the_effect_is_large"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with one file of claims, where commands run."""
    (tmp_path / "claims").mkdir()
    text = HEAD + claim_text(0.5, options="effect_at_least={'direction': 0.02, 'size': 0.2}")
    (tmp_path / "claims" / "test_some_claims.py").write_text(text)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved(path, effects, *, verdict="supported", statement="mean at least 0.2", name="one"):
    """Results of one claim with these scores."""
    scores = tuple(enumerate(effects))
    result = ClaimResult(
        claim=f"{CLAIM}[size]",
        number=1,
        kind="sampled",
        sentence="The effect is large.",
        source="a source",
        policy=name,
        policy_sha256=name,
        verdict=verdict,
        statement=statement,
        alpha=0.001,
        mazes=len(scores),
        scores=scores,
    )
    write_results(path, [result])
    return str(path)


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


def test_other_commands_take_no_unknown_options(folder, capsys):
    with pytest.raises(SystemExit) as error:
        cli.main(["list", "--policy", "mine.pth"])
    assert error.value.code == 2
    assert "unrecognized arguments: --policy" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "status", "word"), [(0.0, 0, "non-inferior"), (0.2, 0, "non-inferior"), (-0.3, 1, "regressed")]
)
def test_compare_pairs_the_mazes_of_two_results(folder, capsys, change, status, word):
    old = saved(folder / "old.json", [0.3 + 0.1 * (i % 3) for i in range(500)])
    new = saved(folder / "new.json", [0.3 + change + 0.1 * (i % 3) for i in range(500)], name="two")
    assert cli.main(["compare", old, new, "--summary", "summary.md"]) == status
    shown = capsys.readouterr().out
    assert f"two against one: {'failed' if status else 'passed'}" in shown
    assert f"1 {word}" in shown
    assert f"{change:+.3f} [" in shown
    assert (folder / "summary.md").read_text() == shown


def test_a_verdict_that_turned_fails_even_when_the_loss_is_small(folder, capsys):
    old = saved(folder / "old.json", [0.21] * 800)
    new = saved(folder / "new.json", [0.19] * 800, verdict="refuted", name="two")
    assert cli.main(["compare", old, new]) == 1
    assert "refuted, was supported on one" in capsys.readouterr().out


def test_few_common_mazes_leave_it_undecided(folder, capsys):
    old = saved(folder / "old.json", [0.5] * 5)
    new = saved(folder / "new.json", [0.5] * 800, name="two")
    assert cli.main(["compare", old, new]) == 0
    shown = capsys.readouterr().out
    assert "1 undecided" in shown
    assert "| 5 |" in shown


def test_another_threshold_cannot_be_compared(folder, capsys):
    old = saved(folder / "old.json", [0.5] * 50, statement="mean at least 0.3")
    new = saved(folder / "new.json", [0.5] * 50, name="two")
    assert cli.main(["compare", old, new]) == 2
    assert "states mean at least 0.2, but mean at least 0.3 in the saved results of one" in capsys.readouterr().err
