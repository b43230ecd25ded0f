"""Untrained models: their music is noise, which finds more faults than music does."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from musegen.evaluation.trained import Trained, network_for
from musegen.network.next_word import NetworkSettings
from musegen.vocabulary.choose import build

MakeModel = Callable[..., Trained]


@pytest.fixture(scope="session")
def make_model(make_score: Callable[..., object]) -> MakeModel:
    """`(kind, backbone="gru")` → a model of random weights that knows the small pieces."""
    torch.set_num_threads(1)

    def make(kind: str, backbone: str = "gru") -> Trained:
        vocabulary = build([make_score(kind, n) for n in range(6)], kind)
        torch.manual_seed(1)
        settings = NetworkSettings(backbone, width=16, depth=2, heads=2, context=24, dropout=0.3)
        network = network_for(vocabulary, settings).eval()
        return Trained(network, vocabulary, {}, Path("none"), "none")

    return make
