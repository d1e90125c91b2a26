"""Declaring claims: ``@claim``, ``@approximate_claim`` and ``@universal_claim``.

A claim is a pytest function that reads like a sentence of its source. The decorator declares what the sentence says
(threshold and bounds), where it says it (source and number), over which mazes, and what it must fail on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Optional, TypeVar, Union

import hypothesis
from hypothesis.strategies import SearchStrategy

from interp_claims.controls import Control
from interp_claims.declarations import ClaimError as ClaimError
from interp_claims.declarations import (
    check_arguments,
    check_count,
    check_mazes,
    check_new,
    check_only_one,
    check_statistic,
    check_takes_policy,
    check_without_values,
    checked_bounds,
    checked_controls,
    note_place,
    sentence_of,
)
from interp_claims.mazes.sampling import MazeDistribution
from interp_claims.sources import Source
from interp_claims.verdicts.approximate import LEAST_MAZES, Statistic
from interp_claims.verdicts.estimands import EffectError, Mean, Median, Ratio
from interp_claims.verdicts.sequential import DEFAULT_BUDGET, Hypothesis

Function = TypeVar("Function", bound=Callable[..., Any])
Kind = Literal["sampled", "approximate", "universal"]
Thresholds = Union[float, Mapping[str, float]]

#: A claim may be decided at two thresholds: whether there is an effect, and whether it is half as large as reported.
THRESHOLD_NAMES = ("direction", "size")

_ATTRIBUTE = "interp_claims_spec"


@dataclasses.dataclass(frozen=True)
class ClaimSpec:
    """What a claim declares.

    Attributes:
        kind: ``"sampled"`` (decided maze by maze), ``"approximate"`` (one look, bootstrap) or ``"universal"``
            (held on every maze that Hypothesis tries).
        number: the claim's number in the inventory of claims, or None for an identity that the suite rests on.
        source: where the sentence stands.
        sentence: the sentence, from the docstring.
        hypotheses: what is decided, by name; the name is empty where there is only one threshold.
        mazes: the distribution that mazes are drawn from; None for universal claims.
        null_controls: must come out refuted.
        contrast_controls: must be exceeded.
        budget: the largest number of mazes; for approximate claims, the number looked at.
        statistic: for approximate claims, the estimate from the table that the function returns, and its standard
            error where it has one.
        reported: the figure that the source reports, in words; empty where it reports none.
        fails_for: for universal claims, the controls under which a counterexample must be found.
    """

    kind: Kind
    number: Optional[int]
    source: Source
    sentence: str
    hypotheses: Mapping[str, Hypothesis]
    mazes: Optional[MazeDistribution] = None
    null_controls: tuple[Control, ...] = ()
    contrast_controls: tuple[Control, ...] = ()
    budget: int = DEFAULT_BUDGET
    statistic: Optional[Statistic] = None
    fails_for: tuple[Control, ...] = ()
    reported: str = ""


def spec_of(function: object) -> Optional[ClaimSpec]:
    """The declaration of a claim, or None for an ordinary function."""
    spec = getattr(function, _ATTRIBUTE, None)
    return spec if isinstance(spec, ClaimSpec) else None


def policies_named(function: object) -> list[str]:
    """The policies that a claim's controls name."""
    spec = spec_of(function)
    controls = () if spec is None else (*spec.null_controls, *spec.contrast_controls, *spec.fails_for)
    return [control.policy_name for control in controls if control.policy_name is not None]


