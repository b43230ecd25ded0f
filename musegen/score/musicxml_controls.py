"""The mixer of a MusicXML part, volume and pan ↔ MIDI's controllers 7 and 10 at its beginning."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from xml.etree import ElementTree

from musegen.score.musicxml_safe import Element
from musegen.score.score import Event

_CONTROL = 0xB0
_DECIMAL = re.compile(r"[+-]?\d{1,9}(\.\d{0,9})?")


class _Knob(NamedTuple):
    """A controller, its value at MusicXML's nought, its steps to a unit, and what is usual."""

    tag: str
    number: int
    nought: int
    step: float
    usual: int

    def value(self, text: str) -> int:
        """The controller's value, 0–127; the usual one for what is no number."""
        if not _DECIMAL.fullmatch(text):
            return self.usual
        return min(127, max(0, self.nought + round(float(text) * self.step)))

    def text(self, value: int) -> str:
        """The value as MusicXML has it."""
        return f"{(value - self.nought) / self.step:.4f}".rstrip("0").rstrip(".")


_KNOBS = (  # a volume is in per cent; a pan in degrees, −90 to the left
    _Knob("volume", 7, 0, 127 / 100, 100),
    _Knob("pan", 10, 64, 63 / 90, 64),
)


def controls_in(score_part: Element) -> tuple[Event, ...]:
    """What the first instrument of a part asks for, other than what General MIDI does unasked."""
    found = []
    for knob in _KNOBS:
        text = (score_part.findtext(f"midi-instrument/{knob.tag}") or "").strip()
        if (value := knob.value(text)) != knob.usual:
            found.append(Event(0, bytes((_CONTROL, knob.number, value))))
    return tuple(found)


def say_controls(score_part: Element, events: Iterable[Event]) -> None:
    """Write the controls that stand at the beginning of a part to all of its instruments."""
    first = {event.message[1]: event.message[2] for event in events if _is_first(event)}
    for instrument in score_part.iter("midi-instrument"):
        for knob in _KNOBS:
            if knob.number in first:
                text = knob.text(first[knob.number])
                ElementTree.SubElement(instrument, knob.tag).text = text


def _is_first(event: Event) -> bool:
    return event.tick == 0 and event.message[0] == _CONTROL
