"""What `doctor` found as one page: plots and a table that can be sorted, read without a network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from musegen.score.counts import counted, named
from musegen.score.key import pitch_name

from .page import HERE, card, embedded, page, small_table, tiles
from .plots import classes, columns_plot, rows_plot
from .svg import printable, safe

Found = dict[str, Any]
_LENGTHS = ("less", "64th", "32nd", "16th", "8th", "quarter", "half", "whole", "longer")
_PIECE_SIZES = (10, 30, 100, 300, 1000, 3000, 10_000, 30_000)
_TEMPO_STEP = 10  # quarters a minute
# Heading, and kind: a number, a path, what is told, or the status.
_COLUMNS = (
    ("piece", "path"),
    ("status", "status"),
    ("split", "brief"),
    ("notes", "n"),
    ("parts", "n"),
    ("bars", "n"),
    ("seconds", "n"),
    ("key", "brief"),
    ("metre", "brief"),
    ("tempo", "n"),
    ("% off 24", "n"),
    ("what there is to say", "told"),
)


def report_page(found: Found, title: str) -> str:
    """An HTML page of what `diagnose` found.

    Args:
        found: by the names that the command line promises.
        title: the corpus.
    """
    body = [
        '<p class="faint">What musegen finds in this folder, what it would learn, '
        "and what it would pass over.</p>",
        _tiles(found),
        *_learning(found),
        _plots(found),
        *_problems(found),
        _table(),
        embedded("pieces", [_row(file) for file in found["files"]]),
    ]
    script = (HERE / "report.js").read_text(encoding="utf-8")
    return page(title, "musegen doctor", body, script=script)


def _tiles(found: Found) -> str:
    return tiles(
        [
            (found["kept"], named(found["kept"], "pieces kept")),
            (found["duplicates"], named(found["duplicates"], "duplicates")),
            (found["skipped"], "skipped"),
            (found["ignored"], named(found["ignored"], "other files")),
            (found["notes"], named(found["notes"], "notes")),
            (_clock(found["hours"]), "of music"),
            (found["vocabulary"] or "none", "vocabulary"),
        ]
    )


def _learning(found: Found) -> Iterable[str]:
    """Vocabulary, splits, what is lost, and what the time grid costs."""
    yield "<h2>To learn from it</h2>"
    if not found["vocabulary"]:
        yield f"<p>No vocabulary fits: {safe(found['why'])}.</p>"
        return
    splits = ", ".join(f"{count:,} {name}" for name, count in found["splits"].items() if count)
    yield (
        f"<p>The vocabulary <b>{found['vocabulary']}</b> ({safe(found['time_grid'])}) fits: "
        f"{safe(found['why'])}. Pieces: {splits}.</p>"
    )
    yield "<div class='cards'>"
    lost = [
        (named(n, kind), f"{n:,}", found["meanings"].get(kind, ""))
        for kind, n in found["lost"].items()
    ]
    yield card(
        "What learning passes over (the files stay as they are)",
        small_table(("kind", "how many", "meaning"), lost) if lost else "<p>Nothing.</p>",
    )
    if found["unread"]:
        unread = ", ".join(counted(n, kind) for kind, n in found["unread"].items())
        yield card("In the files, but with no place in a score", f"<p>{safe(unread)}</p>")
    costs = [
        (
            f"{steps} a quarter",
            _percent(c["onsets"]),
            f"{c['moved_ms']:.3g} ms",
            _percent(c["lengths"]),
        )
        for steps, c in found["grids"].items()
    ]
    told = small_table(("time grid", "onsets moved", "by, on average", "lengths changed"), costs)
    performed = found["performed"]
    if performed:
        told += (
            f"<p>In {counted(performed, 'pieces')} the tempo events explain the onsets no better "
            "than chance: played freely, not written.</p>"
        )
    yield card("What rounding to a time grid costs", told)
    yield "</div>"


def _plots(found: Found) -> str:
    cards = [
        ("Pitches", _pitch_plot(found)),
        ("Notes a piece", _sizes_plot(found)),
        ("Instruments, by notes", rows_plot(found["instruments"], "Notes of each instrument")),
        ("Keys" + _estimated(found), rows_plot(found["keys"], "Pieces in each key")),
        ("Metres", rows_plot(found["metres"], "Pieces in each metre")),
        ("Tempo, quarters a minute", _tempo_plot(found)),
        ("Where in a beat notes begin", _onset_plot(found)),
        ("Lengths, from the named value on", _length_plot(found)),
    ]
    shown = "".join(card(title, plot) for title, plot in cards)
    return f"<h2>The music</h2><div class='cards'>{shown}</div>" if found["kept"] else ""


def _pitch_plot(found: Found) -> str:
    notes = {int(pitch): count for pitch, count in found["pitch"]["notes"].items()}
    low, high = min(notes, default=60), max(notes, default=72)
    pitches = range(low - low % 12, high - high % 12 + 12)
    labels = {i: pitch_name(p) for i, p in enumerate(pitches) if p % 12 == 0}
    counts = [notes.get(pitch, 0) for pitch in pitches]
    return columns_plot(counts, labels, [pitch_name(p) for p in pitches], "Notes of each pitch")


def _sizes_plot(found: Found) -> str:
    sizes = [file["notes"] for file in found["files"] if file["status"] == "kept"]
    names = [f"below {_PIECE_SIZES[0]}", *(f"{low:,} and more" for low in _PIECE_SIZES)]
    labels = {
        place: f"{bound // 1000}k" if bound >= 1000 else str(bound)
        for place, bound in enumerate(_PIECE_SIZES, start=1)
    }
    return columns_plot(classes(sizes, _PIECE_SIZES), labels, names, "Pieces by their notes")


def _tempo_plot(found: Found) -> str:
    pieces = {int(tempo): count for tempo, count in found["tempo"]["pieces"].items()}
    first = min(pieces, default=120) // _TEMPO_STEP
    last = max(first + 7, min(max(pieces, default=120), 300) // _TEMPO_STEP)
    counts = [0] * (last - first + 1)
    for tempo, count in pieces.items():
        counts[min(tempo // _TEMPO_STEP, last) - first] += count
    starts = [(first + place) * _TEMPO_STEP for place in range(len(counts))]
    every = -(-len(starts) // 9)
    labels = {place: str(start) for place, start in enumerate(starts) if place % every == 0}
    names = [f"{start} to {start + _TEMPO_STEP - 1}" for start in starts]
    return columns_plot(counts, labels, names, "Pieces by prevailing tempo")


def _onset_plot(found: Found) -> str:
    onsets = found["onsets"]
    n = len(onsets)
    labels = {0: "beat", n // 4: "¼", n // 3: "⅓", n // 2: "½", 2 * n // 3: "⅔", 3 * n // 4: "¾"}
    return columns_plot(onsets, labels, [f"{k}/{n} of a quarter" for k in range(n)], "Onsets")


def _length_plot(found: Found) -> str:
    return columns_plot(found["lengths"], dict(enumerate(_LENGTHS)), _LENGTHS, "Notes by length")


def _problems(found: Found) -> Iterable[str]:
    """Leaks, and the files that are no music."""
    if found["leaks"]:
        yield "<h2>Music on two sides of the split</h2>"
        rows = [
            (
                leak["path"],
                leak["split"],
                leak["of"],
                leak["of_split"],
                "the same music" if leak["is_twin"] else f"{_percent(leak['shared'])} of it",
                "left out as a duplicate" if leak["is_mended"] else "kept: figures are too good",
            )
            for leak in found["leaks"]
        ]
        heads = ("piece", "side", "knows of", "side", "how much", "what is done")
        yield small_table(heads, rows)
    if found["others"]:
        yield f"<details><summary>Files that are no music: {len(found['others']):,}</summary>"
        rows_of_others = [(other["path"], other["what"]) for other in found["others"]]
        yield small_table(("file", "what it is"), rows_of_others) + "</details>"


def _table() -> str:
    heads = "".join(
        f'<th scope="col" data-kind="{kind}"{" class=n" if kind == "n" else ""}>'
        f'<button type="button">{name}</button></th>'
        for name, kind in _COLUMNS
    )
    options = "".join(f"<option>{name}</option>" for name in ("kept", "duplicate", "skipped"))
    return (
        "<h2>Every piece</h2><noscript><p>The table needs JavaScript, which is switched off "
        "here; <code>musegen doctor --json</code> tells the same.</p></noscript>"
        '<div class="controls"><label>Search <input id="search" type="search"></label>'
        f'<label>Status <select id="status"><option value="">all</option>{options}</select>'
        '</label><span id="count" class="faint" role="status"></span></div>'
        '<div class="wide"><table id="table"><caption>A heading sorts by its column.</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody></tbody></table></div>"
        '<button type="button" class="more" id="more" hidden>Show more</button>'
    )


def _row(file: Found) -> list[str | int | float]:
    """The cells of a piece; empty where nothing is known."""
    heard = bool(file["metre"])
    sayings = [file["reason"] and _reason(file), *file["faults"]]
    sayings += [counted(count, kind) for kind, count in (file["lost"] | file["unread"]).items()]
    sayings += ["played freely"] if file["performed"] else []
    return [
        printable(file["path"]),
        file["status"],
        file["split"],
        file["notes"],
        file["parts"],
        file["bars"],
        file["seconds"] if heard else "",
        file["key"],
        file["metre"],
        file["tempo"][1] if heard else "",
        round(100 * file["grids"]["24"]["onsets"], 1) if heard else "",
        printable("; ".join(filter(None, sayings))),
    ]


def _reason(file: Found) -> str:
    return f"of {file['reason']}" if file["status"] == "duplicate" else str(file["reason"])


def _estimated(found: Found) -> str:
    n = found["keys_estimated"]
    return f" ({n:,} estimated from the notes)" if n else ""


def _clock(hours: float) -> str:
    """Hours and minutes, or minutes and seconds of what is shorter than an hour."""
    minutes, seconds = round(60 * hours), round(3600 * hours)
    if hours < 1:
        return f"{seconds // 60} min {seconds % 60:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
