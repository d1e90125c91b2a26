"""``interp-claims explore``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_EPILOG = """\
examples:
  interp-claims explore
  interp-claims explore --policy my_checkpoint.pth --policy region5-seed0-scale2
  interp-claims explore --port 8123 --no-browser          # then open http://127.0.0.1:8123/

Only this machine can reach the page unless --host says otherwise. Keys, and what stands in a link: docs/explorer.md

exit status: 2 wrong usage, a policy that cannot be loaded or a port in use, 130 when Ctrl-C ends it
"""


def add_commands(commands: Any) -> None:
    """Add the subcommand to the parser of ``interp-claims``."""
    explore: argparse.ArgumentParser = commands.add_parser(
        "explore",
        help="change a maze and an edit by hand in the browser, and see what the policy does",
        description="Start a local web page on which one moves the cheese and the mouse, draws walls and chooses "
        "edits, and sees the vector field, P(cheese) and activations change.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    explore.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="NAME_OR_FILE",
        help="as for pytest claims/ --policy; repeatable, the first is shown first. The shipped ones are offered too",
    )
    explore.add_argument("--port", type=_port, default=8000, help="0 takes a free one (default: %(default)s)")
    explore.add_argument("--host", default="127.0.0.1", help="where to listen (default: %(default)s)")
    explore.add_argument("--device", default="cpu", help="default: %(default)s")
    explore.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    explore.add_argument(
        "--manifest", type=Path, default=Path("fixtures/policies.toml"), help="shipped policies (default: %(default)s)"
    )
    explore.set_defaults(run=_explore, interrupted="the explorer has ended")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted a port from 0 to 65535")
    return int(text)


def _explore(chosen: argparse.Namespace) -> None:
    from interp_claims.explore import Explorer, serve  # Flask takes a while to load, which other commands need not
    from interp_claims.policies.devices import check_device
    from interp_claims.policies.manifest import Manifest

    check_device(chosen.device)
    explorer = Explorer(Manifest(chosen.manifest), chosen.policy, chosen.device)
    serve(explorer, host=chosen.host, port=chosen.port, browser=not chosen.no_browser)
