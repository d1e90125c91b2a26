"""What running a claim of any kind needs: options, progress, shared measurements, and the claim itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Optional, TypeVar

import numpy as np

from interp_claims.claims import ClaimSpec
from interp_claims.controls import Control
from interp_claims.errors import CircumstanceError, InterpClaimsError
from interp_claims.mazes.deciding import measuring
from interp_claims.mazes.maze import Maze
from interp_claims.mazes.sampling import CONFIRMATION, SeedBlock
from interp_claims.policies.policy import Policy
from interp_claims.results import ClaimResult, ControlResult
from interp_claims.running.measure_code import code_sha256
from interp_claims.verdicts.approximate import checked_table
from interp_claims.verdicts.estimands import EffectError, Estimand
from interp_claims.verdicts.sequential import DEFAULT_ALPHA, Verdict

T = TypeVar("T")

#: How many mazes are measured at a time. Verdicts and numbers of mazes do not depend on it.
BATCH = 32


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """How claims are run.

    Attributes:
        alpha: error rate of a claim and side.
        max_mazes: overrides every claim's budget; makes results exploratory, as another alpha does.
        block: where mazes come from.
        prediction: the registered prediction that is being decided, or empty.
        seal: the hash of its sealed form.
        at_least: claims are measured on so many mazes even when they are decided, so that their scores can be compared.
        mutant: the mutant that takes the claims' place, or empty.
        precision: what networks compute in; another one than float32 makes results exploratory.
    """

    alpha: float = DEFAULT_ALPHA
    max_mazes: Optional[int] = None
    block: SeedBlock = CONFIRMATION
    prediction: str = ""
    seal: str = ""
    at_least: int = 0
    mutant: str = ""
    precision: str = "float32"

    @property
    def exploratory(self) -> bool:
        """Whether results must not be recorded or scored."""
        changed = self.max_mazes is not None or self.alpha != DEFAULT_ALPHA or self.precision != "float32"
        return changed or bool(self.mutant)


@dataclasses.dataclass(frozen=True)
class Progress:
    """Where a running claim stands.

    Attributes:
        sentence: the claim.
        mazes: how many mazes were measured.
        budget: how many may be.
        effect: the estimate so far, or None where it is undefined.
        verdict: the claim's verdict so far.
        waiting_for: the controls that are not decided yet.
        interval: confidence interval so far, or None where it was not looked at yet.
        support: log evidence for the claim, as a share of what decides it: 0 to 1.
        refute: log evidence against it, likewise.
        seconds_left: how long it would take to use up the budget at the present pace.
    """

    sentence: str
    mazes: int
    budget: int
    effect: Optional[float]
    verdict: Verdict
    waiting_for: tuple[str, ...]
    interval: Optional[tuple[float, float]] = None
    support: float = 0.0
    refute: float = 0.0
    seconds_left: Optional[float] = None


class UnmeasurableMazeError(InterpClaimsError):
    """One maze of a batch for which a claim's measure is undefined.

    Args:
        error: what was raised for it.
        seed: of the maze.
    """

    def __init__(self, error: InterpClaimsError, seed: int) -> None:
        super().__init__(f"{type(error).__name__}: {error} (the maze of seed {seed}, measured alone, raises it)")
        self.seed = seed


class Measurements:
    """Values already measured, so that a claim with several thresholds measures each maze once."""

    def __init__(self) -> None:
        self._values: dict[tuple[Any, ...], np.ndarray] = {}

    def get(self, key: tuple[Any, ...], measure: Callable[[], np.ndarray]) -> np.ndarray:
        """The values kept under ``key``, measured now if there are none."""
        if key not in self._values:
            self._values[key] = measure()
        return self._values[key]


@dataclasses.dataclass(frozen=True)
class ClaimToRun:
    """One claim at one threshold on one policy.

    Attributes:
        name: the claim's identity without the policy.
        spec: its declaration.
        threshold: which of its hypotheses.
        function: the claim's function.
        policy: the policy, or None for a claim about no policy.
        arguments: further arguments of the function, besides policy and mazes.
        variant: which of its parametrisations, where it has any of its own.
        slow: whether it is marked so, and left out unless asked for.
        command: what runs it again, alone.
    """

    name: str
    spec: ClaimSpec
    threshold: str
    function: Callable[..., Any]
    policy: Optional[Policy]
    arguments: dict[str, Any]
    variant: str = ""
    slow: bool = False
    command: str = ""

    @property
    def distribution(self) -> Optional[str]:
        """The mazes that it draws, as they print; None for universal claims."""
        return None if self.spec.mazes is None else str(self.spec.mazes)

    @property
    def code_sha256(self) -> Optional[str]:
        """Hash of the code that measures it in the mazes that it draws; None for universal claims."""
        return None if self.spec.mazes is None else code_sha256(self.function, self.spec.mazes.conditions)

    def result(self, verdict: Verdict, options: RunOptions, **fields: Any) -> ClaimResult:
        """A result with what the declaration already says filled in."""
        return ClaimResult(
            claim=self.name,
            number=self.spec.number,
            kind=self.spec.kind,
            sentence=self.spec.sentence,
            source=str(self.spec.source),
            policy=None if self.policy is None else self.policy.name,
            policy_sha256=None if self.policy is None else self.policy.sha256,
            scale=None if self.policy is None else self.policy.scale,
            loaded_as=None if self.policy is None else self.policy.loaded_as,
            slow=self.slow,
            command=self.command,
            distribution=self.distribution,
            code_sha256=self.code_sha256,
            verdict=verdict.value,
            reported=self.spec.reported,
            prediction=options.prediction,
            seal=options.seal,
            mutant=options.mutant,
            exploratory=self._exploratory(options),
            **fields,
        )

    def _exploratory(self, options: RunOptions) -> bool:
        """Whether the result must not be recorded; a universal claim has neither budget nor error rate to change."""
        if self.spec.kind == "universal":
            return bool(options.mutant) or options.precision != "float32"
        return options.exploratory

    def key(self, policy: Policy, batch: tuple[Maze, ...], control: Optional[Control] = None) -> tuple[Any, ...]:
        """What a batch's values are kept under: the same for all thresholds, and for a comparison of policies."""
        return (self.function, self.variant, policy.sha256, control, batch[0].seed, len(batch))

    def measured(
        self, estimand: Estimand, policy: Policy, batch: tuple[Maze, ...], control: Optional[Control] = None
    ) -> np.ndarray:
        """The claim's checked values for one batch, on the policy that a control makes of this one if one is given.

        Raises:
            UnmeasurableMazeError: one maze cannot be measured. It is not left out, since a mean over the mazes that
                can be measured is another than the claimed one.
            InterpClaimsError: none can.
        """
        with measuring(batch):
            return _locating(lambda mazes: self._measured(estimand, _under(control, policy, mazes), mazes), batch)

    def table(self, policy: Policy, batch: tuple[Maze, ...], control: Optional[Control] = None) -> np.ndarray:
        """An approximate claim's checked table for one batch, under a control if one is given: (n, k).

        Raises:
            UnmeasurableMazeError: one maze cannot be measured.
            InterpClaimsError: none can.
        """
        with measuring(batch):
            return _locating(lambda mazes: self._table(_under(control, policy, mazes), mazes), batch)

    def _measured(self, estimand: Estimand, policy: Policy, batch: tuple[Maze, ...]) -> np.ndarray:
        return estimand.checked(self._returned(policy, batch, "one number"), len(batch))

    def _table(self, policy: Policy, batch: tuple[Maze, ...]) -> np.ndarray:
        return checked_table(self._returned(policy, batch, "a row"), len(batch))

    def _returned(self, policy: Policy, batch: tuple[Maze, ...], wanted: str) -> Any:
        returned = self.function(policy=policy, mazes=batch, **self.arguments)
        if returned is None:
            raise EffectError(f"{self.name}: returned nothing, wanted {wanted} per maze; return it, do not assert it")
        return returned


