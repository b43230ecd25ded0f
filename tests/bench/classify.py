"""Trains on composers of music21's corpus, and tells how often held-out pieces are told apart.

    python -m tests.bench.classify FOLDER [--composers bach palestrina …] [--pieces 60] [--bars 32]
                                   [--budget 5m] [--backbone lstm] [--vocabulary auto]

FOLDER keeps the pieces as MIDI: made once, then used again. Of each piece there are the opening
bars alone, all parts sung by one choir at one loudness and tempo without a key signature, so that
the notes must tell. A hash of its name puts a piece in train (60 %), valid (10 %, which choose the
weights and how sure the model may be) or test (30 %, which are counted).
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from music21 import corpus

from musegen.corpus.conditions import style_of
from musegen.corpus.prepare import Prepared, prepare
from musegen.errors import MusegenError
from musegen.evaluation.baselines import NGram
from musegen.evaluation.classify import classify, confusion, held_out
from musegen.evaluation.trained import Trained
from musegen.generation.compose import compose
from musegen.generation.plan import Plan
from musegen.score.excerpt import until_bar
from musegen.score.files import read, write
from musegen.score.score import Notes, Score
from musegen.training.events import Validated
from musegen.training.run import Run, RunSettings
from musegen.training.schedule import Extent, seconds_of

COMPOSERS = ["bach", "palestrina", "monteverdi", "trecento"]
READ = (".mxl", ".xml", ".krn")
CHOIR, VELOCITY, TEMPO_US = 52, 80, 500_000


def digest(path: Path) -> float:
    """A number from 0 to 1 that hangs on the name alone."""
    return int.from_bytes(hashlib.sha256(path.name.encode()).digest()[:8], "big") / 2**64


def plain(score: Score, bars: int) -> Score:
    """The opening bars, with nothing but notes, barlines and metre."""
    score = until_bar(score, min(bars, score.n_bars))
    parts = []
    for number, part in enumerate(score.parts, start=1):
        rows = part.notes.rows * [1, 1, 1, 0] + [0, 0, 0, VELOCITY]
        its = replace(part, name=f"Voice {number}", program=CHOIR, is_drums=False)
        parts.append(replace(its, notes=Notes.of(rows), events=(), pedal=np.array([])))
    return Score(
        score.ticks_per_quarter,
        tuple(part for part in parts if len(part.notes)),
        tempo=np.array([[0, TEMPO_US]]),
        metre=score.metre,
        barlines=score.barlines,
    )


def make(folder: Path, composer: str, pieces: int, bars: int) -> None:
    """Up to so many pieces of a composer, those of the lowest hashes, each on its side."""
    paths = [Path(path) for path in corpus.getComposer(composer)]
    done = 0
    for path in sorted((p for p in paths if p.suffix in READ), key=digest):
        if done == pieces:
            return
        place = int.from_bytes(hashlib.sha256(path.stem.encode()).digest()[8:12], "big") / 2**32
        side = "train" if place < 0.6 else "valid" if place < 0.7 else "test"
        target = folder / side / composer / f"{path.stem}.mid"
        if not target.exists():
            try:
                write(plain(read(path), bars), target)
            except MusegenError as error:
                print(f"left out: {error}", file=sys.stderr)
                continue
        done += 1


def table(confusions: dict[str, dict[str, int]]) -> str:
    """Rows: what pieces are; columns: what they are taken for."""
    names = list(confusions)
    lines = ["is, taken for  " + "".join(f"{name:>12}" for name in names)]
    for name, row in confusions.items():
        lines.append(f"{name:15}" + "".join(f"{row[other]:12}" for other in names))
    return "\n".join(lines)


def followed(model: Trained, prepared: Prepared, n: int, bars: int) -> dict[str, dict[str, int]]:
    """Of so many pieces composed in each style, what one n-gram a style takes them for."""
    styles = model.conditions.styles
    ngrams = {
        style: NGram(prepared.vocabulary).fit(
            prepared, [p for p in prepared.of("train") if style_of(p.path) == style]
        )
        for style in styles
    }
    found = {style: dict.fromkeys(styles, 0) for style in styles}
    for style in styles:
        for made in compose(model, Plan(bars, style=style), n=n):
            features = prepared.vocabulary.features_of(made.words)
            nats = {name: ngram.nats(made.words, features) for name, ngram in ngrams.items()}
            found[style][min(nats, key=nats.__getitem__)] += 1
    return found


def main() -> None:
    """Make, train, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--composers", nargs="+", default=COMPOSERS)
    parser.add_argument("--pieces", type=int, default=60)
    parser.add_argument("--bars", type=int, default=32)
    parser.add_argument("--budget", default="5m")
    parser.add_argument("--backbone", default="lstm")
    parser.add_argument("--compose", type=int, default=12, help="pieces a style; 0 for none")
    parser.add_argument("--model", type=Path, help="where the model goes, or is. [FOLDER/model]")
    asked = parser.parse_args()
    music = asked.folder / "music"
    for composer in asked.composers:
        make(music, composer, asked.pieces, asked.bars)
    prepared = prepare(music)
    print({s: len(prepared.of(s)) for s in ("train", "valid", "test")}, prepared.vocabulary.name)
    run = Run.start(
        prepared,
        asked.model or asked.folder / "model",
        RunSettings(asked.backbone, extent=Extent(seconds_of(asked.budget)), device="cpu"),
    )
    for event in run.events():
        if isinstance(event, Validated):
            print(f"{event.seconds:6.0f} s  train {event.train_nats:.3f}", end="  ")
            print(f"valid {event.valid_nats:.3f}", flush=True)
    model = run.finish()
    pieces = [piece for piece in held_out(model, prepared) if piece.split == "test"]
    files = classify(model, prepared, pieces)
    found = confusion(model, prepared, pieces, [file["style"] for file in files])
    sure = [
        file["probabilities"][Path(piece.path).parts[1]]
        for file, piece in zip(files, pieces, strict=True)
    ]
    print(table(found["confusion"]))
    low, high = found["interval"]
    print(f"accuracy {found['accuracy']:.3f} ({low:.3f} to {high:.3f}), {len(pieces)} test pieces")
    print(f"baselines {found['baselines']}")
    guessed = np.mean([max(file["probabilities"].values()) for file in files])
    print(f"nats of the true style a piece {-np.log(sure).mean():.3f}", end=", ")
    print(f"mean probability of the style guessed {guessed:.3f}")
    if asked.compose:
        print("composed in each style, 16 bars, and what an n-gram of each takes them for:")
        print(table(followed(model, prepared, asked.compose, 16)))
    print(f"calibration {model.config['figures']['classify']}, probabilities tempered by it")


if __name__ == "__main__":
    main()
