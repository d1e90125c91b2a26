"""What came of running a claim, as plain values that travel between processes and into JSON."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Optional

SCHEMA_VERSION = 1
#: Changes whenever the same effects could lead to another verdict or another number of mazes of a claim that is decided
#: maze by maze. It is sealed in predictions, which are such claims; approximate verdicts are not covered.
ENGINE_VERSION = "1"

_ROLES = re.compile(r"(?:^|-)(published roles|channels \d+(?:,\d+)*)(?=-|\]$)")


@dataclasses.dataclass(frozen=True)
class ControlResult:
    """What a control came to.

    Attributes:
        name: the control.
        kind: ``"null"``, ``"contrast"``, or ``"mutant"`` for universal claims.
        verdict: of the claim under a null control; of "the effect exceeds the control's" for a contrast control.
        effect: estimate; for contrasts, of the difference.
        interval: its confidence interval.
        mazes: how many mazes it took.
        passed: whether it came out as it must (undecided counts as not passed, and is shown).
        reason: why it is undecided, where its statistic is undefined; else empty.
    """

    name: str
    kind: str
    verdict: str
    effect: Optional[float]
    interval: Optional[tuple[float, float]]
    mazes: int
    passed: bool
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How a claim on one policy compares with the same claim on an older one.

    Attributes:
        claim: the claim's identity.
        against: name of the older policy.
        against_sha256: its identity.
        change: non-inferior, regressed or undecided.
        difference: mean of new minus old, signed so that positive favours the claim; for a claim of no effect, by how
            much the absolute mean came nearer to 0.
        interval: confidence interval of it, valid at any stopping time.
        mazes: how many mazes it took.
        margin: the largest loss that counts as none.
        lost: for regressed claims, what was lost.
        before: the older policy's verdict, or empty where none is known.
    """

    claim: str
    against: str
    against_sha256: str
    change: str
    difference: float
    interval: tuple[float, float]
    mazes: int
    margin: float
    lost: str = ""
    before: str = ""

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Comparison:
        """The comparison that ``dataclasses.asdict`` wrote."""
        return cls(**{**data, "interval": (float(data["interval"][0]), float(data["interval"][1]))})


@dataclasses.dataclass(frozen=True)
class ClaimResult:
    """What a claim came to on one policy.

    Attributes:
        claim: the claim's identity: file, function and threshold, without the policy.
        number: its number in the inventory, or None for an identity that the suite rests on.
        kind: sampled, approximate or universal.
        sentence: what it says.
        source: who says it.
        policy: the policy's name, or None for a claim about no policy.
        policy_sha256: its identity.
        verdict: supported, refuted, undecided or not evaluated.
        reason: why it was not evaluated, or what a control leaves open; else empty.
        effect: the estimate.
        interval: confidence interval, valid at any stopping time.
        threshold: the threshold's value.
        statement: what was decided, in words.
        mazes: how many mazes it took.
        budget: how many it could have taken.
        alpha: error rate of either side.
        controls: what the controls came to.
        against: seeds and effects of the three mazes that speak most against the claim.
        scores: seed and score of every maze measured for the claim itself, in order; a score is the effect, for a ratio
            edited minus threshold times unedited, for a median whether the effect reaches the threshold.
        counterexample: for universal claims, the smallest that was found.
        reported: the figure that the source reports, in words.
        prediction: the registered prediction that was decided, or empty.
        seal: the hash of the form in which it was registered, or empty.
        mutant: the mutant that took the claim's place, or empty.
        comparison: with an older policy, where one was asked for.
        not_compared: why there is none although one was asked for, or empty; the verdict stands.
        exploratory: whether budget, error rate or precision were changed on the command line, or a mutant ran.
        seconds: how long it took.
        broken_off: whether it was not evaluated because its function raised an error, its process died or the machine
            stood in the way, which says nothing about the policy and is never put on record.
        unmeasurable: seed of the maze for which the measure is undefined, where that is why it was not evaluated.
        scale: the policy's width multiplier.
        bounds: for sampled claims, the smallest and the largest number that can be measured.
        loaded_as: the name or file that the policy was asked for by, as ``--policy`` takes it.
        slow: whether the claim is marked slow, and left out unless asked for.
        command: what runs it again, alone with its parameters and on its policy; empty where an older version ran it.
        distribution: the mazes that it draws, as they print; None where it draws none, or an older version ran it.
        code_sha256: hash of the code that measures it; None where it draws no mazes, its text was not at hand, or an
            older version ran it.
    """

    claim: str
    number: Optional[int]
    kind: str
    sentence: str
    source: str
    policy: Optional[str]
    policy_sha256: Optional[str]
    verdict: str
    reason: str = ""
    effect: Optional[float] = None
    interval: Optional[tuple[float, float]] = None
    threshold: Optional[float] = None
    statement: str = ""
    mazes: int = 0
    budget: int = 0
    alpha: Optional[float] = None
    controls: tuple[ControlResult, ...] = ()
    against: tuple[tuple[int, float], ...] = ()
    scores: tuple[tuple[int, float], ...] = ()
    counterexample: str = ""
    reported: str = ""
    prediction: str = ""
    mutant: str = ""
    comparison: Optional[Comparison] = None
    not_compared: str = ""
    exploratory: bool = False
    seconds: float = 0.0
    broken_off: bool = False
    unmeasurable: Optional[int] = None
    scale: Optional[int] = None
    bounds: Optional[tuple[float, float]] = None
    seal: str = ""
    loaded_as: Optional[str] = None
    slow: bool = False
    command: str = ""
    distribution: Optional[str] = None
    code_sha256: Optional[str] = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ClaimResult:
        """The result that :meth:`to_dict` wrote."""
        controls = tuple(ControlResult(**{**c, "interval": _pair(c["interval"])}) for c in data["controls"])
        compared = data.get("comparison")
        comparison = None if compared is None else Comparison.from_dict(compared)
        fields: dict[str, Any] = {"controls": controls, "comparison": comparison, "interval": _pair(data["interval"])}
        fields["bounds"] = _pair(data.get("bounds"))
        by_seed = {name: _by_seed(data.get(name, ())) for name in ("against", "scores")}
        return cls(**{**data, **fields, **by_seed})


def roles_named(claim: str) -> str:
    """Which roles a claim's identity says it was run with, as ``--roles`` takes them.

    >>> roles_named("claims/test_a.py::test_it[3-channels 17,3-size]"), roles_named("claims/test_a.py::test_it[size]")
    ('17,3', 'discovered')
    """
    chosen = _ROLES.search(claim.partition("[")[2])
    if chosen is None:
        return "discovered"
    return chosen[1].removeprefix("channels ") if chosen[1] != "published roles" else "published"


def _by_seed(pairs: Any) -> tuple[tuple[int, float], ...]:
    return tuple((int(seed), float(score)) for seed, score in pairs)


def _pair(interval: Any) -> Optional[tuple[float, float]]:
    return None if interval is None else (float(interval[0]), float(interval[1]))
