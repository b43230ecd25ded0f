"""Notes composed a second: ours against MidiTok's tokens in a GPT-2 of as many parameters.

    python -m tests.bench.peer_speed --model MODEL [--corpus DIR] [--bars 32] [--pieces 20]

MODEL is one of notes. One thread each, in turn, in one run. Ours composes from nothing, all that
it does with a word counted, for one piece and for sixteen at once. The peer's weights are
untrained, as nothing here hangs on them: it draws tokens with its cache on, through `generate` and
in a bare loop, and the faster counts; so many tokens are a note as in the pieces of the corpus,
with byte-pair encoding (learnt from them) and without. Its context holds as many notes as ours, and
is never full: what the peer draws fits into it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import DynamicCache, GPT2LMHeadModel

from musegen.evaluation.trained import Trained, load
from musegen.generation.compose import compose
from musegen.generation.plan import Plan

from .peer import SHARED
from .peer_gpt2 import PeerSettings, Tokenised, gpt2, tokenised
from .peer_notes import Music

MANY = 16
BARS = 32


def ours(model: Trained, bars: int, n: int, random_seed: int) -> float:
    """Notes a second of `n` pieces composed as one batch."""
    began = time.perf_counter()
    found = compose(model, Plan(bars), n=n, random_seed=random_seed)
    return sum(piece.score.n_notes for piece in found) / (time.perf_counter() - began)


@torch.no_grad()
def in_a_loop(network: GPT2LMHeadModel, n_tokens: int) -> None:
    """Draw one sequence with the cache, and nothing else."""
    cache, last = DynamicCache(), torch.zeros(1, 1, dtype=torch.long)
    for _ in range(n_tokens):
        out = network(last, past_key_values=cache, use_cache=True)
        last = torch.multinomial(out.logits[:, -1].softmax(-1), 1)


@torch.no_grad()
def by_generate(network: GPT2LMHeadModel, n_tokens: int) -> None:
    """Draw one sequence as transformers does."""
    network.generate(
        torch.zeros(1, 1, dtype=torch.long),
        do_sample=True,
        top_k=0,
        use_cache=True,
        max_new_tokens=n_tokens,
        min_new_tokens=n_tokens,
        pad_token_id=0,
    )


def tokens_a_note(music: Music, its: Tokenised) -> float:
    """How many tokens a note of the pieces needs."""
    return sum(map(len, its.ids.values())) / music.notes(list(its.ids))


def peers(music: Music, model: Trained) -> dict[str, Callable[[], float]]:
    """By name, what draws a context full of tokens and tells the notes a second."""
    found = {}
    settings = model.network.settings
    pieces = music.prepared.of("train")
    a_word = sum(p.notes for p in pieces) / sum(p.stop - p.start for p in pieces)
    for name, size in (("REMI", None), ("REMI and BPE", PeerSettings().bpe_tokens)):
        its = tokenised(music, size)
        a_note = tokens_a_note(music, its)
        context = round(settings.context * a_word * a_note)
        parameters = model.network.n_parameters
        network = gpt2(len(its.tokenizer), context, settings.depth, parameters).eval()

        def speed(
            draw: Callable[[GPT2LMHeadModel, int], None],
            network: GPT2LMHeadModel = network,
            n: int = context - 1,
            a_note: float = a_note,
        ) -> float:
            began = time.perf_counter()
            draw(network, n)
            return n / a_note / (time.perf_counter() - began)

        for how, draw in (("generate", by_generate), ("a bare loop", in_a_loop)):
            label = f"{name}, {a_note:.2f} tokens a note, {network.num_parameters():,}, {how}"
            found[label] = lambda speed=speed, draw=draw: speed(draw)
    return found


def speeds(
    model: Trained, theirs: dict[str, Callable[[], float]], bars: int, runs: int
) -> tuple[dict[int, float], dict[str, float]]:
    """Notes a second, the median of some runs: ours by how many at once, and the peer's by name."""
    all_ours: dict[int, list[float]] = {1: [], MANY: []}
    all_theirs: dict[str, list[float]] = {name: [] for name in theirs}
    for run in range(runs):
        for n, its in all_ours.items():
            its.append(ours(model, bars, n, run))
        for name, draw in theirs.items():
            all_theirs[name].append(draw())
    median = statistics.median
    return (
        {n: median(its) for n, its in all_ours.items()},
        {name: median(its) for name, its in all_theirs.items()},
    )


def main() -> None:
    """Print a row each, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--corpus", type=Path, default=SHARED / "ensemble")
    parser.add_argument("--bars", type=int, default=BARS)
    parser.add_argument("--pieces", type=int, default=20, help="of each folder, to count tokens")
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = load(asked.model)
    with tempfile.TemporaryDirectory() as folder:
        theirs = peers(Music.of(asked.corpus, Path(folder, "music"), asked.pieces), model)
    size = f"{model.network.n_parameters:,}"
    found, others = speeds(model, theirs, asked.bars, asked.runs)
    for n, speed in found.items():
        print(f"{speed:9.1f} notes a second  musegen, {size}, {n} at once")
    for name, speed in others.items():
        print(f"{speed:9.1f} notes a second  {name}")
    for peer in ("REMI,", "REMI and BPE,"):
        best = max(speed for name, speed in others.items() if name.startswith(peer))
        one, many = (found[n] / best for n in (1, MANY))
        ratios = f"one piece {one:.1f} times, {MANY} at once {many:.1f} times"
        print(f"{ratios} the faster of {peer.rstrip(',')}")


if __name__ == "__main__":
    main()
