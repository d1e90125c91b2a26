"""Sampled claims: fresh batches of mazes until the claim, and each of its controls, is decided."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Optional

import numpy as np

from interp_claims.controls import Control
from interp_claims.errors import CircumstanceError, InterpClaimsError
from interp_claims.mazes.maze import Maze
from interp_claims.results import ClaimResult, ControlResult
from interp_claims.running.context import (
    BATCH,
    ClaimToRun,
    Measurements,
    Progress,
    RunOptions,
    next_batch,
    up_to_unmeasurable,
    with_controls,
)
from interp_claims.running.independence import check_independence
from interp_claims.running.memory import give_back_free_memory
from interp_claims.verdicts.estimands import EffectError
from interp_claims.verdicts.sequential import (
    Decision,
    Hypothesis,
    Verdict,
    confidence_interval,
    decide,
    first_crossing,
    out_of_reach,
)

#: After this many mazes a null control is given up if it is out of reach.
_CONTROL_LOOK = 128
_MAZES_BETWEEN_TRIMS = 256
_SECONDS_BETWEEN_LOOKS = 1.0


@dataclasses.dataclass(eq=False)
class _Line:
    """One sequence of values that is being decided: the claim's own or a control's."""

    hypothesis: Hypothesis
    control: Optional[Control] = None
    kind: str = ""
    measured: list[np.ndarray] = dataclasses.field(default_factory=list)
    verdict: Verdict = Verdict.UNDECIDED
    looked_at: bool = False
    given_up: bool = False

    @property
    def open(self) -> bool:
        """Whether more mazes are wanted."""
        return self.verdict is Verdict.UNDECIDED and not self.given_up

    def look(self, alpha: float, budget: int) -> None:
        """Take account of the values measured so far."""
        values = np.concatenate(self.measured)
        self.verdict, mazes = first_crossing(values, self.hypothesis, alpha, alpha)
        if self.kind == "null" and mazes >= _CONTROL_LOOK and not self.looked_at:
            self.looked_at, early = True, values[:_CONTROL_LOOK]
            if out_of_reach(early, self.hypothesis, alpha, budget):
                self.given_up, self.verdict, self.measured = True, Verdict.UNDECIDED, [early]

    @property
    def name(self) -> str:
        """The control's name; empty for the claim itself."""
        return "" if self.control is None else self.control.name

    def estimate(self) -> Optional[float]:
        """The estimate from all values so far, or None where it is undefined, such as a ratio to 0."""
        try:
            return self.hypothesis.estimand.estimate(np.concatenate(self.measured))
        except EffectError:
            return None


class _Watch:
    """What somebody who watches a claim run is told beside the estimate; costly parts about once a second.

    Args:
        alpha: error rate of a side.
    """

    def __init__(self, alpha: float) -> None:
        self._alpha, self._began, self._looked = alpha, time.monotonic(), -_SECONDS_BETWEEN_LOOKS
        self._interval: Optional[tuple[float, float]] = None
        self._evidence = 0.0, 0.0

    def look(
        self, claim: _Line, mazes: int, budget: int
    ) -> tuple[Optional[tuple[float, float]], float, float, Optional[float]]:
        """Interval, evidence for and against as shares of what decides, and seconds left to the budget."""
        now = time.monotonic()
        if claim.open and now - self._looked >= _SECONDS_BETWEEN_LOOKS:
            values, bar = np.concatenate(claim.measured), -np.log(self._alpha)
            support, refute = (float(np.clip(side[-1] / bar, 0, 1)) for side in claim.hypothesis.log_evidence(values))
            self._interval = confidence_interval(values, claim.hypothesis.estimand, self._alpha)
            self._evidence, self._looked = (support, refute), now
        return self._interval, *self._evidence, (now - self._began) / mazes * (budget - mazes)


