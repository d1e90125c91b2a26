"""Claims whose effect differs between two policies, and a run of the one against the other."""

import json

from plugin_projects import run

COMPARED = """
@declared(effect_at_least=0.2)
def test_it_is_large(policy, mazes):
    \"\"\"The effect is large.\"\"\"
    return noisy(policy, mazes, {new} if policy.name == "two" else {old})
"""


WITH_AN_EDIT = """
from interp_claims.edits import scale_channels
from interp_claims.mazes import Observations

@declared(effect_at_least=0.2)
def test_it_is_large(policy, mazes):
    \"\"\"The effect is large.\"\"\"
    if policy._edit_transform is None:  # the null control is only a mark
        policy.edited(scale_channels(0, 2.0)).logits(Observations.at_start(mazes))
    return noisy(policy, mazes, 0.4 if policy.name == "two" else 0.6)
"""


def compared(project, old, new, *options):
    """A run of policy two against policy one: the result of pytest and the comparison."""
    testdir = project(COMPARED.format(old=old, new=new))
    result = run(testdir, "--policy", "two", "--against", "one", "--claims-json", "results.json", *options)
    (entry,) = json.loads((testdir.path / "results.json").read_text())["claims"]
    return result, entry["comparison"]
