"""Declaring claims: what a declaration holds, and which declarations are refused, in which words."""

import dataclasses
import importlib
import random
import time

import numpy as np
import pytest
from hypothesis import strategies as st

from interp_claims.claims import ClaimError, ClaimSpec, approximate_claim, claim, spec_of, universal_claim
from interp_claims.collecting import claims_in
from interp_claims.controls import another_mazes_vector, another_policy, matched_noise, no_op, untrained
from interp_claims.errors import InterpClaimsError
from interp_claims.mazes import size_between, stock_mazes, with_decision_square
from interp_claims.sources import PAPER, POST
from interp_claims.verdicts import Mean, Median, Ratio, logistic_coefficient, rank_correlation

SECTION = POST.section("A section")


def declared(function=None, **changes):
    """The declaration of a claim that is right but for the changes."""
    options = {
        "number": 11,
        "source": SECTION,
        "mazes": stock_mazes(),
        "null_controls": (untrained,),
        "bounds": (-1, 1),
        **changes,
    }

    def test_it(policy, mazes):
        """It is so."""

    return spec_of(claim(**options)(function or test_it))


def approximately(function=None, **changes):
    options = {"number": 7, "source": PAPER, "mazes": stock_mazes(), "statistic": rank_correlation, "sample": 200}
    options["null_controls"] = [untrained]

    def test_it(policy, mazes):
        """It is so."""

    return spec_of(approximate_claim(**{**options, **changes})(function or test_it))


# -- sampled claims --------------------------------------------------------------------------------------------------


def test_a_claim_holds_what_was_declared_and_measures_as_before():
    @claim(
        number=14,
        source=SECTION,
        effect_at_most=-0.3,
        bounds=(-1, 2),
        mazes=size_between(5, 9),
        null_controls=[untrained, no_op],
        contrast_controls=[another_mazes_vector],
        budget=77,
    )
    def test_it(policy, mazes):
        """It is so,
        as the source says.

        And here is how it is measured.
        """
        return np.full(len(mazes), policy)

    spec = spec_of(test_it)
    assert test_it(policy=0.5, mazes="ab").tolist() == [0.5, 0.5]
    assert {name: str(hypothesis_) for name, hypothesis_ in spec.hypotheses.items()} == {"": "mean at most -0.3"}
    assert spec.hypotheses[""].estimand == Mean((-1, 2))
    assert dataclasses.replace(spec, hypotheses={}) == ClaimSpec(
        kind="sampled",
        number=14,
        source=SECTION,
        sentence="It is so, as the source says.",
        hypotheses={},
        mazes=size_between(5, 9),
        null_controls=(untrained, no_op),
        contrast_controls=(another_mazes_vector,),
        budget=77,
    )


@pytest.mark.parametrize(
    ("threshold", "bounds", "estimand", "printed"),
    [
        ({"effect_at_least": 0.2}, (-1, 1), Mean((-1, 1)), "mean at least 0.2"),
        ({"effect_at_most": 0.2}, (-1, 1), Mean((-1, 1)), "mean at most 0.2"),
        ({"effect_within": 0.05}, (-1, 1), Mean((-1, 1)), "|mean| at most 0.05"),
        ({"ratio_at_least": 1.1}, (0, 3), Ratio((0, 3)), "ratio at least 1.1"),
        ({"ratio_at_most": 1.1}, None, Ratio((0, 1)), "ratio at most 1.1"),
        ({"median_at_least": 0.1}, (-1, 1), Median((-1, 1)), "median at least 0.1"),
        ({"accuracy_at_least": 0.8}, None, Mean((0, 1)), "mean at least 0.8"),
        ({"effect_at_least": 0}, (-1, 1), Mean((-1, 1)), "mean at least 0"),
    ],
)
def test_each_kind_of_threshold_decides_what_it_says(threshold, bounds, estimand, printed):
    spec = declared(**threshold, bounds=bounds)
    (hypothesis_,) = spec.hypotheses.values()
    assert (hypothesis_.estimand, str(hypothesis_)) == (estimand, printed)