def run_sampled(
    run: ClaimToRun,
    options: RunOptions,
    measurements: Measurements,
    progress: Callable[[Progress], None] = lambda _: None,
) -> ClaimResult:
    """Measure a claim and its controls on batches of mazes until all are decided or the budget is spent.

    Raises:
        EffectError: the claim's function returned something that is no effect, or that depends on the batch.
        UnmeasurableMazeError: a maze cannot be measured, and the verdict is open when it or a control gets there.
    """
    began = time.monotonic()
    spec, policy = run.spec, run.policy
    assert policy is not None and spec.mazes is not None, "sampled claims take a policy and mazes"
    hypothesis = spec.hypotheses[run.threshold]
    budget = options.max_mazes if options.max_mazes is not None else spec.budget
    claim = _Line(hypothesis)
    nulls = [_Line(hypothesis, control, "null") for control in spec.null_controls]
    contrasts = [_Line(hypothesis.contrast(), control, "contrast") for control in spec.contrast_controls]
    lines = [claim, *nulls, *contrasts]
    watch = _Watch(options.alpha)
    seeds: list[int] = []
    stream: Iterator[Maze] = spec.mazes.stream(options.block)

    def still_open() -> list[_Line]:
        moot = contrasts if claim.verdict is Verdict.REFUTED else []  # nothing is left that a control could beat
        kept = [claim] if len(seeds) < options.at_least else []  # though it may be decided
        return [line for line in lines if (line.open and line not in moot) or line in kept]

    def verdict_open() -> bool:
        """Whether the verdict can still change, were it not for null controls that stay undecided."""
        if claim.open:
            return True
        lost = [line for line in nulls if line.verdict is Verdict.SUPPORTED]
        lost += [line for line in contrasts if line.verdict is Verdict.REFUTED]
        return claim.verdict is Verdict.SUPPORTED and not lost and any(line.open for line in contrasts)

    def measured(control: Optional[Control], batch: tuple[Maze, ...]) -> np.ndarray:
        key = run.key(policy, batch, control)
        return measurements.get(key, lambda: run.measured(hypothesis.estimand, policy, batch, control))

    def measured_again(mazes: tuple[Maze, ...]) -> np.ndarray:
        key = (*run.key(policy, mazes), "again", *(maze.seed for maze in mazes))
        return measurements.get(key, lambda: run.measured(hypothesis.estimand, policy, mazes))

    def measured_all(batch: tuple[Maze, ...]) -> dict[Optional[Control], np.ndarray]:
        return {control: measured(control, batch) for control in wanted}

    while len(seeds) < budget and (open_lines := still_open()):
        compared = [None] if any(line in contrasts for line in open_lines) else []
        wanted = list(dict.fromkeys([*compared, *(line.control for line in open_lines)]))
        try:
            batch = next_batch(stream, min(BATCH, budget - len(seeds)))
            batch, values, later = up_to_unmeasurable(measured_all, batch)
            if not seeds and options.precision == "float32":  # a lower one is too coarse to tell
                low, high = hypothesis.estimand.bounds
                check_independence(run.name, batch, values[None], high - low, measured_again)
        except InterpClaimsError as error:
            if verdict_open() or isinstance(error, CircumstanceError):
                raise
            break  # what was decided before these mazes stands
        stream = chain(later, stream)
        seeds.extend(maze.seed for maze in batch if maze.seed is not None)
        if len(seeds) % _MAZES_BETWEEN_TRIMS < BATCH:
            give_back_free_memory()
        for line in open_lines:
            own = values[line.control]
            line.measured.append(hypothesis.contrast_scores(values[None], own) if line in contrasts else own)
            line.look(options.alpha, budget)
        waiting = tuple(line.name for line in still_open() if line is not claim)
        look = watch.look(claim, len(seeds), budget)
        progress(Progress(spec.sentence, len(seeds), budget, claim.estimate(), claim.verdict, waiting, *look))

    def decided(line: _Line) -> Decision:
        return decide(
            np.concatenate(line.measured),
            line.hypothesis,
            alpha_support=options.alpha,
            alpha_refute=options.alpha,
            budget=budget,
        )

    decision = decided(claim)
    controls = tuple(_control_result(line, decided) for line in lines[1:])
    verdict, reason = with_controls(decision.verdict, controls)
    everything = np.concatenate(claim.measured)
    all_scores = hypothesis.estimand.scores(everything, hypothesis.theta)
    values = everything[: decision.mazes]
    kept = max(decision.mazes, options.at_least)
    worst = hypothesis.opposing_order(values)[:3]
    return run.result(
        verdict,
        options,
        reason=reason,
        effect=decision.effect,
        interval=decision.interval,
        threshold=hypothesis.theta,
        statement=str(hypothesis),
        mazes=decision.mazes,
        budget=budget,
        alpha=options.alpha,
        controls=controls,
        against=tuple((seeds[i], float(all_scores[i])) for i in worst),
        scores=tuple((seed, round(float(score), 6)) for seed, score in zip(seeds, all_scores[:kept])),
        seconds=time.monotonic() - began,
        bounds=hypothesis.estimand.bounds,
    )


def _control_result(line: _Line, decide_line: Callable[[_Line], Decision]) -> ControlResult:
    if not line.measured:
        return ControlResult(line.name, line.kind, Verdict.UNDECIDED.value, None, None, 0, False)
    if line.estimate() is None:
        mazes = sum(map(len, line.measured))
        return ControlResult(line.name, line.kind, line.verdict.value, None, None, mazes, False)
    decision = decide_line(line)
    wanted = Verdict.REFUTED if line.kind == "null" else Verdict.SUPPORTED
    return ControlResult(
        line.name,
        line.kind,
        decision.verdict.value,
        decision.effect,
        decision.interval,
        decision.mazes,
        decision.verdict is wanted,
    )
