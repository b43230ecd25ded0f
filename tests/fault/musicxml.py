"""Damaged MusicXML for `fuzz`, plain and compressed.

Bytes are changed and cut; numbers are made absurd; elements are dropped, doubled and nested.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from musegen.score.abc import read_tunes
from musegen.score.musicxml import compressed, write_musicxml
from musegen.score.musicxml_safe import parse_musicxml, unpacked
from musegen.score.score import Notes, Part, Score

_TUNE = """X:1
T:A tune
M:6/8
L:1/8
K:Dmix
A|:"D"{/e}d2e !trill!f2d|(3abc .f a2 z|[1 "G/B"g3-g2 A:|[2 d6||[M:4/4][K:Am] A2 (5:4:5BcdeB z2|
w: one two-three four
"""
_NUMBERS = (
    *(b"0", b"-1", b"1e9", b"99999999999999999999", b"nan", b"inf", b"", b"x", b"0.3333333"),
    *(b"2147483648", "\u0663".encode(), b"1/0", b"1000000"),
)
_NUMBER = re.compile(rb"(?<=>)-?\d+(?=<)|(?<==\")-?\d+(?=\")")
_ELEMENT = re.compile(rb"<([a-z-]+)[^<>]*>[^<>]*</\1>|<[a-z-]+[^<>]*/>")
_MAX_BYTES = 12_000  # packed, of music21's pieces: more is slow, not different
_BARS = 3  # of quartets


def sources(data: Path) -> list[bytes]:
    """Small pieces with all that MusicXML can say, some of music21's, beginnings of quartets."""
    from music21.corpus import getCorePaths

    (tune,) = read_tunes(_TUNE)
    assert isinstance(tune, Score)
    rows = [(0, 1440, 48, 80), (0, 480, 72, 60), (480, 960, 71, 60), (1440, 480, 40, 90)]
    drums = Part("Drums", 0, Notes.of([(0, 240, 36, 80)]), is_drums=True)
    band = Score(480, (Part("Piano", 0, Notes.of(rows)), drums))
    own = sorted(Path(path) for path in getCorePaths() if Path(path).suffix in (".mxl", ".xml"))
    small = [path for path in own if path.stat().st_size <= _MAX_BYTES][::20]
    quartets = sorted(data.rglob("*.mxl"), key=lambda path: path.stat().st_size)[:12]
    whole = [_plain(path.read_bytes()) for path in small]
    begun = [_beginning(path.read_bytes()) for path in quartets]
    return [write_musicxml(tune), write_musicxml(band)] * 10 + whole + begun * 2


def _plain(data: bytes) -> bytes:
    return unpacked(data) if data.startswith(b"PK") else data


def _beginning(data: bytes) -> bytes:
    root = parse_musicxml(data)
    for part in root.iter("part"):
        for measure in part.findall("measure")[_BARS:]:
            part.remove(measure)
    return ElementTree.tostring(root)


def damaged(pieces: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """A piece with one to four faults, one in ten compressed, and half of those damaged there."""
    data = pieces[_below(len(pieces), rng)]
    for _ in range(_below(4, rng) + 1):
        data = _WAYS[_below(len(_WAYS), rng)](data, rng)
    if _below(10, rng):
        return data
    packed = compressed(data)
    return _bytes(packed, rng) if _below(2, rng) else packed


def _below(number: int, rng: np.random.Generator) -> int:
    return int(rng.integers(number))


def _bytes(data: bytes, rng: np.random.Generator) -> bytes:
    place = _below(len(data) + 1, rng)
    return data[:place] + rng.bytes(_below(4, rng)) + data[place + _below(4, rng) :]


def _cut(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: _below(len(data) + 1, rng)]


def _number(data: bytes, rng: np.random.Generator) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    return _replaced(data, _one_of(found, rng), _NUMBERS[_below(len(_NUMBERS), rng)])


def _dropped(data: bytes, rng: np.random.Generator) -> bytes:
    found = list(_ELEMENT.finditer(data))
    return _replaced(data, _one_of(found, rng), b"") if found else data


def _moved(data: bytes, rng: np.random.Generator) -> bytes:
    found = list(_ELEMENT.finditer(data))
    if not found:
        return data
    element, target = _one_of(found, rng), _one_of(found, rng)
    return _replaced(data, target, target.group() + element.group() * (_below(3, rng) + 1))


def _exchanged(data: bytes, rng: np.random.Generator) -> bytes:
    found = list(_ELEMENT.finditer(data))
    return _replaced(data, _one_of(found, rng), _one_of(found, rng).group()) if found else data


def _one_of(found: Sequence[re.Match[bytes]], rng: np.random.Generator) -> re.Match[bytes]:
    return found[_below(len(found), rng)]


def _replaced(data: bytes, match: re.Match[bytes], by: bytes) -> bytes:
    return data[: match.start()] + by + data[match.end() :]


_WAYS: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    *(_bytes, _cut, *[_number, _dropped, _moved, _exchanged] * 3),
)
