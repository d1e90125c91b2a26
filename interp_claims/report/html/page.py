"""The page: everything that a run came to, in one file that asks for nothing else."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import re
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any, Optional

import jinja2
from markupsafe import Markup

from interp_claims.outcomes import control_text, outcome_of_comparison
from interp_claims.report.comparison import ORDER
from interp_claims.report.html.charts import PathCharts, path_charts
from interp_claims.report.html.forest import forest
from interp_claims.report.html.images import FieldImage, field_images
from interp_claims.report.html.paths import PathError, evidence_path
from interp_claims.report.results_json import SavedRun
from interp_claims.report.terminal import claim_text
from interp_claims.results import ClaimResult, roles_named
from interp_claims.running.evidence import Evidence, PicturedMaze
from interp_claims.verdicts.sequential import Verdict

MARKS = {"supported": "✔", "refuted": "✘", "undecided": "?", "not evaluated": "–"}  # noqa: RUF001
#: Evidence by claim and policy.
EvidenceOf = Mapping[tuple[str, Optional[str]], Evidence]


@dataclasses.dataclass(frozen=True)
class PolicyView:
    """A policy in the head of the page.

    Attributes:
        name: its name; empty for claims about no policy.
        sha256: its identity.
        scale: its width multiplier, where the results tell it.
        counts: verdict, number of claims and share of all, in the order of the verdicts.
        trouble: why there are no pictures, or empty.
    """

    name: str
    sha256: str
    scale: Optional[int]
    counts: tuple[tuple[str, int, float], ...]
    trouble: str


@dataclasses.dataclass(frozen=True)
class MazeView:
    """A maze with its pictures.

    Attributes:
        picture: the maze.
        images: its pictures.
    """

    picture: PicturedMaze
    images: tuple[FieldImage, ...]


@dataclasses.dataclass(frozen=True)
class ResultView:
    """A claim on one policy.

    Attributes:
        result: what it came to.
        charts: how the evidence grew, or None.
        no_charts: why not.
        mazes: mazes with pictures.
        replays: seed and score of the mazes that speak most against it.
        replay: the command that measures the claim on the first of them, or empty.
    """

    result: ClaimResult
    charts: Optional[PathCharts]
    no_charts: str
    mazes: tuple[MazeView, ...]
    replays: tuple[tuple[int, Optional[float]], ...]
    replay: str


@dataclasses.dataclass(frozen=True)
class ClaimView:
    """A claim on all policies.

    Attributes:
        anchor: where it is on the page.
        first: its result on the first policy, for what all results share.
        results: on each policy.
        evidence: its definition, or None.
    """

    anchor: str
    first: ClaimResult
    results: tuple[ResultView, ...]
    evidence: Optional[Evidence]


def render_page(
    run: SavedRun,
    evidence: EvidenceOf,
    *,
    notes: Mapping[str, str],
    remark: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> str:
    """The page as HTML; the same results and evidence give the same bytes.

    Args:
        run: the results.
        evidence: definitions and pictured mazes, as far as there are any.
        notes: for policies that nothing could be pictured for, the reason, by name.
        remark: what there is to say about pictures as a whole, such as that none were asked for.
        progress: called with how many claims are done and how many there are.
    """
    order = {policy: i for i, policy in enumerate(run.matrix.policies)}
    results = sorted(run.results, key=lambda r: (*_place(r), order.get(r.policy or "", -1)))
    claims: dict[str, list[ClaimResult]] = {}
    for result in results:
        claims.setdefault(result.claim, []).append(result)
    anchors = _anchors(claims)
    views = []
    for done, (claim, group) in enumerate(claims.items()):
        progress(done, len(claims))
        shown = tuple(_result_view(result, evidence.get((claim, result.policy))) for result in group)
        known = next((evidence[claim, r.policy] for r in group if (claim, r.policy) in evidence), None)
        views.append(ClaimView(anchors[claim], group[0], shown, known))
    progress(len(claims), len(claims))
    compared = [(r, outcome_of_comparison(r, r.comparison), r.comparison) for r in results if r.comparison is not None]
    compared.sort(key=lambda row: (ORDER.index(row[2].change), row[0].claim, row[0].policy or ""))
    style, script = (_text_of(name) for name in ("style.css", "script.js"))
    names = run.matrix.policies
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=f"Claims about {names[0] if len(names) == 1 else f'{len(names)} policies' if names else 'no policy'}",
            style=Markup(style),
            script=Markup(script),
            script_hash=f"sha256-{base64.b64encode(hashlib.sha256(f'{chr(10)}{script}'.encode()).digest()).decode()}",
            run=run,
            results=results,
            claims=views,
            anchors=anchors,
            policies=[_policy_view(name, results, notes) for name in (*names, *_without_policy(results))],
            several=len(names) > 1,
            groups=forest(results),
            compared=compared,
            alphas=sorted({f"{result.alpha:g}" for result in results if result.alpha is not None}),
            remark=remark,
            marks=MARKS,
            verdicts=[verdict.value for verdict in Verdict],
        )
    )


def _text_of(name: str) -> str:
    return (resources.files("interp_claims.report.html") / "templates" / name).read_text(encoding="utf-8")


def _place(result: ClaimResult) -> tuple[bool, int, str]:
    return result.number is None, result.number or 0, result.claim


def _without_policy(results: Sequence[ClaimResult]) -> list[str]:
    return [""] if any(result.policy is None for result in results) else []


def _policy_view(name: str, results: Sequence[ClaimResult], notes: Mapping[str, str]) -> PolicyView:
    mine = [result for result in results if (result.policy or "") == name]
    counted = Counter(result.verdict for result in mine)
    counts = tuple((v.value, counted[v.value], round(100 * counted[v.value] / len(mine), 2)) for v in Verdict)
    return PolicyView(name, mine[0].policy_sha256 or "", mine[0].scale, counts, notes.get(name, ""))


def _anchors(claims: Mapping[str, Any]) -> dict[str, str]:
    """A fragment for each claim that stays the same from run to run."""
    anchors: dict[str, str] = {}
    for claim in claims:
        anchor = "claim-" + re.sub(r"[^a-z0-9]+", "-", claim.split("::")[-1].removeprefix("test_").lower()).strip("-")
        taken = sum(known == anchor or known.startswith(f"{anchor}--") for known in anchors.values())
        anchors[claim] = f"{anchor}--{taken + 1}" if taken else anchor
    return anchors


def _result_view(result: ClaimResult, evidence: Optional[Evidence]) -> ResultView:
    charts, trouble = None, ""
    if result.kind == "sampled" and result.mazes:
        try:
            charts = path_charts(evidence_path(result), result)
        except PathError as error:
            trouble = str(error)
    pictured = evidence.mazes if evidence is not None else ()
    mazes = tuple(MazeView(maze, field_images(maze)) for maze in pictured)
    against: list[tuple[int, Optional[float]]] = [*result.against]
    if not against and result.unmeasurable is not None:
        against = [(result.unmeasurable, None)]
    replay = replay_command(result, against[0][0]) if against else ""
    return ResultView(result, charts, trouble, mazes, tuple(against), replay)


def replay_command(result: ClaimResult, seed: int) -> str:
    """The command that measures a claim on one maze; of older results, with all its parameters and thresholds."""
    if result.command:
        return f"{result.command} --replay {seed}"
    asked = result.loaded_as or result.policy
    words = ["pytest", result.claim.split("[")[0], *(("--policy", asked) if asked else ())]
    if (roles := roles_named(result.claim)) != "discovered":
        words += ["--roles", roles]
    if result.slow:
        words += ["-m", ""]
    return shlex.join([*words, "--replay", str(seed)])


def signed(value: float) -> str:
    """A number with its sign and three decimals; a true minus."""
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def name_of(claim: str) -> str:
    """The name of a claim's function in words, without what stands in brackets."""
    return claim_text(claim.split("[")[0])


def variant(claim: str) -> str:
    """What stands in brackets after a claim's name: its parameters and threshold."""
    return claim.split("[", 1)[1].rstrip("]") if "[" in claim else ""


@functools.lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("interp_claims.report.html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "signed": signed,
        "control": control_text,
        "name": name_of,
        "variant": variant,
    }
    return environment
