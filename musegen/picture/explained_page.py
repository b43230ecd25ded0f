"""What a model makes of a piece, as one page: its roll by surprise, and what is known of notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

from musegen.score.counts import counted
from musegen.score.score import Notes, Part, Score, rescaled

from .page import HERE, embedded
from .score_page import More, part_name, score_page
from .svg import printable, safe

_UNSAID = 80  # the velocity of notes that the piece has elsewhere
_FEW = 3  # other values of a field that are told
_SELDOM = 0.01  # probability, and weight, of what is left out
_LOUD = 0.95  # share of notes within the scale of colours

Found = dict[str, Any]


def as_read(score: Score, found: Found) -> Score:
    """The score with the notes that the model read, where and as long as it read them.

    Args:
        score: the piece.
        found: what `musegen.evaluation.explain` tells of it.
    """
    return replace(
        score,
        parts=tuple(
            replace(part, notes=_notes(score, part, [found["notes"][n] for n in its], found))
            for part, its in zip(score.parts, _order(score, found), strict=True)
        ),
    )


def explained_page(score: Score, sound: dict[str, Any], found: Found, title: str) -> str:
    """An HTML page that shows what surprises a model in a piece, and plays it, without a network.

    Args:
        score: the piece as it was read, see as_read.
        sound: how its parts sound, see `musegen.sound.recipe`.
        found: what `musegen.evaluation.explain` tells of it.
        title: stands above where the score has none.
    """
    names = _Names()
    columns = [_columns(its, found, names) for its in _order(score, found)]
    nats = sorted(note["nats"] for note in found["notes"])
    top = max(1, ceil(nats[int(_LOUD * (len(nats) - 1))]))
    whole = {
        "fields": [printable(_field(name)) for name in found["per_field"]],
        "attention": found["attention"],
        "distances": found["gradient"] and found["gradient"]["distances"],
        "top": top,
        "words": [[names[word["name"]], word["bar"], *word["notes"]] for word in found["words"]],
        "names": names.told,
    }
    frame = (HERE / "explained_page.html").read_text(encoding="utf-8")
    body = [
        frame.replace("{top}", str(top)).replace("{bars}", "".join(_bars(score, found))),
        *_said(found),
        embedded("whole", whole),
    ]
    return score_page(score, sound, title=title, more=More(columns, body, "explained_page"))


class _Names:
    """Names by number, so that each is on the page once."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._number: dict[str, int] = {}

    def __getitem__(self, name: str) -> int:
        if name not in self._number:
            self._number[name] = len(self.told)
            self.told.append(printable(name))
        return self._number[name]


def _order(score: Score, found: Found) -> list[list[int]]:
    """Of each part the numbers of its notes, in the order of its columns."""
    ordered: list[list[int]] = [[] for _ in score.parts]
    for n, note in enumerate(found["notes"]):
        ordered[note["part"]].append(n)

    def place(n: int) -> tuple[int, int, int]:
        note = found["notes"][n]
        onset, duration = (_ticks(note[name], score, found) for name in ("onset", "duration"))
        return onset, note["pitch"], duration

    return [sorted(its, key=place) for its in ordered]


def _ticks(ticks: int, score: Score, found: Found) -> int:
    return rescaled(ticks, found["ticks_per_quarter"], score.ticks_per_quarter)


def _notes(score: Score, part: Part, told: Iterable[Found], found: Found) -> Notes:
    """The notes of a part as told, as loud as they are in the piece."""
    loud = {
        (rescaled(onset, score.ticks_per_quarter, found["ticks_per_quarter"]), pitch): velocity
        for onset, _, pitch, velocity in part.notes.rows.tolist()
    }
    return Notes.of(
        (
            _ticks(note["onset"], score, found),
            _ticks(note["duration"], score, found),
            note["pitch"],
            loud.get((note["onset"], note["pitch"]), _UNSAID),
        )
        for note in told
    )