def test_two_thresholds_by_name_are_two_hypotheses_in_their_order():
    spec = declared(effect_at_least={"size": 0.384, "direction": 0.02})
    assert [(name, str(h)) for name, h in spec.hypotheses.items()] == [
        ("size", "mean at least 0.384"),
        ("direction", "mean at least 0.02"),
    ]
    assert list(declared(ratio_at_least={"direction": 1.1}, bounds=None).hypotheses) == ["direction"]


def test_the_thresholds_are_those_at_the_declaration():
    thresholds = {"direction": 0.02}
    spec = declared(effect_at_least=thresholds)
    thresholds["size"] = 0.4
    assert list(spec.hypotheses) == ["direction"]


def test_an_ordinary_function_is_no_claim():
    assert spec_of(test_an_ordinary_function_is_no_claim) is None
    assert spec_of(None) is None
    assert spec_of(type("Pretender", (), {"interp_claims_spec": "yes"})) is None


def no_docstring(policy, mazes):
    pass


def blank_docstring(policy, mazes):
    """ """


def no_mazes(policy):
    """It is so."""


def neither():
    """It is so."""


def own_values(policy=None, mazes=()):
    """It is so."""


AN_EFFECT = {"effect_at_least": 0.2}
A_STATISTIC = "wanted one of interp_claims.verdicts, such as rank_correlation or linear_coefficient(0)"
CONTROLS = "wanted a tuple of controls of interp_claims.controls, such as (untrained, no_op)"
MAZES = "wanted a distribution of mazes, such as with_decision_square()"
NO_KINDS = [
    ({"null_controls": ("untrained",)}, f"test_it: null_controls: got 'untrained', {CONTROLS}"),
    ({"null_controls": "untrained"}, f"test_it: null_controls: got 'untrained', {CONTROLS}"),
    ({"null_controls": untrained}, f"test_it: null_controls: got the control untrained alone, {CONTROLS}"),
    (
        {"null_controls": (untrained, another_policy)},
        f"test_it: null_controls: got the function another_policy, which is not called, {CONTROLS}",
    ),
    (
        {"null_controls": another_policy},
        f"test_it: null_controls: got the function another_policy, which is not called, {CONTROLS}",
    ),
    (
        {"mazes": with_decision_square},
        f"test_it: mazes: got the function with_decision_square, which is not called, {MAZES}",
    ),
    ({"mazes": None}, f"test_it: mazes: got None, {MAZES}"),
]
TWO_NUMBERS = "wanted two numbers, such as (-1, 1)"
REFUSED = [
    *(({**AN_EFFECT, **changes}, message) for changes, message in NO_KINDS),
    (
        {**AN_EFFECT, "contrast_controls": matched_noise},
        f"test_it: contrast_controls: got the control noise of the same norm alone, {CONTROLS}",
    ),
    ({**AN_EFFECT, "budget": 1e3}, "test_it: got budget 1000.0, wanted a whole number of mazes"),
    ({**AN_EFFECT, "budget": True}, "test_it: got budget True, wanted a whole number of mazes"),
    ({}, "test_it: got 0 kinds of threshold, wanted exactly one"),
    ({**AN_EFFECT, "median_at_least": 0.1}, "test_it: got 2 kinds of threshold, wanted exactly one"),
    (
        {**AN_EFFECT, "null_controls": ()},
        "test_it: names nothing that it must fail on; give null_controls, such as (untrained, no_op)",
    ),
    ({**AN_EFFECT, "bounds": None}, "test_it: got no bounds, wanted the smallest and largest possible effect"),
    (
        {"median_at_least": 0.1, "bounds": None},
        "test_it: got no bounds, wanted the smallest and largest possible effect",
    ),
    ({**AN_EFFECT, "bounds": (1, -1)}, "test_it: bounds: got (1, -1), wanted two finite numbers, the smaller first"),
    (
        {**AN_EFFECT, "bounds": (0, float("inf"))},
        "test_it: bounds: got (0, inf), wanted two finite numbers, the smaller first",
    ),
    (
        {"ratio_at_least": 1.1, "bounds": (-1, 1)},
        "test_it: bounds: got (-1, 1) for a ratio, wanted (0, largest): both parts are at least 0",
    ),
    ({"effect_at_least": 1}, "test_it: threshold: got 1.0, wanted a number strictly between -1 and 1"),
    ({"effect_at_least": float("nan")}, "test_it: threshold: got nan, wanted a number strictly between -1 and 1"),
    (
        {"ratio_at_most": -2, "bounds": None},
        "test_it: threshold: got -2.0, wanted a number strictly between 0.0 and 1000.0",
    ),
    (
        {"effect_at_least": {"direction": 0.02, "size": 1.5}},
        "test_it: threshold: got 1.5, wanted a number strictly between -1 and 1",
    ),
    ({"effect_within": -0.05}, "test_it: within: got -0.05 of a Mean, wanted a mean and > 0"),
    (
        {"effect_within": 0.05, "contrast_controls": (matched_noise,)},
        "test_it: contrast: a claim of no effect has no contrast control; give it null controls that act",
    ),
    (
        {"effect_at_least": {"direction": 0.02, "big": 0.5}},
        "test_it: got thresholds named ['big', 'direction'], wanted only ('direction', 'size')",
    ),
    (
        {"effect_at_least": {"": 0.02, "size": 0.5}},
        "test_it: got thresholds named ['', 'size'], wanted only ('direction', 'size')",
    ),
    ({**AN_EFFECT, "bounds": (0, 1, 2)}, f"test_it: bounds: got (0, 1, 2), {TWO_NUMBERS}"),
    ({**AN_EFFECT, "bounds": 1}, f"test_it: bounds: got 1, {TWO_NUMBERS}"),
    ({**AN_EFFECT, "bounds": ("0", "1")}, f"test_it: bounds: got ('0', '1'), {TWO_NUMBERS}"),
    (
        {**AN_EFFECT, "function": own_values},
        "own_values: has a default value for policy and mazes, wanted none: pytest gives nothing to arguments that "
        "have one",
    ),
    (
        {"effect_at_least": {}},
        "test_it: got an empty table of thresholds, wanted one of ('direction', 'size')",
    ),
    ({**AN_EFFECT, "budget": 0}, "test_it: got budget 0, wanted at least 1 maze"),
    ({**AN_EFFECT, "budget": -5}, "test_it: got budget -5, wanted at least 1 maze"),
    (
        {**AN_EFFECT, "function": no_docstring},
        "no_docstring: has no docstring; its first paragraph is the claim's sentence",
    ),
    (
        {**AN_EFFECT, "function": blank_docstring},
        "blank_docstring: has no docstring; its first paragraph is the claim's sentence",
    ),
    ({**AN_EFFECT, "function": no_mazes}, "no_mazes: takes no argument mazes, wanted policy, mazes"),
    ({**AN_EFFECT, "function": neither}, "neither: takes no argument policy or mazes, wanted policy, mazes"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[message[:70] for _, message in REFUSED])
def test_a_claim_that_could_not_be_decided_is_refused(changes, message):
    with pytest.raises(ClaimError) as error:
        declared(**changes)
    assert str(error.value) == message
    assert isinstance(error.value, InterpClaimsError)


DECLARATIONS = {
    "sampled": claim(
        number=1, source=SECTION, mazes=stock_mazes(), null_controls=(untrained,), bounds=(-1, 1), effect_at_least=0.2
    ),
    "approximate": approximate_claim(
        number=1, source=SECTION, mazes=stock_mazes(), null_controls=(untrained,), statistic=rank_correlation,
        sample=200, at_least=0.1,
    ),
    "universal": universal_claim(number=1, source=SECTION, policy=st.none(), mazes=st.none()),
}  # fmt: skip


@pytest.mark.parametrize("inner", DECLARATIONS)
@pytest.mark.parametrize("outer", DECLARATIONS)
def test_a_function_is_declared_a_claim_once(outer, inner):
    @DECLARATIONS[inner]
    def test_it(policy, mazes):
        """It is so."""

    with pytest.raises(ClaimError) as error:
        DECLARATIONS[outer](test_it)
    assert str(error.value) == (
        f"test_it: is declared twice, as a {inner} claim before, wanted once: the outer one would take the place of "
        "the inner; give each a function of its own"
    )


# -- approximate claims ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("threshold", "direction", "theta"),
    [({"at_least": 0.1}, "at least", 0.1), ({"at_most": 0.0}, "at most", 0), ({"within": 0.05}, "within", 0.05)],
)
def test_an_approximate_claim_holds_what_was_declared(threshold, direction, theta):
    spec = approximately(**threshold, null_controls=[untrained])
    assert (spec.kind, spec.number, spec.source, spec.sentence) == ("approximate", 7, PAPER, "It is so.")
    assert (spec.budget, spec.statistic, spec.mazes) == (200, rank_correlation, stock_mazes())
    assert (spec.null_controls, spec.contrast_controls) == ((untrained,), ())
    assert [(name, h.direction, h.theta) for name, h in spec.hypotheses.items()] == [("", direction, theta)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "test_it: got 0 thresholds, wanted exactly one"),
        ({"at_least": 0.1, "within": 0.2}, "test_it: got 2 thresholds, wanted exactly one"),
        ({"at_least": 0, "at_most": 0}, "test_it: got 2 thresholds, wanted exactly one"),
        ({"within": 0}, "test_it: within: got 0 of a Mean, wanted a mean and > 0"),
        (
            {"at_least": float("nan")},
            "test_it: threshold: got nan, wanted a number strictly between -1000000000.0 and 1000000000.0",
        ),
        ({"at_least": 0.1, "sample": 0}, "test_it: got sample 0, wanted at least 30 mazes"),
        ({"at_least": 0.1, "sample": 2e2}, "test_it: got sample 200.0, wanted a whole number of mazes"),
        *(({"at_least": 0.1, **changes}, message) for changes, message in NO_KINDS),
        (
            {"at_least": 0.1, "statistic": logistic_coefficient},
            f"test_it: statistic: got the function logistic_coefficient, which is not called, {A_STATISTIC}",
        ),
        ({"at_least": 0.1, "statistic": "rank"}, f"test_it: statistic: got 'rank', {A_STATISTIC}"),
        ({"at_least": 0.1, "function": no_mazes}, "no_mazes: takes no argument mazes, wanted policy, mazes"),
        (
            {"at_least": 0.1, "function": no_docstring},
            "no_docstring: has no docstring; its first paragraph is the claim's sentence",
        ),
    ],
)
def test_an_approximate_claim_that_could_not_be_decided_is_refused(changes, message):
    with pytest.raises(ClaimError) as error:
        approximately(**changes)
    assert str(error.value) == message


