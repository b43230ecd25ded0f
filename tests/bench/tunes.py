"""What a model of tunes writes: how many parse, and how many bars have their length.

    python -m tests.bench.tunes MODEL [--tunes 200] [--random-seed 0]

Tunes are drawn at temperature 1 from nothing, with the masks of what is legal, which end them after
16 bars as `musegen generate` does, and without. Their text is read as any ABC is: a tune parses
that is read with nothing mended, and ends within a thousand words; a bar is right that is as long
as its metre says, or a pickup.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import torch

from musegen.evaluation.folders import find_model
from musegen.evaluation.trained import Trained, load
from musegen.generation.sampling import Sampling, draw
from musegen.score.abc import read_tunes
from musegen.score.bars import check_bars
from musegen.score.score import Score
from musegen.vocabulary.abc import AbcVocabulary

BARS, MOST_WORDS = 16, 1000


def drawn(model: Trained, n: int, random_seed: int, *, masked: bool) -> Iterator[str]:
    """The text of each of `n` tunes; empty for one that does not end."""
    tracker = model.vocabulary.start(n)
    tracker.last_bar = BARS if masked else None
    chance = np.random.default_rng(random_seed)
    step, told = model.stepwise, np.zeros((n, len(model.conditions.kinds)), np.int64)

    def features(words: np.ndarray) -> np.ndarray:
        return tracker.features(words.astype(np.int16)).astype(np.int64)

    def choose(_: int, scores: np.ndarray, before: np.ndarray) -> np.ndarray:
        legal = tracker.legal(before.astype(np.int16)) if masked else np.isfinite(scores)
        return draw(scores, legal | ~legal.any(1, keepdims=True), Sampling(), chance)

    last = np.tile(model.network.no_word, (n, 1))
    past, words = step.past(None, n), []
    while not tracker.done.all() and len(words) < MOST_WORDS:
        known = features(last[:, :0])
        hidden, past = step.read(last, known, told, past)
        last, _ = step.draw(hidden, choose, known, features)
        words.append(last.astype(np.int16))
        tracker.advance(words[-1])
    for row, done in enumerate(tracker.done):
        yield text_of(model.vocabulary, np.stack([word[row] for word in words])) if done else ""


def text_of(vocabulary: AbcVocabulary, words: np.ndarray) -> str:
    """Words (T, 1) as ABC."""
    end = int(np.argmax(words[:, 0] == 0)) or len(words)
    fields, music = [], []
    for _, text in vocabulary.tables.texts(words[:end, 0].astype(np.int64)):
        is_field = text[:2] in ("M:", "K:")
        if is_field and not music:
            fields.append(text)
        else:
            music.append(f"[{text}]" if is_field else text)
    return "\n".join(["X:1", "T:drawn", "L:1/8", *fields, " ".join(music), ""])


def main() -> None:
    """Print a row with the masks and one without."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--tunes", type=int, default=200)
    parser.add_argument("--random-seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load(find_model(options.model))
    for masked in (True, False):
        parsed = bars = wrong = 0
        for text in drawn(model, options.tunes, options.random_seed, masked=masked):
            (score,) = read_tunes(text) if text else (None,)
            if not isinstance(score, Score):
                continue
            parsed += not score.faults
            bars += score.n_bars
            wrong += len(check_bars(score))
        print(
            f"masks {'on ' if masked else 'off'}: {parsed / options.tunes:.1%} of "
            f"{options.tunes} tunes parse, {1 - wrong / max(bars, 1):.1%} of {bars} bars are right"
        )


if __name__ == "__main__":
    main()
