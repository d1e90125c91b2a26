"""``interp-claims record``, ``explain``, ``table`` and ``attest``."""

from __future__ import annotations

import argparse
import datetime
from pathlib import Path
from typing import Any

from interp_claims.files import write_atomically, write_between_marks
from interp_claims.policies.checkpoints import identity, load_network
from interp_claims.records import KnownFailure, Records
from interp_claims.report.in_toto import statement_of
from interp_claims.report.inventory import inventory_markdown, read_elsewhere
from interp_claims.report.results_json import read_results

_FORM = argparse.RawDescriptionHelpFormatter
_EPILOG = """\
examples:
  pytest claims/ --policy my_checkpoint.pth --claims-json results.json
  interp-claims record results.json
  interp-claims record results.json --because "trained without cheese" --review-by 2027-06-01
  interp-claims explain "test_adding_the_cheese_vector_*" --policy "region5-*" --because "it adds what there is"
  interp-claims table
  interp-claims attest results.json my_checkpoint.pth --out statement.json

exit status: 0 done, 2 wrong usage or a file that cannot be read or written
"""


def add_commands(commands: Any) -> None:
    """Add the subcommands to the parser of ``interp-claims``."""
    record = commands.add_parser(
        "record",
        help="write the verdicts of a run on record, to be reviewed and committed",
        description="Write the verdicts of a run into the policies' records. From then on `pytest claims/` passes when "
        "a verdict is as recorded and fails when it flips. Review the change like code.",
        epilog=_EPILOG,
        formatter_class=_FORM,
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
    explain = commands.add_parser(
        "explain",
        help="write down why verdicts on record are accepted, without running anything",
        description="Write a reason, and a day to look at it again, beside verdicts that are on record, in the place "
        "of those that were there. * stands for anything.",
        epilog=_EPILOG,
        formatter_class=_FORM,
    )
    explain.add_argument("claim", help='claims, by function and variant: "test_a[size]", "test_a*"')
    explain.add_argument("--policy", default="*", help="policies, by name (default: all)")
    explain.add_argument("--verdict", default="refuted", choices=("refuted", "undecided", "not evaluated"))
    explain.add_argument("--because", required=True, help="why these verdicts are accepted")
    explain.add_argument(
        "--review-by", type=datetime.date.fromisoformat, metavar="YYYY-MM-DD", help="when to look at them again"
    )
    explain.add_argument("--verdicts", type=Path, default=Path("fixtures/verdicts"), help="default: %(default)s")
    explain.set_defaults(run=_explain)
    table = commands.add_parser(
        "table",
        help="write the table of all claims and policies from the records",
        description="Write the inventory of claims, with what every policy came to, between the inventory marks of a "
        "Markdown file.",
        epilog=_EPILOG,
        formatter_class=_FORM,
    )
    table.add_argument("--verdicts", type=Path, default=Path("fixtures/verdicts"), help="default: %(default)s")
    table.add_argument("--elsewhere", type=Path, default=Path("claims/elsewhere.toml"), help="default: %(default)s")
    table.add_argument("--markdown", type=Path, default=Path("claims/README.md"), help="default: %(default)s")
    table.set_defaults(run=_table)
    attest = commands.add_parser(
        "attest",
        help="write results as an in-toto test-result statement about a checkpoint",
        description="Write the results of a run as an in-toto test-result statement whose subject is the checkpoint's "
        "file. It is not signed; give it to a tool that signs.",
        epilog=_EPILOG,
        formatter_class=_FORM,
    )
    attest.add_argument("results", type=Path, help="the file written by pytest claims/ --claims-json")
    attest.add_argument("checkpoint", type=Path, help="the checkpoint that the claims were run on")
    attest.add_argument("--out", type=Path, required=True, help="the statement to write")
    attest.set_defaults(run=_attest)


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


def _explain(chosen: argparse.Namespace) -> None:
    known = KnownFailure(chosen.because, chosen.review_by)
    for policy, claim in Records(chosen.verdicts).explain(chosen.claim, chosen.policy, known, chosen.verdict):
        print(f"{chosen.verdict:<14} {claim} on {policy}: {chosen.because}")


def _table(chosen: argparse.Namespace) -> None:
    table = inventory_markdown(Records(chosen.verdicts).by_policy, read_elsewhere(chosen.elsewhere))
    write_between_marks(chosen.markdown, "inventory", table)
    print(f"written: the table in {chosen.markdown}")


def _attest(chosen: argparse.Namespace) -> None:
    weights = load_network(chosen.checkpoint).state_dict()
    text = statement_of(chosen.checkpoint, identity(weights), chosen.results, read_results(chosen.results))
    write_atomically(chosen.out, text)
    print(f"written: {chosen.out}")