def _columns(its: Sequence[int], found: Found, names: _Names) -> dict[str, Any]:
    """What is known of the notes of a part, as columns that the script reads."""
    notes = [found["notes"][n] for n in its]
    columns = {
        "number": list(its),
        "called": [names[note["name"]] for note in notes],
        "bar": [note["bar"] for note in notes],
        "nats": [round(note["nats"], 2) for note in notes],
        "fields": [_fields(note, list(found["per_field"]), names) for note in notes],
    }
    if found["attention"]:
        columns["word"] = [note["word"] for note in notes]
        columns["heads"] = [
            [_looks(head) for layer in note["attention"] for head in layer] for note in notes
        ]
    if found["gradient"]:
        columns["gradient"] = [
            [float(f"{norm:.2g}") for norm in note.get("gradient", ())] for note in notes
        ]
    return columns


def _fields(note: Found, all_fields: list[str], names: _Names) -> list[list[float]]:
    """Of each field its number, nats, value and percent, and other values with theirs."""
    rows = []
    for field, nats in note["per_field"].items():
        written, p = note["written"][field]
        row = [all_fields.index(field), round(nats, 2), names[written], _percent(p)]
        others = [(value, q) for value, q in note["likeliest"][field] if value != written]
        for value, q in others[:_FEW]:
            if q >= _SELDOM:
                row += [names[value], _percent(q)]
        rows.append(row)
    return rows


def _looks(head: list[list[Any]]) -> list[int]:
    """Words that a head attended to and the percent of its weight, in turn."""
    kept = [pair for pair in head if pair[1] >= _SELDOM]
    return [number for word, weight in kept for number in (word, round(100 * weight))]


def _percent(share: float) -> float:
    """In hundredths, to two digits; more where it is all but certain."""
    return float(f"{100 * share:.{3 if 0.99 < share < 1 else 2}g}")


def _told(share: float) -> str:
    return f"{_percent(share):g}\N{NO-BREAK SPACE}%" if share else "under 0.001\N{NO-BREAK SPACE}%"


def _field(name: str) -> str:
    return name.replace("_", " ")


def _said(found: Found) -> Iterator[str]:
    """What there is to say of the whole, beneath."""
    n = len(found["notes"])
    told = [
        f"The model {Path(found['model']).name} needs {found['nats'] / n:.2f} nats a note, "
        "all else in the piece shared out among its notes."
    ]
    if found["seen_in_training"]:
        told.append("It learnt from this piece, or from a twin of it.")
    if found["lost"]:
        lost = ", ".join(counted(count, kind) for kind, count in found["lost"].items())
        told.append(f"Not read: {lost}.")
    yield f"<p class='faint'>{safe(' '.join(told))}</p>"


def _bars(score: Score, found: Found) -> Iterator[str]:
    """The bars that surprised the most and the least, each with its button."""
    for title, bars in (
        ("Most surprising bars", found["worst_bars"]),
        ("Least surprising bars", found["best_bars"]),
    ):
        rows = "".join(
            f"<li><button type='button' data-bar='{bar['bar']}'>Bar {bar['bar']}</button>"
            f"<span>{bar['nats_per_note']:.2f} nats a note</span>"
            f"{''.join(_surprise(score, found, its) for its in bar.get('surprises', ()))}</li>"
            for bar in bars
        )
        yield f"<section><h2>{title}</h2><ol>{rows}</ol></section>"


def _surprise(score: Score, found: Found, surprise: Found) -> str:
    """A value that was unlikely, and what was likelier."""
    note, (name, p) = found["notes"][surprise["note"]], surprise["written"]
    whose = f"{part_name(score.parts[note['part']])}: " if len(score.parts) > 1 else ""
    field = f"{_field(surprise['field'])} " if len(note["written"]) > 1 else ""
    likelier = [f"{other} ({_told(q)})" for other, q in surprise["likeliest"] if q > p]
    rather = f", likelier {', '.join(likelier[:2])}" if likelier else ""
    return f"<small>{safe(f'{whose}{field}{name} ({_told(p)}){rather}')}</small>"
