"""Settings of the peer that are tried one after the other, each kept where it is the best."""

from __future__ import annotations

from dataclasses import replace

from .peer_gpt2 import CHOSEN_ON, PeerSettings, Terms, Tokenised, learn_peer, tokenised
from .peer_notes import Music
from .peer_table import table

TRIED: dict[str, tuple[float, ...]] = {
    "lr": (5e-4, 1e-3, 2e-3, 4e-3),
    "batch_notes": (256, 512, 1024, 2048),
    "decay": (0.01, 0.1),
    "bpe_tokens": (1000, 2000, 4000),
}


def tune(music: Music, terms: Terms, peer: str) -> None:
    """Try every setting on these terms, measured on some of the held-out pieces; print all.

    Args:
        music: what is learnt from.
        terms: for each setting.
        peer: `remi`, or `remi-bpe`.
    """
    music = music.without([p for i, p in enumerate(music.paths("valid")) if i % CHOSEN_ON])
    best, fewest = PeerSettings(), float("inf")
    sizes: dict[int | None, Tokenised] = {}
    for name, values in TRIED.items():
        for value in values if peer == "remi-bpe" or name != "bpe_tokens" else ():
            settings = replace(best, **{name: value})
            if settings == best and fewest < float("inf"):
                continue
            size = settings.bpe_tokens if peer == "remi-bpe" else None
            if size not in sizes:
                sizes[size] = tokenised(music, size)
            row = learn_peer(music, sizes[size], settings, terms, f"{name} {value}")
            print(table([row]), flush=True)
            if row.nats["all"] < fewest:
                best, fewest = settings, row.nats["all"]
    print(f"best: {best}, {fewest:.4f} nats a note")
