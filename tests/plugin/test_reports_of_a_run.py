"""--report and `interp-claims report`: the same page from a run, from its workers, and from its JSON."""

import json
import re
import sys

import pytest
from plugin_projects import claim_text, run

CLAIMS = (
    claim_text(0.5)
    + '''
@declared(effect_at_least={"direction": 0.1, "size": 0.2})
def test_it_steers(policy, mazes):
    """Subtracting the cheese vector steers."""
    from interp_claims.edits import cheese_vector, subtract
    from interp_claims.mazes import Observations
    policy.bare.edited(subtract(cheese_vector(policy, mazes))).logits(Observations.at_start(mazes))
    return np.array([0.5 + (maze.seed % 10) / 100 if policy._edit_transform is None else 0.0 for maze in mazes])

@universal_claim(number=None, source=INVARIANTS, examples=2, seed=st.integers(0, 3))
def test_always(seed):
    """It holds."""

@declared(effect_at_least=0.2)
def test_breaks(policy, mazes):
    """It breaks off."""
    raise ValueError("<no>")
'''
)


def report(project, *options):
    return project.run(sys.executable, "-m", "interp_claims.cli", "report", *options)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def made(project):
    """A project that ran its claims and wrote a report."""
    testdir = project(CLAIMS)
    run(testdir, "--report", "out", "--claims-json", "elsewhere.json")
    return testdir


def test_a_run_writes_a_report_and_its_json_gives_the_same(made):
    before = files(made.path / "out")
    assert set(before) == {"index.html", "summary.md", "results.json"}
    assert before["results.json"] == (made.path / "elsewhere.json").read_bytes()
    page = before["index.html"].decode()
    assert "subtract(cheese vector, at embedder.block2.res1.resadd_out)" in page
    assert page.count("<img ") == 2 * 3 * 3, "two thresholds, three mazes, before, after and difference"
    assert "def test_always(seed):" in page
    assert "def test_breaks(policy, mazes):" in page
    assert "ValueError: &lt;no&gt;" in page
    done = report(made, "elsewhere.json", "--out", "again")
    assert done.ret == 0
    assert done.outlines[-1] == f"written: {'again/index.html'}"
    assert files(made.path / "again") == before


def test_workers_give_the_same_page(project):
    testdir = project(CLAIMS)
    for workers in (1, 2):
        run(testdir, "--report", f"out{workers}", workers=workers)
    pages = [(testdir.path / f"out{workers}" / "index.html").read_text() for workers in (1, 2)]
    assert pages[0] == pages[1]
    assert "<img " in pages[0]


def test_pictures_can_be_left_out(made):
    run(made, "--report", "bare", "--no-pictures")
    page = (made.path / "bare" / "index.html").read_text()
    assert "<img " not in page
    assert "Made without vector fields (--no-pictures)." in page
    report(made, "elsewhere.json", "--out", "again", "--no-pictures")
    assert (made.path / "again" / "index.html").read_text() == page


def test_policies_that_are_gone_are_named_and_the_rest_is_there(made):
    (made.path / "fixtures" / "policies.toml").unlink()
    done = report(made, "elsewhere.json", "--out", "again")
    assert done.ret == 0
    assert any(line.startswith("interp-claims: no pictures for one: ") for line in done.errlines)
    page = (made.path / "again" / "index.html").read_text()
    assert "<img " not in page
    assert "No pictures: " in page
    assert "Subtracting the cheese vector steers." in page


def test_other_weights_under_the_same_name_are_not_pictured_and_given_ones_are(made):
    content = json.loads((made.path / "elsewhere.json").read_text())
    for entry in content["claims"]:
        if entry["policy"]:
            entry["policy"] = "two"
    (made.path / "renamed.json").write_text(json.dumps(content))
    report(made, "renamed.json", "--out", "a")
    page = (made.path / "a" / "index.html").read_text()
    assert "<img " not in page
    assert re.search(
        r"No pictures: its weights now hash to [0-9a-f]{64}; give those of the results with --policy", page
    )
    report(made, "renamed.json", "--out", "b", "--policy", "fixtures/one.safetensors")
    assert (made.path / "b" / "index.html").read_text().count("<img ") == 18


def test_claims_whose_files_are_gone_have_no_definition(made):
    (made.path / "claims" / "test_some_claims.py").unlink()
    done = report(made, "elsewhere.json", "--out", "again")
    assert done.ret == 0
    page = (made.path / "again" / "index.html").read_text()
    assert "The claims&#39; files were not found, so that there are neither definitions nor vector fields" in page
    assert "Subtracting the cheese vector steers." in page


def test_folders_that_cannot_be_written_to_are_wrong_usage(made):
    (made.path / "taken").write_text("")
    done = run(made, "--report", "taken")
    assert done.ret == 4
    done.stderr.fnmatch_lines(["*--report: taken: */taken is a file, wanted a folder; choose another"])
    done = report(made, "elsewhere.json", "--out", "taken")
    assert done.ret == 2
    assert done.errlines[-1].endswith("taken is a file, wanted a folder; choose another")
    assert report(made, "missing.json").ret == 2
    done = run(made, "--no-pictures")
    assert done.ret == 4
    done.stderr.fnmatch_lines(["*--no-pictures: tells of a report; give --report too"])


def test_a_report_that_cannot_be_written_in_the_end_fails_the_run_and_shows_the_verdicts(made, monkeypatch):
    from interp_claims.files import FileError
    from interp_claims.plugin import reporter

    def full(path, *_):
        raise FileError(f"{path}: cannot be written (disk full)")

    monkeypatch.setattr(reporter, "write_results", full)
    done = run(made, "--report", "out", "-k", "always")
    assert done.ret == 3
    done.stdout.fnmatch_lines(["*SUPPORTED: It holds.*", "*cannot be written (disk full)*"])


def test_help_and_start_load_no_drawing(made):
    done = made.run(sys.executable, "-X", "importtime", "-m", "interp_claims.cli", "--help")
    assert done.ret == 0
    assert "report" in done.stdout.str()
    assert not re.search(r"\|\s+(matplotlib\.figure|jinja2|PIL\.Image)$", done.stderr.str(), re.MULTILINE)
