"""The machine: on a GPU, what is computed is the same every time; on a CPU nothing is changed."""

import os

import pytest
import torch

from interp_claims.training.machine import compute_deterministically


@pytest.fixture
def told(monkeypatch):
    """What PyTorch was told, with everything as it is by default."""
    asked = []
    monkeypatch.setattr(torch, "use_deterministic_algorithms", asked.append)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    return asked


@pytest.mark.parametrize(
    ("before", "after"), [(":4096:8", ":4096:8"), (":16:8", ":16:8"), (":0:0", ":4096:8"), ("", ":4096:8")]
)
def test_a_gpu_is_told_before_its_first_use(told, monkeypatch, before, after):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", before)
    compute_deterministically("cuda:1")
    assert told == [True]
    assert torch.backends.cudnn.deterministic
    assert not torch.backends.cudnn.benchmark
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == after


def test_on_a_cpu_nothing_is_changed(told, monkeypatch):
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":0:0")
    compute_deterministically("cpu")
    assert (told, os.environ["CUBLAS_WORKSPACE_CONFIG"]) == ([], ":0:0")
    assert torch.backends.cudnn.benchmark
