"""A piano roll shows every note where it is, and can be read back from the picture."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from musegen.picture.roll import roll_svg
from musegen.score.score import Notes, Part, Score, barlines_of_metre

SVG = "{http://www.w3.org/2000/svg}"
ROWS = st.lists(
    st.tuples(st.integers(0, 600), st.integers(1, 60), st.integers(0, 127), st.integers(1, 127)),
    max_size=20,
)


def _score(*rows: list, bars: int = 0, drums: tuple[int, ...] = (), **changes) -> Score:
    """Parts with 12 ticks a quarter; `bars` of 4/4, or enough for the notes if 0."""
    parts = tuple(Part(f"p{i}", 0, Notes.of(r), is_drums=i in drums) for i, r in enumerate(rows))
    end = max([int(part.notes.end.max()) for part in parts if len(part.notes)] + [bars * 48, 1])
    metre = np.array(changes.get("metre", [[0, 4, 4]]))
    return Score(12, parts, barlines=barlines_of_metre(metre, end, 12), **changes)


def _root(score: Score, **options) -> ET.Element:
    return ET.fromstring(roll_svg(score, **options))  # noqa: S314, our own text


def _with_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [each for each in root.iter() if name in each.get("class", "").split()]


def _frames(root: ET.Element) -> list[tuple[float, float, float]]:
    """Top, left and right of each row."""
    found = [
        re.match(r"M([\d.]+) ([\d.]+)H([\d.]+)v", e.get("d")) for e in _with_class(root, "strong")
    ]
    return [(float(match[2]), float(match[1]), float(match[3])) for match in found]


def _strokes(root: ET.Element, part: int) -> list[tuple[float, float, float]]:
    """x, y and width of every note of a part."""
    paths = "".join(
        each.get("d") for each in _with_class(root, f"c{part}") if "v" in each.get("class")
    )
    return [tuple(map(float, found)) for found in re.findall(r"M(\S+?) (\S+?)h([^M]+)", paths)]


@given(first=ROWS, second=ROWS, drums=st.booleans(), name=st.text(), seed_end=st.integers(0, 700))
def test_any_score_becomes_a_well_formed_picture(first, second, drums, name, seed_end):
    score = _score(first, second, drums=(1,) if drums else (), title=name)
    named = Score(12, (Part(name, 0, Notes.of(first)),))
    for root in (_root(score, seed_end=seed_end), _root(named, title=name)):
        assert root.get("role") == "img"
        assert root[0].tag == f"{SVG}title"
    ticks = 48 * 8
    bars = [(o // ticks, (o + d - 1) // ticks) for o, d, _, _ in first]
    if score.n_bars in range(5, 65):
        assert len(_strokes(_root(score), 0)) == sum(last - early + 1 for early, last in bars)


@given(rows=ROWS)
@example(rows=[(0, 1, 14, 1), (0, 1, 34, 1)])  # the next row's C is nearer than its own
def test_time_and_pitch_can_be_read_off_the_picture(rows):
    """Ticks from x and pitches from y, by where the frames and the lines of the Cs lie."""
    score = _score(rows, bars=16)
    root = _root(score)
    frames = _frames(root)
    octaves = [each for each in _with_class(root, "faint") if re.fullmatch(r"C-?\d", each.text)]
    cs = {(round(float(c.get("y"))), 12 * int(c.text[1:]) + 12) for c in octaves}
    read = []
    (keys,) = {float(each.get("stroke-width")) for each in _with_class(root, "key")}
    for x, y, _ in _strokes(root, 0):
        row = max(index for index, (top, _, _) in enumerate(frames) if top <= y)
        _, left, right = frames[row]
        tick = row * 384 + (x - left) / (frames[0][2] - left) * 384
        here = [c for c in cs if max(i for i, f in enumerate(frames) if f[0] <= c[0]) == row]
        below = min(here, key=lambda c: abs(c[0] - 4 - y))
        read.append((round(tick), round(below[1] - (y - below[0] + 4) / keys)))
        assert left <= x <= right
    onsets = [(onset, pitch) for onset, _, pitch, _ in rows]
    carried = [
        (edge, pitch)
        for onset, duration, pitch, _ in rows
        for edge in range(0, 1000, 384)
        if onset < edge < onset + duration
    ]
    assert sorted(read) == sorted(onsets + carried)


@given(st.lists(ROWS, min_size=2, max_size=4))
def test_no_part_hides_another_in_unison(parts):
    parts = [  # no part strikes a pitch that it holds
        [row for n, row in enumerate(rows) if row[2] not in [other[2] for other in rows[:n]]]
        for rows in parts
    ]
    score = _score(*parts)
    drawn = []
    for index, part in enumerate(score.parts):
        for path in _with_class(_root(score), f"c{index}"):
            if "v" in path.get("class"):
                half = float(path.get("stroke-width")) / 2
                for x, y, w in re.findall(r"M(\S+?) (\S+?)h([^M]+)", path.get("d")):
                    drawn.append((index, float(x), float(x) + float(w), float(y), half))
        assert sum(note[0] == index for note in drawn) >= len(part.notes)
    for n, (part, left, right, y, half) in enumerate(drawn):
        for other, from_x, to_x, other_y, other_half in drawn[:n]:
            meet = min(right, to_x) - max(left, from_x) > 1.6  # the least width of a short note
            if part != other and meet:
                assert abs(y - other_y) > half + other_half - 0.12


def test_louder_notes_are_less_transparent():
    score = _score([(12 * i, 12, 60, velocity) for i, velocity in enumerate((10, 40, 80, 120))])
    rules = dict(re.findall(r"\.(v\d)\{stroke-opacity:([\d.]+)\}", roll_svg(score)))
    paths = _with_class(_root(score), "note")
    by_time = sorted(paths, key=lambda path: float(re.match(r"M(\S+)", path.get("d"))[1]))
    opacities = [float(rules[path.get("class").split()[-1]]) for path in by_time]
    assert opacities == sorted(set(opacities))
    assert len(opacities) == 4


def test_what_was_composed_is_shaded_from_its_first_tick_on():
    score = _score([(0, 48, 60, 80)], bars=16)
    root = _root(score, seed_end=48 * 6)
    (first, second), frames = _with_class(root, "made"), _frames(root)
    left, right = frames[0][1:]
    assert float(first.get("x")) == pytest.approx(left + (right - left) * 6 / 8, abs=0.1)
    assert float(second.get("x")) == left
    assert len(_with_class(root, "edge")) == 1
    assert [each.text for each in _with_class(root, "from")] == ["composed from here"]
    assert not _with_class(_root(score), "made")


def test_changes_of_tempo_and_metre_are_written_where_they_happen():
    score = _score(
        [(0, 12, 60, 80)],
        bars=16,
        tempo=[[0, 500_000], [96, 510_000], [192, 750_000]],
        metre=[[0, 4, 4], [192, 3, 4]],
    )
    words = [each.text for each in _root(score).iter(f"{SVG}text")]
    assert [w for w in words if "♩" in w] == ["♩ = 120", "♩ = 80"]  # 118 is hardly a change
    assert [w for w in words if re.fullmatch(r"\d/\d", w)] == ["4/4", "3/4"]


def test_rows_begin_with_numbered_bars_and_a_pickup_joins_the_first():
    pickup = Score(12, (), barlines=[12, *range(60, 60 + 48 * 16, 48)])
    numbers = [e.text for e in _with_class(_root(pickup), "faint") if e.text.isdigit()]
    assert numbers == ["0", "4", "8", "9", "13"]


def test_a_performance_without_bars_is_drawn_in_rows_all_the_same():
    score = Score(100, (Part("", 0, Notes.of([(i * 50, 40, 60, 80) for i in range(200)])),))
    root = _root(score)
    assert len(_frames(root)) == 4
    assert not [e for e in root.iter(f"{SVG}text") if e.text == "4/4"]


def test_drums_lie_beneath_the_pitches():
    root = _root(_score([(0, 12, 30, 80)], [(0, 12, 36, 80), (0, 12, 42, 80)], drums=(1,)))
    (pitched,), (kick, hat) = _strokes(root, 0), sorted(_strokes(root, 1), key=lambda s: -s[1])
    assert pitched[1] < hat[1] < kick[1]


def test_it_follows_the_readers_light_or_dark_screen():
    picture = roll_svg(_score([(0, 12, 60, 80)]))
    day, night = picture.split("prefers-color-scheme:dark")
    assert re.search(r"\.c0\{stroke:(#\w+)", day)[1] != re.search(r"\.c0\{stroke:(#\w+)", night)[1]


def test_a_note_is_carried_over_where_its_row_ends_and_only_then():
    kept = _score([(372, 12, 60, 80)], bars=16)
    carried = _score([(372, 13, 60, 80)], bars=16)
    assert len(_strokes(_root(kept), 0)) == 1
    (_, above, _), (x, below, _) = _strokes(_root(carried), 0)
    assert below > above
    assert x == _frames(_root(carried))[1][1]
