"""What a model of random weights draws is a piece, whatever was asked for: a trial.

    python -m tests.fault.random_models --number 10000 [--first 0] [--random-seed 0]

Each time a vocabulary is made of random music (any metre, pickups, chords, drums, up to five
parts), a tiny network is given random weights, small or huge, and something random is asked of it:
bars, an end, a seed, a metre, a tempo, temperatures, cuts. What comes has the bars that were asked
for and no note beyond them, keeps its seed to the tick, is read back from MIDI as it was, and is in
words again the piece that it is. Counted are pieces, and what was refused in a sentence; anything
else ends the trial.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from musegen.errors import MusegenError
from musegen.evaluation.trained import Trained, network_for
from musegen.generation.compose import Composed, compose
from musegen.generation.plan import Plan
from musegen.generation.sampling import Sampling
from musegen.network.backbones import BACKBONES
from musegen.network.next_word import NetworkSettings
from musegen.score.bars import pickups
from musegen.score.files import read, write
from musegen.score.repeats import unfold
from musegen.score.score import Notes, Part, Score, bar_ticks, barlines_of_metre
from musegen.vocabulary.choose import build
from musegen.vocabulary.vocabulary import Opening
from tests.bench.continuation import begins_with

METRES = ((4, 4), (3, 4), (2, 4), (6, 8), (2, 2), (9, 8), (5, 4), (7, 8), (3, 8), (12, 8))
_TICKS = 24
_MODELS = 8  # pieces asked of each model


def random_score(kind: str, chance: random.Random, metre: tuple[int, int]) -> Score:
    """One to eight bars for one to five parts, notes anywhere on a grid of sixteenths."""
    bars, bar = chance.randint(1, 8), bar_ticks(*metre, _TICKS)
    lead = chance.choice([0, 0, 0, _TICKS // 2])
    end = lead + bars * bar
    n_parts = 1 if kind == "abc" else 2 if kind == "grid" else chance.randint(1, 5)
    parts = []
    for number in range(n_parts):
        drums = kind == "notes" and chance.random() < 0.2
        rows, tick = [], chance.choice([0, 0, _TICKS])
        while tick < end:
            long = chance.choice([6, 6, 12, 12, 18, 24, 36, 48])
            if kind == "abc":
                long = min(long, bar - (tick - lead) % bar, lead - tick if tick < lead else long)
            long = min(long, end - tick)
            if chance.random() < 0.85 or not rows:
                pitches = chance.sample(range(48, 80), chance.choice([1, 1, 1, 2, 4]))
                rows += [(tick, long, p, 80) for p in (pitches if kind == "notes" else pitches[:1])]
            tick += long
        program = 0 if drums else chance.choice([0, 24, 40, 56, 73])
        parts.append(Part(f"Part {number}", program, Notes.of(rows), drums))
    metres = np.array([[0, *metre]])
    lines = barlines_of_metre(metres, end - lead, _TICKS) + lead
    if lead:
        lines = np.concatenate([[lead], lines])
    return Score(_TICKS, tuple(parts), metre=metres, barlines=lines)


def random_model(chance: random.Random) -> tuple[Trained, list[Score]]:
    """An untrained model of any vocabulary and backbone, and the pieces that its words are of."""
    kind, backbone = chance.choice(["abc", "grid", "notes"]), chance.choice(BACKBONES)
    metres = chance.sample(METRES, 2)
    scores = [random_score(kind, chance, chance.choice(metres)) for _ in range(4)]
    vocabulary = build(scores, kind)
    torch.manual_seed(chance.randrange(2**31))
    settings = NetworkSettings(backbone, width=8, depth=1, heads=2, context=16)
    network = network_for(vocabulary, settings).eval()
    scale = chance.choice([0.1, 1.0, 1.0, 10.0, 1000.0])
    with torch.no_grad():
        for weights in network.parameters():
            weights.mul_(scale)
    return Trained(network, vocabulary, {}, Path("none"), "none"), scores


def random_plan(scores: list[Score], chance: random.Random) -> Plan:
    """Anything that may be asked of a model that can be told nothing."""
    seed = chance.choice([None, *scores])
    metre = chance.choice([None, None, (4, 4), (3, 4)]) if seed is None else None
    tempo = chance.choice([None, None, 33.0, 240.0])
    opening = Opening(metre, None, tempo)
    return Plan(chance.randint(1, 5), seed, omit_seed=chance.random() < 0.2, opening=opening)


def random_sampling(chance: random.Random) -> Sampling:
    """Any temperature, and any cuts."""
    return Sampling(
        chance.choice([0.0, 0.5, 1.0, 1.0, 2.0, 50.0]),
        top_k=chance.choice([0, 0, 1, 5]),
        top_p=chance.choice([1.0, 1.0, 0.5, 0.01]),
        min_p=chance.choice([0.0, 0.0, 0.1, 1.0]),
    )


def check(plan: Plan, found: Composed, place: Path) -> None:
    """Make sure that a result is what was asked for, and a piece; one too long is broken off.

    Raises:
        AssertionError: it is not.
    """
    score, leads = found.score, pickups(found.score)[plan.n_old :]
    bars = leads.count(False)
    if plan.omit_seed and plan.seed and leads[0]:  # or it ends a section of the seed, by its pickup
        bars = max(bars, min(bars + 1, plan.bars))
    assert bars == plan.bars if found.finished else bars < plan.bars, "bars"
    end = int(score.barlines[-1])
    assert (np.diff(score.barlines, prepend=0) > 0).all(), "bar lines"
    join = int(plan.seed.barlines[-1]) if plan.seed and not plan.omit_seed else 0
    for part in score.parts:
        new = part.notes.onset >= join
        assert (part.notes.duration > 0).all(), "lengths"
        assert (part.notes.end[new] <= end).all(), "a note beyond the end"
    if join:
        assert plan.seed is not None
        assert begins_with(score, plan.seed), "the seed"
    path = place / "piece.mid"
    path.unlink(missing_ok=True)
    write(score, path)
    played = [part for part in unfold(score).parts if len(part.notes)]
    again = [part for part in read(path).parts if len(part.notes)]
    assert len(played) == len(again), "parts"
    for mine, its in zip(played, again, strict=True):
        # Of notes of one pitch that overlap, MIDI does not say which ends first.
        for ticks in ("onset", "end"):
            columns = ((getattr(notes, ticks), notes.pitch) for notes in (mine.notes, its.notes))
            a, b = (sorted(np.stack(column, axis=1).tolist()) for column in columns)
            assert a == b, "notes of the file"


def trial(number: int, random_seed: int, first: int = 0) -> Counter[str]:
    """So many pieces, `_MODELS` of each model; how many there were, and why others were refused."""
    first -= first % _MODELS
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for n in range(first, first + number):
            chance = random.Random(f"{random_seed} {n // _MODELS}")
            if n % _MODELS == 0:
                model, scores = random_model(chance)
            chance = random.Random(f"{random_seed} {n} asked")
            plan, sampling = random_plan(scores, chance), random_sampling(chance)
            try:
                result = compose(model, plan, sampling=sampling, random_seed=n)[0]
            except MusegenError as error:
                found[f"{model.vocabulary.name}: {error.message}"] += 1
                continue
            try:
                check(plan, result, Path(folder))
            except AssertionError as error:
                raise AssertionError(f"piece {n} of seed {random_seed}: {error}") from error
            how = "pieces" if result.finished else "pieces that grew too long, broken off"
            found[f"{model.vocabulary.name}: {how}"] += 1
    return found


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--random-seed", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for what, times in trial(asked.number, asked.random_seed, asked.first).most_common():
        print(f"{times:>7}  {what}")


if __name__ == "__main__":
    main()
