"""Fills a gap in held-out pieces, and tells how well the new music leads to what comes after it.

    python -m tests.bench.gaps FOLDER --model MODEL [--bars 4] [--pieces 60]

The gap is in the middle of each piece. Told, for the real music, for what is composed, and for what
is composed with no drafts of the last bars: nats of the two bars after the gap, by the model where
nothing is given, with what is in the gap before them; and how the highest notes of each part move
from the last onset in the gap to the first after it: the share that stay or step (two semitones at
most), and that leap (more than four). The nats weigh the drafts too; the moves do not.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest.mock import patch

import numpy as np

from musegen.corpus.survey import music_files
from musegen.evaluation.likelihood import word_nats
from musegen.evaluation.trained import Trained, load
from musegen.generation import compose as composing
from musegen.generation.infill import Infill
from musegen.score.excerpt import until_bar
from musegen.score.files import read_all
from musegen.score.score import Score

_AFTER = 2  # bars after the gap
_BREATH = 2  # quarters; across a longer rest nothing moves


def moves(score: Score, tick: int) -> list[int]:
    """Of each part, by how many semitones its highest note moves across a tick."""
    found = []
    for part in (part for part in score.parts if not part.is_drums):
        rows = part.notes.rows
        before, after = rows[rows[:, 0] < tick], rows[rows[:, 0] >= tick]
        if not len(before) or not len(after):
            continue
        last, first = before[:, 0] == before[:, 0].max(), after[:, 0] == after[:, 0].min()
        rest = after[first, 0].min() - (before[last, 0] + before[last, 1]).max()
        if rest <= _BREATH * score.ticks_per_quarter:
            found.append(abs(int(before[last, 2].max()) - int(after[first, 2].max())))
    return found


def nats_after(model: Trained, score: Score, bar: int) -> float:
    """Nats of the bars from `bar` on, from 0, with all before them read."""
    vocabulary = model.vocabulary
    words = vocabulary.prime(until_bar(score, min(bar + _AFTER, score.n_bars)))
    features = vocabulary.features_of(words)
    after = vocabulary.bars(words, features) >= bar
    told = model.conditions.columns(len(words))
    return float(word_nats(model.network, words, features, told, after).sum())


def main() -> None:
    """Print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--bars", type=int, default=4)
    parser.add_argument("--pieces", type=int, default=60)
    asked = parser.parse_args()
    model = load(asked.model)
    files, _ = music_files(asked.folder)
    scores = (score for file in files for _, score in read_all(file))
    nats: dict[str, list[float]] = {}
    moved: dict[str, list[int]] = {}

    def tell(name: str, score: Score, first: int) -> None:
        after = first + asked.bars
        nats.setdefault(name, []).append(nats_after(model, score, after))
        moved.setdefault(name, []).extend(moves(score, int(score.barlines[after - 1])))

    pieces = 0
    for score in scores:
        first = (score.n_bars - asked.bars) // 2
        if first < 2 or pieces == asked.pieces:
            continue
        pieces += 1
        plan = Infill(asked.bars, score, first=first)
        tell("real", score, first)
        tell("composed", composing.compose(model, plan, random_seed=pieces)[0].score, first)
        with patch.object(composing, "undrawn", return_value=0):
            alone = composing.compose(model, plan, random_seed=pieces)[0]
        tell("without drafts", alone.score, first)
    for name, its in moved.items():
        far = np.array(its)
        shares = f"stay or step {np.mean(far <= 2):.1%}, leap {np.mean(far > 4):.1%}"
        print(f"{name:15} {np.mean(nats[name]):8.2f} nats, {len(far)} moves: {shares}")


if __name__ == "__main__":
    main()
