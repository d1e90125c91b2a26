"""The command line ``interp-claims``: its commands live in ``interp_claims.commands``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Optional

from interp_claims.commands import claims, compare, explore, policies, prereg, records, report
from interp_claims.errors import InterpClaimsError
from interp_claims.prereg.ledger import TamperedError

_TAMPERED, _UNUSABLE, _INTERRUPTED = 1, 2, 130
_EPILOG = """\
examples:
  interp-claims list
  interp-claims run -n 2 --policy my_checkpoint.pth --claims-json results.json
  interp-claims report results.json --out out/
  interp-claims record results.json
  interp-claims compare old.json new.json
  interp-claims explore --policy my_checkpoint.pth

`interp-claims COMMAND --help` shows examples of each.

exit status: 0 done; 1 the ledger or a prediction on it was changed afterwards, or compare or sweep found a regression
or could not compare a claim; 2 wrong usage or a file that cannot be read or written; 130 interrupted; run ends with
pytest's
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return its exit status."""
    parser = _parser()
    chosen, unknown = parser.parse_known_args(arguments)
    if unknown and not getattr(chosen, "passes_on", False):
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    chosen.passed_on = unknown
    try:
        status: Optional[int] = chosen.run(chosen)
    except KeyboardInterrupt:
        said = getattr(chosen, "interrupted", "interrupted; the same command goes on")
        print(f"interp-claims: {said}", file=sys.stderr)
        return _INTERRUPTED
    except InterpClaimsError as error:
        print(f"interp-claims: {error}", file=sys.stderr)
        return _TAMPERED if isinstance(error, TamperedError) else _UNUSABLE
    return status or 0


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="interp-claims",
        description="Claims of interpretability papers as executable tests.",
        epilog=_EPILOG,
        formatter_class=form,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for part in (claims, compare, records, report, policies, explore, prereg):
        part.add_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
