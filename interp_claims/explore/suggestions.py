"""Which channels to look at: the roles found for a policy, from the cache, or found in the background when asked for.

Finding them takes a while and uses the simulator, so another process does it, at low priority; it leaves what it finds
in the cache.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from interp_claims.errors import InterpClaimsError
from interp_claims.policies import roles as role_module
from interp_claims.policies.frozen import frozen
from interp_claims.policies.policy import Policy
from interp_claims.policies.roles import Roles, name_of_set


class _NotFoundYetError(Exception):
    """The cache has no roles of a policy."""


def roles_in_cache(policy: Policy) -> Roles | None:
    """The roles of a policy if they were found before, else None; waits while another process finds them."""

    def find() -> dict[str, Any]:
        raise _NotFoundYetError

    with contextlib.suppress(_NotFoundYetError):
        return Roles(**frozen(policy, name_of_set("roles", "discovered"), [role_module], find))
    return None


class Suggestions:
    """The roles of policies, as far as they are known.

    Args:
        manifest: the table of shipped policies, for the process that finds roles.
        device: where that process runs.
    """

    def __init__(self, manifest: Path, device: str) -> None:
        self._manifest, self._device = manifest, device
        self._answers: dict[str, dict[str, Any]] = {}
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._lock = threading.Lock()

    def of(self, policy: Policy, *, find: bool = False) -> dict[str, Any]:
        """What is known now; never waits.

        Args:
            policy: the policy.
            find: start finding its roles, unless they are known or being found.

        Returns:
            ``status`` (``looking`` in the cache, ``unknown``, ``finding``, ``found`` or ``failed``), with ``layer``,
            ``channels`` and ``clamp_values`` when found, or ``message`` when that failed.
        """
        with self._lock:
            answer = self._answers.get(policy.sha256)
            if answer is None:
                answer = self._start(policy, "looking", self._look)
            elif find and answer["status"] in ("unknown", "failed"):
                answer = self._start(policy, "finding", self._find)
            return dict(answer)

    def close(self) -> None:
        """End the processes that are still finding roles."""
        for process in list(self._processes.values()):
            process.terminate()

    def _start(self, policy: Policy, status: str, work: Any) -> dict[str, Any]:
        self._answers[policy.sha256] = {"status": status}
        threading.Thread(target=self._answer_with, args=(policy, work), daemon=True).start()
        return self._answers[policy.sha256]

    def _answer_with(self, policy: Policy, work: Any) -> None:
        try:
            answer = work(policy)
        except (InterpClaimsError, OSError) as error:
            answer = {"status": "failed", "message": str(error)}
        with self._lock:
            self._answers[policy.sha256] = answer

    def _look(self, policy: Policy) -> dict[str, Any]:
        roles = roles_in_cache(policy)
        if roles is None:
            return {"status": "unknown"}
        return {
            "status": "found",
            "layer": roles.layer,
            "channels": list(roles.cheese_channels),
            "clamp_values": [round(value, 3) for value in roles.clamp_values(roles.cheese_channels)],
        }

    def _find(self, policy: Policy) -> dict[str, Any]:
        command = [sys.executable, "-m", "interp_claims.explore.finding"]
        process = subprocess.Popen(
            [*command, str(self._manifest), policy.loaded_as, self._device],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C in the terminal is for the server, which then ends this one
        )
        self._processes[policy.sha256] = process
        _, said = process.communicate()
        del self._processes[policy.sha256]
        if process.returncode:
            last = (said.strip().splitlines() or [f"it ended with status {process.returncode}"])[-1]
            return {"status": "failed", "message": f"the roles could not be found: {last}"}
        answer = self._look(policy)
        if answer["status"] == "unknown":
            return {"status": "failed", "message": "the roles were found but could not be kept in the cache"}
        return answer