# -- universal claims ------------------------------------------------------------------------------------------------


def test_a_universal_claim_holds_what_was_declared():
    @universal_claim(number=None, source=SECTION, examples=9, fails_for=[no_op], n=st.integers())
    def test_it(policy, n):
        """It is so
        for all numbers.
        """

    spec = spec_of(test_it)
    assert spec == ClaimSpec("universal", None, SECTION, "It is so for all numbers.", {}, budget=9, fails_for=(no_op,))


def tried(examples=20):
    """A universal claim and the numbers it was tried on."""
    numbers = []

    @universal_claim(number=1, source=SECTION, examples=examples, n=st.integers(0, 10**9))
    def test_it(n):
        """It is so."""
        numbers.append(n)

    return test_it, numbers


def test_a_universal_claim_tries_as_many_examples_as_declared():
    test_it, numbers = tried(20)
    test_it()
    assert len(numbers) == 20
    assert len(set(numbers)) > 10


def test_a_universal_claim_tries_the_same_examples_every_time():
    test_it, numbers = tried()
    random.seed(1)
    test_it()
    first = numbers.copy()
    numbers.clear()
    random.seed(2)
    test_it()
    assert numbers == first


def test_a_universal_claim_finds_and_shrinks_a_counterexample_and_does_not_remember_it():
    failed = []

    @universal_claim(number=1, source=SECTION, n=st.integers(0, 10**6))
    def test_it(n):
        """Numbers are small."""
        if n > 1000:
            failed.append(n)
            raise ValueError(f"{n} is large")

    with pytest.raises(ValueError, match=r"^1001 is large\n"):
        test_it()
    found = failed.copy()
    failed.clear()
    with pytest.raises(ValueError, match=r"^1001 is large\n"):
        test_it()
    assert failed == found, "no database tells the second search what the first one found"


