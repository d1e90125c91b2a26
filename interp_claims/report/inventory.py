"""The inventory as a table: every claim, its source, what the source reports, and what every policy came to."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interp_claims.errors import InterpClaimsError
from interp_claims.report.terminal import claim_text

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MARKS = {"supported": "✔", "refuted": "✘", "undecided": "?", "not evaluated": "–"}  # noqa: RUF001


class InventoryError(InterpClaimsError):
    """A list of claims that are decided elsewhere that cannot be read."""


def read_elsewhere(path: Path) -> dict[int, list[dict[str, str]]]:
    """Claims, or parts of claims, that no test here decides: by number, each with ``claim`` and ``why``.

    Raises:
        InventoryError: the file cannot be read or has other fields.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))["elsewhere"]
        entries: dict[int, list[dict[str, str]]] = {}
        for entry in data:
            entries.setdefault(int(entry["number"]), []).append({"claim": entry["claim"], "why": entry["why"]})
        return entries
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InventoryError(f"{path}: no readable list of claims decided elsewhere ({error!r}); restore it") from error


def inventory_markdown(
    by_policy: Mapping[str, Mapping[str, Mapping[str, Any]]], elsewhere: Mapping[int, list[dict[str, str]]]
) -> str:
    """A Markdown table with one row per claim and threshold, in the order of the numbers, and the counts above it.

    Args:
        by_policy: for each policy, for each claim, its entry on record.
        elsewhere: what no test here decides, see :func:`read_elsewhere`.
    """
    policies = list(by_policy)
    entries: dict[str, Mapping[str, Any]] = {}
    for claims in by_policy.values():
        for claim, entry in claims.items():
            if entry.get("number") is not None:
                entries.setdefault(claim, entry)
    rows: list[tuple[int, int, str, str]] = []
    for claim, entry in entries.items():
        cells = [_cell(by_policy[policy].get(claim)) for policy in policies]
        text = f"{entry['sentence']}{_variant(claim)}<br>`{claim_text(claim.split('[')[0]).replace(' ', '_')}`"
        wanted = str(entry["statement"])
        columns = [str(entry["number"]), text, str(entry["source"]), str(entry.get("reported", "")), wanted, *cells]
        rows.append((int(entry["number"]), 0, claim, _row(columns)))
    for number, others in elsewhere.items():
        for other in others:
            rows.append(
                (number, 1, "", _row([str(number), other["claim"], "", "", other["why"], *[""] * len(policies)]))
            )
    head = ["#", "claim", "source", "reported", "wanted", *(f"`{policy}`" for policy in policies)]
    counts = [_counts(policy, claims) for policy, claims in by_policy.items()]
    return "\n".join([*counts, "", _row(head), "|---" * len(head) + "|", *(row for *_, row in sorted(rows))]) + "\n"


def _counts(policy: str, claims: Mapping[str, Mapping[str, Any]]) -> str:
    """How many claims with a number came to what on a policy, as an item of a list."""
    verdicts = [str(entry["verdict"]) for entry in claims.values() if entry.get("number") is not None]
    return f"- `{policy}`: " + ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in _MARKS)


def _row(columns: list[str]) -> str:
    return "| " + " | ".join(column.replace("|", "\\|").replace("\n", " ") for column in columns) + " |"


def _variant(claim: str) -> str:
    return f" *({claim.split('[', 1)[1].rstrip(']')})*" if "[" in claim else ""


def _cell(entry: Any) -> str:
    if entry is None:
        return ""
    verdict = f"{_MARKS.get(entry['verdict'], '')} {entry['verdict']}"
    if entry["effect"] is None or entry["interval"] is None:
        return verdict
    low, high = entry["interval"]
    return f"{verdict} {entry['effect']:+.3f} [{low:+.3f}, {high:+.3f}] n={entry['mazes']}"
