"""Words in ABC files: titles, names and syllables, with their escapes and entities."""

from __future__ import annotations

import html
import re
import unicodedata

# What a backslash and a sign put over or under the letter that follows.
_ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "H": "\u030b",
    "v": "\u030c",
    "c": "\u0327",
    ";": "\u0328",
}
_LETTERS = {
    "AE": "Æ",
    "ae": "æ",
    "OE": "Œ",
    "oe": "œ",
    "AA": "Å",
    "aa": "å",
    "ss": "ß",
    "TH": "Þ",
    "th": "þ",
    "DH": "Ð",
    "dh": "ð",
    "/O": "Ø",
    "/o": "ø",
    "/L": "Ł",
    "/l": "ł",
}
_ESCAPE = re.compile(
    r"\\(?:(?P<self>[\\%&-])|u(?P<code>[0-9A-Fa-f]{4})|(?P<pair>[A-Za-z/]{2})"
    r"|(?P<accent>[`'^~=u.\"Hvc;])(?P<letter>[A-Za-z]))"
)


def plain(text: str) -> str:
    r"""Words as they are meant: `\'e`, `&eacute;` and `\u00e9` are é, `\%` is %; spaces are single.

    An escape that is none stays as it is.
    """
    return html.unescape(_ESCAPE.sub(_meant, " ".join(text.split())))


def _meant(match: re.Match[str]) -> str:
    if match["self"]:
        return "&amp;" if match["self"] == "&" else match["self"]
    if match["code"]:
        character = chr(int(match["code"], 16))
        return match[0] if unicodedata.category(character).startswith("C") else character
    if match["pair"]:
        letter = _LETTERS.get(match["pair"])
        accent = _ACCENTS.get(match["pair"][0])
        if letter is None and accent is not None:
            letter = _accented(match["pair"][1], accent)
        return letter or match[0]
    return _accented(match["letter"], _ACCENTS[match["accent"]]) or match[0]


def _accented(letter: str, accent: str) -> str:
    """The letter under its accent; nothing where there is no such letter."""
    character = unicodedata.normalize("NFC", letter + accent)
    return character if len(character) == 1 else ""


def escaped(text: str) -> str:
    """Words as ABC must write them for `plain` to read them back, their spaces single."""
    text = " ".join(text.split())
    if plain(text) != text:
        text = text.replace("\\", "\\\\").replace("&", "\\&")
    return text.replace("%", "\\%")
