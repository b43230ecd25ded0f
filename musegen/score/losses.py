"""What of a score is missing in another that should be the same, counted by kind."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from itertools import product

from musegen.score.dynamics import is_dynamic
from musegen.score.key import CONTRADICTED
from musegen.score.musicxml_marks import spelled_out
from musegen.score.score import Event, Ints, Score

_LOUDNESS = "notes with another loudness"
_MESSAGES = {
    0xA0: "aftertouch messages",
    0xB0: "controllers",
    0xC0: "program changes",
    0xD0: "aftertouch messages",
    0xE0: "pitch bends",
    0xF0: "exclusive messages",
}
_META = {
    0x00: "sequence numbers",
    0x02: "copyrights",
    0x04: "names of instruments",
    0x05: "lyrics",
    0x06: "markers",
    0x07: "cues",
    0x09: "names of devices",
    0x54: "SMPTE offsets",
    0x7F: "messages to sequencers",
}


def missing_in(again: Score, score: Score) -> dict[str, int]:
    """What of a score is not in what was read again of it, how many of each kind.

    Notes, tempo, metre, keys, barlines, pedal, marks, opaque events and programs are compared,
    whatever the ticks to the quarter are. A note with another onset or length counts as moved, one
    that is only louder or softer as such, one that stands elsewhere than most of its part
    as in another part.
    """
    common = math.lcm(score.ticks_per_quarter, again.ticks_per_quarter)
    factors = [(s, common // s.ticks_per_quarter) for s in (score, again)]
    before, after = (_all_things(s, factor) for s, factor in factors)
    in_place = _in_their_parts(*(_notes_of_parts(s, factor) for s, factor in factors))
    lost = {kind: sum((things - after[kind]).values()) for kind, things in before.items()}
    missing = max(0, score.n_notes - again.n_notes)
    overruled = sum(count for kind, count in again.unread.items() if CONTRADICTED in kind)
    moved, changed = lost["notes"], lost[_LOUDNESS]
    lost |= {
        "keys": lost["keys"] - overruled,  # such are there, and are not believed
        "notes": missing,
        "notes moved": moved - missing,
        "notes in another part": score.n_notes - moved - in_place,
        _LOUDNESS: changed - moved,
    }
    return {kind: count for kind, count in sorted(lost.items()) if count > 0}


def as_written(lost: dict[str, int], once: dict[str, int]) -> dict[str, int]:
    """What was lost of a score with its repeats played out, counted as it was before.

    Args:
        lost: of the score played out, which has the signs of its repeats no more.
        once: what is lost of it as written.
    """
    return {kind: min(count, once.get(kind, count)) for kind, count in lost.items()}


def _notes_of_parts(score: Score, factor: int) -> list[Counter[Hashable]]:
    """Onset, length, both multiplied, and pitch of the notes of each part."""
    rows = (part.notes.rows.tolist() for part in score.parts)
    return [Counter((onset * factor, n * factor, p) for onset, n, p, _ in part) for part in rows]


def _in_their_parts(before: list[Counter[Hashable]], after: list[Counter[Hashable]]) -> int:
    """How many notes parts have in common that answer to each other: first those that share most.

    Of pairs that share as many, the nearer in number answer to each other.
    """
    pairs = product(enumerate(before), enumerate(after))
    shared = [((b & a).total(), -abs(i - j), i, j) for (i, b), (j, a) in pairs]
    total, old, new = 0, set(range(len(before))), set(range(len(after)))
    for count, _, i, j in sorted(shared, reverse=True):
        if i in old and j in new:
            old.remove(i)
            new.remove(j)
            total += count
    return total


def _all_things(score: Score, factor: int) -> defaultdict[str, Counter[Hashable]]:
    found: defaultdict[str, Counter[Hashable]] = defaultdict(Counter)
    for kind, things in _things(score, factor):
        found[kind] += things
    return found


def _things(score: Score, factor: int) -> Iterator[tuple[str, Counter[Hashable]]]:
    """All that is compared, by kind; ticks are multiplied."""
    rows = [row for part in score.parts for row in part.notes.rows.tolist()]
    timed = [(onset * factor, length * factor, pitch, v) for onset, length, pitch, v in rows]
    yield "notes", Counter(note[:3] for note in timed)
    yield _LOUDNESS, Counter(timed)
    yield "pedals", Counter(_rows((p.pedal for p in score.parts), factor))
    yield "tempos", Counter(_rows([score.tempo], factor))
    given = score.key[score.key[:, 3] == 0, :3]  # an estimate is made again, of what is there then
    yield "keys", Counter(_rows([given], factor))
    yield "metres", Counter(map(tuple, score.metre[:, 1:].tolist()))  # a pickup may have its own
    yield "barlines", Counter(tick * factor for tick in score.barlines.tolist())
    yield "programs", Counter((part.program, part.is_drums) for part in score.parts)
    yield "names of parts", Counter(part.name for part in score.parts if part.name)
    marks: dict[str, Counter[Hashable]] = {}
    for mark in score.marks:
        kind = "dynamic" if is_dynamic(mark) else mark.kind
        text = spelled_out(mark.text) if mark.kind == "ornament" else mark.text
        marks.setdefault(f"{kind} marks", Counter())[mark.tick * factor, text] += 1
    yield from marks.items()
    opaque: dict[str, Counter[Hashable]] = {}
    for event in [*score.events, *(event for part in score.parts for event in part.events)]:
        same_kind = opaque.setdefault(kind_of_event(event), Counter())
        same_kind[event.tick * factor, event.message] += 1
    yield from opaque.items()


def _rows(columns: Iterable[Ints], factor: int) -> Iterator[Hashable]:
    for column in columns:
        for tick, *values in column.tolist():
            yield tick * factor, *values


def kind_of_event(event: Event) -> str:
    """What many of such events are called."""
    status = event.message[0]
    if status == 0xFF:
        return _META.get(event.message[1], "texts")
    return _MESSAGES.get(status & 0xF0, "other events")
