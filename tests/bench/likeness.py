"""How like music is what a model composes: beside held-out music, and beside an n-gram.

    python -m tests.bench.likeness FOLDER --model MODEL [--pieces 200] [--bars 16] [--random-seed 0]
                                   [--temperature 1] [--min-p P]

Three sets of stretches: of held-out (valid) pieces, composed from nothing by the model, and drawn
from nothing from an n-gram of the training pieces under the same masks. All go through the words
of the model's vocabulary, so that nothing but the music differs. Real stretches begin anywhere in
a piece and those that are composed are whole pieces, so a little of what the first table tells may
be openings and ends.

First a table of what is often measured, mean (standard deviation) over stretches; the nearer to
real the better, be it higher or lower. Then how often a classifier tells windows of two sets apart
(likeness_classifier.py): 0.5 is not at all. Then the longest passages that were learnt by heart.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np

from musegen.corpus.prepare import Prepared, prepare
from musegen.evaluation.baselines import NGram
from musegen.evaluation.folders import find_model
from musegen.evaluation.originality import PASSAGES, Passages
from musegen.evaluation.statistics import density, form, shares
from musegen.evaluation.trained import Trained, load
from musegen.generation.compose import compose
from musegen.generation.plan import Plan
from musegen.generation.sampling import Sampling
from musegen.score.counts import counted
from musegen.score.fingerprint import passage_hashes
from musegen.score.score import Score

from .likeness_classifier import WINDOW, bags, excerpt, told_apart
from .likeness_ngram import drawn

BATCH = 16
GRAM = 6  # notes
STEPS = 4  # a quarter, for the rhythm of a bar
NAMES = ("real held-out", "ours", "n-gram")
_MAJOR = (0, 2, 4, 5, 7, 9, 11)  # and natural minor, from another of its notes
_SCALES = np.array([[(pitch - tonic) % 12 in _MAJOR for pitch in range(12)] for tonic in range(12)])


def scores(prepared: Prepared, split: str) -> list[Score]:
    """The pieces of a split, out of their words."""
    decode, words = prepared.vocabulary.decode, prepared.words
    return [decode(np.array(words[piece.start : piece.stop])) for piece in prepared.of(split)]


def stretches(pieces: list[Score], bars: int, n: int, random_seed: int) -> list[Score]:
    """At most `n` stretches of so many bars, at random, from each piece as often as from others.

    Where there are more than there are pieces, those of one piece may overlap.
    """
    chance = np.random.default_rng(random_seed)
    starts = [chance.permutation(max(piece.n_bars - bars + 1, 0)).tolist() for piece in pieces]
    order = chance.permutation(len(pieces)).tolist()
    most = max(map(len, starts), default=0)
    found = [(i, starts[i][turn]) for turn in range(most) for i in order if turn < len(starts[i])]
    return [excerpt(pieces[i], first, bars) for i, first in found[:n]]


def composed(
    model: Trained, bars: int, n: int, random_seed: int, sampling: Sampling | None = None
) -> tuple[list[Score], int]:
    """`n` pieces from nothing, less those that failed or were broken off, and how many did."""
    whole: list[Score] = []
    for first in range(0, n, BATCH):
        rows = min(BATCH, n - first)
        chance = random_seed + first
        found = compose(model, Plan(bars), n=rows, sampling=sampling, random_seed=chance)
        whole += [its.score for its in found if its.finished]
    return whole, n - len(whole)


def six_grams(pieces: Iterable[Score]) -> np.ndarray:
    """The hashes of every six notes in a row of a part, by intervals and ratios of lengths."""
    parts = (part for piece in pieces for part in piece.parts if not part.is_drums)
    found = [passage_hashes(part.notes, GRAM) for part in parts]
    return np.concatenate([np.zeros(0, np.uint64), *found])


def measures(stretch: Score, known: np.ndarray) -> dict[str, float]:
    """What is often measured of a stretch; what it is too short or too empty for is left out.

    Pitch-class entropy, scale consistency and groove consistency are those of MusPy (Dong et al.,
    ISMIR 2020), after Wu and Yang (ISMIR 2020) and Mogren (2016).
    """
    pitches = [part.notes.pitch for part in stretch.parts if not part.is_drums]
    counts = np.bincount(np.concatenate([[], *pitches]).astype(int) % 12, minlength=12)
    p, grams = counts / max(counts.sum(), 1), six_grams([stretch])
    found = {"notes a quarter": density(stretch)}
    if counts.any():
        found["pitch-class entropy, bits"] = float(-(p[p > 0] * np.log2(p[p > 0])).sum())
        found["scale consistency"] = float((_SCALES @ p).max())
    beats = seconds_at_beats(stretch)
    if beats is not None:
        found["seconds that sound at a beat"] = beats
    found["groove consistency"] = groove(stretch)
    for lag, alike in form(stretch).items():
        found[f"self-similarity of onsets, {counted(lag, 'bars')} apart"] = alike
    found["bars that repeat the one before"] = shares(stretch)["repeated_bars"]
    if len(grams):
        found["six notes in a row that are new"] = float((~np.isin(grams, known)).mean())
    return found


def seconds_at_beats(stretch: Score) -> float | None:
    """How many pairs of pitch classes a semitone or a tone apart sound at a quarter, in the mean.

    Of the quarters at which two notes sound; None where there are none.
    """
    found = []
    for tick in range(0, stretch.end, stretch.ticks_per_quarter):
        sounding = [
            part.notes.pitch[(part.notes.onset <= tick) & (part.notes.end > tick)]
            for part in stretch.parts
            if not part.is_drums
        ]
        pitches = np.concatenate([np.zeros(0, np.int64), *sounding])
        if len(pitches) > 1:
            classes = np.bincount(pitches % 12, minlength=12) > 0
            pairs = [np.count_nonzero(classes & np.roll(classes, apart)) for apart in (1, 2)]
            found.append(sum(pairs))
    return float(np.mean(found)) if found else None


def groove(stretch: Score) -> float:
    """How like their neighbours bars are in which of their sixteenths have onsets."""
    onsets = np.concatenate([np.zeros(0, np.int64), *(p.notes.onset for p in stretch.parts)])
    edges = [0, *stretch.barlines.tolist()]
    steps = STEPS * np.diff(edges).max() // stretch.ticks_per_quarter
    bars = np.zeros((stretch.n_bars, max(steps, 1)), bool)
    for bar, (start, end) in zip(bars, pairwise(edges), strict=True):
        inside = onsets[(onsets >= start) & (onsets < end)] - start
        bar[np.minimum(STEPS * inside // stretch.ticks_per_quarter, len(bar) - 1)] = True
    return float(1 - (bars[1:] != bars[:-1]).mean()) if len(bars) > 1 else 1.0


def print_measures(sets: dict[str, list[Score]], known: np.ndarray) -> None:
    """A row a measure, a column a set."""
    found = {name: [measures(stretch, known) for stretch in its] for name, its in sets.items()}
    rows = dict.fromkeys(measure for its in found.values() for row in its for measure in row)
    print(f"{'mean (standard deviation)':42}" + "".join(f"{name:>18}" for name in sets))
    print(f"{'stretches':42}" + "".join(f"{len(its):18}" for its in sets.values()))
    for measure in rows:
        cells = []
        for its in found.values():
            values = [row[measure] for row in its if measure in row]
            cells.append(f"{np.mean(values):.3f} ({np.std(values):.3f})" if values else "none")
        print(f"{measure:42}" + "".join(f"{cell:>18}" for cell in cells))


def print_told_apart(sets: dict[str, list[Score]], random_seed: int) -> None:
    """How often a classifier is right, of each set beside real music."""
    all_bags = {name: [b for b in map(bags, its) if len(b)] for name, its in sets.items()}
    real = all_bags.pop(NAMES[0])
    print(
        f"\n{f'windows of {WINDOW} bars told apart':42}{'accuracy':>18}{'95 %':>18}{'pieces':>12}"
    )
    for name, its in [*all_bags.items(), ("real", None)]:
        told = told_apart(real, its, random_seed)
        pieces = f"{len(real) if its else len(real) // 2}, {len(its or real[::2])}"
        cells = ("too few pieces", "") if told is None else told_cells(*told)
        row = f"{name} from real held-out"
        print(f"{row:42}" + "".join(f"{cell:>18}" for cell in cells) + f"{pieces:>12}")


def told_cells(accuracy: float, low: float, high: float) -> tuple[str, str]:
    return f"{accuracy:.3f}", f"{low:.3f} to {high:.3f}"


def print_copied(sets: dict[str, list[Score]], model: Trained) -> None:
    """The longest passage of each stretch that stands in the training pieces."""
    if not (model.folder / PASSAGES).exists():
        print("\nThe model does not tell the passages that it learnt from.")
        return
    learnt = Passages.load(model.folder)
    print(f"\n{'longest passage that was learnt, notes':42}{'median':>18}{'most':>18}")
    for name, its in sets.items():
        notes = [learnt.longest_in(stretch.parts).notes for stretch in its]
        print(f"{name:42}{np.median(notes):18.0f}{max(notes):18}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--pieces", type=int, default=200)
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--min-p", type=float, help="as `musegen generate` does, if not told")
    asked = parser.parse_args()
    wanted = asked.bars, asked.pieces, asked.random_seed
    model = load(find_model(asked.model))
    prepared = prepare(asked.folder, vocabulary=model.vocabulary)
    held_out, learnt = scores(prepared, "valid"), scores(prepared, "train")
    real = stretches(held_out, *wanted)
    if not real:
        parser.error(f"no held-out piece has {asked.bars} bars")
    sampling = Sampling(temperature=asked.temperature, min_p=asked.min_p)
    ours, failed = composed(model, *wanted, sampling)
    ngram = NGram(prepared.vocabulary).fit(prepared, prepared.of("train"))
    theirs, failed_ngram = drawn(ngram, *wanted)
    print(f"{failed} of ours and {failed_ngram} of the n-gram's failed")
    sets = dict(zip(NAMES, (real, ours, theirs), strict=True))
    sets = {name: its for name, its in sets.items() if its}
    print_measures(sets, np.unique(six_grams(learnt)))
    print_told_apart(sets | {NAMES[0]: held_out}, asked.random_seed)
    print_copied(sets, model)


if __name__ == "__main__":
    main()
