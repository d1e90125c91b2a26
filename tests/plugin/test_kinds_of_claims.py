"""Universal and approximate claims: counterexamples, one look at a fixed number of mazes, and what is vacuous."""

import json

from plugin_projects import results, run


def test_universal_claims_hold_or_show_their_smallest_counterexample(project):
    text = '''
@universal_claim(number=2, source=INVARIANTS, n=st.integers(0, 10_000))
def test_it_holds(n):
    """Squares are not negative."""
    assert n * n >= 0

@universal_claim(number=3, source=INVARIANTS, n=st.integers(0, 10_000))
def test_it_does_not(policy, n):
    """Numbers are small."""
    assert n < 77
'''
    testdir = project(text)
    result = run(testdir)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["SUPPORTED: Squares are not negative.", "REFUTED: Numbers are small.", "*assert 77 < 77*"]
    )
    entries = results(testdir)
    assert entries["claims/test_some_claims.py::test_it_holds"]["policy"] is None
    assert "77" in entries["claims/test_some_claims.py::test_it_does_not"]["counterexample"]


def test_a_universal_claim_without_the_counterexample_it_must_have_is_vacuous(project):
    text = '''
@universal_claim(number=2, source=INVARIANTS, fails_for=(nothing,), n=st.integers(0, 9))
def test_empty(policy, n):
    """Says nothing about the policy."""

@universal_claim(number=2, source=INVARIANTS, fails_for=(nothing,), n=st.integers(0, 9))
def test_full(policy, n):
    """Says something about the policy."""
    assert policy._edit_transform is None
'''
    verdicts = {name.split("::")[1]: entry["verdict"] for name, entry in results(project(text)).items()}
    assert verdicts == {"test_empty": "not evaluated", "test_full": "supported"}


def test_approximate_claims_look_once_at_a_fixed_number_of_mazes(project):
    text = '''
@approximate_claim(
    number=4, source=INVARIANTS, mazes=stock_mazes(), statistic=linear_coefficient(0), sample=96, at_least=0.0,
    null_controls=(nothing,),
)
def test_larger_mazes_have_more_squares(policy, mazes):
    """Larger mazes have more free squares."""
    squares = [len(maze.free_squares) * (-1 if policy._edit_transform else 1) for maze in mazes]
    return np.column_stack([[maze.size for maze in mazes], squares])
'''
    (entry,) = results(project(text)).values()
    assert (entry["verdict"], entry["kind"], entry["mazes"]) == ("supported", "approximate", 96)
    assert "approximate" in entry["statement"]


def test_a_null_control_with_an_undefined_statistic_is_undecided_and_says_why(project):
    text = '''
@approximate_claim(
    number=4, source=INVARIANTS, mazes=stock_mazes(), statistic=linear_coefficient(0), sample=96, at_least=0,
    null_controls=(nothing, half),
)
def test_rows(policy, mazes):
    """Larger mazes have more free squares."""
    sign = {None: 1, "nothing": 0, "half": -1}[policy._edit_transform]
    return np.column_stack([[maze.size for maze in mazes], [sign * len(maze.free_squares) for maze in mazes]])
'''
    (entry,) = results(project(text)).values()
    why = "statistic: got estimate nan and standard error nan, wanted finite and > 0"
    assert (entry["verdict"], entry["reason"]) == ("supported", f"control undecided: nothing ({why})")
    assert [(c["name"], c["verdict"], c["passed"], c["reason"]) for c in entry["controls"]] == [
        ("nothing", "undecided", False, why),
        ("half", "refuted", True, ""),
    ]


def test_only_a_failed_assertion_is_a_counterexample(project):
    text = """
@universal_claim(number=2, source=INVARIANTS, fails_for=(nothing,), n=st.integers(0, 9))
def test_typo(policy, n):
    'Has a typo.'
    assert undefined_name
"""
    testdir = project(text)
    result = run(testdir, "--claims-json", "results.json")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*NameError*"])
    (entry,) = json.loads((testdir.path / "results.json").read_text())["claims"]
    assert entry["verdict"] == "not evaluated"
