"""Results of every kind for pages, made without a policy."""

import dataclasses

import numpy as np

from interp_claims.mazes import Maze
from interp_claims.measures import VectorField, field_squares
from interp_claims.results import ClaimResult, Comparison, ControlResult
from interp_claims.verdicts import Hypothesis, Mean, decide

ONE = "1" * 64
MAZE = Maze.from_text(".....\n.####\n....C\n.####\nM....", seed=1_100_000_004)
EFFECTS = np.array([0.4, 0.6, 0.5, 0.3, 0.7] * 10)
SAMPLED = ClaimResult(
    claim="claims/test_a.py::test_the_vector_lowers_p[size]",
    number=11,
    kind="sampled",
    sentence="The vector lowers P.",
    source="A post, “A section” (a place)",
    policy="one",
    policy_sha256=ONE,
    verdict="supported",
    threshold=0.2,
    statement="mean at least 0.2",
    budget=1024,
    alpha=0.001,
    reported="about half",
    scale=2,
    bounds=(-1.0, 1.0),
    controls=(ControlResult("no-op", "null", "refuted", 0.0, (-0.1, 0.1), 475, True),
              ControlResult("noise", "contrast", "undecided", 0.1, (-0.1, 0.3), 300, False)),
)  # fmt: skip


def measured(result=SAMPLED, effects=EFFECTS):
    """A result with the numbers that its effects really come to."""
    hypothesis = Hypothesis(Mean(result.bounds), "at least", result.threshold)
    decision = decide(effects, hypothesis)
    seeds = range(1_100_000_000, 1_100_000_000 + len(effects))
    scores = tuple((seed, float(effect)) for seed, effect in zip(seeds, effects))[: decision.mazes]
    against = tuple(sorted(scores, key=lambda pair: pair[1])[:3])
    return dataclasses.replace(
        result, verdict=decision.verdict.value, effect=decision.effect, interval=decision.interval,
        mazes=decision.mazes, scores=scores, against=against,
    )  # fmt: skip


APPROXIMATE = dataclasses.replace(
    SAMPLED, claim="claims/test_a.py::test_two_go_together", number=4, kind="approximate", verdict="undecided",
    effect=0.3, interval=(-0.2, 0.8), threshold=0.1, statement="at least 0.1 (approximate)", mazes=300, budget=300,
    bounds=None, controls=(),
)  # fmt: skip
UNIVERSAL = dataclasses.replace(
    SAMPLED, claim="claims/test_b.py::test_always", number=None, kind="universal", policy=None, policy_sha256=None,
    scale=None, verdict="refuted", threshold=None, statement="held on every maze tried", mazes=50, budget=50,
    bounds=None, alpha=None, counterexample="AssertionError: <no>\nmaze=…",
    controls=(ControlResult("nudge", "mutant", "refuted", None, None, 50, True),),
)  # fmt: skip
BROKEN = dataclasses.replace(
    SAMPLED, claim="claims/test_c.py::test_it_broke", verdict="not evaluated", reason="ValueError: x", statement="",
    threshold=None, bounds=None, alpha=None, budget=0, controls=(), broken_off=True, unmeasurable=1_100_000_009,
)  # fmt: skip
COMPARED = Comparison("", "older", "2" * 64, "regressed", -0.2, (-0.3, -0.1), 40, 0.05, "mechanism", "supported")


def field(seed=0):
    squares = field_squares(MAZE)
    return VectorField(MAZE, squares, np.random.default_rng(seed).dirichlet(np.ones(5), len(squares)).round(4))
