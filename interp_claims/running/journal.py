"""What was finished stays finished: results kept one by one, for ``--resume`` after a run that was cut short.

A result depends on the claim's file and the local code that it imports, this library, the weights of the policy and of
those that its controls name, the recorded behaviour that it reads and the options alone, so that one that was kept
under the hash of all of them is the one that measuring again would give.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional

import interp_claims
from interp_claims.files import CacheWarning, FileError, cache_folder, make_folder, write_atomically
from interp_claims.results import ENGINE_VERSION, ClaimResult
from interp_claims.running.context import ClaimToRun, RunOptions
from interp_claims.running.local_code import LocalCode


@lru_cache(maxsize=1)
def library_sha256() -> str:
    """The hash of this library's source, file by file."""
    digest = hashlib.sha256()
    folder = Path(interp_claims.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Journal:
    """Finished results, one file each.

    Args:
        folder: where they are; by default in the cache folder.

    Attributes:
        code: the code beside claims. Whoever imports claims reads it then, before anybody can edit it.
    """

    def __init__(self, folder: Optional[Path] = None) -> None:
        self.folder = cache_folder() / "journal" if folder is None else folder
        self.code = LocalCode()

    def key(
        self,
        run: ClaimToRun,
        options: RunOptions,
        against: str = "",
        others: Sequence[str] = (),
        collected: Optional[Path] = None,
    ) -> str:
        """The hash of everything that a result depends on.

        Args:
            run: the claim on its policy. What it takes from fixtures tells by a method ``fingerprint`` what it reads
                from files, if it reads any.
            options: how it is run.
            against: identity of the policy that it is compared with, or empty.
            others: identities of the policies that its controls measure instead.
            collected: the file that pytest found the claim in, which may have its function from another.
        """
        policy = run.policy
        written = inspect.getsourcefile(inspect.unwrap(run.function))
        files = [Path(file) for file in (collected, written) if file]
        parts = {
            "claim": run.name,
            "code": self.code.of(files) if files else {},
            "library": library_sha256(),
            "engine": ENGINE_VERSION,
            "policy": None
            if policy is None
            else [policy.sha256, policy.role_set, policy.forward.device.type, policy.forward.precision],
            "options": [options.alpha, options.max_mazes, options.block.first, options.block.size],
            "wanted": [options.prediction, options.seal, options.at_least, options.mutant],
            "against": against,
            "others": list(others),
            "read": {name: value.fingerprint() for name, value in run.arguments.items() if _reads_files(value)},
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def get(self, key: str) -> Optional[ClaimResult]:
        """The result kept under a key, or None; a file that is damaged, or of another key, counts as none."""
        try:
            data = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            if data["sha256"] != _sha256(key, data["result"]):
                return None
            return ClaimResult.from_dict(data["result"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
            return None

    def put(self, key: str, result: ClaimResult) -> None:
        """Keep a result; where that is not possible, the run goes on and has less to resume from."""
        kept = json.loads(json.dumps(result.to_dict()))
        try:
            make_folder(self.folder)
            write_atomically(self.folder / f"{key}.json", json.dumps({"sha256": _sha256(key, kept), "result": kept}))
        except FileError as error:
            warnings.warn(f"{error}; --resume will measure {result.claim} anew", CacheWarning, stacklevel=2)


def _reads_files(value: object) -> bool:
    return callable(getattr(value, "fingerprint", None))


def _sha256(key: str, result: dict[str, Any]) -> str:
    return hashlib.sha256(f"{key}\n{json.dumps(result, sort_keys=True)}".encode()).hexdigest()
