"""From the files of a data set to a folder to train on, each piece in train, valid or test.

MIDI and ABC are taken over byte for byte, tune by tune; MusicXML and kern become MIDI as written,
their repeats not played out; steps of voices become MIDI.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from musegen.disk import write_whole
from musegen.errors import CorpusError, UnreadableFile
from musegen.score.files import read
from musegen.score.midi import write_midi
from musegen.score.score import Ints, Notes, Part, Score, barlines_of_metre

from .datasets_recipe import Recipe

READ_SLOWLY = frozenset({".mxl", ".xml", ".musicxml", ".krn"})  # by music21

_VALID_FROM, _TEST_FROM = 0.8, 0.9
_TUNE_START = re.compile(r"^(?=X:)", re.MULTILINE)
_SIDES = {"train": "train", "valid": "valid", "validation": "valid", "test": "test"}
_VOICES = ("Soprano", "Alto", "Tenor", "Bass")
_CHOIR, _TEMPO_US, _VELOCITY = 52, 750_000, 80
_TICKS_PER_QUARTER, _STEP_TICKS = 480, 120
_REST = -1


@dataclass(frozen=True)
class Original:
    """A source file of a data set.

    Attributes:
        path: where it lies.
        name: its path in the data set.
        side: the published split that it belongs to; empty where none is published for it.
    """

    path: Path
    name: Path
    side: str = ""


def originals(recipe: Recipe, root: Path) -> list[Original]:
    """The files that a data set is made of, below a folder, or that one file.

    Raises:
        CorpusError: there are none, or the published split is missing or damaged.
    """
    if root.is_file():
        return [Original(root, Path(root.name))]
    found = {path: name for pattern in recipe.files for path, name in _found(recipe, pattern, root)}
    if not found:
        raise CorpusError(
            f"holds no {' or '.join(recipe.files)}",
            file=root,
            hint="Take the archive itself, or the folder unpacked from it.",
        )
    sides = _published_sides(recipe, root) if recipe.split_table else dict.fromkeys(found, "")
    if unknown := found.keys() - sides.keys():
        raise CorpusError(f"{recipe.split_table} does not place it", file=min(unknown))
    return [Original(path, found[path], sides[path]) for path in sorted(found)]


def export(recipe: Recipe, original: Original, folder: Path) -> list[str]:
    """Make the pieces of one source file, but for those that are there; gives what was wrong."""
    try:
        if original.path.suffix == ".abc":
            _make(folder, *_tunes_by_side(recipe, original))
        elif original.path.suffix == ".json":
            _make(folder, *_chorales_by_side(recipe, original.path))
        else:
            _export_piece(recipe, original, folder)
    except UnreadableFile as error:
        return [f"{original.name.as_posix()}: {error.message}"]
    return []


def side(family: str) -> str:
    """The split of a family of pieces, by a hash of its name."""
    digest = hashlib.sha256(family.encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    return "test" if place >= _TEST_FROM else "valid" if place >= _VALID_FROM else "train"


def four_voices(steps: Ints) -> Score:
    """Pitches at each sixteenth (T, 4), −1 for a rest → a score; a run of one pitch is one note.

    Metre and tempo are nominal: 4/4, a quarter at 80 a minute.
    """
    end = len(steps) * _STEP_TICKS
    metre = np.array([[0, 4, 4]])
    return Score(
        _TICKS_PER_QUARTER,
        tuple(
            Part(name, _CHOIR, _runs(voice)) for name, voice in zip(_VOICES, steps.T, strict=True)
        ),
        tempo=np.array([[0, _TEMPO_US]]),
        metre=metre,
        barlines=barlines_of_metre(metre, end, _TICKS_PER_QUARTER),
    )


def _runs(voice: Ints) -> Notes:
    """The notes of a voice (T,): one for each run of a pitch."""
    starts = np.flatnonzero(np.diff(voice, prepend=voice[0] + 1))
    lengths = np.diff(starts, append=len(voice))
    velocity = np.full(len(starts), _VELOCITY)
    rows = np.stack([starts * _STEP_TICKS, lengths * _STEP_TICKS, voice[starts], velocity], axis=1)
    return Notes.of(rows[voice[starts] != _REST])


def _found(recipe: Recipe, pattern: str, root: Path) -> Iterator[tuple[Path, Path]]:
    """The files of a pattern, each with its path in the data set.

    Of what is downloaded, whatever lies around it in an archive counts for nothing; and the folder
    may be the one that holds the files themselves.
    """
    if not recipe.downloads:
        yield from ((path, path.relative_to(root)) for path in root.glob(pattern))
        return
    depth = len(Path(pattern).parts)
    below = [*root.rglob(pattern)] or [*root.glob(Path(pattern).name)]
    yield from ((path, Path(*path.parts[-depth:])) for path in below)


def _published_sides(recipe: Recipe, root: Path) -> dict[Path, str]:
    """The split of each file, as a table with midi_filename and split says."""
    table = next(root.rglob(recipe.split_table), None)
    if table is None:
        raise CorpusError(f"lacks {recipe.split_table}, which says the split", file=root)
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return {table.parent / row["midi_filename"]: _SIDES[row["split"]] for row in rows}
    except (KeyError, ValueError, csv.Error) as error:
        raise CorpusError(f"is no table of the published split: {error}", file=table) from error


def _export_piece(recipe: Recipe, original: Original, folder: Path) -> None:
    place = original.name.with_suffix("").as_posix()
    text = original.path.read_text("latin-1") if original.path.suffix == ".krn" else place
    split = original.side or side(_family(recipe, text, place))
    target = Path(split, original.name).with_suffix(".mid")
    if original.path.suffix in READ_SLOWLY:
        if (folder / target).exists():
            return
        made_by = f"{recipe.title}: {original.name.as_posix()}"
        _make(folder, (target, write_midi(read(original.path), made_by)))
    else:
        _make(folder, (target, original.path.read_bytes()))


def _tunes_by_side(recipe: Recipe, original: Original) -> Iterable[tuple[Path, bytes]]:
    """A tune book cut into one for each split that tunes of it fall to."""
    text = original.path.read_bytes().decode("latin-1")  # byte for byte, whatever it is
    preamble, *tunes = _TUNE_START.split(text)
    books: dict[str, str] = {}
    for number, tune in enumerate(tunes, start=1):
        split = side(_family(recipe, tune, f"{original.name.as_posix()}:{number}"))
        books[split] = books.get(split, preamble) + tune
    return [(Path(split, original.name), book.encode("latin-1")) for split, book in books.items()]


def _chorales_by_side(recipe: Recipe, path: Path) -> list[tuple[Path, bytes]]:
    """The pieces of a JSON file of steps (T, 4) by split, each a MIDI file.

    Raises:
        UnreadableFile: it is something else.
    """
    made = []
    try:
        for split, pieces in json.loads(path.read_text(encoding="utf-8")).items():
            for number, rows in enumerate(pieces):
                steps = np.array(rows, dtype=np.int64).reshape(len(rows), len(_VOICES))
                midi = write_midi(four_voices(steps), f"{recipe.title}: {split} {number}")
                made.append((Path(_SIDES[split], f"{number:03}.mid"), midi))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise UnreadableFile(f"holds no steps of four voices: {error}", file=path) from error
    if not made:
        raise UnreadableFile("holds no pieces", file=path)
    return made


def _family(recipe: Recipe, text: str, otherwise: str) -> str:
    """The name that a piece's split goes by."""
    match = re.search(recipe.family, text, re.MULTILINE) if recipe.family else None
    return " ".join(match[1].casefold().split()) if match else otherwise


def _make(folder: Path, *files: tuple[str | Path, bytes]) -> None:
    """Write the files that are not in the folder yet, or were made there from another copy."""
    for name, data in files:
        path = folder / name
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data, force=True)
