"""``interp-claims report``: the report of a run, made from its JSON."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from interp_claims.errors import InterpClaimsError
from interp_claims.policies.cache import ActivationCache
from interp_claims.policies.devices import check_device
from interp_claims.policies.manifest import Manifest, ManifestError
from interp_claims.policies.policy import Policy
from interp_claims.report.bar import NO_PICTURES, drawing_bar
from interp_claims.report.folder import check_folder
from interp_claims.report.results_json import SavedRun, read_run
from interp_claims.results import ClaimResult, roles_named
from interp_claims.running import RunOptions
from interp_claims.running.evidence import Evidence, evidence_of

if TYPE_CHECKING:
    from interp_claims.plugin.collecting import CollectedClaim

_EPILOG = """\
examples:
  pytest claims/ -n 2 --claims-json results.json
  interp-claims report results.json --out out/
  interp-claims report results.json --policy my_checkpoint.pth --no-pictures

exit status: 0 written, 2 wrong usage, or a file that cannot be read or written, 130 interrupted
"""
_NO_CLAIMS = (
    "The claims' files were not found, so that there are neither definitions nor vector fields; make the report in the "
    "folder that the claims were run in."
)


def add_commands(commands: Any) -> None:
    """Add the command to the parser of ``interp-claims``."""
    report = commands.add_parser(
        "report",
        help="write the report of a run as one self-contained page",
        description="Write index.html, one page that needs no network, with summary.md and a copy of the results, as "
        "pytest claims/ --report does. Run it where the claims were run: it reads their files, and measures vector "
        "fields in two or three mazes for each claim. Policies are found by name; give checkpoints of your own with "
        "--policy. The same results give the same files, byte for byte.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    report.add_argument("results", type=Path, help="the file written by pytest claims/ --claims-json")
    report.add_argument("--out", type=Path, default=Path("out"), help="folder to write to (default: %(default)s)")
    report.add_argument("--no-pictures", action="store_true", help="leave out the vector fields, which take time")
    report.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="FILE",
        help="a checkpoint that the claims were run on; repeatable",
    )
    report.add_argument("--device", default="cpu", help="where to measure vector fields (default: %(default)s)")
    report.add_argument(
        "--manifest", type=Path, default=Path("fixtures/policies.toml"), help="shipped policies (default: %(default)s)"
    )
    report.set_defaults(run=_report)


def _report(chosen: argparse.Namespace) -> None:
    from interp_claims.report.written import write_report  # draws with matplotlib, which takes long to load

    check_folder(chosen.out)
    run = read_run(chosen.results)
    claims = _claims_of(run)
    policies, notes = ({}, {}) if chosen.no_pictures else _policies_of(run, chosen)
    remark = _NO_CLAIMS if not claims and run.results else NO_PICTURES if chosen.no_pictures else ""
    with drawing_bar("measuring vector fields") as progress:
        evidence = _evidence_of(run, claims, policies, progress)
    with drawing_bar() as progress:
        page = write_report(chosen.results, chosen.out, evidence, notes=notes, remark=remark, progress=progress)
    for name, why in notes.items():
        print(f"interp-claims: no pictures for {name}: {why}", file=sys.stderr)
    if remark == _NO_CLAIMS:
        print(f"interp-claims: {remark}", file=sys.stderr)
    print(f"written: {page}")


def _claims_of(run: SavedRun) -> dict[str, CollectedClaim]:
    """The claims of some results, as they stand in their files now."""
    from interp_claims.plugin.collecting import collected_claims  # loads pytest

    found: dict[str, CollectedClaim] = {}
    for roles in sorted({roles_named(result.claim) for result in run.results}):
        files = {result.claim.split("::")[0] for result in run.results if roles_named(result.claim) == roles}
        found |= collected_claims(sorted(file for file in files if Path(file).is_file()), roles=roles)
    return found


def _policies_of(run: SavedRun, chosen: argparse.Namespace) -> tuple[dict[str, Policy], dict[str, str]]:
    """The policies of some results by their identity, and why others cannot be had, by name."""
    check_device(chosen.device)
    manifest, trouble = None, ""
    try:
        manifest = Manifest(chosen.manifest)
    except ManifestError as error:
        trouble = str(error)
    cache = ActivationCache()  # one for all: what it keeps does not grow with the number of policies
    given = [_loaded(manifest, trouble, file, chosen.device, cache) for file in chosen.policy]
    found = {policy.sha256: policy for policy in given}
    notes: dict[str, str] = {}
    for result in run.results:
        name, sha256 = result.policy, result.policy_sha256
        if name is None or sha256 is None or sha256 in found or name in notes:
            continue
        try:
            policy = _loaded(manifest, trouble, name, chosen.device, cache)
        except InterpClaimsError as error:
            notes[name] = f"{error}; give its checkpoint with --policy"
            continue
        if policy.sha256 == sha256:
            found[sha256] = policy
        else:
            notes[name] = f"its weights now hash to {policy.sha256}; give those of the results with --policy"
    return found, notes


def _loaded(manifest: Optional[Manifest], trouble: str, which: str, device: str, cache: ActivationCache) -> Policy:
    if manifest is None:
        raise ManifestError(trouble)
    return manifest.load(which, device, cache)


def _evidence_of(
    run: SavedRun,
    claims: dict[str, CollectedClaim],
    policies: dict[str, Policy],
    progress: Callable[[int, int], None],
) -> dict[tuple[str, Optional[str]], Evidence]:
    evidence = {}
    known: Sequence[ClaimResult] = [result for result in run.results if result.claim in claims]
    for done, result in enumerate(known):
        progress(done, len(known))
        evidence[result.claim, result.policy] = _evidence(claims[result.claim], result, policies)
    progress(len(known), len(known))
    return evidence


def _evidence(claim: CollectedClaim, result: ClaimResult, policies: dict[str, Policy]) -> Evidence:
    run, options = claim.run, RunOptions(mutant=result.mutant)
    policy = policies.get(result.policy_sha256 or "")
    if policy is not None:
        with_roles = copy.copy(policy)
        with_roles.role_set = roles_named(result.claim)
        run = dataclasses.replace(run, policy=with_roles)
        if result.mutant:
            from interp_claims.proof.mutants import mutated

            run = mutated(run, result.mutant)
    return evidence_of(run, result, pictures=claim.measurable and policy is not None, options=options)
