"""What `musegen convert` draws: a piano roll or a score, as SVG or PNG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from musegen.score.score import Score

Look = Literal["roll", "score"]
_Told: TypeAlias = "dict[str, dict[str, int]]"  # how many of each kind, by what is told of them
SUFFIXES = (".svg", ".png")


def draw(music: Score, drawn: Score, path: Path, force: bool, look: Look) -> dict[str, Any]:
    """Draw a piece, all pages or none; what it does not show or shows otherwise, and its pages.

    Args:
        music: the piece.
        drawn: as it is to be drawn, with its repeats played out or kept.
        path: where to; a score of several pages is a numbered file each.
        force: overwrite what is there.
        look: what to draw.
    """
    from musegen.disk import write_whole
    from musegen.picture.raster import png
    from musegen.score.bars import check_length

    check_length(drawn, path)
    if look == "score":
        pictures, told = _score(music, drawn)
    else:
        pictures, told = _roll(music, drawn, drawn.title or path.stem)
    paths = numbered(path, len(pictures))
    check_free(paths, force)
    is_png = path.suffix.lower() == ".png"
    files = [png(picture) if is_png else picture.encode() for picture in pictures]
    for place, data in zip(paths, files, strict=True):
        write_whole(place, data, force)
    pages = {"pages": [str(place) for place in paths]} if look == "score" else {}
    return {"out": str(paths[0]), **told, **pages}


def numbered(path: Path, n: int) -> list[Path]:
    """The path alone for one file, else numbered ones that sort: `piece-01.svg` and on."""
    if n == 1:
        return [path]
    width = len(str(n))
    return [path.with_stem(f"{path.stem}-{number:0{width}}") for number in range(1, n + 1)]


def check_free(paths: Sequence[Path], force: bool) -> None:
    """Make sure that nothing is overwritten unless it may be.

    Raises:
        OutputError: one of the files is already there.
    """
    from musegen.errors import OutputError

    there = [path for path in paths if path.exists()]
    if there and not force:
        more = f", and {len(there) - 1} more of the files to write" if len(there) > 1 else ""
        hint = "Overwrite with --force; nothing was written."
        raise OutputError(f"is already there{more}", file=there[0], hint=hint)


def _roll(music: Score, drawn: Score, title: str) -> tuple[list[str], _Told]:
    from musegen.picture.roll import not_shown, roll_svg
    from musegen.score.excerpt import join_of
    from musegen.score.losses import as_written

    picture = roll_svg(drawn, seed_end=join_of(drawn), title=title)
    return [picture], {"not_shown": as_written(not_shown(drawn), not_shown(music))}


def _score(music: Score, drawn: Score) -> tuple[list[str], _Told]:
    from musegen.picture.engraving import as_engraved, engraved, not_engraved
    from musegen.score.losses import as_written

    musicxml = as_engraved(drawn)
    pages, told = engraved(musicxml), not_engraved(drawn, musicxml)
    if drawn is not music:
        once = not_engraved(music, as_engraved(music))
        told = as_written(told[0], once[0]), as_written(told[1], once[1])
    return pages, {"not_shown": told[0], "shown_otherwise": told[1]}
