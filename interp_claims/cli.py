"""The command line: ``interp-claims record``, ``behaviour``, ``roles``, ``table``, and those in ``commands``."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from interp_claims.commands import prereg, report
from interp_claims.errors import InterpClaimsError
from interp_claims.files import make_folder, write_atomically, write_between_marks
from interp_claims.measures.behaviour import BehaviourTable, file_of, gathered_folder
from interp_claims.policies.checkpoints import identity, load_network
from interp_claims.policies.forward import ActivationCache
from interp_claims.policies.manifest import Manifest, untrained_like
from interp_claims.policies.policy import Policy
from interp_claims.prereg.ledger import TamperedError
from interp_claims.records import KnownFailure, Records
from interp_claims.report.in_toto import statement_of
from interp_claims.report.inventory import inventory_markdown, read_elsewhere
from interp_claims.report.results_json import read_results
from interp_claims.report.roles import roles_text

_TAMPERED, _UNUSABLE, _INTERRUPTED = 1, 2, 130
_EPILOG = """\
examples:
  pytest claims/ --policy region5-seed0-bootstrap --claims-json results.json
  interp-claims record results.json
  interp-claims report results.json --out out/
  interp-claims behaviour my_checkpoint.pth
  interp-claims roles my_checkpoint.pth

exit status: 0 done, 1 the ledger or a prediction on it was changed afterwards, 2 wrong usage or a file that cannot be
read or written, 130 interrupted
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return its exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        chosen.run(chosen)
    except KeyboardInterrupt:
        print("interp-claims: interrupted; the same command goes on", file=sys.stderr)
        return _INTERRUPTED
    except InterpClaimsError as error:
        print(f"interp-claims: {error}", file=sys.stderr)
        return _TAMPERED if isinstance(error, TamperedError) else _UNUSABLE
    return 0


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="interp-claims",
        description="Claims of interpretability papers as executable tests.",
        epilog=_EPILOG,
        formatter_class=form,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser(
        "record",
        help="write the verdicts of a run on record, to be reviewed and committed",
        description="Write the verdicts of a run into the policies' records. From then on `pytest claims/` passes when "
        "a verdict is as recorded and fails when it flips. Review the change like code.",
        epilog=_EPILOG,
        formatter_class=form,
    )
    record.add_argument("results", type=Path, help="the file written by pytest claims/ --claims-json")
    record.add_argument(
        "--verdicts", type=Path, default=Path("fixtures/verdicts"), help="folder of the records (default: %(default)s)"
    )
    record.add_argument("--because", default="", help="why the verdicts other than supported are accepted")
    record.add_argument(
        "--review-by", type=datetime.date.fromisoformat, metavar="YYYY-MM-DD", help="when to look at them again"
    )
    record.set_defaults(run=_record)
    behaviour = commands.add_parser(
        "behaviour",
        help="gather what a policy does in many mazes, for the claims about behaviour",
        description="Let policies, and the untrained policy of the same width, walk some 4,600 mazes and keep what "
        "they did. Takes minutes. Kept as it goes: an interrupted command goes on where it stopped.",
        epilog=_EPILOG,
        formatter_class=form,
    )
    behaviour.add_argument("policies", nargs="+", metavar="POLICY", help="as for pytest claims/ --policy")
    behaviour.add_argument("--out", type=Path, help="folder of the tables (default: the user's cache)")
    behaviour.add_argument("--device", default="cpu", help="default: %(default)s")
    behaviour.add_argument(
        "--manifest", type=Path, default=Path("fixtures/policies.toml"), help="shipped policies (default: %(default)s)"
    )
    behaviour.set_defaults(run=_behaviour)
    table = commands.add_parser(
        "table",
        help="write the table of all claims and policies from the records",
        description="Write the inventory of claims, with what every policy came to, between the inventory marks of a "
        "Markdown file.",
        epilog=_EPILOG,
        formatter_class=form,
    )
    table.add_argument("--verdicts", type=Path, default=Path("fixtures/verdicts"), help="default: %(default)s")
    table.add_argument("--elsewhere", type=Path, default=Path("claims/elsewhere.toml"), help="default: %(default)s")
    table.add_argument("--markdown", type=Path, default=Path("claims/README.md"), help="default: %(default)s")
    table.set_defaults(run=_table)
    roles = commands.add_parser(
        "roles",
        help="show which layers and channels of a policy play a part, and how surely they were found",
        description="Find the roles of policies on discovery mazes, or read those that were found before: the cheese "
        "channels, how much each retargets on its own, how clearly each layer tracks the cheese and how much P(cheese) "
        "depends on it there, and the overlap of the channels found on four disjoint sets of mazes.",
        epilog=_EPILOG,
        formatter_class=form,
    )
    roles.add_argument("policies", nargs="+", metavar="POLICY", help="as for pytest claims/ --policy")
    roles.add_argument("--device", default="cpu", help="default: %(default)s")
    roles.add_argument(
        "--manifest", type=Path, default=Path("fixtures/policies.toml"), help="shipped policies (default: %(default)s)"
    )
    roles.set_defaults(run=_roles)
    report.add_command(commands)
    prereg.add_commands(commands)
    attest = commands.add_parser(
        "attest",
        help="write results as an in-toto test-result statement about a checkpoint",
        description="Write the results of a run as an in-toto test-result statement whose subject is the checkpoint's "
        "file. It is not signed; give it to a tool that signs.",
        epilog=_EPILOG,
        formatter_class=form,
    )
    attest.add_argument("results", type=Path, help="the file written by pytest claims/ --claims-json")
    attest.add_argument("checkpoint", type=Path, help="the checkpoint that the claims were run on")
    attest.add_argument("--out", type=Path, required=True, help="the statement to write")
    attest.set_defaults(run=_attest)
    return parser


