"""Files that cannot be written: the old ones are untouched, the run says which, and nothing measured is lost."""

import errno
import json
import os
import resource
import subprocess
import sys

import pytest
from plugin_projects import COUNTED, claim_text, results, run, times_measured

from interp_claims import files

WITH_ROLES = """
from interp_claims.policies import Roles, roles, roles_of

searches = []

def search(policy, **options):
    searches.append(policy.sha256)
    return Roles("a layer", (3, 1), (0.5, 0.25), (1.0, 1.0), (0.0, 0.0), 4)

@pytest.fixture(autouse=True)
def known_roles(monkeypatch):
    monkeypatch.setattr("interp_claims.policies.roles.discover_roles", search)

@declared(effect_at_least=0.2)
def test_roles(policy, mazes):
    \"\"\"It needs roles.\"\"\"
    assert roles_of(policy).cheese_channels == (3, 1)
    assert len(searches) <= 1, "searched twice"
    return noisy(policy, mazes, 0.5)
"""


FAILS_IN_LARGE = """
@declared(effect_at_least=0.6)
def test_small_is_easy(policy, mazes):
    \"\"\"The effect is large.\"\"\"
    return np.array([float(maze.size < 9) * SHARES[policy._edit_transform] for maze in mazes])
"""


@pytest.fixture
def full(monkeypatch):
    """Makes writing fail, as on a full disk, for files whose path holds a word; call it with the words."""

    def fill(*words):
        def open_unless_full(path, *how):
            if any(word in str(path) for word in words):
                raise OSError(errno.ENOSPC, "No space left on device", str(path))
            return open(path, *how)

        monkeypatch.setattr(files, "open", open_unless_full, raising=False)

    return fill


def test_results_that_cannot_be_written_leave_the_old_ones_and_are_written_by_resuming(project, full):
    testdir = project(COUNTED)
    (testdir.path / "results.json").write_text("of an earlier run")
    full("results.json")
    result = run(testdir, "--claims-json", "results.json")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(
        [
            "SUPPORTED: It counts*",
            "*counted*supported*",
            "results.json: cannot be written (No space left on device), and is as it was before; make room for it, or "
            "choose another path; what was decided is kept: add --resume to write it",
            "*1 passed*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    assert (testdir.path / "results.json").read_text() == "of an earlier run"
    before = times_measured(testdir)
    assert run(testdir, "--resume", "--claims-json", "elsewhere.json").ret == 0
    (entry,) = json.loads((testdir.path / "elsewhere.json").read_text())["claims"]
    assert entry["verdict"] == "supported"
    assert times_measured(testdir) == before


def test_a_quiet_run_says_it_too(project, full):
    testdir = project(COUNTED)
    full("results.json")
    result = run(testdir, "-q", "--claims-json", "results.json")
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["results.json: cannot be written *"])


def test_a_file_size_limit_of_the_system_is_told_in_the_same_way(project):
    testdir = project(claim_text(0.5))
    path = testdir.path / "results.json"
    path.write_text("of an earlier run")

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1600, 1600))

    command = [sys.executable, "-m", "pytest", "claims", "-p", "no:cacheprovider", "--claims-json", "results.json"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=testdir.path, capture_output=True, text=True, preexec_fn=limited, env=environment, timeout=120
    )
    assert done.returncode == pytest.ExitCode.INTERNAL_ERROR, done.stdout + done.stderr
    assert "SUPPORTED: The effect is large." in done.stdout
    assert "results.json: cannot be written (File too large), and is as it was before" in done.stdout
    assert path.read_text() == "of an earlier run"
    assert not list(testdir.path.glob("*.tmp"))


def test_a_summary_that_cannot_be_written_does_not_cost_the_results(project, full):
    testdir = project(COUNTED)
    full("summary.md")
    options = ["--policy", "two", "--against", "one", "--summary", "summary.md", "--claims-json", "results.json"]
    result = run(testdir, *options)
    assert result.ret == pytest.ExitCode.INTERNAL_ERROR
    result.stdout.fnmatch_lines(["summary.md: cannot be written (No space left on device)*"])
    assert not (testdir.path / "summary.md").exists()
    assert (testdir.path / "results.json").exists()


def test_a_journal_that_cannot_be_written_costs_no_result_and_is_told(project, full):
    testdir = project(COUNTED)
    testdir.makepyprojecttoml("[tool.pytest.ini_options]\nfilterwarnings = ['error']\n")
    full("journal")
    result = run(testdir)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*CacheWarning: *journal*: cannot be written (No space left on device)*"])
    result.stdout.fnmatch_lines(["*--resume will measure claims/test_some_claims.py::test_counted anew*"])
    before = times_measured(testdir)
    assert run(testdir, "--resume").ret == 0
    assert times_measured(testdir) == 2 * before


def test_where_every_warning_is_made_an_error_the_verdict_is_kept_all_the_same(project, full):
    testdir = project(COUNTED)
    full("journal")
    (entry,) = results(testdir, "-W", "error").values()
    assert entry["verdict"] == "supported"


def test_a_journal_whose_folder_is_a_file_costs_no_result(project):
    testdir = project(COUNTED)
    (testdir.path / "cache").mkdir(exist_ok=True)
    (testdir.path / "cache" / "journal").write_text("a file in the way")
    assert results(testdir)["claims/test_some_claims.py::test_counted"]["verdict"] == "supported"


def test_roles_that_cannot_be_kept_are_found_once_in_a_run_and_told(project, full):
    testdir = project(WITH_ROLES)
    full("roles")
    result = run(testdir, "--policy", "one")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*CacheWarning: *cannot be written (No space left on device)*finds the roles anew*"])


def test_a_cache_that_is_a_file_costs_no_result(project):
    testdir = project(WITH_ROLES)
    (testdir.path / "cache").write_text("a file in the way")
    assert run(testdir, "--policy", "two").ret == 0


def test_a_folder_in_which_pytest_cannot_keep_its_cache_costs_no_result(project, pytestconfig):
    testdir = project(claim_text(0.5))
    filters = json.dumps(list(pytestconfig.getini("filterwarnings")))
    testdir.makepyprojecttoml(f"[tool.pytest.ini_options]\nfilterwarnings = {filters}\n")
    (testdir.path / ".pytest_cache").write_text("a file in the way")
    result = testdir.runpytest_inprocess("claims")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*PytestCacheWarning: could not create cache path*", "*1 passed*"])


def test_progress_that_cannot_be_written_costs_no_result(project, full):
    testdir = project(claim_text(0.5))
    full("progress")
    assert run(testdir).ret == 0


def test_a_counterexample_that_cannot_be_kept_costs_no_result(project, full):
    testdir = project(FAILS_IN_LARGE)
    full("found")
    result = run(testdir, "--counterexamples", "found", "--claims-json", "results.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["no counterexample: found/*: cannot be written (No space left on device)*"])
    (entry,) = json.loads((testdir.path / "results.json").read_text())["claims"]
    assert entry["verdict"] == "refuted"


def test_without_a_temporary_folder_nothing_is_run(project, monkeypatch):
    testdir = project(claim_text(0.5))

    def none(**_):
        raise FileNotFoundError("no usable temporary directory found")

    monkeypatch.setattr("interp_claims.plugin.run.tempfile.mkdtemp", none)
    result = run(testdir)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*no temporary folder can be made (no usable*); make room, or set TMPDIR*"])
