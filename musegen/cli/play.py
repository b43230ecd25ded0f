"""`musegen play`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Force, Json, Quiet, check_apart, check_output, free_path, stem_of

if TYPE_CHECKING:
    from musegen.score.score import Score

    from .playing import Sound


def command(
    file: Annotated[
        str | None,
        typer.Argument(
            help="A piece. [default: the one generated last, or else a short one composed now]"
        ),
    ] = None,
    port: Annotated[
        str | None, typer.Option(help="The MIDI port to play on, or a part of its name.")
    ] = None,
    list_ports: Annotated[
        bool, typer.Option("--list-ports", help="Show the MIDI ports, and play nothing.")
    ] = False,
    wav: Annotated[
        Path | None, typer.Option(help="Write the sound to this file, and play nothing.")
    ] = None,
    soundfont: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Sound as this SoundFont (.sf2) does. [default: built in]"
        ),
    ] = None,
    from_bar: Annotated[
        int | None, typer.Option("--from", metavar="BAR", help="The bar to begin with.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Play a piece: on a MIDI port, else on the sound card, else into a WAV file.

    With a SoundFont, on the sound card or into a WAV file; FluidSynth must be installed for it.

    In a terminal, space pauses, the arrows left and right go by bars, + and − change the tempo, and
    q quits.
    """
    from musegen.errors import UsageError
    from musegen.score.bars import faults_of
    from musegen.score.files import read
    from musegen.score.tempo import lacks_tempo

    from .playing import begins_at, sound_of
    from .terminal import give, now, say, say_absent, say_faults, say_tempo

    if list_ports:
        _list_ports(as_json, quiet)
        return
    piece = _piece(file, quiet)
    if wav:
        if port is not None:
            hint = "Leave out --port to write a file, or --wav to play."
            raise UsageError("--wav plays on no port", hint=hint)
        check_output(wav, (".wav",), stem_of(piece))
        check_apart([wav], piece)
    if port is not None and soundfont is not None:
        say(f"A MIDI port has instruments of its own, so {soundfont} is not used.", quiet)
        soundfont = None
    sound = sound_of(soundfont)
    with now(quiet or as_json) as tell:
        tell(f"reading {piece}")
        score = read(piece)
    start = 0.0 if from_bar is None else begins_at(score, from_bar)
    say_faults(piece, faults_of(score), quiet)
    if not score.n_notes:
        say(f"{piece}: has no notes, so nothing is heard.", quiet)
    say_tempo(score.n_notes > 0 and lacks_tempo(score), quiet)
    found: dict[str, Any] = {"piece": piece, "port": None, "wav": None, "jitter_ms": None}
    found["soundfont"] = sound.soundfont
    if wav:
        found |= _write(score, wav, sound, start, force, quiet or as_json)
    else:
        found |= _play(piece, score, port, sound, start, force, quiet, as_json)
    say_absent("Not sounded", found["not_sounded"], quiet)
    if as_json:
        give(found)
    is_news = wav is None and found["wav"] is not None  # a file that nobody named
    say(_told(found), quiet and not is_news)


def _piece(file: str | None, quiet: bool) -> str:
    """The piece named, or the one generated last, or else a short one composed now."""
    from .composing import make_something
    from .state import recall
    from .terminal import say

    if file is not None:
        return file
    last = recall("piece")
    if last is None:
        last = make_something(quiet)
        say(f"Composed {last}.", quiet)
    return str(last)


def _list_ports(as_json: bool, quiet: bool) -> None:
    from musegen.sound.ports import port_names

    from .terminal import give, say, shown

    names = port_names()
    if as_json:
        give({"ports": names})
        return
    for name in names:
        typer.echo(shown(name))
    if not names:
        say("There is no MIDI port: connect an instrument, or start a synthesiser.", quiet)


def _play(
    piece: str,
    score: Score,
    port: str | None,
    sound: Sound,
    start: float,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> dict[str, Any]:
    """Play on what there is; without anything that sounds, write a file."""
    from .playing import Performance, device
    from .terminal import say

    performance = Performance(score)
    with device(performance.score, performance.messages, port, sound) as on:
        say(on.words, quiet)
        if on.instrument is not None:
            return performance.play(on, start, quiet or as_json)
    path = Path(f"{stem_of(piece)}.wav")
    path = path if force else free_path(path)
    return _write(score, path, sound, start, force, quiet or as_json)


def _write(
    score: Score, path: Path, sound: Sound, start: float, force: bool, quiet: bool
) -> dict[str, Any]:
    from musegen.sound.player import to_wav

    from .terminal import now

    with now(quiet) as tell:
        tell(f"writing {path}")
        seconds = to_wav(score, path, force, start, sound.render)
    return {"wav": str(path), "seconds": seconds, "not_sounded": sound.not_sounded(score)}


def _told(found: dict[str, Any]) -> str:
    """The result in a sentence."""
    by = f", by {found['soundfont']}" if found["soundfont"] else ""
    seconds = f"{found['seconds']:.1f} seconds of {found['piece']}{by}."
    if found["wav"]:
        seconds = f"{seconds.rstrip('.')}, dying away included."
        return f"{found['wav']}: {seconds} Open it with any player."
    jitter = found["jitter_ms"]
    if not jitter:
        return f"Played {seconds}"
    late = "Messages came {median:.2f} ms late in the median, {worst:.2f} ms at worst.".format
    return f"Played {seconds}\n{late(**jitter)}"
