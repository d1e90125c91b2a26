"""``interp-claims behaviour`` and ``roles``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from interp_claims.errors import InterpClaimsError
from interp_claims.files import check_marks, make_folder, write_between_marks
from interp_claims.mazes.sampling import with_decision_square
from interp_claims.measures import behaviour as behaviour_module
from interp_claims.measures.behaviour import BehaviourTable, BehaviourTables, file_of, gathered_folder
from interp_claims.measures.offsets import success_by_offset
from interp_claims.policies.cache import ActivationCache
from interp_claims.policies.devices import check_device
from interp_claims.policies.manifest import Manifest, untrained_like
from interp_claims.policies.policy import Policy
from interp_claims.report.accuracies import accuracies_text
from interp_claims.report.roles import roles_markdown, roles_text

_FORM = argparse.RawDescriptionHelpFormatter
_EPILOG = """\
examples:
  interp-claims behaviour my_checkpoint.pth
  interp-claims behaviour region5-seed0-scale2 --plot offsets.png
  interp-claims behaviour region5-seed0 --predict
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
    behaviour.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw how often one policy gets the cheese, by where it lies, seen from the top-right corner; "
        "the table of a policy that ships is there already, for this and for --predict",
    )
    behaviour.add_argument(
        "--predict",
        action="store_true",
        help="show how often models that were fitted on other mazes are right about whether a policy gets the cheese",
    )
    behaviour.add_argument("--device", default="cpu", help="default: %(default)s")
    behaviour.add_argument(
        "--manifest", type=Path, default=Path("fixtures/policies.toml"), help="shipped policies (default: %(default)s)"
    )
    behaviour.set_defaults(run=_behaviour)
    roles = commands.add_parser(
        "roles",
        help="show which layers and channels of a policy play a part, and how surely they were found",
        description="Find the roles of policies on discovery mazes, or read those that were found before: the cheese "
        "channels, which of them retarget on their own, how much P(cheese) depends on every single channel, how "
        "clearly each layer tracks the cheese and how much P(cheese) depends on it there, and the overlap of the "
        "channels found on four disjoint sets of mazes.",
        epilog=_EPILOG,
        formatter_class=_FORM,
    )
    roles.add_argument("policies", nargs="+", metavar="POLICY", help="as for pytest claims/ --policy")
    roles.add_argument(
        "--markdown",
        type=Path,
        metavar="PATH",
        help="put a table between the marks 'roles: begin' and 'roles: end' of this file, too",
    )
    roles.add_argument("--device", default="cpu", help="default: %(default)s")
    roles.add_argument(
        "--manifest", type=Path, default=Path("fixtures/policies.toml"), help="shipped policies (default: %(default)s)"
    )
    roles.set_defaults(run=_roles)


def _behaviour(chosen: argparse.Namespace) -> None:
    check_device(chosen.device)
    manifest = Manifest(chosen.manifest)
    manifest.check(chosen.policies)
    names = manifest.names(chosen.policies)
    if chosen.plot is not None:
        _check_plot(chosen.plot, names)
    folder = gathered_folder() if chosen.out is None else chosen.out
    for which in names:
        policy = manifest.load(which, chosen.device, ActivationCache())
        path = file_of(policy, chosen.manifest.parent / "behaviour")
        shown = chosen.plot is not None or chosen.predict
        if not shown or not path.exists():
            make_folder(folder)
            path = file_of(policy, folder)
            for each in (policy, untrained_like(policy)):
                _gather(each, file_of(each, folder))
        if chosen.plot is not None:
            _plot(policy, BehaviourTable.read(path, policy.sha256), chosen.plot)
        if chosen.predict:
            sys.stdout.write(accuracies_text(policy, BehaviourTables(path.parent)))


def _check_plot(path: Path, names: Sequence[str]) -> None:
    from interp_claims.pictures.canvas import check_picture_name  # matplotlib takes long to load

    check_picture_name(path)
    if len(names) != 1:
        raise InterpClaimsError(f"--plot: got {len(names)} policies for one picture, wanted one; ask for each alone")


def _plot(policy: Policy, table: BehaviourTable, path: Path) -> None:
    """Draw how often the policy gets the cheese, by its offset from the corner, where there is something to decide."""
    from matplotlib.figure import Figure

    from interp_claims.pictures.canvas import save_figure
    from interp_claims.pictures.heatmaps import plot_heatmap

    parts = [part for part in behaviour_module.PARTS if part.mazes == with_decision_square()]
    mazes = [maze for part in parts for maze in part.mazes.sample(part.block, part.count)]
    shares = success_by_offset(mazes, table.of(policy, mazes).got_cheese)
    figure = Figure(figsize=(6.4, 5.4), layout="constrained")
    title = f"{policy.name}: the cheese, seen from the top-right corner ({len(mazes):,} mazes)"
    plot_heatmap(shares, ax=figure.subplots(), limits=(0, 1), label="share that gets the cheese", title=title)
    save_figure(figure, path)
    print(f"{policy.name}: {len(mazes)} mazes drawn in {path}")


def _roles(chosen: argparse.Namespace) -> None:
    check_device(chosen.device)
    manifest = Manifest(chosen.manifest)
    manifest.check(chosen.policies)
    if chosen.markdown is not None:
        check_marks(chosen.markdown, "roles")
    cache = ActivationCache()
    policies = [manifest.load(which, chosen.device, cache) for which in manifest.names(chosen.policies)]
    for policy in policies:
        print(roles_text(policy))
    if chosen.markdown is not None:
        write_between_marks(chosen.markdown, "roles", roles_markdown(policies))


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
