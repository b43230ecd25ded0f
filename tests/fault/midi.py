"""Damaged MIDI for `fuzz`: faults in hand-made files and in real ones."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_MAX_BYTES = 60_000  # of a file that is damaged: larger ones are slow, not different
_LENGTHS = (0, 1, 0xFFFFFFFF, 0x7FFFFFFF)
_TIMES = (b"\xff\xff\xff\x7f", b"\x81\x80\x80\x00", b"\x80\x80\x80\x80\x00")


def handmade() -> list[bytes]:
    """Small files that hold one of everything."""
    head = bytes.fromhex("00ff030350c3ad 00ff510307a120 00ff580406030818 00ff5902fd01 00ff2f00")
    music = bytes.fromhex(
        "00ff210101 00c028 00b00001 00b02002 00b00764 00903c40 8160 3c00 00ff05026c61 10e00050"
        "00d040 0050 00a03c20 00f0057e7f0601f7 00903e40 00903e50 60803e40 10803e00 00b04040"
        "00993c7f 60893c00 00b07b00 00ff2f00"
    )
    files = []
    for kind, division in ((1, 480), (0, 96), (2, 24), (1, 0xE728)):
        tracks = [head, music] if kind else [head[:-4] + music]
        chunks = [b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks]
        header = b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division)
        files.append(header + b"".join(chunks))
    return files


def sources(data: Path) -> list[bytes]:
    """The files to damage: hand-made ones, and those of the folder that are not too large."""
    paths = sorted(path for path in data.rglob("*.mid") if 0 < path.stat().st_size <= _MAX_BYTES)
    return handmade() + [path.read_bytes() for path in paths]


def damaged(files: Sequence[bytes], rng: np.random.Generator) -> bytes:
    """A file with one to eight faults."""
    data = bytearray(files[int(rng.integers(len(files)))])
    for _ in range(int(rng.integers(1, 9))):
        kind = int(rng.integers(7))
        at = int(rng.integers(len(data))) if data else 0  # an earlier fault may leave nothing
        if kind == 0 and data:  # another byte
            data[at] = int(rng.integers(256))
        elif kind == 1 and data:  # one bit
            data[at] ^= 1 << int(rng.integers(8))
        elif kind == 2:  # cut short, in one case of three
            del data[at if rng.integers(3) == 0 else len(data) :]
        elif kind == 3:  # a stretch lost or doubled
            stretch = data[at : at + int(rng.integers(1, 64))]
            data[at : at + len(stretch)] = stretch * (2 * int(rng.integers(2)))
        elif kind == 4:  # a piece of another file
            other = files[int(rng.integers(len(files)))]
            begin = int(rng.integers(len(other) + 1))
            data[at:at] = other[begin : begin + int(rng.integers(1, 256))]
        elif kind == 5:  # a length field
            chunk = data.find(b"MTrk", at)
            values = (*_LENGTHS, int(rng.integers(1 << 16)))
            if chunk >= 0:
                data[chunk + 4 : chunk + 8] = struct.pack(">I", values[int(rng.integers(5))])
        else:  # a time out of all bounds
            data[at : at + int(rng.integers(2))] = _TIMES[int(rng.integers(len(_TIMES)))]
    return bytes(data)
