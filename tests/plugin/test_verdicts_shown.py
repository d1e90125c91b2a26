"""What a run shows of its verdicts: sentences, numbers, the JSON, and why there is none."""

import pytest
from plugin_projects import claim_text, results, run


def test_a_supported_claim_passes_and_is_told_as_a_sentence(project):
    result = run(project(claim_text(0.5)))
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "SUPPORTED: The effect is large.",
            "*+0.5?? [[]*, *[]], * mazes (one), *s",
            "*= claims =*",
            "*supported*nothing: refuted*",
        ]
    )


def test_a_refuted_claim_fails_with_its_numbers_and_a_command_that_replays(project):
    testdir = project(claim_text(0.05))
    result = run(testdir)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*verdict    refuted*",
            "*wanted     mean at least 0.2*",
            "*measured   +0.0?? [[]*[]], * mazes of at most 1024, error rate 0.001 a side*",
            "*mazes that speak most against it:*",
            "*seed 11000*: +0.0*",
            "*seed 11000*: +0.0*",
            "*seed 11000*: +0.0*",
            "*replay     pytest 'claims/test_some_claims.py::test_the_effect_is_large[[]one[]]' --replay 11000*",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    seed = result.stdout.str().split("--replay ")[1].split()[0]
    replayed = testdir.runpytest_inprocess(
        "claims/test_some_claims.py::test_the_effect_is_large[one]", "-p", "no:cacheprovider", "--replay", seed
    )
    assert replayed.ret == 0
    replayed.stdout.fnmatch_lines([f"<Maze seed {seed}, *", "measured  *", "nothing  *", "*1 replayed*"])


def test_the_json_says_what_the_table_says(project):
    entry = results(project(claim_text(0.5)))["claims/test_some_claims.py::test_the_effect_is_large"]
    assert (entry["verdict"], entry["number"], entry["kind"], entry["policy"]) == ("supported", 1, "sampled", "one")
    assert entry["interval"][0] < entry["effect"] < entry["interval"][1]
    assert entry["threshold"] == 0.2
    assert 1 < entry["mazes"] < 1024
    assert [(c["name"], c["kind"], c["verdict"]) for c in entry["controls"]] == [("nothing", "null", "refuted")]
    assert len(entry["against"]) == 3


def test_an_undecided_claim_is_a_category_of_its_own(project):
    testdir = project(claim_text(0.2))
    result = run(testdir)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["UNDECIDED: The effect is large.", "*1 undecided*"])
    failing = run(testdir, "--undecided=fail")
    assert failing.ret == 1
    failing.stdout.fnmatch_lines(["*1 failed*"])


def test_a_claim_that_its_null_control_supports_too_is_vacuous_and_fails(project):
    options = "effect_at_least=0.2, null_controls=(same,)"
    testdir = project(claim_text(0.5, options=options))
    result = run(testdir)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT EVALUATED: *", "*vacuous: also supported for the null control same*"])


@pytest.mark.parametrize(
    ("control", "verdict", "reason"),
    [
        ("nothing", "supported", ""),
        ("half", "supported", ""),
        ("same", "not evaluated", "the effect does not exceed that of same by the threshold"),
    ],
)
def test_an_edit_must_exceed_its_contrast_controls(project, control, verdict, reason):
    options = f"effect_at_least=0.2, contrast_controls=({control},)"
    (entry,) = results(project(claim_text(0.6, options=options))).values()
    assert (entry["verdict"], entry["reason"]) == (verdict, reason)


def test_a_contrast_that_stays_open_leaves_the_claim_undecided(project):
    options = "effect_at_least=0.3, contrast_controls=(half,)"
    (entry,) = results(project(claim_text(0.6, options=options))).values()
    assert (entry["verdict"], entry["controls"][1]["verdict"]) == ("undecided", "undecided")


def test_a_larger_budget_continues_the_same_sequence(project):
    text = claim_text(0.21, options="effect_at_least=0.2, budget=64")
    small, large = (next(iter(results(project(text), *o).values())) for o in ((), ("--max-mazes", "4096")))
    assert small["verdict"] == "undecided"
    assert large["mazes"] > 64
    assert results(project(text), "--max-mazes", "64").popitem()[1]["effect"] == small["effect"]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("None", "returned nothing, wanted one number per maze; return it, do not assert it"),
        ("np.zeros(3)", r"shape (3,), wanted (32,)"),
        ("np.full(len(mazes), 2.0)", "wanted -1 to 1; correct the claim's bounds"),
        ("np.full(len(mazes), np.nan)", "NaN or infinite"),
    ],
)
def test_what_a_claim_must_not_return_is_an_error(project, returned, message):
    text = f'''
@declared(effect_at_least=0.2)
def test_wrong(policy, mazes):
    """Wrong."""
    return {returned}
'''
    result = run(project(text))
    assert result.ret == 1
    assert message in result.stdout.str()


def test_a_claim_that_cannot_be_measured_is_not_evaluated_and_says_why(project):
    text = (
        claim_text(0.5)
        + '''
@declared(effect_at_least=0.2)
def test_needs_a_role(policy, mazes):
    """A channel that nobody has."""
    from interp_claims.policies import RoleError
    raise RoleError("no channel is positive at the cheese")

@universal_claim(number=2, source=INVARIANTS, fails_for=(nothing,), n=st.integers(0, 9))
def test_cannot_be_asked(policy, n):
    """Holds, but its control cannot be asked."""
    from interp_claims.edits import EditError
    if policy._edit_transform:
        raise EditError("does not fit")
'''
    )
    testdir = project(text)
    result = run(testdir)
    result.stdout.fnmatch_lines(["*not evaluated (RoleError: no channel is positive at the cheese)*"])
    result.stdout.fnmatch_lines(["*2 failed, 1 passed*"])
    entries = {name.split("::")[1]: entry for name, entry in results(testdir).items()}
    assert entries["test_needs_a_role"]["verdict"] == entries["test_cannot_be_asked"]["verdict"] == "not evaluated"
    assert entries["test_the_effect_is_large"]["verdict"] == "supported"


def test_quiet_runs_print_no_sentences(project):
    result = run(project(claim_text(0.5)), "-q")
    assert "The effect is large" not in result.stdout.str()
    assert result.ret == 0
