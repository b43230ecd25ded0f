"""Names of parts as they stand before the later systems of a score: `Violin I` → `Vln. I`."""

from __future__ import annotations

import re

# By how words of English, Italian, German and French names begin, the longer first (Gould, Behind
# Bars, 2011, for the English ones).
_WORDS = (
    ("piccolo", "Picc."),
    (r"fl(au|u|\u00f6)t", "Fl."),
    ("contrabassoon|contrafag", "Cbsn."),
    ("oboe|oboi|hautbois", "Ob."),
    ("bass clar", "B. Cl."),
    ("[ck]larin", "Cl."),
    ("bassoon", "Bsn."),
    ("fagot", "Fag."),
    ("horn|corn[oi]$", "Hn."),
    ("trumpet|tromb[ae]$|trompete", "Tpt."),
    ("trombon|posaune", "Tbn."),
    ("tuba", "Tba."),
    ("timpani|pauken", "Timp."),
    ("violoncell|cell[oi]$|cellos", "Vc."),
    ("violin", "Vln."),
    ("viola|violas|viole$|bratsche", "Vla."),
    ("contrab", "Cb."),
    ("soprano", "S."),
    ("alto?$", "A."),
    ("tenore?$", "T."),
    ("bass[oi]?$", "B."),
    ("pianoforte|piano$", "Pno."),
    ("guitar|chitarr|gitarre", "Gtr."),
    ("organ", "Org."),
    ("harpsi", "Hpsd."),
    ("harp|harfe|arpa", "Hp."),
    ("strings?$", "Str."),
    ("ensemble", "Ens."),
    ("drum", "Dr."),
    ("percussion", "Perc."),
    ("saxo|sax$", "Sax."),
    ("synth", "Syn."),
    ("acoustic", "Ac."),
    ("electric", "El."),
    ("double", "D."),
    ("english", "E."),
    ("french", "Fr."),
)
_LONG = 5  # letters, from which a word without an entry is cut
_KEPT = 4  # letters of it
_MOST = 3  # words
_NUMBER = re.compile(r"(?<=[a-z])(?=[IVX]+\b|\d)")  # as in FlautoII


def abbreviated(name: str) -> str:
    """The name of a part shortened word by word; numbers and short words stay.

    Nothing is left of a name that has no letters.
    """
    bare = re.sub(r"\(.*?\)", " ", _NUMBER.sub(" ", name))
    words = re.findall(r"[^\W_]+(?:['’][^\W_]+)*", bare)
    return " ".join(_short(word) for word in words[:_MOST])


def _short(word: str) -> str:
    for beginning, short in _WORDS:
        if re.match(beginning, word, re.IGNORECASE):
            return short
    return f"{word[:_KEPT]}." if len(word) > _LONG else word