def claim(
    *,
    number: int,
    source: Source,
    mazes: MazeDistribution,
    null_controls: Sequence[Control],
    contrast_controls: Sequence[Control] = (),
    effect_at_least: Optional[Thresholds] = None,
    effect_at_most: Optional[Thresholds] = None,
    effect_within: Optional[Thresholds] = None,
    ratio_at_least: Optional[Thresholds] = None,
    ratio_at_most: Optional[Thresholds] = None,
    median_at_least: Optional[Thresholds] = None,
    accuracy_at_least: Optional[Thresholds] = None,
    bounds: Optional[tuple[float, float]] = None,
    budget: int = DEFAULT_BUDGET,
    reported: str = "",
) -> Callable[[Function], Function]:
    """Declare a claim that is decided maze by maze at stated error rates.

    The function is given a policy and a batch of mazes and returns one number per maze, shape (n,); for ratios,
    numerator and denominator, shape (n, 2) or a pair of (n,). Exactly one threshold is given: a number, or two by
    name, ``{"direction": .02, "size": .384}``, each of which is decided as a claim of its own on shared measurements.

    Args:
        number: the claim's number in the inventory.
        source: where the sentence stands.
        mazes: the distribution over mazes; confirmation seeds are drawn from it in order.
        null_controls: what the claim must be refuted for; at least one.
        contrast_controls: what an intervention must beat; at least one for claims about edits.
        effect_at_least: the mean effect is at least this.
        effect_at_most: the mean effect is at most this.
        effect_within: the absolute mean effect is at most this.
        ratio_at_least: the mean of the first number is at least this many times the mean of the second.
        ratio_at_most: likewise, at most.
        median_at_least: at least half of the mazes have an effect of at least this.
        accuracy_at_least: the share of mazes with effect 1 (against 0) is at least this.
        bounds: smallest and largest possible effect; for ratios (0, largest). Left out for ratios and accuracy: (0, 1).
        budget: how many mazes may be used.
        reported: the figure that the source reports, in words.

    Raises:
        ClaimError: no or several thresholds, no null control, mazes or controls that are none, a claim that could not
            be decided, a second one of its name in the file, or one of a function that is a claim already.
    """
    given: list[tuple[type[Union[Mean, Ratio, Median]], Any, Optional[Thresholds]]] = [
        (Mean, "at least", effect_at_least),
        (Mean, "at most", effect_at_most),
        (Mean, "within", effect_within),
        (Ratio, "at least", ratio_at_least),
        (Ratio, "at most", ratio_at_most),
        (Median, "at least", median_at_least),
        (Mean, "at least", accuracy_at_least),
    ]
    chosen = [(estimand, direction, value) for estimand, direction, value in given if value is not None]

    def declare(function: Function) -> Function:
        name = function.__name__
        if len(chosen) != 1:
            raise ClaimError(f"{name}: got {len(chosen)} kinds of threshold, wanted exactly one")
        check_new(function, spec_of(function))
        check_only_one(function)
        check_mazes(name, mazes)
        nulls = checked_controls(name, "null_controls", null_controls)
        contrasts = checked_controls(name, "contrast_controls", contrast_controls)
        if not nulls:
            raise ClaimError(
                f"{name}: names nothing that it must fail on; give null_controls, such as (untrained, no_op)"
            )
        estimand_type, direction, thresholds = chosen[0]
        limits = bounds
        if limits is None and (estimand_type is Ratio or accuracy_at_least is not None):
            limits = (0.0, 1.0)
        if limits is None:
            raise ClaimError(f"{name}: got no bounds, wanted the smallest and largest possible effect")
        check_count(name, "budget", budget, 1)
        try:
            estimand = estimand_type(checked_bounds(name, limits))
            by_name = dict(thresholds) if isinstance(thresholds, Mapping) else {"": float(thresholds)}
            if not by_name:
                raise ClaimError(f"{name}: got an empty table of thresholds, wanted one of {THRESHOLD_NAMES}")
            if isinstance(thresholds, Mapping) and not set(by_name) <= set(THRESHOLD_NAMES):
                named = sorted(by_name, key=str)
                raise ClaimError(f"{name}: got thresholds named {named}, wanted only {THRESHOLD_NAMES}")
            hypotheses = {key: Hypothesis(estimand, direction, theta) for key, theta in by_name.items()}
            for hypothesis_ in hypotheses.values() if contrasts else ():
                hypothesis_.contrast()
        except EffectError as error:
            raise ClaimError(f"{name}: {error}") from error
        check_arguments(function, ("policy", "mazes"))
        sentence = sentence_of(function)
        spec = ClaimSpec("sampled", number, source, sentence, hypotheses, mazes, nulls, contrasts, budget)
        return _attach(function, dataclasses.replace(spec, reported=reported), function)

    return declare


