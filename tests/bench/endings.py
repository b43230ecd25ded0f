"""Has held-out pieces carried on to an end, and holds the endings against the real ones.

    python -m tests.bench.endings FOLDER --model MODEL [--bars 32 | --seconds 60]
                                  [--pieces 200] [--times 4] [--seed-bars N]

Each piece is cut at its middle bar and carried on with --finish, as many times as is asked, four at
once. Every result must open in mido and music21, begin with its seed, keep parts, programs, tempo
and metre, and end on the barline of the bar that was asked. Told: how many last bars stand in the
home key, which is that of the seed (both by music21's analysis), and have its tonic as the lowest
note at the end; for the real pieces too.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import islice
from pathlib import Path

import music21
import numpy as np

from musegen.corpus.survey import music_files
from musegen.errors import MusegenError
from musegen.evaluation.trained import Trained, load
from musegen.generation.compose import compose
from musegen.generation.length import lasting
from musegen.generation.plan import Plan
from musegen.score.bars import pickups
from musegen.score.excerpt import from_bar, until_bar
from musegen.score.files import read, read_all, write
from musegen.score.repeats import unfold
from musegen.score.score import Score

from .continuation import begins_with, opens

_LAST = 4  # bars whose key is that of the ending
_AT_ONCE = 4


def key_of(score: Score) -> tuple[int, str]:
    """Pitch class and mode of the key, by music21 from lengths of pitches."""
    stream = music21.stream.Stream()
    for part in score.parts:
        for _, length, pitch, _ in [] if part.is_drums else part.notes.rows.tolist():
            note = music21.note.Note(pitch)
            note.quarterLength = max(length, 1) / score.ticks_per_quarter
            stream.append(note)
    if not len(stream):
        return -1, ""
    found = stream.analyze("key")
    return int(found.tonic.pitchClass), str(found.mode)


def at_home(score: Score, home: tuple[int, str]) -> tuple[bool, bool]:
    """Whether the last bars stand in the home key, and the lowest note at the end is its tonic."""
    last = from_bar(score, score.n_bars - _LAST) if score.n_bars > _LAST else score
    rows = np.concatenate([part.notes.rows for part in score.parts if not part.is_drums])
    end = (rows[:, 0] + rows[:, 1]).max()
    lowest = int(rows[rows[:, 0] + rows[:, 1] >= end - score.ticks_per_quarter // 8, 2].min())
    return key_of(last) == home, lowest % 12 == home[0]


def check(seed: Score, score: Score, bars: int) -> dict[str, bool]:
    """What must be so of every result; a MIDI file has its repeats played out."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "piece.mid"
        write(score, out)
        again = read(out)
        return {
            "opens": opens(out),
            "seed kept": begins_with(score, seed) and begins_with(again, unfold(score)),
            "tempo": np.array_equal(score.tempo, seed.tempo)
            and np.array_equal(again.tempo, unfold(score).tempo),
            "bars": pickups(score)[seed.n_bars :].count(False) == bars,
            "ends on the barline": score.end == score.barlines[-1],
        }


def carried_on(
    model: Trained, piece: Score, asked: argparse.Namespace, chance: int
) -> tuple[Plan, list[Score]] | None:
    """The first half of a piece, and it carried on; None where it is too short or does not suit."""
    if piece.n_bars < 2 * _LAST:
        return None
    half = piece.n_bars // 2
    before = max(0, half - asked.seed_bars)
    seed = until_bar(from_bar(piece, before) if before else piece, half - before)
    scores: list[Score] = []
    try:
        plan = lasting(model, Plan(asked.bars, seed, finish=True), seconds=asked.seconds)
        while len(scores) < asked.times:
            n = min(_AT_ONCE, asked.times - len(scores))
            found = compose(model, plan, n=n, random_seed=chance + len(scores))
            scores += [its.score for its in found]
    except MusegenError as error:
        print(f"  not carried on: {error.message}")
        return None
    return plan, scores


def main() -> None:
    """Print what failed, and the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--bars", type=int, default=32)
    parser.add_argument("--seconds", type=float, help="in place of bars")
    parser.add_argument("--pieces", type=int, default=200)
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--seed-bars", type=int, default=10**6, help="of the seed, at most")
    asked = parser.parse_args()
    model = load(asked.model)
    model.conditions.require("bars")
    files, _ = music_files(asked.folder)
    pieces = (
        (name, piece)
        for file in files
        for name, piece in read_all(file)
        if isinstance(piece, Score) and piece.n_notes
    )
    passed: list[list[bool]] = []
    homes: dict[str, list[tuple[bool, bool]]] = {"ours": [], "real": []}
    for number, (name, piece) in enumerate(islice(pieces, asked.pieces)):
        result = carried_on(model, piece, asked, number)
        if result is None:
            continue
        plan, scores = result
        seed = plan.seed
        assert seed is not None
        home = key_of(seed)
        homes["real"].append(at_home(piece, home))
        for score in scores:
            checks = check(seed, score, plan.bars)
            passed.append(list(checks.values()))
            wrong = [what for what, is_so in checks.items() if not is_so]
            if wrong:
                print(f"{name}: not {', not '.join(wrong)}")
            homes["ours"].append(at_home(score, home))
    print(f"{len(passed)} continuations, {sum(map(all, passed))} in which all is as it must be")
    for whose, found in homes.items():
        in_key, on_tonic = np.mean(found, axis=0)
        both = np.mean([all(pair) for pair in found])
        print(f"{whose}: home key {in_key:.1%}, tonic in the bass {on_tonic:.1%}, both {both:.1%}")


if __name__ == "__main__":
    main()
