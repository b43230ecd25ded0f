"""What all pictures share: one document, its colours by day and by night, text made safe."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

# Okabe and Ito's colours (2008), moved until neighbours in any kind of colour-blindness lie further
# apart than theirs and each can be read on light paper, or on dark.
_ON_LIGHT = ("#3e4e9f", "#a9431f", "#149276", "#895188", "#d7ac09", "#20a3ff", "#9d8900", "#43433f")
_ON_DARK = ("#0b8ff6", "#e6452c", "#41bb7e", "#d57ec0", "#ef9119", "#53dfff", "#f9d000", "#dad0d1")
N_HUES = len(_ON_LIGHT)
_PAPER, _NIGHT = "#ffffff", "#14171c"
_INK, _MOON = "#1f2328", "#e3e7ec"
_SHIFTS = (0.0, -0.45, 0.25)  # towards the paper or the ink, at each round of the hues


def document(
    width: float, height: float, title: str, body: Iterable[str], n_colours: int, style: str = ""
) -> str:
    """An SVG file of the body, on paper of its own, light or dark as the reader's screen is.

    Args:
        width: in pixels.
        height: in pixels.
        title: read out by screen readers and shown at the pointer.
        body: elements; those of the classes `c0`, `c1`, … get a colour of their own, `ink`,
            `faint` and `line` the colours of text, lesser text and rulings.
        n_colours: how many such classes are needed.
        style: further rules, which go before those of the classes.
    """
    day = _rules(_PAPER, _INK, "#667080", "#d4d9e0", colours(n_colours, dark=False))
    night = _rules(_NIGHT, _MOON, "#9aa4b2", "#363d47", colours(n_colours, dark=True))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" role="img">',
            f"<title>{safe(title)}</title>",
            f"<style>{_TEXT}{day}@media(prefers-color-scheme:dark){{{night}}}{style}</style>",
            f'<rect class="paper" width="{width:g}" height="{height:g}"/>',
            *body,
            "</svg>\n",
        ]
    )


def text(x: float, y: float, words: str, kind: str = "ink", anchor: str = "start") -> str:
    """Words at a point of their baseline; the anchor is start, middle or end."""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{kind}" x="{x:g}" y="{y:g}"{where}>{safe(words)}</text>'


def text_width(words: str) -> float:
    """About how many pixels words take in the pictures' type."""
    return 6.4 * len(words)


def safe(words: str) -> str:
    """The words as text or an attribute of SVG or HTML."""
    return escape(printable(words))


def printable(words: str) -> str:
    """The words without the control characters and half pairs that no XML may hold."""
    return "".join(sign if sign.isprintable() else " " for sign in words)


def colours(n: int, dark: bool) -> list[str]:
    """Hex colours of n things for light or dark paper; after eight the hues recur, shifted."""
    hues = _ON_DARK if dark else _ON_LIGHT
    paper, ink = (_NIGHT, _MOON) if dark else (_PAPER, _INK)
    result = []
    for index in range(n):
        shift = _SHIFTS[index // N_HUES % len(_SHIFTS)]
        result.append(_mixed(hues[index % N_HUES], paper if shift > 0 else ink, abs(shift)))
    return result


_TEXT = (
    "text{font:11px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
    ".big{font-size:15px;font-weight:600}path{fill:none}.line{fill:none;stroke-width:1}"
)


def _rules(paper: str, ink: str, faint: str, line: str, parts: list[str]) -> str:
    each = "".join(f".c{index}{{stroke:{hue};color:{hue}}}" for index, hue in enumerate(parts))
    return (
        f".paper{{fill:{paper}}}.ink,.big{{fill:{ink}}}.faint{{fill:{faint}}}"
        f".line{{stroke:{line}}}.strong{{stroke:{faint}}}{each}"
    )


def _mixed(colour: str, other: str, share: float) -> str:
    """A colour moved a share of the way to another."""
    pairs = ((int(colour[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)
