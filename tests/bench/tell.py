"""Makes a model that can be told more of one that was told nothing: its words cost what they did.

    python -m tests.bench.tell MODEL NEW --tell bars,given,key --corpus CORPUS

What is new begins at zero, or is silent until it is told. `musegen train CORPUS --from NEW` then
lets it learn what is told. CORPUS is what MODEL learnt from.
"""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from musegen.corpus.conditions import Conditions, kinds_of
from musegen.corpus.prepare import prepare
from musegen.evaluation.trained import Trained, load, network_for
from musegen.network.checkpoint import save_tensors
from musegen.network.config import load_config, save_config
from musegen.network.file_names import WEIGHTS


def grown(tensors: dict[str, Tensor], shapes: dict[str, torch.Size]) -> dict[str, Tensor]:
    """Weights padded with zeros at their end, as rows and columns that are new stand last."""
    out = {}
    for name, tensor in tensors.items():
        out[name] = torch.zeros(shapes[name])
        out[name][tuple(slice(n) for n in tensor.shape)] = tensor
    return out


def able(model: Trained, corpus: Path, kinds: tuple[str, ...]) -> tuple[Trained, dict[str, Tensor]]:
    """The model that can be told these kinds, and its weights."""
    vocabulary = model.vocabulary.taking_given() if "given" in kinds else model.vocabulary
    told = Conditions.of(prepare(corpus, vocabulary=vocabulary), kinds)
    network = network_for(vocabulary, model.network.settings, told)
    mine = dict(network.named_parameters())
    known = grown(
        dict(model.network.named_parameters()), {name: p.shape for name, p in mine.items()}
    )
    new = replace(model, vocabulary=vocabulary, network=network, conditions=told)
    return new, {name: known.get(name, p.detach()) for name, p in mine.items()}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--tell", required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    asked = parser.parse_args()
    model = load(asked.model)
    if model.conditions.kinds:
        parser.error(f"{asked.model} can be told {', '.join(model.conditions.kinds)} already")
    new, weights = able(model, asked.corpus, kinds_of(asked.tell))
    shutil.copytree(asked.model, asked.new, ignore=shutil.ignore_patterns("resume", "tensorboard"))
    its = {"vocabulary": new.vocabulary.to_dict(), "conditions": new.conditions.to_dict()}
    save_config(asked.new, {**load_config(asked.new), **its})
    save_tensors(asked.new / WEIGHTS, weights, {})


if __name__ == "__main__":
    main()