def _attest(chosen: argparse.Namespace) -> None:
    weights = load_network(chosen.checkpoint).state_dict()
    text = statement_of(chosen.checkpoint, identity(weights), chosen.results, read_results(chosen.results))
    write_atomically(chosen.out, text)
    print(f"written: {chosen.out}")


def _table(chosen: argparse.Namespace) -> None:
    table = inventory_markdown(Records(chosen.verdicts).by_policy, read_elsewhere(chosen.elsewhere))
    write_between_marks(chosen.markdown, "inventory", table)
    print(f"written: the table in {chosen.markdown}")


def _record(chosen: argparse.Namespace) -> None:
    results = read_results(chosen.results)
    records = Records(chosen.verdicts)
    before = [records.verdict(r.policy_sha256, r.claim) for r in results]
    given = chosen.because or chosen.review_by
    written = records.write(results, KnownFailure(chosen.because, chosen.review_by) if given else None)
    for result, was in zip(results, before):
        if result.broken_off:
            print(f"broke off      {result.claim} on {result.policy}, not recorded ({result.reason})")
        elif result.policy_sha256 is not None:
            change = "new" if was is None else "unchanged" if was == result.verdict else f"was {was}"
            print(f"{result.verdict:<14} {result.claim} on {result.policy} ({change})")
    print(f"written: {', '.join(map(str, written)) or 'nothing'}")


def _behaviour(chosen: argparse.Namespace) -> None:
    manifest = Manifest(chosen.manifest)
    manifest.check(chosen.policies)
    folder = gathered_folder() if chosen.out is None else chosen.out
    make_folder(folder)
    for which in manifest.names(chosen.policies):
        policy = manifest.load(which, chosen.device, ActivationCache())
        for each in (policy, untrained_like(policy)):
            _gather(each, file_of(each, folder))


def _roles(chosen: argparse.Namespace) -> None:
    manifest = Manifest(chosen.manifest)
    manifest.check(chosen.policies)
    for which in manifest.names(chosen.policies):
        print(roles_text(manifest.load(which, chosen.device, ActivationCache())))


def _gather(policy: Policy, path: Path) -> None:
    """Bring a table up to date; while another process does that, wait for it rather than do it twice."""
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"interp-claims: waiting for another process, which is gathering {path}", file=sys.stderr)
        lock.acquire()
    try:
        _gather_missing(policy, path)
    finally:
        lock.release()


def _gather_missing(policy: Policy, path: Path) -> None:
    table = BehaviourTable.read(path, policy.sha256) if path.exists() else BehaviourTable(policy.sha256)
    missing = table.missing()
    columns = (TextColumn(policy.name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=len(missing))
        for count in table.gather(policy, missing):
            table.write(path)
            progress.update(task, advance=count)
    table.write(path)
    print(f"{policy.name}: {len(table.rows)} mazes in {path}")


if __name__ == "__main__":
    sys.exit(main())
