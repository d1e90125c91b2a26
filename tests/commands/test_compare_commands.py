"""``interp-claims compare`` and ``sweep``: saved results, claim by claim, with nothing left out in silence."""

import dataclasses

import pytest
from plugin_projects import CONFTEST, HEAD, claim_text

from interp_claims import cli
from interp_claims.report.results_json import write_results
from interp_claims.results import ClaimResult

FILE = "claims/test_some_claims.py::test_"
CLAIM = f"{FILE}the_effect_is_large[size]"
OTHER = f"{FILE}the_effect_is_large[direction]"
NO_EFFECT = f"{FILE}nothing_happens"
ALWAYS = f"{FILE}always"
UNIVERSAL = """
@universal_claim(number=2, source=INVARIANTS, n=st.integers())
def test_always(policy, n):
    \"\"\"It always holds.\"\"\"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with one file of claims, where commands run."""
    (tmp_path / "claims").mkdir()
    text = HEAD + claim_text(0.5, options="effect_at_least={'direction': 0.02, 'size': 0.2}")
    text += claim_text(0.0, name="nothing_happens", options="effect_within=0.05") + UNIVERSAL
    (tmp_path / "claims" / "test_some_claims.py").write_text(text)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def measured(effects, *, name="one", **changes):
    """The result of a claim with these scores."""
    scores = tuple((seed, float(effect)) for seed, effect in enumerate(effects))
    result = ClaimResult(
        claim=CLAIM,
        number=1,
        kind="sampled",
        sentence="The effect is large.",
        source="a source",
        policy=name,
        policy_sha256=name,
        verdict="supported",
        statement="mean at least 0.2",
        alpha=0.001,
        mazes=len(scores),
        scores=scores,
    )
    return dataclasses.replace(result, **changes)


def broken(**changes):
    """The row of a claim that broke off."""
    return measured([], verdict="not evaluated", reason="ValueError: x", statement="", broken_off=True, **changes)


def written(path, *results):
    write_results(path, results)
    return str(path)


def saved(path, effects, **changes):
    """Results of one claim with these scores."""
    return written(path, measured(effects, **changes))


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
    why = (
        "(states mean at least 0.2, but mean at least 0.3 in the saved results of one; measure the older policy again)"
    )
    assert cli.main(["compare", old, new]) == 1
    assert capsys.readouterr().out.endswith(f": not compared {why}\n")
    assert cli.main(["sweep", old, new, "--mazes", "50"]) == 1
    assert why[1:-1] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (
            {"distribution": "stock_mazes()"},
            {"distribution": "roomy()"},
            "is measured in roomy(), but in stock_mazes()",
        ),
        (
            {"distribution": "roomy()", "code_sha256": "a" * 64},
            {"distribution": "roomy()", "code_sha256": "b" * 64},
            "is measured by code of hash bbbbbbbb, but by other code, of hash aaaaaaaa,",
        ),
    ],
    ids=["mazes", "code"],
)
def test_scores_of_other_mazes_or_of_another_measure_cannot_be_compared(folder, capsys, before, now, why):
    old = saved(folder / "old.json", [0.5] * 800, **before)
    new = saved(folder / "new.json", [0.5] * 800, name="two", **now)
    told = f"{why} in the saved results of one; measure the older policy again"
    assert cli.main(["compare", old, new]) == 1
    assert capsys.readouterr().out.endswith(f": not compared ({told})\n")
    assert cli.main(["sweep", old, new]) == 1
    shown = capsys.readouterr().out
    assert "0 non-inferior, 1 not compared" in shown
    assert shown.endswith(f" on two: {told}\n")


