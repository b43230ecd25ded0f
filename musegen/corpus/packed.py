"""A score as bytes and back: what a library keeps. All of it, and no pickle."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from musegen.score.score import Event, Ints, Mark, Notes, Part, Score

_LEVEL = 1  # a third of the time of zlib's default for a tenth more bytes
_LENGTH = 4  # bytes that tell how long the text before the columns is


def pack(score: Score) -> bytes:
    """A score → its bytes: JSON that tells of columns by their shape, the columns, compressed."""
    columns: list[Ints] = []
    about = json.dumps(_plain(score, columns), separators=(",", ":")).encode()
    data = [len(about).to_bytes(_LENGTH, "little"), about]
    data += [column.astype("<i8").tobytes() for column in columns]
    return zlib.compress(b"".join(data), _LEVEL)


def unpack(data: bytes) -> Score:
    """The score that `pack` gave the bytes of.

    Raises:
        ValueError: the bytes are damaged.
    """
    try:
        plain = zlib.decompress(data)
        start = _LENGTH + int.from_bytes(plain[:_LENGTH], "little")
        about = json.loads(plain[_LENGTH:start])
        values = _Columns(np.frombuffer(plain, "<i8", offset=start)).filled(about)
        parts = (_part(part) for part in values.pop("parts"))
        marks = (Mark(**mark) for mark in values.pop("marks"))
        events = _events(values.pop("events"))
        faults = tuple(values.pop("faults"))
        return Score(**values, parts=tuple(parts), marks=tuple(marks), events=events, faults=faults)
    except (zlib.error, KeyError, TypeError) as error:
        raise ValueError(f"no score: {error}") from error


def _plain(value: Any, columns: list[Ints]) -> Any:
    """The value as JSON knows it; its arrays are put aside."""
    if isinstance(value, np.ndarray):
        columns.append(value)
        return {"shape": value.shape}
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name), columns) for f in fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [_plain(item, columns) for item in value]
    return value.hex() if isinstance(value, bytes) else value


class _Columns:
    """The arrays of a score, given out in the order in which they were put aside."""

    def __init__(self, values: Ints) -> None:
        self._values, self._place = values, 0

    def filled(self, about: Any) -> Any:
        """What `_plain` gave, with its arrays."""
        if isinstance(about, dict):
            if about.keys() == {"shape"}:
                return self._next(about["shape"])
            return {name: self.filled(value) for name, value in about.items()}
        return [self.filled(value) for value in about] if isinstance(about, list) else about

    def _next(self, shape: list[int]) -> Ints:
        size = int(np.prod(shape))
        column = self._values[self._place : self._place + size]
        self._place += size
        return column.reshape(shape)


def _part(values: dict[str, Any]) -> Part:
    notes, events = Notes(**values.pop("notes")), _events(values.pop("events"))
    return Part(**values, notes=notes, events=events)


def _events(values: list[tuple[int, str]]) -> tuple[Event, ...]:
    return tuple(Event(tick, bytes.fromhex(message)) for tick, message in values)
