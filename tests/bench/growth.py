"""How cost grows: with the words that were read, with the number of files, with the network's size.

    python -m tests.bench.growth words|files|sizes [--out docs/pictures]

`words`: milliseconds that composing takes for a word, at word 256, 512, …, 8,192 of a piece, for
each backbone, untrained and 256 wide; a Transformer that sees them all, and beside it the bare
products of queries with that many keys and values, which is all that may grow. Recurrent networks
are asked for 10,000 words. `files`: seconds of the processor for each file until a folder is ready
to be learnt from. `sizes`: words learnt and words composed in a second, by number of parameters.
All on one thread; the median of many words. Curves go into the folder as growth-*.svg.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from musegen.corpus.prepare import prepare
from musegen.evaluation.trained import Trained, network_for
from musegen.generation.compose import compose
from musegen.generation.plan import Plan
from musegen.network.backbones import BACKBONES
from musegen.network.next_word import NetworkSettings
from musegen.picture.chart import STYLE, Curve, Frame, chart
from musegen.picture.svg import document, text
from musegen.score.files import write
from musegen.vocabulary.choose import build

from .ratios import band

PLACES = (256, 512, 1024, 2048, 4096, 8192)  # words read before
LAST = 10_000  # words composed of each
_AROUND = 64  # words whose median is told
_WIDTH, _DEPTH, _HEADS = 256, 4, 8
FILES = (100, 1000, 10_000)

Points = list[tuple[float, float]]


def untrained(settings: NetworkSettings) -> Trained:
    """A model of random weights which speaks the words of bands."""
    vocabulary = build([band(16)], "notes")
    torch.manual_seed(0)
    return Trained(network_for(vocabulary, settings).eval(), vocabulary, {}, Path("none"), "none")


def word_times(model: Trained, n: int) -> list[float]:
    """When each of about `n` words was there, in seconds of the processor, from the first on."""
    clock: list[float] = []

    def passed(_now: int, _all: int) -> None:
        clock.append(time.process_time())

    compose(model, Plan(n), progress=passed, stop=lambda: len(clock) >= n)
    return clock


def at_places(clock: Sequence[float], places: Sequence[int]) -> Points:
    """Milliseconds a word, around each place."""
    found = []
    for place in places:
        around = np.diff(clock[max(place - _AROUND, 0) : place + _AROUND])
        found.append((float(place), 1000 * float(np.median(around))))
    return found


def bare_attention(place: int) -> float:
    """Milliseconds that reading so many keys and values costs, all layers, and nothing else."""
    shape = (_DEPTH, _HEADS, place, _WIDTH // _HEADS)
    keys, values = (np.random.default_rng(0).random(shape, dtype=np.float32) for _ in range(2))
    query = np.ones((_HEADS, _WIDTH // _HEADS, 1), np.float32)
    taken = []
    for _ in range(31):
        began = time.process_time()
        for key, value in zip(keys, values, strict=True):
            weights = np.matmul(key, query)
            np.matmul(weights.swapaxes(1, 2), value)
        taken.append(time.process_time() - began)
    return 1000 * statistics.median(taken)


def by_words() -> tuple[list[Curve], Frame]:
    """A curve for each backbone, and that of the bare products."""
    curves = []
    for number, backbone in enumerate(BACKBONES):
        depth = _DEPTH if backbone == "transformer" else 2
        settings = NetworkSettings(backbone, _WIDTH, depth, _HEADS, context=LAST)
        places = [100, *PLACES] if backbone == "transformer" else [100, *PLACES, LAST - _AROUND]
        points = at_places(word_times(untrained(settings), LAST), places)
        told(backbone, points, "ms a word")
        curves.append(Curve(backbone, points, f"c{number}"))
    bare = [(float(place), bare_attention(place)) for place in PLACES]
    told("bare products of attention", bare, "ms a word")
    curves.append(Curve("bare products", bare, f"c{len(curves)} dashed"))
    return curves, Frame(720, 400, "words read before", "ms a word", across_base=2, top=56)


def by_files() -> tuple[list[Curve], Frame]:
    """The processor's time until a folder of so many files of two bars is prepared, for each."""
    points = []
    with tempfile.TemporaryDirectory() as folder:
        for n in FILES:
            corpus = Path(folder, f"{n}-files")
            corpus.mkdir()
            for number in range(n):
                write(band(2, number), corpus / f"{number}.mid")
            began = _spent()
            os.environ["MUSEGEN_CACHE"] = str(Path(folder, f"{n}-cache"))
            prepare(corpus)
            points.append((float(n), 1000 * (_spent() - began) / n))
    told("files", points, "ms a file")
    curve = Curve("a file of two bars", points, "c0")
    return [curve], Frame(720, 400, "files", "ms a file", across_base=10, top=56)


def by_sizes() -> tuple[list[Curve], Frame]:
    """Words learnt and composed in a second, for networks of several sizes."""
    learnt, composed = [], []
    for width in (64, 128, 256, 512):
        settings = NetworkSettings("transformer", width, 4, max(width // 32, 1), context=1024)
        model = untrained(settings)
        clock = word_times(model, 300)
        parameters = float(model.network.n_parameters)
        composed.append((parameters, 1 / float(np.median(np.diff(clock)))))
        learnt.append((parameters, words_learnt(model)))
    told("learnt", learnt, "words a second")
    told("composed", composed, "words a second")
    curves = [Curve("learnt", learnt, "c0"), Curve("composed", composed, "c1")]
    frame = Frame(720, 400, "parameters", "words a second", across_base=10, up_base=10, top=56)
    return curves, frame


def words_learnt(model: Trained, length: int = 256, batch: int = 8) -> float:
    """Words a second forward and back, without what the optimiser adds."""
    vocabulary, network = model.vocabulary, model.network.train()
    words = vocabulary.encode(band(200))[: length + 1]
    arrays = words[:-1], words[1:], vocabulary.features_of(words)[1:]
    columns = [torch.from_numpy(a.astype(np.int64))[None].repeat(batch, 1, 1) for a in arrays]
    taken = []
    for _ in range(5):
        began = time.process_time()
        log_p, _ = network.log_prob(*columns)
        torch.autograd.backward(-log_p.sum())
        taken.append(time.process_time() - began)
    return length * batch / statistics.median(taken)


def _spent() -> float:
    """Seconds of the processor, of this process and its children."""
    own = os.times()
    return own.user + own.system + own.children_user + own.children_system


def told(what: str, points: Points, unit: str) -> None:
    """Print a curve as numbers."""
    values = "  ".join(f"{x:,.0f}: {y:.3g}" for x, y in points)
    print(f"{what}, {unit}: {values}", flush=True)


def main() -> None:
    """Print the numbers, and write the curves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    makers = {"words": by_words, "files": by_files, "sizes": by_sizes}
    parser.add_argument("what", choices=makers)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    curves, frame = makers[asked.what]()
    title = f"Cost by {asked.what}"
    body = [text(16, 26, title, "big"), *chart(curves, frame)]
    path = asked.out / f"growth-{asked.what}.svg"
    path.write_text(document(frame.width, frame.height, title, body, len(curves), STYLE))
    print(path)


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    main()
