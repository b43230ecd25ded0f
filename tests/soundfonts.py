"""A SoundFont of one instrument, for tests: a sine wave, as program 0 of bank 0."""

import struct

import numpy as np

_RATE, _PITCH = 44_100, 69
_LOOP = 100  # samples of one period: 441 Hz, near enough
_SAMPLE_ID, _INSTRUMENT, _SAMPLE_MODES = 53, 41, 54  # generators of the SoundFont 2.01 standard


def sine_soundfont() -> bytes:
    """The file's bytes."""
    turns = np.arange(40 * _LOOP) / _LOOP
    wave = (20_000 * np.sin(2 * np.pi * turns)).astype("<i2").tobytes() + bytes(2 * 46)
    loop = (0, len(turns), 10 * _LOOP, 30 * _LOOP)
    info = _chunk("ifil", struct.pack("<HH", 2, 1)), _chunk("isng", b"EMU8000\0")
    presets = {
        "phdr": _rows("20sHHHIII", ("sine", 0, 0, 0, 0, 0, 0), ("EOP", 0, 0, 1, 0, 0, 0)),
        "pbag": _rows("HH", (0, 0), (1, 0)),
        "pmod": bytes(10),
        "pgen": _rows("HH", (_INSTRUMENT, 0), (0, 0)),
        "inst": _rows("20sH", ("sine", 0), ("EOI", 1)),
        "ibag": _rows("HH", (0, 0), (2, 0)),
        "imod": bytes(10),
        "igen": _rows("HH", (_SAMPLE_MODES, 1), (_SAMPLE_ID, 0), (0, 0)),
        "shdr": _rows(
            "20sIIIIIBbHH",
            ("sine", *loop, _RATE, _PITCH, 0, 0, 1),
            ("EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0),
        ),
    }
    lists = [
        _chunk("LIST", b"INFO" + b"".join(info)),
        _chunk("LIST", b"sdta" + _chunk("smpl", wave)),
        _chunk("LIST", b"pdta" + b"".join(_chunk(*entry) for entry in presets.items())),
    ]
    return _chunk("RIFF", b"sfbk" + b"".join(lists))


def _chunk(name: str, data: bytes) -> bytes:
    return name.encode() + struct.pack("<I", len(data)) + data


def _rows(form: str, *rows: tuple[str | int, ...]) -> bytes:
    """Rows of numbers, and names, packed without gaps."""
    plain = ([v.encode() if isinstance(v, str) else v for v in row] for row in rows)
    return b"".join(struct.pack(f"<{form}", *row) for row in plain)
