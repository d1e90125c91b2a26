"""What was found on discovery mazes: computed once for each policy and procedure, hashed, and then only read."""

from __future__ import annotations

import hashlib
import inspect
import json
import warnings
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from filelock import FileLock

from interp_claims.files import cache_folder, write_atomically
from interp_claims.policies.policy import Policy


class DamagedCacheWarning(UserWarning):
    """A file in the cache could not be read and was made anew."""


def frozen(
    policy: Policy, what: str, procedure: Sequence[ModuleType], find: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """What ``find`` found for a policy, from the cache where it is there; the same for all processes of a run.

    Args:
        policy: the policy; its weights are the key, whatever edits it is under.
        what: a name for what is found, part of the file's name.
        procedure: the modules that find it: what was found by another version of their text is not used.
        find: finds it; lists come back as tuples.
    """
    folder = cache_folder() / "roles"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(inspect.getsource(module) for module in procedure)
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    path = folder / f"{policy.sha256[:32]}-{what}-{version}.json"
    with FileLock(f"{path}.lock"):
        if path.is_file():
            try:
                data = json.loads(path.read_text(encoding="utf-8"))
                if data["sha256"] != _sha256(data["found"]) or data["policy"] != policy.sha256:
                    raise ValueError("the hash does not match")
                return _with_tuples(data["found"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                warnings.warn(f"{path} is damaged ({error}); finding the roles anew", DamagedCacheWarning, stacklevel=3)
        found = json.loads(json.dumps(find()))
        write_atomically(path, json.dumps({"policy": policy.sha256, "sha256": _sha256(found), "found": found}))
        return _with_tuples(found)


def _sha256(found: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def _with_tuples(found: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
