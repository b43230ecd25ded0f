"""A score engraved as sheet music, an SVG for each page, by verovio (the extra `score`)."""

from __future__ import annotations

import re
from typing import Any

from musegen.errors import MissingExtra, OutputError
from musegen.score.losses import missing_in
from musegen.score.midi_lyrics import sung
from musegen.score.musicxml_read import read_musicxml
from musegen.score.score import Score

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
_OPTIONS = {
    "adjustPageHeight": True,  # a short piece leaves no empty sheet
    "footer": "none",
    "pageHeight": 2970,
    "pageWidth": 2100,
    "scale": 50,
    "smuflTextFont": "none",
    "svgFormatRaw": True,  # line ends within words would be spaces
    "svgViewBox": True,
    "xmlIdSeed": 1,  # the same piece gives the same picture
}


def engraved(musicxml: bytes) -> list[str]:
    """The pages of a MusicXML text, each an SVG; the last bar ends with a final bar line.

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
    toolkit.setOptions(_OPTIONS)
    if not toolkit.loadData(_LAST_BAR.sub(_ended, _TEMPO.sub(_rounded, musicxml.decode()))):
        raise OutputError("verovio could not engrave it", hint="Nothing was written.")
    pages = range(1, toolkit.getPageCount() + 1)
    return [_SIGN.sub(_sign, toolkit.renderToSVG(page)) for page in pages]


def not_engraved(score: Score, musicxml: bytes) -> dict[str, int]:
    """What of a score its MusicXML, which is engraved, does not have, how many of each kind."""
    return missing_in(read_musicxml(musicxml), sung(score))


def _rounded(found: re.Match[str]) -> str:
    return f"{float(found[0]):.0f}"


def _ended(found: re.Match[str]) -> str:
    """A last bar; one that says how it ends stays as it is."""
    return found[0] if 'location="right"' in found[0] else found[0] + _FINAL


def _sign(found: re.Match[str]) -> str:
    size, signs = round(int(found[1]) * _SIGN_SIZE), found[2].translate(_SIGNS)
    return f'<tspan font-family="DejaVu Sans, sans-serif" font-size="{size}px">{signs}<'
