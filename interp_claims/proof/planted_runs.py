"""Claims run on each kind of planted channel, and whether their verdicts are true."""

from __future__ import annotations

import dataclasses
import runpy
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

import numpy as np

from interp_claims.claims import spec_of
from interp_claims.mazes.sampling import SeedBlock
from interp_claims.policies.policy import Policy
from interp_claims.policies.roles import roles_of
from interp_claims.proof.mechanisms import KINDS, plant
from interp_claims.proof.mutants import without_controls
from interp_claims.running import BATCH, ClaimToRun, Measurements, RunOptions, run_claim
from interp_claims.running.context import next_batch
from interp_claims.verdicts.sequential import Verdict

#: Claims about "the channel that tracks the cheese most clearly": file, function and arguments.
CLAIMS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("test_retargeting.py", "test_clamping_one_activation_of_a_cheese_channel_retargets_the_agent", {}),
    ("test_channels.py", "test_without_the_cheese_channel_the_agent_seeks_the_cheese_less", {"ablation": "resample"}),
)
#: Mazes that tell what is true of the causal channel, apart from all that decide claims.
_TRUTH = SeedBlock("proof, truth", 2_145_000_000, 2_000_000)
_TRUTH_MAZES = 1024
_STANDARD_ERRORS = 2.58


@dataclasses.dataclass(frozen=True)
class Row:
    """What one claim came to on one planted channel.

    Attributes:
        policy: the network that it was planted into.
        seed: of the planting.
        kind: causal, decoy or null.
        channel: which channel it is.
        f_score: how clearly it tracks the cheese.
        claim: the claim.
        verdict: what the claim came to.
        effect: its estimate.
        interval: its confidence interval.
        mazes: how many mazes that took.
        truth: what the verdict should be; "open" if the effect is too close to the threshold to say.
    """

    policy: str
    seed: int
    kind: str
    channel: int
    f_score: float
    claim: str
    verdict: str
    effect: Optional[float]
    interval: Optional[tuple[float, float]]
    mazes: int
    truth: str


def run_on_planted(
    policy: Policy, seed: int, kind: str, claim: int, folder: Path, *, truth_mazes: int = _TRUTH_MAZES
) -> Row:
    """Run one of :data:`CLAIMS`, without its controls, on one planted channel.

    Args:
        policy: the network to plant into.
        seed: of the planting.
        kind: causal, decoy or null.
        claim: which of the claims.
        folder: the folder of the claims.
        truth_mazes: how many mazes tell what is true of the causal channel.
    """
    planted = plant(policy, seed)
    channel = planted.channels[kind]
    planted.policy.role_set = str(channel)
    file, name, arguments = CLAIMS[claim]
    function = runpy.run_path(str(folder / file))[name]
    spec = spec_of(function)
    assert spec is not None
    (threshold,) = spec.hypotheses
    to_run = ClaimToRun(name, without_controls(spec), threshold, function, planted.policy, dict(arguments))
    result = run_claim(to_run, RunOptions(), Measurements())
    truth = _measured_truth(to_run, truth_mazes) if kind == "causal" else Verdict.REFUTED.value
    variant = "".join(f" ({value})" for value in arguments.values())
    return Row(
        policy.name,
        seed,
        kind,
        channel,
        roles_of(planted.policy).f_scores[channel],
        name.removeprefix("test_").replace("_", " ") + variant,
        result.verdict,
        result.effect,
        result.interval,
        result.mazes,
        truth,
    )


def _measured_truth(run: ClaimToRun, count: int) -> str:
    """On which side of the threshold the mean lies on many other mazes, by a plain average; "open" if that is close."""
    assert run.spec.mazes is not None and run.policy is not None
    hypothesis = run.spec.hypotheses[run.threshold]
    stream, scores = run.spec.mazes.stream(_TRUTH), []
    for first in range(0, count, BATCH):
        values = run.measured(hypothesis.estimand, run.policy, next_batch(stream, min(BATCH, count - first)))
        scores.append(hypothesis.estimand.scores(values, hypothesis.theta))
    above = np.concatenate(scores) - hypothesis.estimand.score_threshold(hypothesis.theta)
    distance = above.mean() / (above.std(ddof=1) / np.sqrt(count))
    if abs(distance) < _STANDARD_ERRORS:
        return "open"
    return (Verdict.SUPPORTED if distance > 0 else Verdict.REFUTED).value


def rows_markdown(rows: Sequence[Row]) -> str:
    """Two Markdown tables: per claim and kind of channel the share of true verdicts, and every single run."""
    cases = list(dict.fromkeys((row.claim, row.kind) for row in rows))
    lines = ["| claim | channel | runs | true | false | undecided | truth open |", "|---|---|---|---|---|---|---|"]
    for claim, kind in sorted(cases, key=lambda case: (case[0], KINDS.index(case[1]))):
        came_to = Counter(_word(row) for row in rows if (row.claim, row.kind) == (claim, kind))
        counts = [came_to[word] for word in ("true", "false", "undecided", "open")]
        lines.append(f"| {claim} | {kind} | {sum(counts)} | {' | '.join(map(str, counts))} |")
    lines += ["", "| network | seed | claim | channel | F | verdict | effect | mazes | truth |", "|---" * 9 + "|"]
    for row in rows:
        effect = "" if row.effect is None else f"{row.effect:+.3f}"
        lines.append(
            f"| `{row.policy}` | {row.seed} | {row.claim} | {row.kind} ({row.channel}) | {row.f_score:.1f} | "
            f"{row.verdict} | {effect} | {row.mazes} | {row.truth} |"
        )
    return "\n".join(lines) + "\n"


def false_verdicts(rows: Sequence[Row]) -> list[Row]:
    """The runs that were decided, and wrongly."""
    return [row for row in rows if _word(row) == "false"]


def _word(row: Row) -> str:
    if row.truth == "open":
        return "open"
    if row.verdict not in (Verdict.SUPPORTED.value, Verdict.REFUTED.value):
        return "undecided"
    return "true" if row.verdict == row.truth else "false"


def row_of(data: dict[str, Any]) -> Row:
    """The row that ``dataclasses.asdict`` wrote."""
    interval = data["interval"]
    return Row(**{**data, "interval": None if interval is None else (float(interval[0]), float(interval[1]))})
