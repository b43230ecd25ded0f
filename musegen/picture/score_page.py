"""A piece as one page: its roll, played in the browser with the sounds of `musegen play`."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from musegen.score.bars import first_number
from musegen.score.counts import counted
from musegen.score.instruments import instrument_name
from musegen.score.key import home_key, pitch_name
from musegen.score.pedal import sounding_ends
from musegen.score.score import Part, Score

from .page import HERE, embedded, page, small_table
from .svg import colours, printable, safe

Span = tuple[int, int, Sequence[int] | None]

_SCRIPTS = ("score_piece", "score_tone", "score_audio", "score_roll", "score_controls")
_LONGEST_TITLE = 200


class More(NamedTuple):
    """What a page tells beside the piece.

    columns: of each part, further columns of its notes by name, in the order of its notes.
    body: elements, beneath the parts.
    name: of the script and the style that show them.
    """

    columns: Sequence[dict[str, Any]]
    body: Sequence[str]
    name: str


def score_page(
    score: Score,
    sound: dict[str, Any],
    *,
    new: Iterable[Span] = (),
    made: Iterable[tuple[str, str]] = (),
    sheets: Sequence[str] = (),
    title: str = "",
    more: More | None = None,
) -> str:
    """An HTML page that shows a score and plays it, without a network.

    Args:
        score: the piece, its repeats as they are to be played.
        sound: how its parts sound, see `musegen.sound.recipe`.
        new: ticks from and to, and the parts (all where None), of what was composed.
        made: what made it, told beneath: what it is, and its value.
        sheets: the pages of its engraved score, each an SVG, which fold out.
        title: stands above where the score has none.
        more: what else is known of it.
    """
    spans, facts = list(new), list(made)
    name = printable(score.title or title or "A piece")[:_LONGEST_TITLE]
    body = [
        f'<p class="faint">{safe(_told(score, spans))}</p>',
        (HERE / "score_page.html").read_text(encoding="utf-8"),
        *(more.body if more else ()),
        *_sheets(sheets),
        *_made(facts),
        embedded("piece", _piece(score, spans, more)),
        embedded("sound", sound),
    ]
    also = (more.name,) if more else ()
    script = "\n".join(_texts((*_SCRIPTS, *also), "js"))
    style = "".join([_palette(len(score.parts)), *_texts(("score_page", *also), "css")])
    return page(name, "musegen", body, style=style, script=script)


def part_name(part: Part) -> str:
    """What a part is called on the page: as in the piece, or as its instrument."""
    return printable(part.name).strip(" :") or instrument_name(part.instrument)


def _texts(names: Iterable[str], kind: str) -> list[str]:
    return [(HERE / f"{name}.{kind}").read_text(encoding="utf-8") for name in names]


def _piece(score: Score, new: list[Span], more: More | None) -> dict[str, Any]:
    """The score by the names that the scripts read; times are in ticks."""
    columns: Iterable[dict[str, Any]] = more.columns if more else repeat({})
    return {
        "ticksPerQuarter": score.ticks_per_quarter,
        "end": score.end,
        "tempo": score.tempo.tolist(),
        "metre": score.metre.tolist() if score.n_bars else [],
        "barlines": score.barlines.tolist(),
        "spelled": _spelled(score),
        "firstBar": first_number(score),
        "new": new,
        "parts": [
            {**_part(part, score.end), **its}
            for part, its in zip(score.parts, columns, strict=False)
        ],
    }


def _spelled(score: Score) -> list[tuple[int, list[str]]]:
    """From which tick on the twelve pitches from middle C up are called what."""
    keys = [(tick, fifths) for tick, fifths, *_ in score.key.tolist()]
    return [
        (tick, [pitch_name(pitch, fifths) for pitch in range(60, 72)])
        for tick, fifths in keys or [(0, home_key(score)[0])]
    ]


def _part(part: Part, end: int) -> dict[str, Any]:
    """A part's notes as columns; `rings` where the pedal makes them sound on."""
    notes = part.notes
    rings = {"rings": (sounding_ends(part, end) - notes.onset).tolist()} if len(part.pedal) else {}
    return {
        "name": part_name(part),
        "instrument": instrument_name(part.instrument),
        "program": part.program,
        "isDrums": part.is_drums,
        "onset": notes.onset.tolist(),
        "duration": notes.duration.tolist(),
        "pitch": notes.pitch.tolist(),
        "velocity": notes.velocity.tolist(),
        **rings,
    }


def _told(score: Score, new: list[Span]) -> str:
    """The piece in a line."""
    told = [counted(len(score.parts), "parts"), counted(score.n_notes, "notes")]
    if score.n_bars:
        told.append(counted(score.n_bars, "bars"))
    if any((start, end, parts) == (0, score.end, None) for start, end, parts in new):
        told.append("all of it composed by a model")
    elif new:
        told.append("what a model composed is on yellow ground")
    return ", ".join(told)


def _made(facts: list[tuple[str, str]]) -> Iterator[str]:
    if facts:
        yield "<section id='made'><h2>What made it</h2>"
        yield small_table(("what", "value"), facts)
        yield "</section>"


def _sheets(sheets: Sequence[str]) -> Iterator[str]:
    """The score as images, in which a browser runs no script and fetches nothing."""
    if sheets:
        yield "<details id='score'><summary>Score</summary>"
        for number, sheet in enumerate(sheets, start=1):
            data = base64.b64encode(sheet.encode()).decode()
            of_many = f"Page {number} of {len(sheets)} of the score"
            yield f'<img alt="{of_many}" src="data:image/svg+xml;base64,{data}">'
        yield "</details>"


def _palette(n: int) -> str:
    """The parts' colours by day and by night, as `--c0` and on."""

    def rules(dark: bool) -> str:
        return "".join(f"--c{index}:{hue};" for index, hue in enumerate(colours(n, dark)))

    return f":root{{{rules(False)}}}@media(prefers-color-scheme:dark){{:root{{{rules(True)}}}}}\n"
