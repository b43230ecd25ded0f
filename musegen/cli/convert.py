"""`musegen convert`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .options import Force, Json, Quiet, check_apart, check_output, stem_of
from .pictures import SUFFIXES, Look, check_free, draw, numbered

if TYPE_CHECKING:
    from musegen.errors import MusegenError
    from musegen.score.score import Score

Repeats = Literal["unfold", "keep"]
_NAMED = 5  # files in one sentence
_FAILURES = 10  # that have a line of their own
_ABSENT = {
    "lost": "Not kept",
    "not_sounded": "Not sounded",
    "not_shown": "Not shown",
    "shown_otherwise": "Shown otherwise",
}
# Notation states the keys that were estimated, which MIDI is written without, and no tempo that
# was assumed, which is heard or seen everywhere else.
_NOTATION = frozenset({".abc", ".musicxml", ".xml", ".mxl"})


def command(
    source: Annotated[str, typer.Argument(metavar="IN", help="A piece, or a tune book.")],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help=".mid, .abc, .musicxml, .mxl, .wav, .svg, .png or .html."
        ),
    ],
    repeats: Annotated[
        Repeats | None,
        typer.Option(help="Play repeats out, or keep their signs. [default: as OUT is used to]"),
    ] = None,
    pedal: Annotated[
        Literal["keep", "fold"],
        typer.Option(help="Keep the sustain pedal, or make notes as long as they sound under it."),
    ] = "keep",
    look: Annotated[
        Look | None,
        typer.Option(
            "--as",
            envvar="MUSEGEN_CONVERT_AS",
            help="Draw a piano roll, or engrave a score; a page holds both. [default: roll]",
        ),
    ] = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Convert a piece: to MIDI, ABC, MusicXML, sound (.wav), a picture (.svg, .png) or a page.

    A page (.html) shows the piece and plays it in any browser, without a network.

    A book of many tunes, or a score of many pages, is written as a numbered file each. What
    a file cannot hold is told.
    """
    from musegen.errors import MusegenError
    from musegen.score.files import WRITTEN_SUFFIXES

    from .terminal import give, now, say

    check_output(target, (*WRITTEN_SUFFIXES, ".wav", *SUFFIXES, ".html"), stem_of(source))
    _check_look(target, look)
    is_new_folder = not target.parent.exists()
    written: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    with now(quiet or as_json) as tell:
        tell(f"reading {source}")
        pieces = _pieces(source)
        paths = _paths(target, source, len(pieces), force)
        for (name, music), path in zip(pieces, paths, strict=True):
            if isinstance(music, MusegenError):
                failed.append({"path": name, "reason": music.message, "out": str(path)})
            else:
                tell(f"writing {path}")
                written.append(
                    _converted(name, _pedalled(music, pedal), path, force, repeats, look)
                )
    if as_json:
        give({"files": written, "failed": failed})
    _tell_failed(failed)
    if written and is_new_folder:
        say(f"Made the folder {target.parent}.", quiet)
    _tell_written(written, quiet)
    if failed:
        raise typer.Exit(1)


def _pieces(source: str) -> list[tuple[str, Score | MusegenError]]:
    """The pieces of a file by their names; what is wrong with one that stands alone is raised."""
    from musegen.errors import MusegenError
    from musegen.score.files import read_all

    found = list(read_all(source))
    if len(found) == 1 and isinstance(found[0][1], MusegenError):
        raise found[0][1]
    return found


def _converted(
    name: str, music: Score, path: Path, force: bool, repeats: Repeats | None, look: Look | None
) -> dict[str, Any]:
    """Write a piece, and say what there is to say of it."""
    from musegen.score.bars import faults_of
    from musegen.score.tempo import lacks_tempo

    absent = _write_as(name, music, path, force, repeats, look or "roll")
    lost = Counter(absent.get("lost", {})) + Counter(music.unread)
    return {
        "in": name,
        "out": str(path),
        "notes": music.n_notes,
        "estimated_keys": _guesses(music)
        if look == "score" or path.suffix.lower() in _NOTATION
        else [],
        "faults": faults_of(music),
        "tempo_assumed": lacks_tempo(music) and path.suffix.lower() not in _NOTATION,
        **{name: {} for name in _ABSENT},
        **absent,
        "lost": dict(lost),
    }


def _guesses(music: Score) -> list[str]:
    """The estimated keys, which a score states as if they were given."""
    from musegen.score.key import key_name

    return [key_name(fifths, mode) for _, fifths, mode, guessed in music.key.tolist() if guessed]


