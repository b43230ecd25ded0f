"""Ours against MidiTok's REMI with a GPT-2 of transformers: nats a note, and notes a second.

    python -m tests.bench.peer [--corpus DIR] [--budget 30m] [--peer remi|remi-bpe|both]
                               [--size auto] [--context 256] [--pieces N] [--random-seed N] [--tune]

DIR has the folders train and valid, in each a folder for each style. One thread; one after the
other, for the same time; the share of a core that each got is told, as machines are shared.

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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from musegen.corpus.conditions import Conditions
from musegen.evaluation.likelihood import field_nats
from musegen.evaluation.trained import Trained, network_for
from musegen.network.next_word import NetworkSettings, NextWordNetwork
from musegen.training.fit import Validated
from musegen.training.run import TOLD, Run, RunSettings
from musegen.training.schedule import Extent, seconds_of
from musegen.training.settings import network_settings
from musegen.vocabulary.notes_layout import BARLINE, DESK, KEY, KIND, METRE, TEMPO

from .peer_gpt2 import PeerSettings, Tokenised, learnt, nats, tokenised
from .peer_notes import Music

SHARED = Path(__file__).parents[3] / "shared" / "data"
BACKBONE = "transformer"
FEWER_NATS, FASTER = 0.22, 3.5  # asked
PEERS = ("remi", "remi-bpe")
CHOSEN_ON = 8  # of so many held-out pieces one tells which weights of the peer are measured
TRIED: dict[str, tuple[float, ...]] = {
    "lr": (5e-4, 1e-3, 2e-3, 4e-3),
    "batch_notes": (256, 512, 1024, 2048),
    "decay": (0.01, 0.1),
    "bpe_tokens": (1000, 2000, 4000),
}


@dataclass(frozen=True)
class Row:
    """Nats a note by style, `all` among them; and what ran for them, where something did."""

    name: str
    nats: dict[str, float]
    parameters: int = 0
    notes_per_second: float = 0.0
    core: float = 0.0


def clock() -> Callable[[], float]:
    """What tells the share of a core that this process has had since."""
    began, worked = time.monotonic(), time.process_time()
    return lambda: (time.process_time() - worked) / (time.monotonic() - began)


def shape(music: Music, size: str, seconds: float) -> NetworkSettings:
    """The shape that `train` would take."""
    words = sum(piece.stop - piece.start for piece in music.prepared.of("train"))
    return network_settings(BACKBONE, size, n_words=words, seconds=seconds, vocabulary="notes")


def parameters(music: Music, settings: NetworkSettings) -> int:
    """How many parameters a network of ours has."""
    told = Conditions.of(music.prepared, TOLD)
    return network_for(music.prepared.vocabulary, settings, told).n_parameters


def learn_ours(music: Music, folder: Path, settings: RunSettings) -> tuple[Trained, Row]:
    """Ours, trained, and its row without nats."""
    run = Run.start(music.prepared, folder, settings)
    core = clock()
    for event in run.events():
        if isinstance(event, Validated):
            print(f"  {event.seconds:6.0f} s  {event.valid_nats:.3f} nats a note", flush=True)
    share, now = core(), run.fit.counters
    speed = now.words * run.notes_per_word / now.seconds
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


def learn_peer(
    music: Music,
    tokens: Tokenised,
    settings: PeerSettings,
    *,
    name: str,
    ours: NetworkSettings,
    context: int,
    seconds: float,
    random_seed: int,
) -> Row:
    """The peer, trained and measured."""
    words = sum(piece.stop - piece.start for piece in music.prepared.of("train"))
    paths = music.paths("train")
    a_note = tokens.a_note(music.rows, paths)
    seen = round(context * music.notes(paths) / words * a_note)
    core = clock()
    torch.manual_seed(random_seed)
    both, n_tokens = learnt(
        [tokens.ids[path] for path in paths],
        settings,
        vocabulary=len(tokens.tokenizer),
        context=seen,
        batch=max(1, round(settings.batch_notes * a_note / seen)),
        depth=ours.depth,
        parameters=parameters(music, ours),
        seconds=seconds,
        random_seed=random_seed,
    )
    share = core()
    valid = {path: tokens.ids[path] for path in music.paths("valid")}
    some = {path: valid[path] for path in sorted(valid)[::CHOSEN_ON]}
    best = min(both, key=lambda network: sum(nats(network, some, seen).values()))
    return Row(
        f"{name}, {a_note:.2f} tokens a note, context {seen}",
        music.a_note(nats(best, valid, seen)),
        sum(p.numel() for p in best.parameters()),
        n_tokens / a_note / seconds,
        share,
    )


def table(rows: Sequence[Row]) -> str:
    """The rows, a line each."""
    styles = list(rows[0].nats)
    head = [*styles, "parameters", "notes/s", "core"]
    lines = [f"{'nats a note':44}" + "".join(f"{name:>12}" for name in head)]
    for row in rows:
        line = f"{row.name:44}" + "".join(f"{row.nats[style]:12.4f}" for style in styles)
        if row.parameters:
            line += f"{row.parameters:12,}{row.notes_per_second:12.0f}{row.core:12.0%}"
        lines.append(line)
    return "\n".join(lines)


def verdict(ours: Row, full: Row, peers: Sequence[Row]) -> str:
    """Ours against the better of the peers, in nats and in speed."""
    best = min(peers, key=lambda row: row.nats["all"])
    fastest = max(row.notes_per_second for row in peers)
    less = {style: 1 - ours.nats[style] / best.nats[style] for style in best.nats}
    told = ", ".join(f"{style} {share:.1%}" for style, share in less.items())
    return (
        f"nats a note fewer than {best.name}: {told} (asked: {FEWER_NATS:.0%} of all); "
        f"with the desk {1 - full.nats['all'] / best.nats['all']:.1%}\n"
        f"notes a second: {ours.notes_per_second / best.notes_per_second:.2f} times its, "
        f"{ours.notes_per_second / fastest:.2f} times the fastest peer's (asked: {FASTER})"
    )


def tune(music: Music, asked: argparse.Namespace, ours: NetworkSettings) -> None:
    """Try settings of the peer one after the other, each for the budget; keep the best of each."""
    best, fewest = PeerSettings(), float("inf")
    names = [name for name in TRIED if (name != "bpe_tokens") or asked.peer != "remi"]
    sizes: dict[int | None, Tokenised] = {}
    for name in names:
        for value in TRIED[name]:
            settings = replace(best, **{name: value})
            if settings == best and fewest < float("inf"):
                continue
            size = None if asked.peer == "remi" else settings.bpe_tokens
            if size not in sizes:
                sizes[size] = tokens_of(music, size)
            row = learn_peer(
                music,
                sizes[size],
                settings,
                name=f"{name} {value}",
                ours=ours,
                context=asked.context,
                seconds=seconds_of(asked.budget),
                random_seed=asked.random_seed,
            )
            print(table([row]), flush=True)
            if row.nats["all"] < fewest:
                best, fewest = settings, row.nats["all"]
    print(f"best: {best}, {fewest:.4f} nats a note")


def tokens_of(music: Music, size: int | None) -> Tokenised:
    """The music as tokens, with a byte-pair encoding of so many; None: without."""
    learn_from = [music.folder / path for path in music.paths("train")]
    return tokenised(music.rows, learn_from, size)


def compare(music: Music, asked: argparse.Namespace, folder: Path) -> None:
    """Train ours and the peers, one after the other, and print the table."""
    seconds = seconds_of(asked.budget)
    usual = PeerSettings()
    tokens = {
        name: tokens_of(music, None if name == "remi" else usual.bpe_tokens)
        for name in (PEERS if asked.peer == "both" else (asked.peer,))
    }
    differing = {path for its in tokens.values() for path in its.differing}
    music = music.without(sorted(differing), "tokens")
    print("ours learns")
    model, trained = learn_ours(
        music,
        folder,
        RunSettings(BACKBONE, asked.size, Extent(seconds), "cpu", asked.random_seed),
    )
    ours = measure_ours(music, within(model, asked.context), trained)
    rows = [*ours, *measure_ours(music, model.network, trained)[:2]]
    peers = []
    for name, its in tokens.items():
        print(f"{name} learns")
        peers.append(
            learn_peer(
                music,
                its,
                usual,
                name=name,
                ours=model.network.settings,
                context=asked.context,
                seconds=seconds,
                random_seed=asked.random_seed,
            )
        )
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
            tune(music, asked, shape(music, asked.size, seconds_of(asked.budget)))
        else:
            compare(music, asked, Path(folder, "model"))


if __name__ == "__main__":
    main()
