"""From MIDI files to words: notes and files a second, as ratios to other tools within one run.

    python -m tests.bench.reading [FOLDER …] [--files 10]

Each tool takes the same seeded files, in turn, round by round, on one thread: musegen to the words
of `notes`, MidiTok to REMI tokens, pretty_midi to notes in memory. Time is the processor's, so that
other work on the machine hardly counts. MidiTok and pretty_midi are in the extra `bench`.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from musegen.score.midi import read_midi
from musegen.vocabulary.notes import NotesVocabulary
from tests.bench.fidelity import SHARED

FOLDERS = ("ensemble/valid/pop", "ensemble/valid/game", "chorales/valid")
ROUNDS = 10
WORDS = NotesVocabulary()


def tools() -> dict[str, Callable[[Path], object]]:
    """What each tool does with a file."""
    import miditok
    import pretty_midi

    tokenizer = miditok.REMI(miditok.TokenizerConfig(use_programs=True, use_tempos=True))
    return {
        "musegen": lambda path: WORDS.encode(read_midi(path)),
        "MidiTok REMI": tokenizer,
        "pretty_midi": lambda path: pretty_midi.PrettyMIDI(str(path)),
    }


def seconds(runs: dict[str, Callable[[Path], object]], paths: list[Path]) -> dict[str, float]:
    """How long each tool takes over all files, the mean of all rounds."""
    took = dict.fromkeys(runs, 0.0)
    for _ in range(ROUNDS):
        for name, run in runs.items():
            gc.collect()  # what one leaves is not the next one's to clear up
            began = time.process_time()
            for path in paths:
                run(path)
            took[name] += (time.process_time() - began) / ROUNDS
    return took


def main() -> None:
    """Print a row a folder and tool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = [SHARED / folder for folder in FOLDERS]
    parser.add_argument("folders", nargs="*", type=Path, default=default)
    parser.add_argument("--files", type=int, default=10)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for folder in options.folders:
        found = sorted(folder.rglob("*.mid"))
        paths = random.Random(0).sample(found, min(options.files, len(found)))
        notes = sum(read_midi(path).n_notes for path in paths)
        print(f"{folder.parent.name}/{folder.name}: {len(paths)} files, {notes:,} notes")
        took = seconds(tools(), paths)
        for name, time_taken in took.items():
            speed = (
                f"{notes / time_taken:9,.0f} notes, {len(paths) / time_taken:6,.1f} files a second"
            )
            print(f"  {name:13} {speed}; musegen {time_taken / took['musegen']:.1f} times as fast")


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = os.environ["RAYON_NUM_THREADS"] = "1"
    main()
