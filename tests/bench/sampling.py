"""What temperature, top-k, top-p and min-p do to what a model composes.

    python -m tests.bench.sampling MODEL [--beside FOLDER] [--pieces 16] [--bars 16]

A row a setting, over as many pieces from nothing: nats a unit by the model's own scores; the share
of bars that were there before in the piece, to the note; kinds of notes a piece, by pitch and
length; the share of notes outside the scale that fits the piece best. Beside them stretches as long
of the held-out pieces of a folder.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np

from musegen.corpus.prepare import prepare
from musegen.evaluation.folders import find_model
from musegen.evaluation.trained import load
from musegen.generation.compose import compose
from musegen.generation.plan import Plan
from musegen.generation.sampling import Sampling
from musegen.score.score import Score

from .likeness import measures, scores, stretches

SETTINGS = {
    "as learnt": Sampling(),
    "temperature 0": Sampling(temperature=0),
    "temperature 0.5": Sampling(temperature=0.5),
    "temperature 0.8": Sampling(temperature=0.8),
    "temperature 1.3": Sampling(temperature=1.3),
    "temperature 1.6": Sampling(temperature=1.6),
    "top-k 3": Sampling(top_k=3),
    "top-p 0.8": Sampling(top_p=0.8),
    "min-p 0.1": Sampling(min_p=0.1),
    "temperature 1.6, min-p 0.1": Sampling(temperature=1.6, min_p=0.1),
}
HEADS = ("nats a unit", "bars heard before", "kinds of notes", "notes off the scale")


def heard_before(score: Score) -> float:
    """The share of bars that were there before in the piece, to the note."""
    notes = score.parts[0].notes
    edges = [0, *score.barlines.tolist()]
    bars = []
    for start, end in pairwise(edges):
        rows = notes.rows[(notes.onset >= start) & (notes.onset < end), :3] - [start, 0, 0]
        bars.append(rows.tobytes())
    return float(np.mean([bar in bars[:k] for k, bar in enumerate(bars)]))


def row_of(found: list[Score]) -> str:
    """The means of `HEADS` but the first, over pieces."""
    rows = []
    for score in found:
        notes = score.parts[0].notes
        scale = measures(score, np.zeros(0, np.uint64)).get("scale consistency", 1.0)
        kinds = len(set(zip(notes.pitch.tolist(), notes.duration.tolist(), strict=True)))
        rows.append([heard_before(score), kinds, 1 - scale])
    return "".join(f"{mean:20.3f}" for mean in np.mean(rows, axis=0))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--pieces", type=int, default=16)
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--beside")
    asked = parser.parse_args()
    model = load(find_model(asked.model))
    print(f"{'':28}" + "".join(f"{head:>20}" for head in HEADS))
    if asked.beside:
        real = scores(prepare(Path(asked.beside), vocabulary=model.vocabulary), "valid")
        found = stretches(real, asked.bars, asked.pieces, random_seed=0)
        print(f"{'real, held out':28}{'':20}" + row_of(found))
    for name, sampling in SETTINGS.items():
        made = compose(model, Plan(asked.bars), n=asked.pieces, sampling=sampling)
        nats = [its.word_nats.sum() / model.vocabulary.units(its.score, its.words) for its in made]
        print(f"{name:28}{np.mean(nats):20.3f}" + row_of([its.score for its in made]))


if __name__ == "__main__":
    main()