def test_a_slow_example_is_no_counterexample():
    @universal_claim(number=1, source=SECTION, examples=2, n=st.integers())
    def test_it(n):
        """It is so."""
        time.sleep(0.3)

    test_it()


def test_a_universal_claim_without_a_docstring_is_refused():
    with pytest.raises(ClaimError, match=r"^no_docstring: has no docstring"):
        universal_claim(number=1, source=SECTION, policy=st.none(), mazes=st.none())(no_docstring)


def of_no_policy(n):
    """It is so."""


def of_a_drawn_policy(policy, n):
    """It is so."""


def of_its_own_policy(n, policy=None):
    """It is so."""


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (of_no_policy, {"fails_for": no_op}, f"of_no_policy: fails_for: got the control no-op alone, {CONTROLS}"),
        (
            of_no_policy,
            {"fails_for": [no_op]},
            "of_no_policy: fails_for: got controls for a claim that is given no policy, wanted the argument policy, "
            "which they change; take it, or leave them out",
        ),
        (
            of_a_drawn_policy,
            {"fails_for": [no_op], "policy": st.none()},
            "of_a_drawn_policy: fails_for: got controls for a claim that is given no policy, wanted the argument "
            "policy, which they change; take it, or leave them out",
        ),
        (
            of_its_own_policy,
            {},
            "of_its_own_policy: has a default value for policy, wanted none: pytest gives nothing to arguments that "
            "have one",
        ),
        (of_no_policy, {"examples": 0}, "of_no_policy: got examples 0, wanted at least 1 maze"),
        (of_no_policy, {"examples": 5.0}, "of_no_policy: got examples 5.0, wanted a whole number of mazes"),
    ],
)
def test_a_universal_claim_that_could_not_fail_is_refused(function, options, message):
    with pytest.raises(ClaimError) as error:
        universal_claim(number=1, source=SECTION, n=st.integers(), **options)(function)
    assert str(error.value) == message


