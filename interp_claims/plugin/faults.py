"""Claims that broke off: they have a row in the results too, whichever process is left to write it.

A claim breaks off when its function, or a fixture, raises an error, or when the worker that runs it dies. Under
pytest-xdist the process with the terminal knows items by their ids alone, so that the workers tell it what they are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from pathlib import Path
from typing import Optional

import pytest

from interp_claims.files import FileError, write_atomically
from interp_claims.policies.agreement import Agreement
from interp_claims.results import ClaimResult


class BrokenOff:
    """The rows of claims that broke off.

    Args:
        folder: shared by the processes of the run.
        loaded: what they loaded.
    """

    def __init__(self, folder: Path, loaded: Agreement) -> None:
        self._path = folder / "items"
        self._loaded = loaded

    def tell(self, rows: dict[str, ClaimResult]) -> None:
        """Say for each item what its row is if its process dies; all workers would say the same, so the first does.

        Where that cannot be written, claims whose process dies fail without a row.
        """
        if self._path.exists():
            return
        with contextlib.suppress(FileError):
            write_atomically(self._path, json.dumps({item: row.to_dict() for item, row in rows.items()}))

    def by_dying(self, item: str, worker: str) -> Optional[ClaimResult]:
        """The row of an item whose worker died, or None if it is no claim."""
        told = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else {}
        if item not in told:
            return None
        return self.row(ClaimResult.from_dict(told[item]), f"the worker {worker} died while it ran")

    def by_raising(self, row: ClaimResult, error: pytest.ExceptionInfo[BaseException]) -> ClaimResult:
        """The row of an item that raised an error."""
        first = next(iter(str(error.value).splitlines()), "")
        said = first if isinstance(error.value, pytest.fail.Exception) else f"{error.typename}: {first}"
        return self.row(row, said.removesuffix(": "))

    def row(self, row: ClaimResult, reason: str) -> ClaimResult:
        """A row with its reason, and with the policy that was loaded by the name or file that it holds."""
        policy, sha256 = row.policy, None
        if policy is not None:
            policy, sha256 = self._loaded.of(policy) or (Path(policy).stem if Path(policy).suffix else policy, None)
        return dataclasses.replace(row, reason=reason, policy=policy, policy_sha256=sha256)
