"""The command line: ``interp-claims record``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from interp_claims.errors import InterpClaimsError
from interp_claims.records import Records
from interp_claims.report.results_json import read_results

_EPILOG = """\
example:
  pytest claims/ --policy region5-seed0-bootstrap --claims-json results.json
  interp-claims record results.json

exit status: 0 done, 2 wrong usage or unusable input
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="interp-claims",
        description="Claims of interpretability papers as executable tests.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser(
        "record",
        help="write the verdicts of a run on record, to be reviewed and committed",
        description="Write the verdicts of a run into the policies' records. From then on `pytest claims/` passes when "
        "a verdict is as recorded and fails when it flips. Review the change like code.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    record.add_argument("results", type=Path, help="the file written by pytest claims/ --claims-json")
    record.add_argument(
        "--verdicts", type=Path, default=Path("fixtures/verdicts"), help="folder of the records (default: %(default)s)"
    )
    chosen = parser.parse_args(arguments)
    try:
        results = read_results(chosen.results)
        records = Records(chosen.verdicts)
        before = [records.verdict(r.policy_sha256, r.claim) for r in results]
        written = records.write(results)
    except InterpClaimsError as error:
        print(f"interp-claims: {error}", file=sys.stderr)
        return 2
    for result, was in zip(results, before):
        if result.policy_sha256 is not None:
            change = "new" if was is None else "unchanged" if was == result.verdict else f"was {was}"
            print(f"{result.verdict:<14} {result.claim} on {result.policy} ({change})")
    print(f"written: {', '.join(map(str, written)) or 'nothing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