def _under(control: Optional[Control], policy: Policy, mazes: tuple[Maze, ...]) -> Policy:
    """The policy to measure: a control may have a row for each of the very mazes that are measured."""
    return policy if control is None else control.apply(policy, mazes)


def _locating(measure: Callable[[tuple[Maze, ...]], np.ndarray], batch: tuple[Maze, ...]) -> np.ndarray:
    """What ``measure`` says about a batch; where it raises for a maze, but not for every one, that maze is named."""
    try:
        return measure(batch)
    except CircumstanceError:
        raise
    except InterpClaimsError as error:
        if (maze := _first_failing(measure, batch, type(error))) is None or maze.seed is None:
            raise
        raise UnmeasurableMazeError(error, maze.seed) from error


def _first_failing(
    measure: Callable[[tuple[Maze, ...]], np.ndarray], batch: tuple[Maze, ...], kind: type[InterpClaimsError]
) -> Optional[Maze]:
    """The first maze that a batch fails for, found by halving; None if it fails for every maze, or for none alone."""

    def fails(some: tuple[Maze, ...]) -> bool:
        try:
            measure(some)
        except kind:
            return True
        except InterpClaimsError:  # such as an edit that was made for the whole batch
            return False
        return False

    left = batch
    while len(left) > 1:
        half = len(left) // 2
        left = left[:half] if fails(left[:half]) else left[half:]
    some_others = sorted({1, len(batch) // 3, 2 * len(batch) // 3, len(batch) - 1} & set(range(1, len(batch))))
    for_every_maze = left[0] is batch[0] and all(fails(batch[i : i + 1]) for i in some_others)
    return None if for_every_maze or not fails(left) else left[0]


def up_to_unmeasurable(
    measure: Callable[[tuple[Maze, ...]], T], batch: tuple[Maze, ...]
) -> tuple[tuple[Maze, ...], T, tuple[Maze, ...]]:
    """What a batch measures, up to the first maze that cannot be measured: the mazes before it, that, and the rest.

    It matters only to who is still undecided when they come to it, so that verdicts do not depend on the batches.

    Raises:
        UnmeasurableMazeError: it is the first of the batch.
    """
    later: tuple[Maze, ...] = ()
    while True:
        try:
            return batch, measure(batch), later
        except UnmeasurableMazeError as error:
            before = [maze.seed for maze in batch].index(error.seed)
            if not before:
                raise
            batch, later = batch[:before], batch[before:] + later


def next_batch(stream: Iterator[Maze], size: int) -> tuple[Maze, ...]:
    """The next mazes of a stream."""
    return tuple(islice(stream, size))


def with_controls(verdict: Verdict, controls: tuple[ControlResult, ...]) -> tuple[Verdict, str]:
    """The claim's verdict in the light of its controls, and the reason if they change or qualify it."""
    vacuous = [c.name for c in controls if c.kind == "null" and c.verdict == Verdict.SUPPORTED]
    if vacuous:
        return Verdict.NOT_EVALUATED, f"vacuous: also supported for the null control {', '.join(vacuous)}"
    if verdict is Verdict.SUPPORTED:
        unbeaten = [c.name for c in controls if c.kind == "contrast" and c.verdict == Verdict.REFUTED]
        if unbeaten:
            return Verdict.NOT_EVALUATED, f"the effect does not exceed that of {', '.join(unbeaten)} by the threshold"
        close = [c.name for c in controls if c.kind == "contrast" and not c.passed]
        if close:
            return Verdict.UNDECIDED, f"not decided whether the effect exceeds that of {', '.join(close)}"
    pending = [f"{c.name} ({c.reason})" if c.reason else c.name for c in controls if c.kind == "null" and not c.passed]
    return verdict, f"control undecided: {', '.join(pending)}" if pending else ""
