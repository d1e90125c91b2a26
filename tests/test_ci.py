"""The scripts that a CI system runs: what they ask pytest for, and what they refuse."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).parents[1] / "ci"


@pytest.fixture
def compare(tmp_path):
    """Runs ci/compare.sh beside a claims.sh that only says what it was given."""
    (tmp_path / "ci").mkdir()
    shutil.copy(CI / "compare.sh", tmp_path / "ci")
    (tmp_path / "ci" / "claims.sh").write_text('#!/usr/bin/env bash\necho "$@"\n')
    (tmp_path / "ci" / "claims.sh").chmod(0o755)

    def run(*words):
        return subprocess.run(["bash", "ci/compare.sh", *words], cwd=tmp_path, capture_output=True, text=True)

    return run


@pytest.mark.parametrize(
    ("options", "passed_on"),
    [
        ([], "fail"),
        (["--undecided", "fail"], "fail"),
        (["--undecided", "report"], "report"),
        (["--undecided=report"], "report"),
    ],
)
def test_an_undecided_comparison_fails_unless_it_is_asked_to_be_reported(compare, tmp_path, options, passed_on):
    (tmp_path / "new.pth").touch()
    done = compare(*options, "new.pth", "older", "out")
    assert done.returncode == 0
    new, out = tmp_path / "new.pth", tmp_path / "out"
    assert done.stdout == (
        f"--policy {new} --against older --undecided {passed_on} -n 2 --junitxml {out}/claims.xml "
        f"--claims-json {out}/claims.json --summary {out}/claims.md\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["new.pth"], "got 1 names, wanted 2 or 3"),
        (["a", "b", "c", "d"], "got 4 names, wanted 2 or 3"),
        (["--undecided", "pass", "new.pth", "older"], "--undecided: got 'pass', wanted fail or report"),
        (["--undecided"], "--undecided: got '', wanted fail or report"),
        (["--alpha", "new.pth", "older"], "got --alpha, wanted --undecided or a checkpoint"),
    ],
)
def test_wrong_usage_is_refused(compare, words, message):
    done = compare(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        f"ci/compare.sh: {message}; usage: ci/compare.sh [--undecided fail|report] CHECKPOINT"
    )


def test_the_workflow_chooses_what_becomes_of_undecided_comparisons():
    text = (CI / "github-actions.yml").read_text(encoding="utf-8")
    assert re.search(r"^  UNDECIDED: fail\b", text, re.MULTILINE)
    assert 'ci/compare.sh --undecided "$UNDECIDED" "$CHECKPOINT" "$OLDER"' in text
