"""A training run: it learns, it averages, and saved and loaded it goes on as if nothing had happened."""

import dataclasses

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from interp_claims.errors import InterpClaimsError
from interp_claims.policies import ImpalaNetwork, identity
from interp_claims.training import Recipe, Samples, TrainingError, TrainingRun
from interp_claims.training import run as run_module
from interp_claims.training.run import read_state, write_state

#: Ten steps, of which the last five are averaged.
SHORT = Recipe(scale=1, batch=4, samples=40, warm_up=2, averaging=0.3)
HALF = SHORT.steps // 2


def trained(recipe, batches):
    run = TrainingRun(recipe)
    for batch in batches:
        run.train(batch)
    return run


def outputs(network, batch):
    with torch.no_grad():
        logits, values = network(batch.observations.permute(0, 3, 1, 2).float() / 255)
    return logits, values.squeeze(1)


def copied(network):
    return {name: weight.clone() for name, weight in network.state_dict().items()}


@pytest.fixture(scope="module")
def batches(noise):
    return [noise(SHORT.batch, seed) for seed in range(SHORT.steps)]


@pytest.fixture(scope="module")
def uninterrupted(batches):
    return trained(SHORT, batches)


# -- learning ------------------------------------------------------------------------------------------------------


def lit_quadrants(batch):
    """The batch with pictures that say the action: one quadrant of each is lit."""
    pictures = torch.zeros_like(batch.observations)
    for i, way in enumerate(batch.actions[:, [0, 3, 5, 6]].argmax(dim=1).tolist()):
        rows, columns = (slice(32 * half, 32 * half + 32) for half in divmod(way, 2))
        pictures[i, rows, columns] = 200 + 5 * i
    return batch._replace(observations=pictures)


def test_a_run_learns_a_batch_by_heart(noise):
    batch = lit_quadrants(noise(8))
    run = TrainingRun(Recipe(scale=1, batch=8, samples=8 * 60, warm_up=5, averaging=0.2))
    losses = [float(run.train(batch)) for _ in range(60)]
    floor = float(torch.special.entr(batch.actions).sum(dim=1).mean())  # sideways is spread over three actions
    assert run.done
    assert losses[-1] - floor < 0.1 * (losses[0] - floor)
    scores = run.score(batch)
    assert scores.accuracy == 1
    assert scores.value_error < 0.05


def test_a_run_begins_with_the_weights_of_its_seed():
    for seed in (0, 1):
        run, fresh = TrainingRun(dataclasses.replace(SHORT, seed=seed)), ImpalaNetwork(1).initialise(seed)
        assert all(torch.equal(a, b) for a, b in zip(run.network.state_dict().values(), fresh.state_dict().values()))


def test_the_loss_is_cross_entropy_and_value_error_less_entropy(noise):
    recipe = dataclasses.replace(SHORT, value_weight=0.7, entropy_weight=0.2)
    batch = noise(4)
    logits, values = outputs(ImpalaNetwork(1).initialise(0), batch)
    p = logits.softmax(dim=1)
    entropy = -(p * p.log()).sum(dim=1).mean()
    wanted = cross_entropy(logits, batch.actions) + 0.7 * ((values - batch.values) ** 2).mean() - 0.2 * entropy
    assert float(TrainingRun(recipe).train(batch)) == pytest.approx(float(wanted), rel=1e-4)


def test_every_step_has_its_learning_rate(batches):
    run = TrainingRun(SHORT)
    for step, batch in enumerate(batches[:4]):
        run.train(batch)
        assert [group["lr"] for group in run.optimiser.param_groups] == [SHORT.learning_rate_at(step)]
        assert run.step == step + 1


@pytest.mark.parametrize(("largest", "clipped"), [(0.01, True), (1e6, False)])
def test_gradients_are_clipped_at_their_norm(noise, largest, clipped):
    run = TrainingRun(dataclasses.replace(SHORT, largest_gradient=largest))
    run.train(noise(4))
    norm = torch.stack([p.grad.norm() for p in run.network.parameters()]).norm()
    assert float(norm) == pytest.approx(0.01, rel=1e-3) if clipped else float(norm) > 0.02


def test_training_in_bfloat16_keeps_weights_in_float32(noise, batches):
    run = trained(dataclasses.replace(SHORT, precision="bfloat16"), batches[:2])
    assert {weight.dtype for weight in run.network.state_dict().values()} == {torch.float32}
    assert {v.dtype for state in run.optimiser.state.values() for v in state.values()} == {torch.float32}
    losses = [float(each.train(batches[2])) for each in (run, trained(SHORT, batches[:2]))]
    assert losses[0] != losses[1], "it is computed otherwise"
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert np.isfinite(dataclasses.astuple(run.score(noise(4)))).all()


def test_a_run_leaves_global_randomness_alone(noise, tmp_path):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    run = trained(SHORT, [noise(4)])
    run.score(noise(4))
    run.save(tmp_path / "a.state")
    TrainingRun.load(tmp_path / "a.state")
    assert torch.equal(torch.get_rng_state(), before)


# -- the average ---------------------------------------------------------------------------------------------------