@pytest.mark.parametrize("told", [{}, {"distribution": "stock_mazes()", "code_sha256": "a" * 64}])
def test_results_of_older_versions_do_not_tell_what_was_measured_and_are_compared(folder, capsys, told):
    new = saved(folder / "new.json", [0.5] * 800, name="two", distribution="stock_mazes()", code_sha256="a" * 64)
    assert cli.main(["compare", saved(folder / "old.json", [0.5] * 800, **told), new]) == 0
    assert "1 non-inferior" in capsys.readouterr().out


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--undecided", "fail"], 1)])
def test_an_undecided_comparison_fails_where_that_is_asked_for(folder, capsys, options, status):
    old = saved(folder / "old.json", [0.5] * 5)
    new = saved(folder / "new.json", [0.5] * 800, name="two")
    assert cli.main(["compare", old, new, *options]) == status
    assert f"## two against one: {'failed: undecided' if status else 'undecided'}\n" in capsys.readouterr().out


def test_a_claim_that_is_not_evaluated_any_more_fails_though_its_effect_is_as_large(folder, capsys):
    old = saved(folder / "old.json", [0.5] * 800)
    new = saved(folder / "new.json", [0.5] * 800, verdict="not evaluated", reason="vacuous", name="two")
    assert cli.main(["compare", old, new]) == 1
    assert "| non-inferior | not evaluated, was supported on one |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "now", "status"),
    [([0.5, -0.5], [0.5, 0.5], 1), ([0.5, -0.5], [-0.5, 0.5], 0), ([0.3, 0.3], [0.0, 0.0], 0)],
)
def test_a_claim_of_no_effect_is_about_the_mean(folder, capsys, before, now, status):
    """Effects that cancelled before and all go one way now are an effect, though none is larger."""
    about = {"claim": NO_EFFECT, "statement": "|mean| at most 0.05"}
    old = saved(folder / "old.json", before * 400, **about)
    new = saved(folder / "new.json", now * 400, name="two", **about)
    assert cli.main(["compare", old, new]) == status
    assert f"1 {'regressed' if status else 'non-inferior'}; " in capsys.readouterr().out


# -- what cannot be compared -----------------------------------------------------------------------------------------