def approximate_claim(
    *,
    number: int,
    source: Source,
    mazes: MazeDistribution,
    statistic: Statistic,
    sample: int,
    at_least: Optional[float] = None,
    at_most: Optional[float] = None,
    within: Optional[float] = None,
    null_controls: Sequence[Control],
    reported: str = "",
) -> Callable[[Function], Function]:
    """Declare a claim about a coefficient or a rank correlation: one look at ``sample`` mazes, bootstrap.

    The function returns a table with one row per maze, shape (n, k). The verdict is labelled *approximate*.

    Raises:
        ClaimError: as for :func:`claim`, too small a sample, or a statistic that is none.
    """
    given: list[tuple[Any, Optional[float]]] = [("at least", at_least), ("at most", at_most), ("within", within)]
    chosen = [(direction, value) for direction, value in given if value is not None]

    def declare(function: Function) -> Function:
        if len(chosen) != 1:
            raise ClaimError(f"{function.__name__}: got {len(chosen)} thresholds, wanted exactly one")
        check_new(function, spec_of(function))
        check_only_one(function)
        check_arguments(function, ("policy", "mazes"))
        check_mazes(function.__name__, mazes)
        check_statistic(function.__name__, statistic)
        nulls = checked_controls(function.__name__, "null_controls", null_controls)
        if not nulls:
            raise ClaimError(f"{function.__name__}: names nothing it must fail on; give null_controls")
        check_count(function.__name__, "sample", sample, LEAST_MAZES)
        direction, theta = chosen[0]
        try:
            hypothesis_ = Hypothesis(Mean((-1e9, 1e9)), direction, theta)
        except EffectError as error:
            raise ClaimError(f"{function.__name__}: {error}") from error
        spec = ClaimSpec("approximate", number, source, sentence_of(function), {"": hypothesis_}, mazes, nulls)
        spec = dataclasses.replace(spec, budget=sample, statistic=statistic, reported=reported)
        return _attach(function, spec, function)

    return declare


def universal_claim(
    *,
    number: Optional[int],
    source: Source,
    examples: int = 50,
    fails_for: Sequence[Control] = (),
    reported: str = "",
    **given: SearchStrategy[Any],
) -> Callable[[Function], Function]:
    """Declare a claim that holds on *every* maze: Hypothesis searches for a counterexample and shrinks it.

    The search is derandomised and keeps no database, so that it tries the same mazes everywhere.

    Args:
        number: the claim's number in the inventory, or None for an identity that the suite rests on.
        source: where the sentence stands.
        examples: how many mazes to try.
        fails_for: controls under which a counterexample must be found; else the claim is vacuous.
        reported: the figure that the source reports, in words.
        given: strategies for the function's arguments, as for ``hypothesis.given``.

    Raises:
        ClaimError: controls for a claim about no policy, no example, or a function that is a claim already.
    """

    def declare(function: Function) -> Function:
        check_new(function, spec_of(function))
        check_only_one(function)
        check_without_values(function, {"policy"} - set(given))
        check_count(function.__name__, "examples", examples, 1)
        controls = checked_controls(function.__name__, "fails_for", fails_for)
        if controls:
            check_takes_policy(function, given)
        spec = ClaimSpec("universal", number, source, sentence_of(function), {}, budget=examples)
        spec = dataclasses.replace(spec, fails_for=controls, reported=reported)
        search = hypothesis.settings(
            derandomize=True,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            max_examples=examples,
            suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
        )
        return _attach(search(hypothesis.given(**given)(function)), spec, function)

    return declare


def _attach(claim: Any, spec: ClaimSpec, function: Callable[..., Any]) -> Any:
    setattr(claim, _ATTRIBUTE, spec)
    note_place(claim, function)
    return claim
