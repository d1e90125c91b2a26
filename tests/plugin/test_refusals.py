"""Options and claims that a run refuses, in one process and in workers."""

import json

import pytest
from plugin_projects import CONFTEST, claim_text, run


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runxfail"], "--runxfail would report awaited predictions as failures"),
        (["--max-mazes", "0"], "--max-mazes: got 0, wanted at least 1"),
        (["--alpha", "1"], "--alpha: got 1.0, wanted a number between 0 and 1"),
        (["--policy", "three"], "--policy: policy 'three': neither a checkpoint file"),
        (["--claims-json", "pyproject.toml/results.json"], "--claims-json: cannot write a file"),
        (["--claims-json", "fixtures"], "--claims-json: cannot write a file fixtures; choose another path"),
        (["--device", "cuda:77"], "--device cuda:77: PyTorch sees "),
        (["--device", "gpu"], "--device: got 'gpu', wanted cpu, cuda or cuda:N"),
        (["--device", "mps"], "--device: got 'mps', wanted cpu, cuda or cuda:N"),
    ],
)
def test_wrong_usage_is_said_clearly(project, options, message):
    result = run(project(claim_text(0.5)), *options)
    assert result.ret != 0
    assert message in result.stdout.str() + result.stderr.str()


def test_workers_refuse_wrong_usage_too(project):
    result = run(project(claim_text(0.5)), "--runxfail", workers=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*--runxfail would report awaited predictions as failures*", "*1 failed*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")


def test_claims_marked_for_reruns_are_refused(project):
    marked = claim_text(0.5).replace("@declared", "@pytest.mark.flaky\n@declared")
    testdir = project(marked)
    testdir.makepyprojecttoml("[tool.pytest.ini_options]\nmarkers = ['flaky']\n")
    result = run(testdir)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*claims are never rerun until they pass*"])


#: As pytest-rerunfailures adds them.
RERUNS = """
def pytest_addoption(parser):
    parser.addoption("--reruns", type=int)
    parser.addoption("--force-reruns", type=int)
    parser.addini("reruns", "how often")
"""


@pytest.mark.parametrize(
    ("setting", "options", "refused"),
    [
        ("", (), False),
        ("", ("--reruns", "0"), False),
        ("", ("--reruns", "2"), True),
        ("", ("--force-reruns", "2"), True),
        ("reruns = '2'", (), True),
        ("reruns = '0'", (), False),
        ("reruns = '2'", ("--reruns", "0"), False),
    ],
)
def test_reruns_are_refused_however_they_are_asked_for(project, setting, options, refused):
    testdir = project(claim_text(0.5))
    testdir.makeconftest(CONFTEST + RERUNS)
    testdir.makepyprojecttoml(f"[tool.pytest.ini_options]\n{setting}\n")
    result = run(testdir, *options)
    assert result.ret == (pytest.ExitCode.USAGE_ERROR if refused else 0)
    assert ("claims are never rerun until they pass" in result.stderr.str()) == refused


MARKS = [
    ("xfail", "claims are not marked xfail: whatever they came to would pass; put their verdicts*"),
    ("skip(reason='later')", "claims are not marked skip or skipif: what is skipped passes without a verdict; *"),
    ("skipif(False, reason='later')", "claims are not marked skip or skipif: *"),
]


@pytest.mark.parametrize(("mark", "message"), MARKS)
def test_claims_that_are_marked_to_fail_or_to_be_skipped_are_refused(project, mark, message):
    testdir = project(claim_text(0.05).replace("@declared", f"@pytest.mark.{mark}\n@declared"))
    result = run(testdir)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{message}"])


@pytest.mark.parametrize(("mark", "message"), MARKS[:2])
def test_workers_refuse_such_marks_too(project, mark, message):
    result = run(project(claim_text(0.05).replace("@declared", f"@pytest.mark.{mark}\n@declared")), workers=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"*{message}"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("pytest.skip('no time')", "got pytest.skip (no time) from"),
        ("pytest.xfail('known')", "got pytest.xfail (known) from"),
        ("pytest.importorskip('no_such_module')", "got pytest.skip (could not import 'no_such_module'"),
    ],
)
def test_a_claims_function_that_skips_fails_and_has_a_row(project, line, said):
    testdir = project(claim_text(0.5).replace("    return noisy", f"    {line}\n    return noisy"))
    result = run(testdir, "--claims-json", "results.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    (entry,) = json.loads((testdir.path / "results.json").read_text())["claims"]
    assert (entry["verdict"], entry["broken_off"]) == ("not evaluated", True)
    assert entry["reason"].startswith(f"claims decide: {said}")
    assert run(testdir, "--replay", "1100000000").ret == pytest.ExitCode.TESTS_FAILED


def with_parameters(names, values):
    """Two claims whose parameters print alike."""
    text = claim_text(0.5).replace("(policy, mazes)", f"(policy, mazes, {names})")
    return f'@pytest.mark.parametrize("{names}", {values}){text}'


@pytest.mark.parametrize(
    ("names", "values"),
    [
        ("value", "[lambda: 1, lambda: 2]"),
        ("value", "[1, '1']"),
        ("first, second", "[('a', 'b-c'), ('a-b', 'c')]"),
    ],
)
def test_parameters_that_print_alike_are_refused(project, names, values):
    result = run(project(with_parameters(names, values)))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*::test_the_effect_is_large*: got parameters that print alike in claims/*"])
    assert "parametrise with strings, or with functions that have names" in result.stderr.str()


def test_workers_refuse_parameters_that_print_alike_too(project):
    result = run(project(with_parameters("value", "[1, '1']")), workers=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*got parameters that print alike in *", "*2 failed*"])
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