EFFECTS = [0.5] * 800
GONE = f"{FILE}gone"


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (measured(EFFECTS, claim=OTHER, statement="mean at least 0.02"), None, "not in the results of two"),
        (measured(EFFECTS, claim=OTHER), broken(claim=OTHER), "broke off on two: ValueError: x"),
        (broken(claim=OTHER), measured(EFFECTS, claim=OTHER), "broke off on one: ValueError: x"),
        (broken(claim=OTHER), None, "not in the results of two"),
        (measured(EFFECTS, claim=GONE), measured(EFFECTS, claim=GONE), "there is no such claim in claims"),
        (
            measured(EFFECTS, claim=OTHER, statement="mean at least 0.02"),
            measured([], claim=OTHER, verdict="not evaluated", reason="no such role"),
            "not evaluated: no such role",
        ),
        (
            measured(EFFECTS, claim=OTHER, statement="mean at least 0.02"),
            measured(EFFECTS, claim=OTHER, statement="mean at least 0.02", scores=((900, 0.5),)),
            "the results have no maze in common",
        ),
    ],
    ids=["left out", "broke off", "broke off before", "broke off and left out", "no claim", "no scores", "others"],
)
def test_a_claim_of_the_older_results_that_cannot_be_compared_is_listed_and_fails(folder, capsys, old, new, why):
    first = written(folder / "old.json", measured(EFFECTS), old)
    rest = [] if new is None else [dataclasses.replace(new, policy="two", policy_sha256="two")]
    second = written(folder / "new.json", measured(EFFECTS, name="two"), *rest)
    assert cli.main(["compare", first, second]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("## two against one: failed\n\n1 non-inferior; ")
    assert "\nFailed without a comparison:\n\n- " in shown
    assert shown.endswith(f": not compared ({why})\n")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (None, measured(EFFECTS, claim=OTHER), "supported, not compared (not in the results of one)"),
        (None, broken(claim=OTHER), "not evaluated, not compared (not in the results of one)"),
        (
            measured([], claim=OTHER, verdict="not evaluated", reason="no such role"),
            measured(EFFECTS, claim=OTHER, statement="mean at least 0.02"),
            "supported, not compared (not evaluated on one: no such role)",
        ),
        (
            measured([], claim=ALWAYS, kind="universal"),
            measured([], claim=ALWAYS, kind="universal"),
            "supported, not compared (universal, by its verdict alone)",
        ),
        (
            measured([], claim=ALWAYS, kind="universal", verdict="refuted"),
            measured([], claim=ALWAYS, kind="universal"),
            "supported, was refuted on one, not compared (universal, by its verdict alone)",
        ),
        (
            measured(EFFECTS, claim=OTHER, prediction="P1"),
            measured(EFFECTS, claim=OTHER, prediction="P1", verdict="refuted"),
            "refuted, not compared (a prediction, which the ledger tells of)",
        ),
    ],
    ids=["new", "new and broke off", "not evaluated before", "no scores by its kind", "better", "a prediction"],
)
def test_a_claim_that_has_nothing_to_lose_is_listed_and_fails_nothing(folder, capsys, old, new, why):
    first = written(folder / "old.json", measured(EFFECTS), *([] if old is None else [old]))
    other = dataclasses.replace(new, policy="two", policy_sha256="two")
    second = written(folder / "new.json", measured(EFFECTS, name="two"), other)
    assert cli.main(["compare", first, second]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("## two against one: passed\n")
    assert "\nNot compared:\n\n- " in shown
    assert shown.endswith(f": {why}\n")


@pytest.mark.parametrize("verdict", ["refuted", "not evaluated"])
def test_a_claim_without_scores_fails_by_its_verdict(folder, capsys, verdict):
    universal = {"claim": ALWAYS, "kind": "universal"}
    old = written(folder / "old.json", measured([], **universal))
    new = written(folder / "new.json", measured([], name="two", verdict=verdict, **universal))
    assert cli.main(["compare", old, new]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("## two: failed, no claim was compared\n\nFailed without a comparison:\n\n")
    assert f"- always: {verdict}, was supported on one, not compared (universal, by its verdict alone)" in shown


# -- sweeps ----------------------------------------------------------------------------------------------------------


def test_a_sweep_tells_what_regressed_on_which_policy(folder, capsys):
    old = saved(folder / "old.json", EFFECTS)
    newer = [
        saved(folder / f"{name}.json", [0.5 + change] * 800, name=name)
        for name, change in (("same", 0.0), ("worse", -0.3), ("edge", -0.05))
    ]
    assert cli.main(["sweep", old, *newer, "--summary", "sweep.md"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith(
        "## same, worse, edge against one\n\n"
        "1 regressed, 0 not evaluated, 1 open, 1 non-inferior, 0 not compared, on 512 mazes."
    )
    assert "a share of at most 5% is false on average (e-BH)" in shown
    assert "| claim | same | worse | edge |\n|---|---|---|---|\n" in shown
    row = "| the effect is large[size] | non-inferior +0.000 | regressed -0.300 | open -0.050 |\n"
    assert shown.endswith(row)
    assert (folder / "sweep.md").read_text() == shown


def test_a_sweep_looks_at_the_first_mazes_alone(folder, capsys):
    old = saved(folder / "old.json", EFFECTS)
    new = saved(folder / "new.json", [0.5] * 600 + [-1.0] * 200, name="two")
    assert cli.main(["sweep", old, new, "--mazes", "600"]) == 0
    assert "| non-inferior +0.000 |" in capsys.readouterr().out
    assert cli.main(["sweep", old, new, "--mazes", "800"]) == 1
    assert "| regressed -0.375 |" in capsys.readouterr().out


VACUOUS = {"verdict": "not evaluated", "reason": "vacuous"}


@pytest.mark.parametrize("effects", [EFFECTS, [0.5] * 3], ids=["measured", "given up early"])
def test_a_sweep_calls_no_claim_non_inferior_that_is_not_evaluated_any_more(folder, capsys, effects):
    old = saved(folder / "old.json", EFFECTS)
    new = [
        saved(folder / "new.json", effects, name="two", **VACUOUS),
        saved(folder / "same.json", EFFECTS, name="same"),
    ]
    assert cli.main(["sweep", old, *new]) == 1
    shown = capsys.readouterr().out
    assert "\n0 regressed, 1 not evaluated, 0 open, 1 non-inferior, 0 not compared, on" in shown
    difference = " +0.000" if effects == EFFECTS else ""
    assert f"| not evaluated{difference} | non-inferior +0.000 |" in shown
    told = "Not evaluated, and was before:\n\n- the effect is large[size] on two: vacuous; supported on one\n"
    assert shown.endswith(told)


def test_what_was_not_evaluated_before_may_be_so_again_and_what_regressed_is_called_so(folder, capsys):
    old = saved(folder / "old.json", EFFECTS, **VACUOUS)
    assert cli.main(["sweep", old, saved(folder / "new.json", EFFECTS, name="two", **VACUOUS)]) == 0
    assert "| non-inferior +0.000 |" in capsys.readouterr().out
    old = saved(folder / "old.json", EFFECTS)
    assert cli.main(["sweep", old, saved(folder / "new.json", [0.1] * 800, name="two", **VACUOUS)]) == 1
    assert "| regressed -0.400 |" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (measured([0.5] * 400), "400 mazes in common, wanted 512"),
        (measured(EFFECTS, claim=OTHER), "not in the results of two"),
    ],
)
def test_what_a_sweep_cannot_compare_is_listed_and_fails(folder, capsys, new, why):
    old = saved(folder / "old.json", EFFECTS)
    second = written(folder / "new.json", dataclasses.replace(new, policy="two", policy_sha256="two"))
    third = saved(folder / "third.json", EFFECTS, name="three")
    assert cli.main(["sweep", old, second, third]) == 1
    shown = capsys.readouterr().out
    assert "| the effect is large[size] | not compared | non-inferior +0.000 |" in shown
    assert shown.endswith(f"\nNot compared:\n\n- the effect is large[size] on two: {why}\n")


def test_claims_that_broke_off_or_are_gone_are_part_of_a_sweep(folder, capsys):
    old = written(folder / "old.json", measured(EFFECTS), broken(claim=OTHER), measured(EFFECTS, claim=GONE))
    new = saved(folder / "new.json", EFFECTS, name="two")
    assert cli.main(["sweep", old, new]) == 1
    shown = capsys.readouterr().out
    assert "- the effect is large[direction] on two: broke off on one: ValueError: x\n" in shown
    assert "- gone on two: there is no such claim any more\n" in shown


def test_what_has_no_scores_by_its_kind_or_nothing_to_lose_is_no_part_of_a_sweep(folder, capsys):
    without = measured([], claim=OTHER, verdict="not evaluated", reason="no such role")
    predicted = measured(EFFECTS, claim=NO_EFFECT, prediction="P1")
    old = written(folder / "old.json", measured([], claim=ALWAYS, kind="universal"), without, predicted)
    new = saved(folder / "new.json", EFFECTS, name="two")
    assert cli.main(["sweep", old, new]) == 0
    assert capsys.readouterr().out == "No claim was compared.\n"


def test_policies_of_one_name_are_told_apart_and_none_counts_twice(folder, capsys):
    old = saved(folder / "old.json", EFFECTS)
    newer = [saved(folder / f"{sha}.json", EFFECTS, name="new", policy_sha256=sha * 64) for sha in "ab"]
    assert cli.main(["sweep", old, *newer]) == 0
    assert "| claim | new (aaaaaaaa) | new (bbbbbbbb) |" in capsys.readouterr().out
    assert cli.main(["sweep", old, *newer, newer[0]]) == 2
    assert "got several results of new, wanted each policy once" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rate", "2"], "rate: got 2.0, wanted a number between 0 and 1"),
        (["--mazes", "0"], "mazes: got 0, wanted at least 1, as many as --at-least gave to every run"),
    ],
)
def test_a_sweep_that_says_nothing_is_refused(folder, capsys, options, message):
    old, new = saved(folder / "old.json", EFFECTS), saved(folder / "new.json", EFFECTS, name="two")
    assert cli.main(["sweep", old, new, *options]) == 2
    assert message in capsys.readouterr().err
