"""`musegen convert`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .options import Force, Json, Quiet

if TYPE_CHECKING:
    from musegen.score.score import Score

Repeats = Literal["unfold", "keep"]


def command(
    source: Annotated[str, typer.Argument(metavar="IN", help="A piece, or a tune book.")],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help=".mid, .abc, .musicxml, .mxl, .wav or .svg.")
    ],
    repeats: Annotated[
        Repeats | None,
        typer.Option(help="Play repeats out, or keep their signs. [default: as OUT is used to]"),
    ] = None,
    pedal: Annotated[
        Literal["keep", "fold"],
        typer.Option(help="Keep the sustain pedal, or make notes as long as they sound under it."),
    ] = "keep",
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Convert a piece: to MIDI, ABC, MusicXML, sound (.wav) or a picture (.svg).

    A book of many tunes is written as a numbered file each. What a file cannot hold is told.
    """
    from musegen.errors import MusegenError, UsageError
    from musegen.score.files import WRITTEN_SUFFIXES, read_all

    from .terminal import give

    known = (*WRITTEN_SUFFIXES, ".wav", ".svg")
    if target.suffix.lower() not in known:
        raise UsageError(
            f"cannot convert to {target.suffix or 'a file without a suffix'}",
            hint=f"OUT may end in {', '.join(known)}.",
        )
    found = list(read_all(source))
    if len(found) == 1 and isinstance(found[0][1], MusegenError):
        raise found[0][1]
    written: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for (name, music), path in zip(found, _paths(target, len(found), force), strict=True):
        if isinstance(music, MusegenError):
            failed.append({"path": name, "reason": music.message})
        else:
            lost = Counter(_write_as(_pedalled(music, pedal), path, force, repeats))
            lost += Counter(music.unread)
            told = {"lost": dict(lost), "faults": list(music.faults)}
            written.append({"in": name, "out": str(path), **told})
    if as_json:
        give({"files": written, "failed": failed})
    _tell(written, failed, quiet)
    if failed:
        raise typer.Exit(1)


def _paths(target: Path, n: int, force: bool) -> list[Path]:
    """Where to write so many pieces: all of it, or nothing where one is already there."""
    from musegen.errors import OutputError

    paths = [target]
    if n != 1:
        paths = [target.with_stem(f"{target.stem}-{number}") for number in range(1, n + 1)]
    there = [path for path in paths if path.exists()]
    if there and not force:
        more = f", and {len(there) - 1} more of the files to write" if len(there) > 1 else ""
        hint = "Overwrite with --force; nothing was written."
        raise OutputError(f"is already there{more}", file=there[0], hint=hint)
    return paths


def _pedalled(music: Score, pedal: str) -> Score:
    if pedal == "keep":
        return music
    from musegen.score.pedal import fold

    return fold(music)


def _write_as(music: Score, path: Path, force: bool, repeats: Repeats | None) -> dict[str, int]:
    """Write a file as its suffix says; what it could not hold, by kind."""
    from musegen.disk import write_whole
    from musegen.picture.roll import roll_svg
    from musegen.score.excerpt import join_of
    from musegen.score.files import not_kept, write
    from musegen.score.repeats import unfold
    from musegen.sound.player import to_wav

    suffix = path.suffix.lower()
    if suffix == ".wav":
        signed = replace(music, marks=()) if repeats == "keep" else music  # no signs, no repeats
        to_wav(signed, path, force)
        return {}
    if suffix == ".svg":
        drawn = unfold(music) if repeats == "unfold" else music
        picture = roll_svg(drawn, seed_end=join_of(drawn), title=drawn.title)
        write_whole(path, picture.encode(), force)
        return {}
    write(music, path, force, repeats=repeats)
    return not_kept(music, path, repeats)


def _tell(written: list[dict[str, Any]], failed: list[dict[str, Any]], quiet: bool) -> None:
    """What was written, what could not be, and what was lost or mended on the way."""
    from .terminal import say, say_faults

    for failure in failed:
        say(f"{failure['path']}: {failure['reason']}", quiet)
    lost: Counter[str] = Counter()
    for file in written:
        lost.update(file["lost"])
        say_faults(file["in"], file["faults"], quiet)
    if written:
        more = f" and {len(written) - 1} more" if len(written) > 1 else ""
        say(f"Wrote {written[0]['out']}{more}.", quiet)
    if lost:
        kinds = ", ".join(f"{count} {kind}" for kind, count in lost.most_common())
        say(f"Not kept there: {kinds}.", quiet)
