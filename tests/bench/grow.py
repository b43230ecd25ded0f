"""Makes a model that is told what a newer musegen tells beside its words, of one of before.

    python -m tests.bench.grow OLD NEW CORPUS [--steps 120]

What is new among its weights begins at zero, so that it is at first what it was. Then it learns for
so many updates, at 0.3 of the usual rates, from CORPUS, which OLD has learnt from.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from musegen.corpus.prepare import Prepared, prepare
from musegen.evaluation.described import Described, described
from musegen.evaluation.likelihood import field_nats, nats_per_unit
from musegen.evaluation.trained import network_for
from musegen.network.checkpoint import load_tensors, save_tensors
from musegen.network.config import save_config
from musegen.network.file_names import WEIGHTS
from musegen.network.next_word import NetworkSettings, NextWordNetwork
from musegen.training.events import Validated
from musegen.training.fit import Fit
from musegen.training.schedule import Extent
from musegen.training.settings import FitSettings, suited

from .tell import grown

SLOWER = 0.3  # than from nothing


def network_of(old: Described, weights: dict[str, Tensor]) -> NextWordNetwork:
    """The network as it would be made now, with these weights, and zeros where there are none."""
    torch.manual_seed(0)
    network = network_for(old.vocabulary, NetworkSettings(**old.config["network"]), old.conditions)
    shapes = {name: weight.shape for name, weight in network.named_parameters()}
    known = {name: torch.zeros(shape) for name, shape in shapes.items()}
    known |= grown({name: weight.float() for name, weight in weights.items()}, shapes)
    network.load_state_dict(known, strict=False)
    return network


def learnt(network: NextWordNetwork, old: Described, prepared: Prepared, steps: int) -> Fit:
    """What learns for so many updates, and has."""
    usual = FitSettings()
    slow = replace(usual, lr=usual.lr * SLOWER, matrix_lr=usual.matrix_lr * SLOWER)
    fit = Fit(
        *(network, prepared, suited(slow, network.settings), Extent(steps=steps)),
        conditions=old.conditions,
    )
    for event in fit.events():
        if isinstance(event, Validated):
            print(f"{event.step} updates: held out {event.valid_nats:.4f}", flush=True)
    network.load_state_dict(fit.average, strict=False)
    return fit


def save(folder: Path, old: Path, network: NextWordNetwork, fit: Fit, nats: float) -> None:
    """A model folder like the old one, with what was learnt since."""
    shutil.copytree(old, folder, ignore=shutil.ignore_patterns("resume", "tensorboard"))
    config = described(old).config
    figures, now = config["figures"], fit.counters
    figures |= {"parameters": network.n_parameters, "valid_nats": nats}
    figures |= {"steps": figures["steps"] + now.step, "seconds": figures["seconds"] + now.seconds}
    save_config(folder, config)
    save_tensors(folder / WEIGHTS, dict(network.named_parameters()), {})


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--steps", type=int, default=120)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    old = described(asked.old)
    prepared = prepare(asked.corpus, vocabulary=old.vocabulary)
    network = network_of(old, load_tensors(asked.old / WEIGHTS)[0])
    fit = learnt(network, old, prepared, asked.steps)
    held_out = prepared.of("valid")
    nats = nats_per_unit(field_nats(network.eval(), prepared, held_out), held_out)
    save(asked.new, asked.old, network, fit, nats)


if __name__ == "__main__":
    main()
