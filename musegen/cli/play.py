"""`musegen play`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import Force, Json, Quiet, check_apart, check_output, free_path, stem_of


def command(
    file: Annotated[
        str | None, typer.Argument(help="A piece. [default: the one generated last]")
    ] = None,
    wav: Annotated[Path | None, typer.Option(help="Where to write the sound.")] = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Turn a piece into sound: a WAV file that any player opens."""
    from musegen.errors import NotFound
    from musegen.score.bars import faults_of
    from musegen.score.files import read
    from musegen.sound.controls import not_sounded
    from musegen.sound.player import to_wav

    from .state import recall
    from .terminal import give, now, say, say_absent, say_faults

    last = recall("piece")
    if file is None and last is None:
        raise NotFound("nothing was generated yet", hint="Name a file: musegen play FILE.")
    piece = str(last) if file is None else file
    if wav:
        check_output(wav, (".wav",), stem_of(piece))
        check_apart([wav], piece)
    with now(quiet or as_json) as tell:
        tell(f"reading {piece}")
        score = read(piece)
        path = wav or free_path(Path(f"{stem_of(piece)}.wav"))
        tell(f"writing {path}")
        seconds = to_wav(score, path, force)
    say_faults(piece, faults_of(score), quiet)
    if not score.n_notes:
        say(f"{piece}: has no notes, so nothing is heard.", quiet)
    unheard = not_sounded(score)
    say_absent("Not sounded", unheard, quiet)
    if as_json:
        give({"piece": piece, "wav": str(path), "seconds": seconds, "not_sounded": unheard})
    say(f"{path}: {seconds:.1f} seconds of {piece}. Open it with any player.", quiet)