def test_the_average_is_kept_over_the_second_half(batches):
    run = TrainingRun(SHORT)
    average = None
    for batch in batches:
        assert run.best is (run.network if average is None else run.average.module)
        run.train(batch)
        weights = copied(run.network)
        if run.step > HALF:
            average = weights if average is None else {n: 0.7 * average[n] + 0.3 * w for n, w in weights.items()}
    assert run.done
    for name, weight in run.best.state_dict().items():
        torch.testing.assert_close(weight, average[name], rtol=1e-4, atol=1e-6)
    assert not all(torch.equal(a, b) for a, b in zip(run.network.parameters(), run.best.parameters()))


def test_the_average_answers_with_its_own_weights(uninterrupted, noise):
    """A copied network must not go on computing with the original's layers."""
    fresh = ImpalaNetwork(1)
    fresh.load_state_dict(uninterrupted.best.state_dict())
    for mine, wanted in zip(outputs(uninterrupted.best, noise(4)), outputs(fresh, noise(4))):
        torch.testing.assert_close(mine, wanted, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(outputs(uninterrupted.network, noise(4))[0], outputs(fresh, noise(4))[0], atol=1e-4)


# -- scores --------------------------------------------------------------------------------------------------------

LEFT, DOWN, UP, RIGHT = ([0, 1, 2], [3], [5], [6, 7, 8])


def answers(run, observations, monkeypatch, actions, values):
    """The run answers as written down, in the order of the observations."""
    given = iter(zip(torch.split(actions, run_module._SCORED_AT_ONCE), torch.split(values, run_module._SCORED_AT_ONCE)))
    asked = []
    monkeypatch.setattr(run, "_outputs", lambda network, shown: (asked.append((network, shown)), next(given))[1])
    return asked


def test_scores_by_hand(noise, monkeypatch, uninterrupted):
    wanted = torch.zeros(5, 15)
    for row, ways in enumerate(([UP], [UP, RIGHT], [LEFT], [DOWN], [RIGHT])):
        for way in ways:
            wanted[row, way] = 1 / len(way) / len(ways)
    logits = torch.full((5, 15), -9.0)
    logits[0, 5] = logits[1, 5] = 1.0  # right: up, and one of two ways
    logits[2, [0, 1, 2]], logits[2, 5] = 1.0, 1.5  # right: the three actions to the left together outweigh up
    logits[3, 5] = 1.0  # wrong
    logits[4, 4] = 1.0  # wrong: it stays
    held_out = Samples(noise(5).observations, wanted, torch.tensor([0.5, 0.5, 0.5, 0.5, 0.5]))
    monkeypatch.setattr(run_module, "_SCORED_AT_ONCE", 2)
    values = torch.tensor([0.5, 0.5, 0.5, 0.5, 1.5])
    asked = answers(uninterrupted, held_out.observations, monkeypatch, logits, values)
    scores = uninterrupted.score(held_out)
    assert scores.accuracy == pytest.approx(3 / 5)
    assert scores.value_error == pytest.approx(1 / 5)
    assert [len(shown) for _, shown in asked] == [2, 2, 1]
    assert all(network is uninterrupted.average.module for network, _ in asked), "it is the average that is scored"
    assert torch.equal(torch.cat([shown for _, shown in asked]), held_out.observations)


# -- saving and going on -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [0, HALF - 2, HALF, HALF + 1, HALF + 3])
def test_a_run_that_was_saved_and_loaded_goes_on_bit_for_bit(batches, uninterrupted, whole_state, tmp_path, steps):
    first = trained(SHORT, batches[:steps])
    first.save(tmp_path / "a.state")
    second = TrainingRun.load(tmp_path / "a.state")
    assert (second.recipe, second.step) == (SHORT, steps)
    assert whole_state(second) == whole_state(first)
    for batch in batches[steps:]:
        second.train(batch)
    assert whole_state(second) == whole_state(uninterrupted)


def test_a_run_can_begin_with_the_weights_of_another(batches, tmp_path):
    first = ImpalaNetwork(1).initialise(5)
    recipe = dataclasses.replace(SHORT, init=identity(first.state_dict()))
    run = TrainingRun(recipe, init=first)
    assert identity(run.network.state_dict()) == recipe.init
    run.train(batches[0])
    assert identity(first.state_dict()) == recipe.init, "the network that was given is left as it is"
    assert identity(run.network.state_dict()) != recipe.init
    run.save(tmp_path / "a.state")
    again = TrainingRun.load(tmp_path / "a.state")
    assert again.recipe == recipe
    assert identity(again.network.state_dict()) == identity(run.network.state_dict())


def test_a_run_begins_with_no_other_network_than_its_recipe_names():
    first, other, wide = (ImpalaNetwork(scale).initialise(5 + i) for i, scale in enumerate((1, 1, 2)))
    recipe = dataclasses.replace(SHORT, init=identity(first.state_dict()))
    for given in (None, other):
        with pytest.raises(TrainingError, match=rf"init: got network \w+, wanted {recipe.init[:16]}"):
            TrainingRun(recipe, init=given)
    with pytest.raises(TrainingError, match="wanted none, as the recipe says"):
        TrainingRun(SHORT, init=first)
    with pytest.raises(TrainingError, match="init: got a network of scale 2, wanted scale 1"):
        TrainingRun(dataclasses.replace(SHORT, init=identity(wide.state_dict())), init=wide)


def test_saving_changes_nothing(batches, uninterrupted, whole_state, tmp_path):
    run = TrainingRun(SHORT)
    for batch in batches:
        run.train(batch)
        run.save(tmp_path / "a.state")
    assert whole_state(run) == whole_state(uninterrupted)


def test_a_crash_while_saving_leaves_the_state_as_it_was(tmp_path, monkeypatch, noise):
    path = tmp_path / "a.state"
    run = TrainingRun(SHORT)
    run.save(path)
    run.train(noise(4))
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            run.save(path)
    assert TrainingRun.load(path).step == 0
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture(scope="module")
def saved_state(tmp_path_factory):
    path = tmp_path_factory.mktemp("state") / "a.state"
    TrainingRun(SHORT).save(path)
    return path.read_bytes(), read_state(path)


NO_STATE = "found no training state, or a damaged one; choose another --out, or delete the file to begin anew"
FOREIGN = {
    "a list": lambda state: [1, 2],
    "bare weights": lambda state: state["network"],
}
UNFIT = {
    "no optimiser": lambda state: {name: part for name, part in state.items() if name != "optimiser"},
    "no step": lambda state: {**state, "step": None},
    "another width": lambda state: {**state, "recipe": {**state["recipe"], "scale": 2}},
    "a setting that there is not": lambda state: {**state, "recipe": {**state["recipe"], "colour": 1}},
    "a setting out of range": lambda state: {**state, "recipe": {**state["recipe"], "region": 99}},
    "half of the weights": lambda state: {**state, "network": dict(list(state["network"].items())[:10])},
}


@pytest.mark.parametrize("content", FOREIGN)
def test_another_programs_file_is_no_training_state(tmp_path, saved_state, content):
    path = tmp_path / "a.state"
    torch.save(FOREIGN[content](saved_state[1]), path)
    for load in (TrainingRun.load, read_state):
        with pytest.raises(TrainingError) as error:
            load(path)
        assert str(error.value) == f"{path}: {NO_STATE}"
        assert isinstance(error.value, InterpClaimsError)


@pytest.mark.parametrize("content", UNFIT)
def test_a_state_that_does_not_fit_is_named(tmp_path, saved_state, content):
    path = tmp_path / "a.state"
    write_state(path, UNFIT[content](saved_state[1]))
    with pytest.raises(TrainingError) as error:
        TrainingRun.load(path)
    assert str(error.value).startswith(f"{path}: no training state that fits (")
    assert str(error.value).endswith("; delete it to begin anew")


@pytest.mark.parametrize(
    ("machine", "words"),
    [
        ({"device": "cpu", "threads": 1}, ""),
        ({"device": "cpu", "threads": 3}, "with 1 threads (before: 3)"),
        ({"device": "cuda", "threads": 1}, "on cpu (before: cuda)"),
        ({"device": "cuda", "threads": 3}, "on cpu (before: cuda)"),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_state_from_another_machine_is_told_and_goes_on(tmp_path, saved_state, whole_state, machine, words):
    path, state = tmp_path / "a.state", saved_state[1]
    assert state["machine"] == {"device": "cpu", "threads": 1}
    state = {name: part for name, part in state.items() if name != "machine"}
    write_state(path, state if machine is None else {**state, "machine": machine})  # earlier versions wrote none
    run = TrainingRun.load(path)
    assert run.change_of_machine == words
    assert whole_state(run) == whole_state(TrainingRun(SHORT))


def test_a_run_from_the_beginning_has_changed_nothing():
    assert TrainingRun(SHORT).change_of_machine == ""


@pytest.mark.parametrize("fraction", [0, 0.001, 0.5, 0.999])
def test_a_state_cut_short_is_named(tmp_path, saved_state, fraction):
    path = tmp_path / "a.state"
    path.write_bytes(saved_state[0][: int(len(saved_state[0]) * fraction)])
    with pytest.raises(TrainingError) as error:
        TrainingRun.load(path)
    assert str(error.value) == f"{path}: {NO_STATE}"


def test_a_state_with_one_flipped_bit_is_noticed(tmp_path, saved_state):
    path, content = tmp_path / "a.state", bytearray(saved_state[0])
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="or a damaged one"):
        TrainingRun.load(path)


def test_a_state_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"a\.state: no readable training state \(.*No such file"):
        TrainingRun.load(tmp_path / "a.state")


def test_nothing_in_a_state_is_ever_run(tmp_path):
    class Intruder:
        def __reduce__(self):
            return (tmp_path / "marker").mkdir, ()

    path = tmp_path / "a.state"
    write_state(path, {"recipe": Intruder()})
    with pytest.raises(TrainingError, match="holds more than a training state, which was not run"):
        TrainingRun.load(path)
    assert not (tmp_path / "marker").exists()
