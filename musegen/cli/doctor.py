"""`musegen doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from musegen.score.counts import counted

from .options import Corpus, Force, Json, Quiet, check_output, corpus_path

Found = dict[str, Any]
_NAMED = 6  # instruments, keys or metres in one line
_FAULTS = 10  # files with faults that are named; the page and --json have all


def command(
    corpus: Corpus,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write a page with plots: report.html.")
    ] = None,
    force: Force = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what a folder holds, which files are not used (and why), and what would be lost."""
    from musegen.corpus.diagnosis import diagnose
    from musegen.disk import write_whole
    from musegen.errors import OutputError
    from musegen.picture.report import report_page

    from .terminal import counting, give, quoted, say

    if out:
        check_output(out, (".html", ".htm"), "report")
    if out and out.exists() and not force:
        raise OutputError("is already there", file=out, hint="Overwrite it with --force.")
    path = corpus_path(corpus, quiet, as_json)
    with counting("reading", quiet) as progress:
        found = diagnose(path, progress)
    if out:
        page = report_page(found, path.resolve().name)
        write_whole(out, page.encode("utf-8", "replace"), force)
    if as_json:
        give(found)
    else:
        _show(found, "the folder" if path.is_dir() else "the file")
    if out:
        say(f"Wrote {out}: open it in a browser.", quiet)
    elif found["kept"] and not as_json:
        say(f"For plots and every piece: musegen doctor {quoted(corpus)} -o report.html", quiet)
    if found["splits"]["train"] and found["splits"]["valid"]:
        say(f"Now try: musegen train {quoted(corpus)}", quiet)
    elif found["kept"]:
        say("To train takes two different pieces at least, one of them to measure on.", quiet)


def _show(found: Found, whole: str) -> None:
    """What is not kept or is at fault, a line each; then the corpus as a whole, so called."""
    from .terminal import give_table, shown

    lines = [*_unused(found), *_faults(found), *map(_leak, found["leaks"])]
    for line in [*lines, ""] if lines else []:
        typer.echo(shown(line))
    give_table(["", whole], [list(row) for row in _rows(found)])


def _unused(found: Found) -> Iterator[str]:
    """Every piece that is not kept, and every file that is no music."""
    for file in found["files"]:
        if file["status"] != "kept":
            of = "of " if file["status"] == "duplicate" else ""
            yield f"{file['status']:<9}  {file['path']}: {of}{file['reason']}{_transposed(file)}"
    for other in found["others"]:
        yield f"no music   {other['path']}: {other['what']}"


def _transposed(file: Found) -> str:
    """By how much a duplicate is higher or lower, to be told after what it is one of."""
    higher = file["semitones_higher"]
    interval = counted(abs(higher), "semitones")
    return f", {interval} {'higher' if higher > 0 else 'lower'}" if higher else ""


def _faults(found: Found) -> Iterator[str]:
    """The first fault of each faulty file, of some files."""
    faulty = [file for file in found["files"] if file["faults"]]
    for file in faulty[:_FAULTS]:
        first, *more = file["faults"]
        also = f" (and {counted(len(more), 'more faults')})" if more else ""
        yield f"fault      {file['path']}, used all the same: {first}{also}"
    if len(faulty) > _FAULTS:
        more_of_them = counted(len(faulty) - _FAULTS, "more pieces")
        yield f"fault      in {more_of_them}: see --json or -o report.html"


def _leak(leak: dict[str, Any]) -> str:
    share = (
        "is the same music as" if leak["shared"] == 1 else f"holds {_percent(leak['shared'])} of"
    )
    if leak["is_mended"]:
        so = "it is left out as a duplicate, so nothing is learnt of what is held out"
    elif leak["split"] == "train":
        so = f"it is learnt all the same, so figures on {leak['of_split']} are too good"
    else:
        so = "both are kept, as the folders say"
    of = f"{leak['of']} ({leak['of_split']})"
    return f"leak       {leak['path']} ({leak['split']}) {share} {of}: {so}"


