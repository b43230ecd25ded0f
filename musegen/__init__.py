"""A composer you can train on your own folder of music.

    import musegen

    model = musegen.train("my-music", "runs/mine", budget="10m")
    print(musegen.evaluate(model, "my-music")["nats_per_unit"])
    best, *others = musegen.generate(model, "my-music/piece.mid", bars=16, n=4)
    print(best.rank.score, best.copies.learnt)
    musegen.write(best.score, "continued.mid")

`read`, `write`, `load`, `train`, `generate` and `evaluate` are here, and are imported when used.

A piece is a sequence of words, a word is a tuple of fields, and a model predicts the next word,
field by field. The packages, in the order in which music goes through them:

    score       music in memory, and its files: MIDI, ABC, MusicXML, kern
    vocabulary  a score to words and back: tunes, voices, or notes of any band
    corpus      a folder to data to learn from: survey, split, words, batches
    network     words to the distribution of the next: RNN, GRU, LSTM, Transformer
    evaluation  how likely, how like, how new: a trained model and its music
    training    a corpus to a trained model
    generation  a trained model to new music
    sound       a score to what one can hear
    picture     a score, or what a model made of it, to what one can see
    api         the names above: parse, call, give
    cli         the command `musegen`: parse, call, print

Each imports only from those above it. Errors that a user can mend are MusegenError and its kinds,
in `musegen.errors`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import evaluate, generate, load, train
    from .score.files import read, write

__version__ = "0.1.0"
__all__ = ["evaluate", "generate", "load", "read", "train", "write"]
_AT_HOME = {"read": "musegen.score.files", "write": "musegen.score.files"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_AT_HOME.get(name, "musegen.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
