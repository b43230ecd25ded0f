"""A score engraved as sheet music, an SVG for each page, by verovio (the extra `score`)."""

from __future__ import annotations

import re
from typing import Any

from musegen.errors import MissingExtra, OutputError
from musegen.score.losses import missing_in
from musegen.score.midi_lyrics import sung
from musegen.score.musicxml_read import read_musicxml
from musegen.score.musicxml_write import write_musicxml
from musegen.score.score import Score

from .notated import notated

# Signs within words, as metronome marks and chord symbols have them, are of verovio's own font,
# which no other program has: they become the signs that Unicode has for them.
_SIGNS = str.maketrans(
    {
        "\uea64": "♭",
        "\uea65": "♮",
        "\uea66": "♯",
        "\ueca2": "𝅝",
        "\ueca3": "𝅗𝅥",
        "\ueca5": "♩",
        "\ueca7": "♪",
        "\uecb7": ".",
    }
)
_SIGN = re.compile(r'<tspan font-family="Leipzig" font-size="(\d+)px">([^<]*)<')
_SIGN_SIZE = 0.6  # of what it has in verovio's font
_LAST_BAR = re.compile(r"<measure(?:(?!<measure).)*?(?=</measure>\s*</part>)", re.DOTALL)
_FINAL = '<barline location="right"><bar-style>light-heavy</bar-style></barline>'
_TEMPO = re.compile(r"(?<=<per-minute>)[\d.]+")
_PAGE_NUMBER = re.compile(r'<g id="\w+" class="pgHead[^"]*"><text(?:(?!</g>).)*class="num".*?</g>')
_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_FOOT = 30  # pixels, of a page that is 1,050 wide
_SMALL = 4  # parts: up to a quartet, all staves are shown
_PARTS_OF_A_PAGE = 15  # more need larger paper, or a system would be higher than its page
_PAPER = {"pageHeight": 2970, "pageWidth": 2100}  # A4 in tenths of a millimetre
_OPTIONS = {
    "adjustPageHeight": True,  # a short piece leaves no empty sheet
    "footer": "none",
    "scale": 50,
    "smuflTextFont": "none",
    "svgFormatRaw": True,  # line ends within words would be spaces
    "svgViewBox": True,
    "xmlIdSeed": 1,  # the same piece gives the same picture
}


def as_engraved(score: Score) -> bytes:
    """The MusicXML that a score is engraved from: as it would be written, not as it was played."""
    return write_musicxml(notated(score))


def engraved(musicxml: bytes) -> list[str]:
    """The pages of a MusicXML text, each an SVG; the last bar ends with a final bar line.

    Of more than `_SMALL` parts, those that rest for a whole system are left out of it, but on the
    first page. Each of several pages says at its foot which of how many it is.

    Raises:
        MissingExtra: verovio is not installed.
        OutputError: it could not engrave this.
    """
    try:
        import verovio
    except ImportError as error:
        raise MissingExtra.of("verovio", "score") from error
    verovio.enableLog(verovio.LOG_OFF)
    toolkit: Any = verovio.toolkit()
    text = _LAST_BAR.sub(_ended, _TEMPO.sub(_rounded, musicxml.decode()))
    parts = text.count("<score-part ")
    paper = max(1.0, parts / _PARTS_OF_A_PAGE)
    sizes = {name: round(size * paper) for name, size in _PAPER.items()}
    toolkit.setOptions(_OPTIONS | sizes)
    if not toolkit.loadData(text):
        raise OutputError("verovio could not engrave it", hint="Nothing was written.")
    if parts > _SMALL:  # MusicXML cannot ask for it, verovio's own format can
        toolkit.loadData(toolkit.getMEI().replace("<scoreDef ", '<scoreDef optimize="true" ', 1))
    n = int(toolkit.getPageCount())
    pages = (_SIGN.sub(_sign, toolkit.renderToSVG(page)) for page in range(1, n + 1))
    return [_counted(svg, page, n) if n > 1 else svg for page, svg in enumerate(pages, start=1)]


def not_engraved(score: Score, musicxml: bytes) -> tuple[dict[str, int], dict[str, int]]:
    """What of a score the MusicXML that is engraved lacks, and what stands there otherwise.

    Both say how many of each kind. Notes that are there at another place or length are not lacking.
    """
    lacking = missing_in(read_musicxml(musicxml), sung(score))
    moved = lacking.pop("notes moved", 0)
    return lacking, {"notes moved, shortened or held on": moved} if moved else {}


def _counted(svg: str, page: int, of: int) -> str:
    """A page with its number at its foot, instead of at its head."""
    width, height = map(float, _BOX.findall(svg)[0])
    foot = (
        f'<text x="{width / 2:g}" y="{height + _FOOT / 3:g}" text-anchor="middle" '
        f'font-family="Times, serif" font-size="{_FOOT / 2:g}">{page} / {of}</text>'
    )
    box = f'viewBox="0 0 {width:g} {height + _FOOT:g}"'
    return (
        _BOX.sub(box, _PAGE_NUMBER.sub("", svg), count=1).removesuffix("</svg>") + foot + "</svg>"
    )


def _rounded(found: re.Match[str]) -> str:
    return f"{float(found[0]):.0f}"


def _ended(found: re.Match[str]) -> str:
    """A last bar; one that says how it ends stays as it is."""
    return found[0] if 'location="right"' in found[0] else found[0] + _FINAL


def _sign(found: re.Match[str]) -> str:
    size, signs = round(int(found[1]) * _SIGN_SIZE), found[2].translate(_SIGNS)
    return f'<tspan font-family="DejaVu Sans, sans-serif" font-size="{size}px">{signs}<'