def _rows(found: Found) -> Iterator[tuple[str, str]]:
    """The folder as a whole: what, and how much of it."""
    yield "pieces", _pieces(found)
    yield "files", _listed(found["formats"])
    if not found["kept"]:
        return
    pieces, pitch, tempo, pedal = (found[name] for name in ("kept", "pitch", "tempo", "pedal"))
    yield "notes", f"{found['notes']:,}, {_hours(found['hours'])}"
    yield "instruments", _listed(found["instruments"], share=True)
    estimated = found["keys_estimated"]
    guess = f"; {estimated:,} estimated from the notes" if estimated else ""
    yield "keys", _listed(found["keys"]) + guess
    changes = found["metre_changes"]
    yield "metres", _listed(found["metres"]) + (f"; changes in {changes:,}" if changes else "")
    changes = f"; changes in {tempo['changes']:,}" if tempo["changes"] else ""
    span = "{slowest:g}" if tempo["slowest"] == tempo["fastest"] else "{slowest:g} to {fastest:g}"
    yield "tempo", f"{span.format(**tempo)} quarters a minute{changes}"
    if pitch["notes"]:
        yield "pitches", _range(pitch)
    constant = found["one_velocity"]
    loudness = f"the same for every note in {constant:,}" if constant else "varies"
    yield "loudness", "the same for every note" if constant == pieces else loudness
    if pedal["pieces"]:
        moved = counted(pedal["events"], "times")
        yield "pedal", f"in {counted(pedal['pieces'], 'pieces')}, moved {moved}"
    yield from _learning(found)


def _learning(found: Found) -> Iterator[tuple[str, str]]:
    """What training would make of it."""
    yield "splits", _listed(found["splits"])
    yield "vocabulary", f"{found['vocabulary']} ({found['time_grid']}): {found['why']}"
    costs = {
        steps: cost for steps, cost in found["grids"].items() if cost["onsets"] or cost["lengths"]
    }
    if not costs:
        yield "time grid", "24 steps a quarter move no note"
    for steps, cost in costs.items():
        onsets, lengths = _percent(cost["onsets"]), _percent(cost["lengths"])
        by = f", by {cost['moved_ms']:.3g} ms on average" if cost["onsets"] else ""
        yield (
            "time grid",
            f"{steps} steps a quarter move {onsets} of the onsets{by}, and "
            + (f"change {lengths} of the lengths"),
        )
    if found["performed"]:
        told = "the tempo events explain the onsets no better than chance: played freely"
        yield "performed", f"in {counted(found['performed'], 'pieces')} {told}"
    for kind, count in found["lost"].items():
        meaning = found["meanings"].get(kind)
        yield "passed over", counted(count, kind) + (f": {meaning}" if meaning else "")
    if found["unread"]:
        yield "not read", ", ".join(counted(n, kind) for kind, n in found["unread"].items())


def _pieces(found: Found) -> str:
    told = ", ".join(counted(found[name], name) for name in ("kept", "duplicates", "skipped"))
    return told + (f"; {counted(found['ignored'], 'other files')}" if found["ignored"] else "")


def _listed(counts: dict[str, int], share: bool = False) -> str:
    """The largest of the counts by name."""
    total = sum(counts.values()) or 1
    told = [
        f"{name} {_percent(count / total)}" if share else f"{count:,} {name}"
        for name, count in counts.items()
        if count
    ]
    more = f", {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return ", ".join(told[:_NAMED]) + more


def _range(pitch: dict[str, Any]) -> str:
    from musegen.score.key import pitch_name

    low, high = pitch["lowest"], pitch["highest"]
    return f"{pitch_name(low)} to {pitch_name(high)} (MIDI {low} to {high})"


def _hours(hours: float) -> str:
    minutes = round(60 * hours)
    if hours < 1 / 60:
        return f"{3600 * hours:.0f} s"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{60 * hours:.1f} min"


def _percent(share: float) -> str:
    return f"{100 * share:.3g}\N{NO-BREAK SPACE}%"
