"""An SVG as a PNG, by resvg (the extra `png`)."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from musegen.errors import MissingExtra, OutputError

_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_FONTS = ("DejaVuSans", "STIXGeneral")  # for rolls and signs; as wide as the Times of scores
_WIDTH = 2000  # pixels
_MOST_HEIGHT = 30_000  # pixels: beyond 32,767 many programs open no picture


def png(svg: str) -> bytes:
    """The picture on white paper, 2,000 pixels wide; narrower only where it is very long.

    Args:
        svg: the picture, with a viewBox.

    Raises:
        MissingExtra: resvg is not installed.
        OutputError: it could not draw this.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise MissingExtra.of("resvg-py", "png") from error
    width, height = map(float, _BOX.findall(svg)[0])
    try:
        return svg_to_bytes(
            svg_string=svg,
            width=max(1, round(min(_WIDTH, _MOST_HEIGHT * width / height))),
            background="white",
            font_files=_fonts(),
            font_family="DejaVu Sans",
            sans_serif_family="DejaVu Sans",
            serif_family="STIXGeneral",
        )
    except ValueError as error:
        raise OutputError(f"resvg could not draw it: {error}", hint="Write .svg.") from error


def _fonts() -> list[str]:
    """The fonts that come with matplotlib, which music21 needs: text is drawn on every machine."""
    library = find_spec("matplotlib")
    if library is None or library.origin is None:
        return []
    folder = Path(library.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [str(file) for name in _FONTS for file in sorted(folder.glob(f"{name}*.ttf"))]
