"""What was found on discovery mazes: computed once for each policy and procedure, hashed, and then only read."""

from __future__ import annotations

import hashlib
import inspect
import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

from interp_claims.files import CacheWarning, FileError, cache_folder, locked, write_atomically
from interp_claims.policies.policy import Policy


class DamagedCacheWarning(CacheWarning):
    """A file in the cache could not be read and was made anew."""


#: What this process found and could not keep in the cache, by the file that it would be in.
_not_kept: dict[Path, dict[str, Any]] = {}


def frozen(
    policy: Policy, what: str, procedure: Sequence[ModuleType], find: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """What ``find`` found for a policy, from the cache where it is there; the same for all processes of a run.

    Where the cache cannot be written, each process finds it once, and says so.

    Args:
        policy: the policy; its weights are the key, whatever edits it is under.
        what: a name for what is found, part of the file's name.
        procedure: the modules that find it: what was found by another version of their text is not used.
        find: finds it; lists come back as tuples.
    """
    text = "".join(inspect.getsource(module) for module in procedure)
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    computed_in = "" if policy.forward.precision == "float32" else f"-{policy.forward.precision}"
    path = cache_folder() / "roles" / f"{policy.sha256[:32]}-{what}-{version}{computed_in}.json"
    if path in _not_kept:
        return _with_tuples(_not_kept[path])
    with locked(path):  # which saves work, no more
        found = _kept(path, policy)
        if found is None:
            found = json.loads(json.dumps(find()))
            content = json.dumps({"policy": policy.sha256, "sha256": _sha256(found), "found": found})
            try:
                write_atomically(path, content)
            except FileError as error:
                _not_kept[path] = found
                warnings.warn(f"{error}; every process finds the roles anew", CacheWarning, stacklevel=3)
    return _with_tuples(found)


def _kept(path: Path, policy: Policy) -> Optional[dict[str, Any]]:
    """What the file holds, or None if there is none or it is damaged."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["sha256"] != _sha256(data["found"]) or data["policy"] != policy.sha256:
            raise ValueError("the hash does not match")
        return dict(data["found"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        warnings.warn(f"{path} is damaged ({error}); finding the roles anew", DamagedCacheWarning, stacklevel=4)
        return None


def _sha256(found: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def _with_tuples(found: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
