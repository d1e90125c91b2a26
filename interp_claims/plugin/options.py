"""The options that claims are run with."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp_claims.policies.forward import PRECISIONS
from interp_claims.proof.mutants import MUTANTS
from interp_claims.verdicts.sequential import DEFAULT_ALPHA


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("interp-claims", "claims of interpretability papers")
    group.addoption(
        "--policy",
        action="append",
        default=[],
        metavar="NAME_OR_FILE",
        help="a shipped policy, a checkpoint (.pth, .safetensors), untrained-scale4-seed0, or all; repeatable",
    )
    group.addoption("--device", default="cpu", help="where policies run: cpu (default), cuda or cuda:N")
    group.addoption(
        "--precision",
        choices=PRECISIONS,
        default="float32",
        help="what the convolutions compute in; bfloat16 is faster where the machine has it, and exploratory",
    )
    group.addoption(
        "--against",
        metavar="NAME_OR_FILE",
        help="compare every claim with an older policy on the same mazes, or with its saved results (.json); a claim "
        "fails if its effect became smaller, or its verdict worse",
    )
    group.addoption(
        "--at-least",
        type=int,
        default=0,
        metavar="N",
        help="measure every claim on N mazes even when it is decided earlier, for later use with --against",
    )
    group.addoption(
        "--resume",
        action="store_true",
        help="take over the claims that a run which was cut short had finished",
    )
    group.addoption("--summary", metavar="PATH", help="write a Markdown summary of the comparison to this file")
    group.addoption(
        "--roles",
        default="discovered",
        metavar="WHICH",
        help="the cheese channels: those found for each policy (discovered, the default), those of the papers' one "
        "network (published), or others by number: 17,3",
    )
    group.addoption(
        "--mutant",
        choices=sorted(MUTANTS),
        help="run every claim with its edits made wrong, without controls (none: as they are); never recorded",
    )
    group.addoption("--supported-in", metavar="PATH", help="only claims that these results (--claims-json) support")
    group.addoption("--max-mazes", type=int, metavar="N", help="another maze budget; makes results exploratory")
    group.addoption("--alpha", type=float, default=DEFAULT_ALPHA, help="another error rate; makes results exploratory")
    group.addoption(
        "--undecided",
        choices=("report", "fail"),
        default="report",
        help="whether a claim that the budget leaves undecided, and that has no record, fails; with --against, whether "
        "an undecided comparison does",
    )
    group.addoption("--claims-json", metavar="PATH", help="write all results to this file")
    group.addoption(
        "--report",
        metavar="FOLDER",
        help="write a report to this folder: index.html, one self-contained page, with summary.md and results.json",
    )
    group.addoption("--no-pictures", action="store_true", help="make the report without vector fields, which take time")
    group.addoption("--replay", metavar="SEED_OR_FILE", help="measure the chosen claims on this one maze and show it")
    group.addoption(
        "--counterexamples",
        metavar="FOLDER",
        help="for claims that are not supported, search the smallest maze that contradicts them and keep it there",
    )


def is_results(against: str) -> bool:
    """Whether ``--against`` names saved results, and no policy."""
    return Path(against).suffix == ".json"