# -- one claim of a name ---------------------------------------------------------------------------------------------

HEAD = """
from hypothesis import strategies as st
from interp_claims.claims import universal_claim
from interp_claims.sources import INVARIANTS

declared = universal_claim(number=None, source=INVARIANTS, n=st.integers())
"""
ONE = """
@declared
def test_it(n):
    'It is so.'
"""
LOOP = """
for _ in range(3):
    @declared
    def test_it(n):
        'It is so.'
"""
INSIDE = """
def make():
    @declared
    def test_it(n):
        'It is so.'

make()
make()
"""


def test_two_claims_of_one_name_in_a_file_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "test_twice.py"
    path.write_text(HEAD + ONE + ONE)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ClaimError) as error:
        importlib.import_module("test_twice")
    assert str(error.value) == (
        f"test_it: got two claims of this name in {path}, at lines 8 and 12, wanted one: the first would never run; "
        "give one of them another name"
    )


@pytest.mark.parametrize("text", [LOOP + ONE.replace("test_it", "test_other"), INSIDE + ONE, ONE + INSIDE])
def test_claims_that_are_made_in_loops_and_functions_are_not_refused(tmp_path, text):
    path = tmp_path / "test_made.py"
    path.write_text(HEAD + text)
    for _ in range(2):
        assert claims_in(path, tmp_path)


def test_a_file_may_be_read_again_after_it_was_changed(tmp_path, monkeypatch):
    path = tmp_path / "test_read_again.py"
    path.write_text(HEAD + ONE)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("test_read_again")
    path.write_text(HEAD + "# a line more" + ONE)
    assert spec_of(importlib.reload(module).test_it) is not None


def test_what_the_source_reports_is_kept_with_the_claim():
    @universal_claim(number=30, source=PAPER, n=st.integers(), reported="exactly")
    def test_it(n):
        """It is so."""

    reporting = (
        declared(effect_at_least=0.1, reported="-0.4"),
        approximately(at_least=0, reported="r = .3"),
        spec_of(test_it),
    )
    assert [spec.reported for spec in reporting] == ["-0.4", "r = .3", "exactly"]
    assert [spec.reported for spec in (declared(effect_at_least=0.1), approximately(at_least=0))] == ["", ""]
