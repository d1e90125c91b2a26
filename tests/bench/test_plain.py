"""The suite's short cuts change nothing but the time."""

import json
import subprocess
import sys

RUN = """
import json, sys
if sys.argv[1] == "plain":
    from interp_claims.bench.plain import switch_over

    switch_over()
from interp_claims.edits import clamp
from interp_claims.mazes import simulator
from interp_claims.measures import vector_fields
from interp_claims.policies import ImpalaNetwork, Policy
from interp_claims.policies.moving import MovingMouse

asked, rows = [], MovingMouse.rows
MovingMouse.rows = lambda self, mazes, layer: asked.extend(mazes) or rows(self, mazes, layer)
policy = Policy(ImpalaNetwork(2).initialise(0), name="one")
policy.forward.network.fc_policy.weight.mul_(2000)
mazes = simulator().mazes([3, 5])
fields = vector_fields(policy, mazes) + vector_fields(policy.edited(clamp(3, [m.top_right for m in mazes], 9.0)), mazes)
print(json.dumps({"short cuts": len(asked), "fields": [field.probabilities.tolist() for field in fields]}))
"""


def test_short_cuts_change_no_probability_by_more_than_a_hundred_thousandth():
    plain, quick = (
        json.loads(subprocess.run([sys.executable, "-c", RUN, way], check=True, capture_output=True, text=True).stdout)
        for way in ("plain", "quick")
    )
    assert plain["short cuts"] == 0 < quick["short cuts"]
    pairs = [
        (a, b)
        for ours, theirs in zip(quick["fields"], plain["fields"])
        for row, other in zip(ours, theirs)
        for a, b in zip(row, other)
    ]
    assert len(pairs) > 1000
    assert max(abs(a - b) for a, b in pairs) < 1e-5
    assert max(a for a, _ in pairs) > 0.5
