"""How claims are spread over workers (pytest-xdist): the thresholds of one claim on one policy stay together."""

from __future__ import annotations

from typing import Any, Optional

from xdist.scheduler import LoadScopeScheduling

from interp_claims.claims import THRESHOLD_NAMES


class ByClaim(LoadScopeScheduling):  # type: ignore[misc]
    """Sends the thresholds of one claim on one policy to one worker, which shares their measurements."""

    def _split_scope(self, nodeid: str) -> str:
        for name in THRESHOLD_NAMES:
            nodeid = nodeid.removesuffix(f"-{name}]")
        return nodeid

    def remove_node(self, node: Any) -> Optional[str]:
        """Give a crashed worker's claims to others, but not the one that it crashed in: that would crash them all."""
        workload = self.assigned_work.pop(node)
        crashed: Optional[str] = None
        for unit in workload.values():
            for nodeid, completed in unit.items():
                if not completed and crashed is None:
                    crashed = nodeid
                    unit[nodeid] = True
        self.workqueue.update({scope: unit for scope, unit in workload.items() if not all(unit.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return crashed
