"""Ours against MidiTok's REMI with a GPT-2 of transformers: nats a note, and notes a second.

    python -m tests.bench.peer [--corpus DIR] [--budget 30m] [--peer remi|remi-bpe|both]
                               [--size auto] [--context 256] [--pieces N] [--random-seed N] [--tune]

DIR has the folders train and valid, in each a folder for each style. One thread; one after the
other, for the same time of the processor: machines are shared, and the clock on the wall would give
the one more work than the other. The share of a core that each got is told.

What both model: one multiset of (onset, duration, pitch, velocity bin, program) on one grid of 12
steps a quarter (peer_notes.py), exact copies removed, nothing told beforehand. Pieces stand in
nominal bars of 4/4 at one tempo, so neither tool is told or has to say more than notes. Ours is
trained as `musegen train --backbone transformer` would (transposition and styles as it has them;
measured with no style told), on the files of those notes; the peer on tokens of the same rows. A
piece whose words or tokens do not give back exactly its notes is left out of both.

What is counted: of ours every field of every word, barlines, metre, key, tempo and the end too; of
the peer every token, bars and the end too. The one thing that we say and the peer does not is the
desk, which of the parts of one program plays. So the figure that is held against the peer's is
ours less the desk field, and the full one stands beside it. (Less the desk is no likelihood of the
multiset alone: the other fields know the desk. It is what the notes cost beside their parts.)

Context: both learn from windows of `--context` words, the peer from as many notes in tokens; and
both see as much when measured: ours is measured once with the context it has as a model, and once
with this; the latter is held against the peer's, whose windows overlap by half. Parameters are
equal within 3 %. Notes a second are learnt notes over the whole time of the run: ours spends some
of it on measuring held-out pieces, the peer none.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from musegen.corpus.conditions import Conditions
from musegen.evaluation.likelihood import field_nats
from musegen.evaluation.trained import Trained, network_for
from musegen.network.next_word import NetworkSettings, NextWordNetwork
from musegen.training.events import Validated
from musegen.training.run import TOLD, Run, RunSettings
from musegen.training.schedule import Extent, seconds_of
from musegen.training.settings import network_settings
from musegen.vocabulary.notes_layout import BARLINE, DESK, KEY, KIND, METRE, TEMPO

from .peer_gpt2 import PeerSettings, Terms, learn_peer, tokenised
from .peer_notes import Music
from .peer_table import Row, clock, table, verdict
from .peer_tune import tune

SHARED = Path(__file__).parents[3] / "shared" / "data"
BACKBONE = "transformer"
PEERS = ("remi", "remi-bpe")


def shape(music: Music, size: str, seconds: float) -> NetworkSettings:
    """The shape that `train` would take."""
    words = sum(piece.stop - piece.start for piece in music.prepared.of("train"))
    return network_settings(BACKBONE, size, n_words=words, seconds=seconds, vocabulary="notes")


def terms_of(music: Music, asked: argparse.Namespace, ours: NetworkSettings) -> Terms:
    """The terms on which the peer learns beside a network of ours."""
    told = Conditions.of(music.prepared, TOLD)
    network = network_for(music.prepared.vocabulary, ours, told)
    seconds = seconds_of(asked.budget)
    return Terms(ours.depth, network.n_parameters, asked.context, seconds, asked.random_seed)


def learn_ours(music: Music, folder: Path, settings: RunSettings) -> tuple[Trained, Row]:
    """Ours, trained, and its row without nats."""
    run = Run.start(music.prepared, folder, settings)
    run.fit.clock = time.process_time
    told = clock()
    for event in run.events():
        if isinstance(event, Validated):
            print(f"  {event.seconds:6.0f} s  {event.valid_nats:.3f} nats a note", flush=True)
    (_, share), now = told(), run.fit.counters
    speed = now.words * run.fit.notes_per_word / now.seconds
    return run.finish(), Row("", {}, run.network.n_parameters, speed, share)


def within(model: Trained, context: int) -> NextWordNetwork:
    """The network of a model, made to see so many words and no more."""
    settings = replace(model.network.settings, context=context)
    network = network_for(model.vocabulary, settings, model.conditions)
    network.load_state_dict(model.network.state_dict())
    return network


def measure_ours(music: Music, network: NextWordNetwork, trained: Row) -> list[Row]:
    """Our rows: less the desk first, then all, then what some of it costs."""
    found = field_nats(network, music.prepared, music.prepared.of("valid"))
    kinds = {
        piece.path: music.prepared.words[piece.start : piece.stop, KIND]
        for piece in music.prepared.of("valid")
    }

    def of(kind: int) -> dict[str, float]:
        return {path: float(its[kinds[path] == kind].sum()) for path, its in found.items()}

    everything = music.a_note({path: float(its.sum()) for path, its in found.items()})
    desk = music.a_note({path: float(its[:, DESK].sum()) for path, its in found.items()})
    name = f"musegen, context {network.settings.context}"
    parts = {"barlines": BARLINE, "metre": METRE, "key": KEY, "tempo": TEMPO}
    return [
        replace(trained, name=name, nats={s: everything[s] - desk[s] for s in desk}),
        Row("  with the desk", everything),
        *(Row(f"  of it {part}", music.a_note(of(kind))) for part, kind in parts.items()),
    ]


def compare(music: Music, asked: argparse.Namespace, folder: Path) -> None:
    """Train ours and the peers, one after the other, and print the table."""
    settings, peer = (
        RunSettings(
            BACKBONE, asked.size, Extent(seconds_of(asked.budget)), "cpu", asked.random_seed
        ),
        PeerSettings(),
    )
    tokens = {
        name: tokenised(music, None if name == "remi" else peer.bpe_tokens)
        for name in (PEERS if asked.peer == "both" else (asked.peer,))
    }
    differing = sorted({path for its in tokens.values() for path in its.differing})
    print(f"{len(differing)} pieces left out, as their tokens hold other notes", *differing)
    music = music.without(differing)
    print("ours learns")
    model, trained = learn_ours(music, folder, settings)
    ours = measure_ours(music, within(model, asked.context), trained)
    rows = [*ours, *measure_ours(music, model.network, trained)[:2]]
    terms = terms_of(music, asked, model.network.settings)
    peers = []
    for name, its in tokens.items():
        print(f"{name} learns")
        peers.append(learn_peer(music, its, peer, terms, name))
    print(table([*rows, *peers]), verdict(ours[0], ours[1], peers), sep="\n")


def main() -> None:
    """Read the options; compare, or tune the peer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=SHARED / "ensemble")
    parser.add_argument("--budget", default="30m", help="for each; with --tune, for each setting")
    parser.add_argument("--peer", default="both", choices=("both", *PEERS))
    parser.add_argument("--size", default="auto", choices=("auto", "small", "medium", "large"))
    parser.add_argument("--context", type=int, default=256, help="words that both see")
    parser.add_argument("--pieces", type=int, help="no more than so many of each folder")
    parser.add_argument("--random-seed", type=int, default=0)
    parser.add_argument("--tune", action="store_true", help="try settings of the peer instead")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        music = Music.of(asked.corpus, Path(folder, "music"), asked.pieces)
        if asked.tune:
            ours = shape(music, asked.size, seconds_of(asked.budget))
            for peer in PEERS if asked.peer == "both" else (asked.peer,):
                tune(music, terms_of(music, asked, ours), peer)
        else:
            compare(music, asked, Path(folder, "model"))


if __name__ == "__main__":
    main()
