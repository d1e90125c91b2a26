"""Whole pytest runs over small claims with known effects: the project that they run in, and how to run it."""

import json
from pathlib import Path

from interp_claims.mazes import simulator
from interp_claims.policies import ImpalaNetwork, Policy, file_sha256, save_network

simulator()  # loaded here once, or every run inside a test would load procgen anew
REPOSITORY = Path(__file__).parents[1]

CONFTEST = """
pytest_plugins = ["interp_claims.plugin", "fixtures.policies", "fixtures.mazes"]
"""

HEAD = """
import numpy as np
import pytest
from hypothesis import strategies as st
from interp_claims.claims import approximate_claim, claim, universal_claim
from interp_claims.controls import Control, untrained
from interp_claims.mazes import stock_mazes
from interp_claims.sources import INVARIANTS
from interp_claims.verdicts import linear_coefficient

nothing = Control("nothing", lambda policy, mazes: policy.with_edits_replaced("nothing"))
half = Control("half", lambda policy, mazes: policy.with_edits_replaced("half"))
same = Control("same", lambda policy, mazes: policy.with_edits_replaced("same"))
SHARES = {None: 1.0, "nothing": 0.0, "half": 0.5, "same": 1.0}

def noisy(policy, mazes, effect, spread=0.1):
    # an effect of known mean: depends on nothing but the seed and the control
    share = SHARES[policy._edit_transform]
    return np.array([share * effect + spread * ((maze.seed * 7919 % 1000) / 999 - 0.5) for maze in mazes])

def declared(**thresholds):
    options = dict(number=1, source=INVARIANTS, bounds=(-1, 1), mazes=stock_mazes(), null_controls=(nothing,))
    return claim(**{**options, **thresholds})
"""


def claim_text(effect, *, name="the_effect_is_large", options="effect_at_least=0.2"):
    return f'''
@declared({options})
def test_{name}(policy, mazes):
    """The effect is large."""
    return noisy(policy, mazes, {effect})
'''


#: A manifest with one policy, whose file nobody reads.
MANIFEST = """default = "one"
[policies.one]
file = "one.safetensors"
file_sha256 = "b"
sha256 = "aaaa"
scale = 1
seed = 0
region = 5
origin = "test"
licence = "test"
card = "test"
"""


COUNTED = """
@declared(effect_at_least=0.2)
def test_counted(policy, mazes):
    \"\"\"It counts how often it is measured.\"\"\"
    with open("measured", "a") as file:
        file.write("x")
    return noisy(policy, mazes, 0.5)
"""


def run(project, *options, workers=0):
    """Run the claims; in a process of its own when workers are asked for."""
    if workers:
        return project.runpytest_subprocess("claims", "-n", str(workers), *options)
    return project.runpytest_inprocess("claims", "-p", "no:cacheprovider", *options)


def results(project, *options, **how):
    """The JSON entries of a run, by claim."""
    run(project, "--claims-json", "results.json", *options, **how)
    return {entry["claim"]: entry for entry in json.loads((project.path / "results.json").read_text())["claims"]}


def make_project(pytester, monkeypatch):
    """A project with two small shipped policies; call what comes back with claims to write them."""
    monkeypatch.setenv("INTERP_CLAIMS_CACHE", str(pytester.path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("TMPDIR", str(pytester.mkdir("tmp")))  # killed runs leave their folder
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)  # these tests may run in a worker themselves
    pytester.makeconftest(CONFTEST)
    pytester.makepyprojecttoml("[tool.pytest.ini_options]\n")
    fixtures = pytester.mkdir("fixtures")
    lines = ['default = "one"']
    for seed, name in enumerate(["one", "two"]):
        network = ImpalaNetwork(1).initialise(seed)
        save_network(network, fixtures / f"{name}.safetensors")
        lines += [
            f"[policies.{name}]",
            f'file = "{name}.safetensors"',
            f'sha256 = "{Policy(network, name="x").sha256}"',
        ]
        lines += [f'file_sha256 = "{file_sha256(fixtures / f"{name}.safetensors")}"']
        lines += ["scale = 1", f"seed = {seed}", "region = 5", 'seeds_of = "region5-scale1"']
        lines += [f'{field} = "test"' for field in ("origin", "licence", "card")]
    (fixtures / "policies.toml").write_text("\n".join(lines))

    def write(text, file="test_some_claims"):
        folder = pytester.path / "claims"
        folder.mkdir(exist_ok=True)
        (folder / f"{file}.py").write_text(HEAD + text)
        return pytester

    return write


def times_measured(testdir):
    """How many batches the claim of ``COUNTED`` measured so far, with its controls."""
    path = testdir.path / "measured"
    return len(path.read_text()) if path.exists() else 0