def _paths(target: Path, source: str, n: int, force: bool) -> list[Path]:
    """Where to write so many pieces: all of it, or nothing where one is already there."""
    paths = numbered(target, n)
    check_apart(paths, source)
    check_free(paths, force)
    return paths


def _check_look(target: Path, look: Look | None) -> None:
    """Make sure that only what is drawn is asked to look like something."""
    from musegen.errors import UsageError

    if look and target.suffix.lower() not in (*SUFFIXES, ".html"):
        hint = "Leave --as out, or end OUT in .svg, .png or .html."
        raise UsageError("is no picture, and --as is for pictures", file=target, hint=hint)


def _pedalled(music: Score, pedal: str) -> Score:
    if pedal == "keep":
        return music
    from musegen.score.pedal import fold

    return fold(music)


def _write_as(
    name: str, music: Score, path: Path, force: bool, repeats: Repeats | None, look: Look
) -> dict[str, Any]:
    """Write a file as its suffix says; what of the piece is absent there, as _ABSENT, by kind."""
    from musegen.disk import write_whole
    from musegen.generation.made import without_traces
    from musegen.picture.roll import not_shown
    from musegen.score.bars import check_length
    from musegen.score.files import write_and_tell
    from musegen.score.losses import as_written
    from musegen.score.repeats import unfold
    from musegen.sound.controls import not_sounded
    from musegen.sound.player import to_wav

    suffix = path.suffix.lower()
    if suffix == ".wav":
        signed = replace(music, marks=()) if repeats == "keep" else music  # no signs, no repeats
        to_wav(signed, path, force)
        return {"not_sounded": not_sounded(music)}
    if suffix in SUFFIXES:
        drawn = unfold(music) if repeats == "unfold" else music
        return draw(music, drawn, path, force, look)
    if suffix == ".html":
        played = music if repeats == "keep" else unfold(music)
        check_length(played, path)
        write_whole(path, _page(name, played, look).encode(), force)
        left_out = as_written(*(not_shown(without_traces(piece)) for piece in (played, music)))
        return {"not_sounded": not_sounded(music), "not_shown": left_out}
    return {"lost": write_and_tell(music, path, force, repeats)}


def _page(name: str, played: Score, look: Look) -> str:
    """A page that plays a piece, and says what made it where its file does."""
    from musegen.generation.made import Made, new_music
    from musegen.picture.engraving import as_engraved, engraved
    from musegen.picture.score_page import score_page
    from musegen.score.files import file_and_tune
    from musegen.sound.recipe import recipe

    made = Made.of(file_and_tune(name)[0])
    facts = made.facts if made else ()
    new = new_music(played, made)
    sheets = engraved(as_engraved(played)) if look == "score" else []
    return score_page(
        played, recipe(played), new=new, made=facts, sheets=sheets, title=stem_of(name)
    )


def _tell_failed(failed: list[dict[str, Any]]) -> None:
    """What could not be read and is not written; said in quiet runs too."""
    from .terminal import say

    for failure in failed[:_FAILURES]:
        say(f"{failure['path']}: {failure['reason']}. {failure['out']} is not written.")
    if more := [failure["out"] for failure in failed[_FAILURES:]]:
        say(f"Not written either: {_names(more)}.")


def _tell_written(written: list[dict[str, Any]], quiet: bool) -> None:
    """What was written, and what was lost, mended or guessed on the way."""
    from .terminal import say, say_absent, say_faults, say_tempo

    for file in written:
        say_faults(file["in"], file["faults"], quiet)
        if not file["notes"]:
            say(f"{file['in']}: has no notes, so {file['out']} has none.", quiet)
    if written:
        paths = [path for file in written for path in file.get("pages", [file["out"]])]
        say(f"Wrote {_names(paths)}.", quiet)
    if guesses := Counter(key for file in written for key in file["estimated_keys"]):
        keys = "Key" if guesses.total() == 1 else "Keys"
        often = (f"{key} ({n} times)" if n > 1 else key for key, n in guesses.most_common())
        say(f"{keys} estimated: {', '.join(often)}.", quiet)
    say_tempo(sum(file["tempo_assumed"] for file in written), quiet)
    for name, where in _ABSENT.items():
        say_absent(where, sum((Counter(file[name]) for file in written), Counter()), quiet)


def _names(paths: list[str]) -> str:
    """All of a few files; of many how many, the first and the last."""
    if len(paths) > _NAMED:
        return f"{len(paths):,} files, {paths[0]} to {paths[-1]}"
    *others, last = paths
    return f"{', '.join(others)} and {last}" if others else last
