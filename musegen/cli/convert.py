"""`musegen convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Force, Json, Quiet

if TYPE_CHECKING:
    from musegen.score.score import Score


def command(
    source: Annotated[str, typer.Argument(metavar="IN", help="A piece, or a tune book.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help=".mid, .abc, .wav or .svg.")],
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Convert a piece: to MIDI, ABC, sound (.wav) or a picture (.svg).

    A book of many tunes is written as a numbered file each.
    """
    from musegen.errors import MusegenError, UsageError
    from musegen.score.files import WRITTEN_SUFFIXES, read_all

    from .terminal import give, say

    known = (*WRITTEN_SUFFIXES, ".wav", ".svg")
    if target.suffix.lower() not in known:
        raise UsageError(
            f"cannot convert to {target.suffix or 'a file without a suffix'}",
            hint=f"OUT may end in {', '.join(known)}.",
        )
    found = list(read_all(source))
    written, failed = [], []
    for number, (name, music) in enumerate(found, start=1):
        if isinstance(music, MusegenError):
            if len(found) == 1:
                raise music
            failed.append({"path": name, "reason": music.message})
            continue
        path = target if len(found) == 1 else target.with_stem(f"{target.stem}-{number}")
        _write_as(music, path, force)
        written.append({"in": name, "out": str(path)})
    if as_json:
        give({"files": written, "failed": failed})
    for failure in failed:
        say(f"{failure['path']}: {failure['reason']}", quiet)
    if written:
        more = f" and {len(written) - 1} more" if len(written) > 1 else ""
        say(f"Wrote {written[0]['out']}{more}.", quiet)
    if failed:
        raise typer.Exit(1)


def _write_as(music: Score, path: Path, force: bool) -> None:
    from musegen.disk import write_whole
    from musegen.picture.roll import roll_svg
    from musegen.score.excerpt import join_of
    from musegen.score.files import write
    from musegen.sound.player import to_wav

    suffix = path.suffix.lower()
    if suffix == ".wav":
        to_wav(music, path, force)
    elif suffix == ".svg":
        write_whole(
            path, roll_svg(music, seed_end=join_of(music), title=music.title).encode(), force
        )
    else:
        write(music, path, force)
