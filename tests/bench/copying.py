"""Overtrains a model on purpose, and sees whether what it copies is found, and can be forbidden.

    python -m tests.bench.copying FOLDER [--learnt 12] [--steps 400] [--pieces 40] [--bars 16]

A few pieces of FOLDER are learnt by heart, without dropout and in one key. Of what is then
composed, the longest passage is told as `generate` tells it, and looked for a second way: pair by
pair, in the notes themselves and not in hashes. Hashes tell a passage of which every eight notes
stand in a piece, though not all in one place: so they may tell more, and must not tell less. Then
the same is composed with `--max-copy 12`, and its time is told as a share of the first.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from musegen.corpus.prepare import Prepared, prepare
from musegen.corpus.survey import music_files
from musegen.errors import MusegenError
from musegen.evaluation.originality import SHORTEST, Copied
from musegen.evaluation.trained import Trained
from musegen.generation.fulfil import fulfil
from musegen.generation.plan import Plan
from musegen.generation.request import Request
from musegen.score.files import read_all, write
from musegen.score.score import Part, Score
from musegen.training import run as training
from musegen.training.run import Run, RunSettings
from musegen.training.schedule import Extent
from musegen.training.settings import network_settings

MOST = 12
_DIFFERENT = 4  # intervals that a passage has at least
_HELD_OUT = 4  # pieces


class Step(NamedTuple):
    """From one note of a part to the next; the ratio is of lengths, to a quarter of a doubling."""

    interval: int
    ratio: int
    together: bool


def steps_of(part: Part) -> list[Step]:
    """The steps of a part, its notes in the order in which they begin, the lowest first."""
    rows = part.notes.rows
    rows = rows[np.lexsort((rows[:, 2], rows[:, 0]))].tolist()
    return [
        Step(b[2] - a[2], round(4 * math.log2(b[1] / a[1])), b[0] == a[0])
        for a, b in pairwise(rows)
    ]


def shared(ours: list[Step], theirs: list[Step]) -> int:
    """Notes of the longest passage that two parts share and that is somebody's; 0 for none."""
    best, before = 0, [0] * (len(theirs) + 1)
    for i, step in enumerate(ours):
        now = [0] * (len(theirs) + 1)
        for j, other in enumerate(theirs):
            if step == other:
                n = now[j + 1] = before[j] + 1
                if n > best and len({s.interval for s in ours[i + 1 - n : i + 1]}) >= _DIFFERENT:
                    best = n
        before = now
    return best + 1 if best + 1 >= SHORTEST else 0


def melodies(score: Score) -> Iterator[list[Step]]:
    """The steps of each part that has pitches."""
    return (steps_of(part) for part in score.parts if not part.is_drums)


def longest(score: Score, learnt: dict[str, Score]) -> dict[str, int]:
    """By piece, the notes of the longest passage that a score shares with it."""
    return {
        name: max(
            (shared(ours, theirs) for ours in melodies(score) for theirs in melodies(piece)),
            default=0,
        )
        for name, piece in learnt.items()
    }


def scores_in(folder: Path) -> Iterator[tuple[str, Score]]:
    """Pieces of a folder, and the suffix of their files."""
    for file in music_files(folder)[0]:
        for _, score in read_all(file):
            if isinstance(score, Score) and score.n_notes > 40:
                yield file.suffix, score


def overtrained(corpus: Path, folder: Path, steps: int) -> tuple[Trained, Prepared]:
    """A model that knows its corpus by heart."""
    prepared = prepare(corpus)

    def free(*args: object, **settings: object) -> object:
        usual = network_settings(*args, **settings)  # type: ignore[arg-type]
        return replace(usual, dropout=0.0, forget=0.0)

    training.network_settings = free  # type: ignore[assignment]
    run = Run.start(prepared, folder, RunSettings("lstm", "small", Extent(steps=steps), "cpu", 0))
    run.fit.batches._transposed = 0.0
    for _ in run.events():
        pass
    model = run.finish()  # with the weights that were best on held-out pieces, long ago
    model.network.load_state_dict(run.fit.network.state_dict())
    return model, prepared


def composed(
    model: Trained, request: Request, pieces: int
) -> tuple[list[Score], list[Copied], float]:
    """What is composed one by one, what is said of its copies, and how long that took."""
    began, failed = time.process_time(), 0
    scores: list[Score] = []
    copies: list[Copied] = []
    for chance in range(pieces):
        asked = replace(request, random_seed=chance)
        try:
            (found,) = fulfil(model, asked, Plan(asked.bars or 1))
        except MusegenError as error:
            failed += 1
            print(f"  piece {chance}: {error.message}")
            continue
        assert found.copies.learnt is not None
        scores.append(found.composed.score)
        copies.append(found.copies.learnt)
    if failed:
        print(f"  {failed} of {pieces} could not be composed")
    return scores, copies, time.process_time() - began


def report(name: str, scores: list[Score], copies: list[Copied], learnt: dict[str, Score]) -> None:
    """What was told, and what is so."""
    found = [longest(score, learnt) for score in scores]
    told = np.array([copied.notes for copied in copies])
    real = np.array([max(its.values()) for its in found])
    right = [
        its.get(copied.source, 0) == max(its.values())
        for its, copied in zip(found, copies, strict=True)
    ]
    over = told - real
    print(
        f"{name}: {len(scores)} pieces; longest passage: median {np.median(told):.0f} notes, most"
    )
    print(f"  {told.max()}; more than {MOST}: {(told > MOST).sum()}. In the notes: as long")
    print(
        f"  {(over == 0).sum()}, shorter {(over > 0).sum()} (by {over.max()} at most), longer",
        end="",
    )
    print(f" {(over < 0).sum()}; and the piece named has it: {sum(right)}")


def main() -> None:
    """Print what is copied, with and without a limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--learnt", type=int, default=12, help="pieces to learn by heart")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--pieces", type=int, default=40, help="to compose")
    parser.add_argument("--bars", type=int, default=16)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        corpus = Path(temporary, "corpus")
        pieces = list(islice(scores_in(asked.folder), asked.learnt + _HELD_OUT))
        for number, (suffix, score) in enumerate(pieces):
            split = "train" if number < asked.learnt else "valid"
            write(score, corpus / split / f"{number}{suffix}")
        model, prepared = overtrained(corpus, Path(temporary, "model"), asked.steps)
        print("trained:", model.config["figures"])
        learnt = {
            piece.path: score
            for piece in prepared.of("train")
            for name, score in read_all(corpus / piece.path)
            if isinstance(score, Score)
        }
        request = Request(bars=asked.bars)
        scores, copies, first = composed(model, request, asked.pieces)
        report("free", scores, copies, learnt)
        scores, copies, second = composed(model, replace(request, max_copy=MOST), asked.pieces)
        report(f"--max-copy {MOST}", scores, copies, learnt)
        print(f"time: {second / first:.1f} times that of composing freely")


if __name__ == "__main__":
    main()
