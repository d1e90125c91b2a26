"""Checkpoint files: what loads, that nothing in a file is ever run, what is said about bad files, and identity."""

import hashlib
import os
import pickle
import re
import struct
import warnings
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from interp_claims.errors import InterpClaimsError
from interp_claims.policies import (
    CheckpointError,
    ImpalaNetwork,
    Policy,
    file_sha256,
    identity,
    load_network,
    read_metadata,
    save_network,
)

FIRST, HEAD, VALUE_BIAS = "embedder.block1.conv.weight", "fc_policy.weight", "fc_value.bias"
DEEP = "embedder.block3.res2.conv1.weight"


class Intruder:
    """An object that makes a folder when it is unpickled the ordinary way."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def weights(seed=0):
    return OrderedDict(ImpalaNetwork(1).initialise(seed).state_dict())


def saved(path, content, **options):
    torch.save(content, path, **options)
    return path


def pickled(path, content, protocol):
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


def cut(path, fraction):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * fraction)])
    return path


def safetensors_file(path, seed=0):
    save_network(ImpalaNetwork(1).initialise(seed), path)
    return path


def changed(changes, *, drop=()):
    return {name: value for name, value in {**weights(), **changes}.items() if name not in drop}


def changed_at_one_place(name, value):
    weight = weights()[name].clone()
    weight.flatten()[-1] = value
    return changed({name: weight})


# -- files that load -------------------------------------------------------------------------------------------------


def optimizer_state(module):
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return optimizer.state_dict()


@pytest.mark.parametrize("ending", ["pth", "pt"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("beside", ["bare", "under its key", "beside an optimizer"])
def test_torch_files_give_back_the_weights_that_were_saved(tmp_path, ending, zipped, beside):
    content = weights(seed=4)
    if beside != "bare":
        content = {"model_state_dict": content}
    if beside == "beside an optimizer":
        content["optimizer_state_dict"] = optimizer_state(nn.Linear(2, 3))
    path = saved(tmp_path / f"model.{ending}", content, _use_new_zipfile_serialization=zipped)
    loaded = load_network(path)
    assert not loaded.training
    assert_same_weights(loaded.state_dict(), weights(seed=4))


def assert_same_weights(got, wanted):
    assert set(got) == set(wanted)
    for name, value in wanted.items():
        assert got[name].dtype == torch.float32, name
        assert torch.equal(got[name], value), name


def test_a_path_may_be_text(tmp_path):
    assert_same_weights(load_network(str(safetensors_file(tmp_path / "a.safetensors", 2))).state_dict(), weights(2))


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_the_width_is_read_off_the_weights(tmp_path, scale):
    network = ImpalaNetwork(scale).initialise(0)
    save_network(network, tmp_path / "model.safetensors")
    loaded = load_network(tmp_path / "model.safetensors")
    assert loaded.scale == scale
    assert_same_weights(loaded.state_dict(), network.state_dict())


def test_a_float16_file_is_half_as_large_and_gives_the_rounded_weights(tmp_path):
    network = ImpalaNetwork(1).initialise(0)
    save_network(network, tmp_path / "full.safetensors")
    save_network(network, tmp_path / "half.safetensors", dtype=torch.float16)
    rounded = {name: weight.half().float() for name, weight in network.state_dict().items()}
    loaded = load_network(tmp_path / "half.safetensors").state_dict()
    assert_same_weights(loaded, rounded)
    assert identity(loaded) == identity(rounded) != identity(network.state_dict())
    assert (tmp_path / "half.safetensors").stat().st_size < 0.51 * (tmp_path / "full.safetensors").stat().st_size


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_weights_of_other_precisions_become_float32(tmp_path, dtype):
    path = saved(tmp_path / "model.pth", {name: weight.to(dtype) for name, weight in weights().items()})
    assert_same_weights(load_network(path).state_dict(), {n: w.to(dtype).float() for n, w in weights().items()})


def test_saving_a_network_that_a_policy_runs_gives_the_same_weights(tmp_path):
    network = ImpalaNetwork(1).initialise(6)
    Policy(network, name="it puts the weights into another memory order")
    save_network(network, tmp_path / "model.safetensors")
    assert_same_weights(load_network(tmp_path / "model.safetensors").state_dict(), weights(6))


def test_the_real_checkpoint_is_a_scale_4_network_of_finite_weights(real_checkpoint):
    network = load_network(real_checkpoint)
    assert network.scale == 4
    assert all(torch.isfinite(p).all() and p.abs().sum() > 0 for p in network.parameters())


# -- files that do not -----------------------------------------------------------------------------------------------


@dataclass
class Bad:
    """A bad file: how to make it, and what must be said of it."""

    name: str
    make: object
    found: str
    expected: str
    remedy: str
    ending: str = "pth"


class NatureNetwork(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 32, 8, 4), nn.ReLU(), nn.Conv2d(32, 64, 4, 2), nn.Flatten(), nn.Linear(64, 15))


class SharedNamesNetwork(nn.Module):
    """Another architecture that uses our first name for its own first convolution."""

    def __init__(self):
        super().__init__()
        self.embedder = nn.ModuleDict({"block1": nn.ModuleDict({"conv": nn.Conv2d(3, 32, 8, 4)})})


OTHER_ARCHITECTURE = "Other architectures cannot be tested by these claims."
NOT_THERE = "no tensor 'embedder.block1.conv.weight' among "
DAMAGED, COPY_AGAIN = "a whole one", "Copy or download it again."
REFUSED = "objects other than weights, which were not run"
UNREADABLE = "no readable PyTorch file"

BAD_FILES = [
    Bad("missing file", lambda path: path, "no such file", "a file", "Check the path."),
    Bad("folder", lambda path: path.mkdir(), "a folder", "a file", "Check the path."),
    Bad("unknown ending", lambda path: saved(path, weights()), "a file ending in '.ckpt'",
        ".safetensors, .pth or .pt", "Rename or convert it.", "ckpt"),
    Bad("truncated .pth", lambda path: cut(saved(path, weights()), 0.6),
        "no readable PyTorch file (RuntimeError: PytorchStreamReader failed", DAMAGED, COPY_AGAIN),
    Bad("truncated .safetensors", lambda path: cut(safetensors_file(path), 0.6),
        "no readable safetensors file", DAMAGED, COPY_AGAIN, "safetensors"),
    Bad("empty .pth", lambda path: path.write_bytes(b""), "no readable PyTorch file (EOFError", DAMAGED, COPY_AGAIN),
    Bad("empty .safetensors", lambda path: path.write_bytes(b""),
        "no readable safetensors file (Error while deserializing header: header too small)", DAMAGED, COPY_AGAIN,
        "safetensors"),
    Bad("random bytes as .pth", lambda path: path.write_bytes(np.random.default_rng(0).bytes(5000)),
        "no readable PyTorch file (its pickle was refused or is damaged, and was not run)",
        "a whole one holding tensors only", "Copy it again, or save model.state_dict() alone."),
    Bad("random bytes as .safetensors", lambda path: path.write_bytes(np.random.default_rng(0).bytes(5000)),
        "no readable safetensors file (Error while deserializing header: header too large)", DAMAGED, COPY_AGAIN,
        "safetensors"),
    Bad("a .safetensors called .pth", lambda path: safetensors_file(path), "no readable PyTorch file",
        "a whole one holding tensors only", "Copy it again, or save model.state_dict() alone."),
    Bad("a .pth called .safetensors", lambda path: saved(path, weights()), "no readable safetensors file",
        DAMAGED, COPY_AGAIN, "safetensors"),
    Bad("some other zip file", lambda path: zipfile.ZipFile(path, "w").writestr("notes.txt", "hello"),
        "no readable PyTorch file (RuntimeError", DAMAGED, COPY_AGAIN),
    Bad("a whole module", lambda path: saved(path, nn.Linear(2, 2)), REFUSED, "tensors only",
        "If you trust its origin, load it there and save model.state_dict() alone."),
    Bad("another architecture", lambda path: saved(path, NatureNetwork().state_dict()),
        NOT_THERE + "'0.weight', '0.bias', '2.weight', '2.bias' and 2 more",
        "an IMPALA network of train-procgen-pytorch", OTHER_ARCHITECTURE),
    Bad("a perceptron", lambda path: saved(path, {"model_state_dict": nn.Linear(4, 15).state_dict()}),
        NOT_THERE + "'weight', 'bias'", "an IMPALA network of train-procgen-pytorch", OTHER_ARCHITECTURE),
    Bad("a wrapped module's names", lambda path: saved(path, {f"module.{n}": w for n, w in weights().items()}),
        NOT_THERE + "'module.embedder.block1.conv.weight'", "an IMPALA network", OTHER_ARCHITECTURE),
    Bad("another first convolution", lambda path: saved(path, SharedNamesNetwork().state_dict()),
        FIRST + " of shape (32, 3, 8, 8)", "(16 * scale, 3, 3, 3) with a whole scale", OTHER_ARCHITECTURE),
    Bad("a scale that is not whole", lambda path: saved(path, changed({FIRST: torch.zeros(24, 3, 3, 3)})),
        FIRST + " of shape (24, 3, 3, 3)", "(16 * scale, 3, 3, 3) with a whole scale", OTHER_ARCHITECTURE),
    Bad("a scale that the rest does not have", lambda path: saved(path, changed({FIRST: torch.zeros(32, 3, 3, 3)})),
        "embedder.block1.conv.bias of shape (16,)", "(32,) for scale 2", OTHER_ARCHITECTURE),
    Bad("five actions",
        lambda path: saved(path, changed({HEAD: torch.zeros(5, 256), "fc_policy.bias": torch.zeros(5)})),
        "a policy head with 5 actions", "15, procgen's actions",
        "Use a checkpoint trained on procgen with its full action space."),
    Bad("a missing tensor", lambda path: saved(path, changed({}, drop=[VALUE_BIAS])),
        "35 tensors, missing 'fc_value.bias'", "the 36 of a scale-1 IMPALA network",
        "Rename or drop tensors to match."),
    Bad("an extra tensor", lambda path: saved(path, changed({"gru.weight": torch.zeros(3)})),
        "37 tensors, extra 'gru.weight'", "the 36 of a scale-1 IMPALA network", "Rename or drop tensors to match."),
    Bad("a renamed tensor", lambda path: saved(path, changed({"fc_critic.bias": torch.zeros(1)}, drop=[VALUE_BIAS])),
        "36 tensors, missing 'fc_value.bias' and extra 'fc_critic.bias'", "the 36 of a scale-1 IMPALA network",
        "Rename or drop tensors to match."),
    Bad("a wrong shape deeper in", lambda path: saved(path, changed({DEEP: torch.zeros(32, 32, 5, 5)})),
        DEEP + " of shape (32, 32, 5, 5)", "(32, 32, 3, 3) for scale 1", OTHER_ARCHITECTURE),
    Bad("a NaN", lambda path: saved(path, changed_at_one_place(DEEP, float("nan"))),
        f"NaN or infinite values in '{DEEP}'", "finite weights", "Use an earlier checkpoint."),
    Bad("an infinity", lambda path: saved(path, changed_at_one_place(HEAD, float("-inf"))),
        f"NaN or infinite values in '{HEAD}'", "finite weights", "Use an earlier checkpoint."),
    Bad("a weight beyond float32",
        lambda path: saved(path, changed({VALUE_BIAS: torch.tensor([1e300], dtype=torch.float64)})),
        f"NaN or infinite values in '{VALUE_BIAS}'", "finite weights", "Use an earlier checkpoint."),
    Bad("whole numbers", lambda path: saved(path, changed({DEEP: torch.ones(32, 32, 3, 3, dtype=torch.int8)})),
        DEEP + " of torch.int8", "floating-point weights", "Save unquantised weights."),
    Bad("entries that are no tensors", lambda path: saved(path, changed({"epoch": 3, "rate": 0.1})),
        "entries that are no tensors: 'epoch: int', 'rate: float'", "only tensors", "Save model.state_dict()."),
    Bad("a list of tensors", lambda path: saved(path, list(weights().values())), "a list", "a state dict",
        "Save model.state_dict()."),
    Bad("no state dict under the key", lambda path: saved(path, {"model_state_dict": None}), "a NoneType",
        "a state dict", "Save model.state_dict()."),
]  # fmt: skip


def message_about(bad, folder):
    path = folder / f"model.{bad.ending}"
    bad.make(path)
    with pytest.raises(CheckpointError) as caught:
        load_network(path)
    assert isinstance(caught.value, InterpClaimsError)
    start = f"{path}: found "
    assert str(caught.value).startswith(start)
    return str(caught.value)[len(start) :]


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.name)
def test_a_bad_file_is_named_with_what_was_found_and_expected_and_what_to_do(tmp_path, bad):
    message = message_about(bad, tmp_path)
    assert message.startswith(bad.found)
    assert message.endswith(bad.remedy)
    found, rest = message.rsplit("; expected ", 1)
    assert bad.found in found
    assert rest.startswith(bad.expected)


def test_different_kinds_of_bad_files_are_told_apart(tmp_path):
    messages = {}
    for i, bad in enumerate(BAD_FILES):
        (tmp_path / str(i)).mkdir()
        messages[bad.name] = message_about(bad, tmp_path / str(i))
    alike = {pair for pair in combinations(messages, 2) if messages[pair[0]] == messages[pair[1]]}
    assert alike <= {
        ("random bytes as .pth", "a .safetensors called .pth"),
        ("random bytes as .safetensors", "a .pth called .safetensors"),
    }


# -- untrusted files -------------------------------------------------------------------------------------------------

UNTRUSTED = {
    "beside the weights": lambda path, evil: saved(path, {"model_state_dict": weights(), "extra": evil}),
    "among the weights": lambda path, evil: saved(path, {**weights(), FIRST: evil}),
    "alone in a zip": lambda path, evil: saved(path, evil),
    "in a legacy file": lambda path, evil: saved(path, {"a": evil}, _use_new_zipfile_serialization=False),
    "in a raw pickle": lambda path, evil: pickled(path, {"model_state_dict": evil}, protocol=2),
    "in a raw pickle of protocol 0": lambda path, evil: pickled(path, evil, protocol=0),
    "in a raw pickle of protocol 5": lambda path, evil: pickled(path, evil, protocol=5),
}


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("ending", ["pth", "pt", "safetensors"])
@pytest.mark.parametrize("place", UNTRUSTED)
def test_nothing_in_an_untrusted_file_is_run(tmp_path, place, ending):
    marker, path = tmp_path / "marker", tmp_path / f"model.{ending}"
    UNTRUSTED[place](path, Intruder(marker))
    with pytest.raises(CheckpointError) as caught:
        load_network(path)
    assert not marker.exists(), "the file's code was run"
    message = str(caught.value)
    assert message.startswith(f"{path}: found ")
    if ending == "safetensors":
        assert "no readable safetensors file" in message
    elif zipfile.is_zipfile(path):
        assert REFUSED in message
        assert message.endswith("If you trust its origin, load it there and save model.state_dict() alone.")
    else:
        assert "its pickle was refused or is damaged, and was not run" in message
        assert message.endswith("Copy it again, or save model.state_dict() alone.")


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_the_intruder_would_have_done_it(tmp_path):
    path = pickled(tmp_path / "model.pth", Intruder(tmp_path / "marker"), protocol=2)
    pickle.loads(path.read_bytes())
    assert (tmp_path / "marker").exists()


def test_the_refusal_of_an_untrusted_file_does_not_advise_to_run_it(tmp_path):
    path = saved(tmp_path / "model.pth", {"model_state_dict": weights(), "extra": Intruder(tmp_path / "marker")})
    with pytest.raises(CheckpointError) as caught:
        load_network(path)
    assert "weights_only" not in str(caught.value)
    assert "mkdir" in str(caught.value), "it names what the file would have run"


def test_refusing_a_raw_pickle_raises_no_warning(tmp_path):
    path = pickled(tmp_path / "model.pth", {"a": 1, "b": Intruder(tmp_path / "marker")}, protocol=4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(CheckpointError):
            load_network(path)
    assert [str(warning.message) for warning in caught] == []


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    paths = [saved(folder / "zip.pth", weights()), safetensors_file(folder / "model.safetensors")]
    legacy = saved(folder / "legacy.pth", weights(), _use_new_zipfile_serialization=False)
    return {path.name: path.read_bytes() for path in [*paths, legacy]}


@given(st.sampled_from(["zip.pth", "legacy.pth", "model.safetensors"]), st.floats(0, 1, exclude_max=True))
@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_file_cut_off_anywhere_is_never_loaded(tmp_path, whole_files, name, fraction):
    path = tmp_path / name
    path.write_bytes(whole_files[name][: int(len(whole_files[name]) * fraction)])
    with pytest.raises(CheckpointError, match=r"found no readable (PyTorch|safetensors) file"):
        load_network(path)


@given(
    st.sampled_from(["model.pth", "model.safetensors"]),
    st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"\x80\x02}q\x00", b"\x10\x00\x00\x00\x00\x00\x00\x00{"]),
    st.binary(max_size=300),
)
@settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_bytes_a_file_holds_the_error_is_about_that_file(tmp_path, name, head, rest):
    path = tmp_path / name
    path.write_bytes(head + rest)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(CheckpointError, match=rf"^{re.escape(str(path))}: found "):
            load_network(path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: changed({VALUE_BIAS: torch.empty(1, device="meta")}), id="a tensor without data"),
        pytest.param(lambda: changed({"fc_value.weight": torch.ones(1, 256).to_sparse()}), id="a sparse tensor"),
        pytest.param(lambda: changed({FIRST: torch.zeros(1).expand(16 * 130_000, 3, 3, 3)}), id="an absurd scale"),
    ],
)
def test_tensors_that_torch_stumbles_over_are_refused_as_clearly(tmp_path, content):
    path = saved(tmp_path / "model.pth", content())
    with pytest.raises(CheckpointError):
        load_network(path)


def test_a_small_file_cannot_ask_for_more_memory_than_it_fills(tmp_path):
    with torch.device("meta"):
        shapes = {name: weight.shape for name, weight in ImpalaNetwork(500).state_dict().items()}
    path = saved(tmp_path / "model.pth", {name: torch.zeros(1).expand(shape) for name, shape in shapes.items()})
    assert path.stat().st_size < 20_000
    with pytest.raises(CheckpointError, match=re.escape(f"{path}: found tensors that repeat fewer stored values: '")):
        load_network(path)


def test_a_packed_file_is_refused_before_it_is_unpacked(tmp_path):
    whole = saved(tmp_path / "whole.pth", {name: torch.zeros_like(weight) for name, weight in weights().items()})
    path = tmp_path / "model.pth"
    with zipfile.ZipFile(whole) as stored, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in stored.namelist():
            packed.writestr(name, stored.read(name))
    found = re.escape(f"{path}: found {path.stat().st_size} bytes that unpack to ") + r"\d+; expected a file as PyTorch"
    with pytest.raises(CheckpointError, match=found):
        load_network(path)


def test_a_weight_that_float16_cannot_hold_is_not_saved_as_float16(tmp_path):
    network = ImpalaNetwork(1).initialise(0)
    with torch.no_grad():
        network.fc_value.bias.fill_(1e6)
    path = tmp_path / "model.safetensors"
    with pytest.raises(InterpClaimsError) as error:
        save_network(network, path, dtype=torch.float16)
    assert str(error.value) == (
        f"{path}: found values that torch.float16 cannot hold in 'fc_value.bias'; expected finite weights. Save as "
        "float32."
    )
    assert not path.exists()


# -- texts beside the weights ----------------------------------------------------------------------------------------


def test_texts_can_be_kept_beside_the_weights_and_change_neither_them_nor_the_identity(tmp_path):
    told, plain = tmp_path / "told.safetensors", safetensors_file(tmp_path / "plain.safetensors", seed=3)
    texts = {"training": '{"seed": 3}', "note": "a line\nand “another”"}
    save_network(ImpalaNetwork(1).initialise(3), told, metadata=texts)
    assert read_metadata(told) == read_metadata(str(told)) == texts
    assert_same_weights(load_network(told).state_dict(), weights(3))
    assert identity(load_network(told).state_dict()) == identity(load_network(plain).state_dict())


@pytest.mark.parametrize("options", [{}, {"metadata": None}, {"metadata": {}}], ids=str)
def test_a_file_without_texts_has_none(tmp_path, options):
    save_network(ImpalaNetwork(1).initialise(0), tmp_path / "model.safetensors", **options)
    assert read_metadata(tmp_path / "model.safetensors") == {}


@pytest.mark.parametrize(
    "make",
    [
        lambda path: None,
        lambda path: path.mkdir(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no checkpoint at all"),
        lambda path: cut(safetensors_file(path), 0.5),
        lambda path: saved(path, weights()),
    ],
    ids=["missing", "a folder", "empty", "text", "cut short", "a .pth"],
)
def test_texts_of_a_file_that_is_no_safetensors_file_cannot_be_read(tmp_path, make):
    path = tmp_path / "model.safetensors"
    make(path)
    with pytest.raises(CheckpointError) as error:
        read_metadata(path)
    assert str(error.value).startswith(f"{path}: found no readable safetensors file (")
    assert str(error.value).endswith("); expected a whole one. Copy or download it again.")


def test_a_crash_while_saving_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = safetensors_file(tmp_path / "model.safetensors", seed=1)

    def fail(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(KeyboardInterrupt):
            safetensors_file(path, seed=2)
    assert_same_weights(load_network(path).state_dict(), weights(1))
    assert list(tmp_path.iterdir()) == [path]


# -- identity --------------------------------------------------------------------------------------------------------


def identity_by_the_docstring(tensors):
    """One line for the name, one for the shape, then each value as four little-endian bytes; sorted by name."""
    written = b""
    for name, tensor in sorted(tensors.items()):
        written += name.encode() + b"\n" + ",".join(str(n) for n in tensor.shape).encode() + b"\n"
        numbers = np.array(tensor.tolist(), dtype=np.float64).ravel().tolist()
        written += struct.pack(f"<{len(numbers)}f", *numbers)
    return hashlib.sha256(written).hexdigest()


names = st.text("abc.123", min_size=1, max_size=6)
floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
tensors = st.lists(st.integers(1, 3), max_size=3).flatmap(
    lambda shape: st.lists(floats, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))).map(
        lambda values: torch.tensor(values, dtype=torch.float32).reshape(shape)
    )
)
state_dicts = st.dictionaries(names, tensors, min_size=1, max_size=4)


@given(state_dicts)
@settings(derandomize=True, database=None, deadline=None)
def test_identity_is_the_hash_that_its_docstring_describes(state_dict):
    assert identity(state_dict) == identity_by_the_docstring(state_dict)


@given(state_dicts, st.randoms(use_true_random=False))
@settings(derandomize=True, database=None, deadline=None)
def test_identity_does_not_depend_on_the_order_of_names_or_on_memory_order(state_dict, random):
    order = list(state_dict)
    random.shuffle(order)
    backwards = {
        name: state_dict[name].T.contiguous().T if state_dict[name].ndim == 2 else state_dict[name] for name in order
    }
    assert identity(backwards) == identity(state_dict)


@given(state_dicts, st.data())
@settings(derandomize=True, database=None, deadline=None)
def test_identity_changes_with_any_weight_name_or_shape(state_dict, data):
    before = identity(state_dict)
    name = data.draw(st.sampled_from(sorted(state_dict)), label="name")
    tensor = state_dict[name]
    nudged = tensor.clone().flatten()
    i = data.draw(st.integers(0, len(nudged) - 1), label="which weight")
    nudged[i] = torch.nextafter(nudged[i], torch.tensor(float("inf")))
    assert identity({**state_dict, name: nudged.reshape(tensor.shape)}) != before
    assert identity({**state_dict, name: tensor[None]}) != before
    renamed = {f"{other}x" if other == name else other: value for other, value in state_dict.items()}
    assert identity(renamed) != before
    assert identity({other: value for other, value in state_dict.items() if other != name}) != before
    assert identity({**state_dict, f"{name}x": tensor}) != before


def test_every_parameter_of_the_network_is_part_of_its_identity():
    original = weights()
    seen = {identity(original)}
    for name, value in original.items():
        other = value.clone()
        other.flatten()[0] += 0.5
        seen.add(identity({**original, name: other}))
    assert len(seen) == 1 + len(original)


def test_all_formats_of_the_same_weights_have_one_identity(tmp_path):
    backwards = OrderedDict(reversed(weights().items()))
    files = [
        safetensors_file(tmp_path / "a.safetensors"),
        saved(tmp_path / "b.pth", {"model_state_dict": weights(), "optimizer_state_dict": {"lr": 0.1}}),
        saved(tmp_path / "c.pt", backwards),
        saved(tmp_path / "d.pth", backwards, _use_new_zipfile_serialization=False),
    ]
    channels_last = tmp_path / "e.safetensors"
    save_network(ImpalaNetwork(1).initialise(0).to(memory_format=torch.channels_last), channels_last)
    found = {identity(load_network(path).state_dict()) for path in [*files, channels_last]}
    assert found == {identity_by_the_docstring(weights())}
    assert len({file_sha256(path) for path in files}) == len(files), "the files themselves differ"


def test_a_file_sha256_covers_every_byte(tmp_path):
    path = tmp_path / "model.safetensors"
    content = bytearray(np.random.default_rng(0).bytes((1 << 20) * 2 + 17))
    for position in (0, 1 << 20, len(content) - 1):
        path.write_bytes(content)
        assert file_sha256(path) == hashlib.sha256(content).hexdigest()
        content[position] ^= 1


def test_identity_of_a_saved_file_survives_saving_again(tmp_path, real_checkpoint):
    network = load_network(real_checkpoint)
    save_network(network, tmp_path / "again.safetensors")
    assert identity(load_network(tmp_path / "again.safetensors").state_dict()) == identity(network.state_dict())
    assert identity(safetensors.torch.load_file(real_checkpoint)) == identity(network.state_dict())
