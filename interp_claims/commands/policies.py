"""``interp-claims behaviour`` and ``roles``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from interp_claims.files import make_folder
from interp_claims.measures.behaviour import BehaviourTable, file_of, gathered_folder
from interp_claims.policies.cache import ActivationCache
from interp_claims.policies.manifest import Manifest, untrained_like
from interp_claims.policies.policy import Policy
from interp_claims.report.roles import roles_text

_FORM = argparse.RawDescriptionHelpFormatter
_EPILOG = """\
examples:
  interp-claims behaviour my_checkpoint.pth
  interp-claims roles my_checkpoint.pth

exit status: 0 done, 2 wrong usage or a file that cannot be read or written, 130 interrupted
"""


def add_commands(commands: Any) -> None:
    """Add the subcommands to the parser of ``interp-claims``."""
    behaviour = commands.add_parser(
        "behaviour",
        help="gather what a policy does in many mazes, for the claims about behaviour",
        description="Let policies, and the untrained policy of the same width, walk some 4,600 mazes and keep what "
        "they did. Takes minutes. Kept as it goes: an interrupted command goes on where it stopped.",
        epilog=_EPILOG,
        formatter_class=_FORM,
    )
    behaviour.add_argument("policies", nargs="+", metavar="POLICY", help="as for pytest claims/ --policy")
    behaviour.add_argument("--out", type=Path, help="folder of the tables (default: the user's cache)")
    behaviour.add_argument("--device", default="cpu", help="default: %(default)s")
    behaviour.add_argument(
        "--manifest", type=Path, default=Path("fixtures/policies.toml"), help="shipped policies (default: %(default)s)"
    )
    behaviour.set_defaults(run=_behaviour)
    roles = commands.add_parser(
        "roles",
        help="show which layers and channels of a policy play a part, and how surely they were found",
        description="Find the roles of policies on discovery mazes, or read those that were found before: the cheese "
        "channels, how much each retargets on its own, how clearly each layer tracks the cheese and how much P(cheese) "
        "depends on it there, and the overlap of the channels found on four disjoint sets of mazes.",
        epilog=_EPILOG,
        formatter_class=_FORM,
    )
    roles.add_argument("policies", nargs="+", metavar="POLICY", help="as for pytest claims/ --policy")
    roles.add_argument("--device", default="cpu", help="default: %(default)s")
    roles.add_argument(
        "--manifest", type=Path, default=Path("fixtures/policies.toml"), help="shipped policies (default: %(default)s)"
    )
    roles.set_defaults(run=_roles)


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
