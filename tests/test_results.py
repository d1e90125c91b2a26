"""Results: plain values that survive the way into JSON and back."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import interp_claims
from interp_claims.results import ENGINE_VERSION, ClaimResult, ControlResult

numbers = st.floats(-1e3, 1e3)
intervals = st.none() | st.tuples(numbers, numbers)
verdicts = st.sampled_from(["supported", "refuted", "undecided", "not evaluated"])
controls = st.builds(
    ControlResult,
    name=st.text(),
    kind=st.sampled_from(["null", "contrast", "mutant"]),
    verdict=verdicts,
    effect=st.none() | numbers,
    interval=intervals,
    mazes=st.integers(0, 5000),
    passed=st.booleans(),
)
results = st.builds(
    ClaimResult,
    claim=st.text(),
    number=st.none() | st.integers(1, 40),
    kind=st.sampled_from(["sampled", "approximate", "universal"]),
    sentence=st.text(),
    source=st.text(),
    policy=st.none() | st.text(),
    policy_sha256=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
    verdict=verdicts,
    reason=st.text(),
    effect=st.none() | numbers,
    interval=intervals,
    threshold=st.none() | numbers,
    statement=st.text(),
    mazes=st.integers(0, 5000),
    budget=st.integers(0, 5000),
    alpha=st.none() | st.floats(1e-6, 0.5),
    controls=st.lists(controls, max_size=3).map(tuple),
    against=st.lists(st.tuples(st.integers(0, 2**31), numbers), max_size=3).map(tuple),
    counterexample=st.text(),
    exploratory=st.booleans(),
    seconds=st.floats(0, 1e6),
)


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(results)
def test_a_result_is_the_same_after_a_round_trip_through_json(result):
    read = ClaimResult.from_dict(json.loads(json.dumps(result.to_dict())))
    assert read == result
    for interval in (read.interval, *(control.interval for control in read.controls)):
        assert interval is None or type(interval) is tuple
    assert hash(read) == hash(result)


def test_a_round_trip_does_not_change_the_data_it_is_given():
    control = ControlResult("no-op", "null", "refuted", 0.0, (-0.1, 0.1), 64, True)
    result = ClaimResult(
        "a", 1, "sampled", "s", "t", "p", "f" * 64, "refuted", controls=(control,), interval=(0.0, 1.0)
    )
    data = json.loads(json.dumps(result.to_dict()))
    before = json.dumps(data)
    ClaimResult.from_dict(data)
    assert json.dumps(data) == before


@pytest.mark.parametrize("change", [{"colour": "red"}, {"controls": [{"name": "no-op"}]}, {"against": [[1]]}])
def test_data_of_another_make_is_refused(change):
    data = ClaimResult("a", 1, "sampled", "s", "t", "p", "f" * 64, "refuted").to_dict()
    with pytest.raises((KeyError, TypeError, ValueError)):
        ClaimResult.from_dict({**data, **change})
    with pytest.raises(KeyError):
        ClaimResult.from_dict({name: value for name, value in data.items() if name != "controls"})


#: What decides, by the version that results, seals and records name. Kept, so that no version stands for two engines.
ENGINES = {
    "1": "0e7c73051a210894daad6c36866660303ca7e2389c769b7a25b434fde32ecf28",
}


def test_the_engine_has_another_version_when_what_decides_has_changed():
    folder = Path(interp_claims.__file__).parent / "verdicts"
    texts = [(folder / f"{name}.py").read_text(encoding="utf-8") for name in ("betting", "estimands", "sequential")]
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    assert ENGINES.get(ENGINE_VERSION) == digest, (
        f"verdicts/betting.py, estimands.py or sequential.py are not those of engine {ENGINE_VERSION}. If the same "
        "effects can now lead to another verdict or another number of mazes, raise ENGINE_VERSION in results.py and "
        f"put {digest} under it here; if they cannot (a comment, a message), replace the hash of {ENGINE_VERSION}"
    )
