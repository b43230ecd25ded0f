"""Makes a model that ships of a run: weights of 16 bits, and a card that says what they cost.

    python -m tests.bench.ship RUN NAME CORPUS --about ABOUT.md

CORPUS is what the run learnt from, its held-out pieces with it. The card is that of the run, with
the text of ABOUT.md and the figures of the weights as they ship.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import torch

from musegen.corpus.prepare import prepare
from musegen.evaluation.evaluate import evaluate
from musegen.evaluation.trained import load
from musegen.network.checkpoint import load_tensors, save_tensors
from musegen.network.config import load_config
from musegen.network.file_names import WEIGHTS
from musegen.training.card import CARD, card

_KEPT = ("config.json", "log.csv", "curves.svg", "seen.json", "passages.safetensors")


def halved(run: Path, folder: Path) -> None:
    """Copy a model folder with its weights in 16 bits."""
    folder.mkdir(parents=True)
    for name in _KEPT:
        shutil.copyfile(run / name, folder / name)
    tensors, about = load_tensors(run / WEIGHTS)
    save_tensors(folder / WEIGHTS, {name: t.half() for name, t in tensors.items()}, about)


def table(before: dict[str, Any], after: dict[str, Any]) -> str:
    """The held-out figures as Markdown."""
    rows = {
        "with weights of 16 bits, as it ships": after["nats_per_unit"],
        "with weights of 32 bits": before["nats_per_unit"],
        "n-gram of order 4": after["baselines"]["ngram"],
        "repeat the last bar": after["baselines"]["repeat_bar"],
        "repeat the last word": after["baselines"]["repeat"],
    }
    low, high = after["interval"]
    lines = "".join(f"| {name} | {nats:.4f} |\n" for name, nats in rows.items())
    return (
        f"## Held out\n\n{after['pieces']} pieces, nothing told, all nats counted; 95 % over "
        f"pieces {low:.4f} to {high:.4f}.\n\n| | nats a {after['unit']} |\n|---|---|\n{lines}"
    )


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--about", type=Path, required=True)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    folder = Path("models") / asked.name
    halved(asked.run, folder)
    whole, half = load(asked.run), load(folder)
    prepared = prepare(asked.corpus, vocabulary=half.vocabulary)
    before, after = (evaluate(model, prepared, "valid") for model in (whole, half))
    text = asked.about.read_text(encoding="utf-8").strip()
    made = card(load_config(folder), half.fingerprint)
    (folder / CARD).write_text(f"{made}\n{text}\n\n{table(before, after)}", encoding="utf-8")
    print(json.dumps({k: after[k] for k in ("nats_per_unit", "interval", "baselines", "pieces")}))


if __name__ == "__main__":
    main()
