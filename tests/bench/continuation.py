"""Continues held-out pieces, and prints what gives a model away beside the real continuation.

    python -m tests.bench.continuation FOLDER --model MODEL [--bars 16] [--pieces 8] [--min-p 0]

Each piece is cut at its middle bar and carried on for as many bars. Every result is opened by mido
and music21, and must begin with its seed and keep its parts, programs, tempo and metre.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

import mido
import music21
import numpy as np

from musegen.evaluation.statistics import shares
from musegen.evaluation.trained import load
from musegen.generation.compose import compose
from musegen.generation.plan import Plan
from musegen.generation.sampling import Sampling
from musegen.score.excerpt import from_bar, until_bar
from musegen.score.files import read, write
from musegen.score.score import Score

from .likeness import seconds_at_beats


def begins_with(result: Score, seed: Score) -> bool:
    """Whether what sounds in the seed stands in the result, part by part, and nothing else there.

    Parts that are silent so far are tracks without notes in the file.
    """
    join = int(seed.barlines[-1])
    playing = [part for part in seed.parts if len(part.notes)]
    found = [part for part in result.parts if (part.notes.onset < join).any()]
    return len(found) == len(playing) and all(
        np.array_equal(new.notes.rows[new.notes.onset < join], old.notes.rows)
        and (new.program, new.is_drums, new.name) == (old.program, old.is_drums, old.name)
        for new, old in zip(found, playing, strict=True)
    )


def opens(path: Path) -> bool:
    """Whether mido and music21 open the file and find notes in it."""
    midi = mido.MidiFile(path)
    struck = any(m.type == "note_on" and m.velocity for track in midi.tracks for m in track)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return struck and len(music21.converter.parse(path, forceSource=True).flatten().notes) > 0


def measured(score: Score, cut: int) -> dict[str, float]:
    """Shares of the bars from a bar on, and how they sound."""
    return {
        **shares(score, cut),
        "seconds_at_a_beat": seconds_at_beats(from_bar(score, cut)) or 0.0,
    }


def main() -> None:
    """Print a row a piece, and the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--pieces", type=int, default=8)
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--min-p", type=float, default=0.0)
    parser.add_argument("--temperature", type=float, default=1.0)
    asked = parser.parse_args()
    model = load(asked.model)
    sampling = Sampling(asked.temperature, min_p=asked.min_p)
    means: dict[str, list[dict[str, float]]] = {"ours": [], "real": []}
    for path in sorted(asked.folder.rglob("*.mid"))[: asked.pieces]:
        piece = read(path)
        cut = min(piece.n_bars // 2, piece.n_bars - asked.bars)
        if cut < 1:
            continue
        seed = until_bar(piece, cut)
        found = compose(
            model, Plan(asked.bars, seed), sampling=sampling, random_seed=asked.random_seed
        )[0]
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "piece.mid"
            write(found.score, out)
            opened, again = opens(out), read(out)
        kept = begins_with(again, seed) and np.array_equal(again.tempo, seed.tempo)
        added = found.score.n_bars - seed.n_bars
        real_to_end = until_bar(piece, cut + asked.bars)
        ours, real = measured(found.score, cut), measured(real_to_end, cut)
        means["ours"].append(ours)
        means["real"].append(real)
        facts = f"opens {opened}, seed kept {kept}, {added} bars, {len(seed.parts)} parts"
        print(f"{path.name}: {facts}")
        for name, row in (("ours", ours), ("real", real)):
            print(f"  {name}  " + "  ".join(f"{k} {v:.3f}" for k, v in row.items()))
    for name, rows in means.items():
        line = "  ".join(f"{k} {np.mean([row[k] for row in rows]):.3f}" for k in rows[0])
        print(f"mean {name}  {line}")


if __name__ == "__main__":
    main()
