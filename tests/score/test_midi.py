"""MIDI: written and read again it is the same music, and what is broken says so."""

import collections
import io
import struct
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.errors import OutputError, UnreadableFile
from musegen.score.key import settled_key
from musegen.score.midi import read_midi, write_midi
from musegen.score.midi_lyrics import without_lyrics
from musegen.score.score import (
    Event,
    Notes,
    Part,
    Score,
    bar_ticks,
    barlines_of_metre,
)
from tests.bench.fidelity import listing_by_mido

ticks = st.integers(0, 2000)


def in_order(rows):
    """The rows with the earlier of two overlapping notes of one pitch ending first, as in MIDI."""
    paired = []
    for pitch in {row[2] for row in rows}:
        same = [row for row in rows if row[2] == pitch]
        onsets = sorted(row[0] for row in same)
        ends = sorted(row[0] + row[1] for row in same)
        paired += [
            (onset, end - onset, pitch, row[3])
            for onset, end, row in zip(onsets, ends, same, strict=True)
        ]
    return paired


def changes(draw, values):
    """A column whose every row changes something, the first at tick 0."""
    rows = draw(st.dictionaries(ticks, values, max_size=4)) | {0: draw(values)}
    kept = []
    for tick, row in sorted(rows.items()):
        if not kept or kept[-1][1:] != row:
            kept.append((tick, *row))
    return kept


@st.composite
def parts(draw):
    note = st.tuples(ticks, st.integers(0, 300), st.integers(58, 64), st.integers(1, 127))
    rows = draw(st.lists(note, min_size=1, max_size=12))
    control = st.builds(lambda n, v: bytes([0xB0, n, v]), st.integers(0, 63), st.integers(0, 127))
    bend = st.builds(lambda a, b: bytes([0xE0, a, b]), st.integers(0, 127), st.integers(0, 127))
    words = st.text(min_size=1, max_size=3) | st.sampled_from(["la", "glo-", "day "])
    lyric = words.map(lambda text: b"\xff\x05" + text.encode())
    events = [
        Event(tick, message)
        for kind in (control, bend, lyric)
        for tick, message in draw(st.lists(st.tuples(ticks, kind), max_size=3))
    ]
    onset = st.sampled_from([onset for onset, _, _, _ in rows])
    events += [Event(*row) for row in draw(st.lists(st.tuples(onset, lyric), max_size=3))]
    pedal = draw(st.lists(st.tuples(ticks, st.integers(0, 127)), max_size=4))
    return Part(
        name=draw(st.text(max_size=5)),
        program=draw(st.integers(0, 127)),
        notes=Notes.of(in_order(rows)),
        is_drums=draw(st.booleans()),
        pedal=sorted(pedal, key=lambda row: row[0]),
        events=tuple(sorted(events, key=lambda event: event.tick)),
    )


@st.composite
def scores(draw):
    text = st.text(min_size=1, max_size=4).map(str.encode)
    event = st.builds(
        lambda tick, kind, data: Event(tick, bytes([0xFF, kind]) + data),
        ticks,
        st.sampled_from([0x01, 0x02, 0x06, 0x07, 0x7F]),
        text,
    )
    score = Score(
        ticks_per_quarter=draw(st.integers(8, 1000)),  # so that no bar is a single tick
        parts=tuple(draw(st.lists(parts(), min_size=1, max_size=20))),
        tempo=changes(draw, st.tuples(st.integers(1, 0xFFFFFF))),
        metre=changes(draw, st.tuples(st.integers(1, 30), st.sampled_from([1, 2, 4, 8, 16]))),
        events=tuple(sorted(set(draw(st.lists(event, max_size=4))))),
        title=draw(st.text(max_size=5)),
    )
    keys = changes(draw, st.tuples(st.integers(-7, 7), st.sampled_from([0, 5])))
    last = max([score.end, 3000 * draw(st.booleans())])  # later than any event, or none is silent
    lines = barlines_of_metre(score.metre, last, score.ticks_per_quarter)
    score = replaced(score, key=settled_key(score.parts, np.array(keys)), barlines=lines)
    sung, marks = without_lyrics(score.parts, score.barlines)
    assert write_midi(replaced(score, parts=sung, marks=marks)) == write_midi(score)
    return replaced(score, parts=sung, marks=marks)


def replaced(score, **columns):
    fields = ("ticks_per_quarter", "parts", "tempo", "metre", "key", "barlines", "events", "title")
    return Score(**({name: getattr(score, name) for name in fields} | columns))


def notes_by_mido(path):
    """Onset, duration, pitch, velocity, program of every note, read in the plainest way."""
    notes = listing_by_mido(mido.MidiFile(path, clip=True))["note"]
    return collections.Counter(row[:5] for row in notes.elements())


ENDED = bytes.fromhex("00 ff 2f 00")


def midi_bytes(*tracks, kind=1, division=480, ended=ENDED):
    """A MIDI file of tracks given as bytes less the end of track."""
    tracks = [track + ended for track in tracks]
    chunks = [b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks]
    return b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division) + b"".join(chunks)


ONE_NOTE = bytes.fromhex(
    "00 90 3c 40"  # at once, middle C on channel 1, velocity 64
    "83 60 80 3c 00"  # 480 ticks later, its end
)


@given(scores())
def test_a_score_written_and_read_is_the_same(score):
    again = read_midi(write_midi(score))
    assert again == score
    assert write_midi(again) == write_midi(score)


def sample(folder: Path, every: int):
    return sorted(folder.rglob("*.mid"))[::every]


def test_real_files_read_written_and_read_are_the_same(shared):
    read = 0
    folders = ((".", 40), ("odd", 2), ("unfinished", 1))
    for path in [path for folder, every in folders for path in sample(shared / folder, every)]:
        try:
            score = read_midi(path)
        except UnreadableFile:
            continue
        assert read_midi(write_midi(score)) == score, path
        read += 1
    assert read > 60


def test_the_notes_are_those_that_mido_finds(shared):
    for path in [*sample(shared / "ensemble", 60), *sample(shared / "odd", 3)]:
        try:
            oracle = notes_by_mido(path)
            score = read_midi(path)
        except (UnreadableFile, OSError, EOFError, ValueError):
            continue
        found = collections.Counter(
            (*row, part.program) for part in score.parts for row in part.notes.rows.tolist()
        )
        assert found == oracle, path


def programs_heard(data):
    """How often each pitch sounds with each program on a synthesiser of sixteen channels."""
    heard, program = collections.Counter(), [0] * 16
    for message in mido.merge_tracks(mido.MidiFile(file=io.BytesIO(data)).tracks):
        if message.type == "program_change":
            program[message.channel] = message.program
        elif message.type == "note_on" and message.velocity:
            drums = message.channel == 9
            heard[message.note, program[message.channel], drums] += 1
    return heard


@given(st.lists(parts(), min_size=1, max_size=40))
def test_every_part_sounds_with_its_own_program(given_parts):
    score = Score(480, tuple(given_parts))
    meant = collections.Counter(
        (pitch, part.program, part.is_drums)
        for part in score.parts
        for pitch in part.notes.pitch.tolist()
    )
    assert programs_heard(write_midi(score)) == meant


def test_a_repeated_note_ends_before_it_begins_again():
    rows = [(0, 10, 60, 64), (10, 0, 60, 64), (10, 10, 60, 64), (0, 10, 59, 64)]
    midi = mido.MidiFile(file=io.BytesIO(write_midi(Score(480, (Part("", 0, Notes.of(rows)),)))))
    played = [m.type for m in midi.tracks[1] if m.type.startswith("note") and m.note == 60]
    assert played == ["note_on", "note_off"] * 3


def test_two_parts_of_one_program_stay_two():
    violin = Part("Violin", 40, Notes.of([(0, 480, 67, 80)]))
    assert len(read_midi(write_midi(Score(480, (violin, violin)))).parts) == 2


@given(
    st.lists(st.integers(1, 3000), min_size=1, max_size=6),
    st.sampled_from([(4, 4), (3, 8), (2, 2)]),
    st.sampled_from([24, 480]),
    st.floats(0, 1),
)
def test_bars_of_any_length_are_read_where_they_were(lengths, metre, per_quarter, sounding):
    """Those after the last note too."""
    lines = np.cumsum(lengths)
    part = Part("", 0, Notes.of([(0, int(sounding * lines[-1]), 60, 64)]))
    score = Score(per_quarter, (part,), metre=[(0, *metre)], barlines=lines)
    again = read_midi(write_midi(score))
    assert again.barlines.tolist() == lines.tolist()
    assert read_midi(write_midi(again)) == again


CONDUCTOR = bytes.fromhex("00 ff 58 04 04 02 18 08")  # 4/4


def delta(ticks):
    """A variable-length quantity of three bytes."""
    return bytes([0x80 | ticks >> 14, 0x80 | ticks >> 7 & 127, ticks & 127])


@pytest.mark.parametrize(
    ("first", "end", "bars"),
    [
        pytest.param(CONDUCTOR, 0, 1, id="at the start"),
        pytest.param(CONDUCTOR, 1920, 1, id="with the bar"),
        pytest.param(CONDUCTOR, 3 * 1920, 3, id="on a barline"),
        pytest.param(CONDUCTOR, 3 * 1920 + 1, 1, id="a tick late"),
        pytest.param(CONDUCTOR, 3 * 1920 - 480, 1, id="in mid bar"),
        pytest.param(CONDUCTOR + ONE_NOTE, 3 * 1920 - 480, 1, id="where there are notes"),
    ],
)
def test_silent_bars_stand_at_the_end_where_the_conductor_ends_on_a_barline(first, end, bars):
    tracks = [first + delta(end) + bytes.fromhex("ff 2f 00"), ONE_NOTE + ENDED]
    assert read_midi(midi_bytes(*tracks, ended=b"")).n_bars == bars


@given(st.integers(1, 12))
def test_what_stands_after_the_music_makes_no_bars(quarters):
    part = Part("", 0, Notes.of([(0, 480, 60, 64)]))
    late = Event(480 * quarters, b"\xff\x06The end")
    again = read_midi(write_midi(Score(480, (part,), events=(late,), barlines=[1920])))
    assert (again.barlines.tolist(), again.events) == ([1920], (late,))


def test_every_track_ends_with_the_piece():
    flute = Part("Flute", 73, Notes.of([(0, 480, 60, 64)]))
    oboe = Part("Oboe", 68, Notes.of([(480, 480, 60, 64)]))
    midi = write_midi(Score(480, (flute, oboe), barlines=[1920, 3840]))
    tracks = mido.MidiFile(file=io.BytesIO(midi)).tracks
    assert [sum(message.time for message in track) for track in tracks] == [3840] * 3
    ends = [[message.type for message in track].index("end_of_track") for track in tracks]
    assert ends == [len(track) - 1 for track in tracks]


def test_a_pickup_is_a_short_first_bar_of_the_metre_that_follows():
    lines = [480, 480 + 1440, 480 + 2 * 1440]
    part = Part("", 0, Notes.of([(0, lines[-1], 60, 64)]))
    again = read_midi(write_midi(Score(480, (part,), metre=[(0, 3, 4)], barlines=lines)))
    assert again.barlines.tolist() == lines
    assert again.metre.tolist() == [[0, 3, 4]]


def metres_said(data):
    """The metres of a MIDI file, as mido finds them, with their ticks."""
    found, now = [], 0
    for message in mido.merge_tracks(mido.MidiFile(file=io.BytesIO(data)).tracks):
        now += message.time
        if message.type == "time_signature":
            found.append((now, message.numerator, message.denominator))
    return found


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from([1, 2, 4, 8, 16]), st.floats(0.5, 3)),
        min_size=1,
        max_size=5,
    )
)
def test_a_file_comes_back_with_the_metres_that_it_says(metres):
    """Whether it changes at a barline or within a bar, and whatever may be taken for a pickup."""
    said, now = [], 0
    for numerator, denominator, n_bars in metres:
        bar = bar_ticks(numerator, denominator, 480)
        if not said or said[-1][1:] != (numerator, denominator):
            said.append((now, numerator, denominator))
        now += bar * round(n_bars) if n_bars > 1 else round(bar * n_bars)
    score = Score(480, (Part("", 0, Notes.of([(0, now, 60, 64)])),), metre=said)
    data = write_midi(score)
    assert metres_said(data) == said
    assert metres_said(write_midi(read_midi(data))) == said


@pytest.mark.parametrize(
    ("first", "second", "is_pickup"),
    [
        ((1, 4), (3, 4), True),
        ((1, 8), (3, 4), True),
        ((3, 4), (4, 4), True),
        ((3, 4), (7, 8), False),
        ((5, 4), (3, 2), False),
        ((4, 4), (3, 4), False),
    ],
)
def test_a_short_first_metre_is_a_pickup_where_its_unit_or_its_length_says_so(
    first, second, is_pickup
):
    change = bar_ticks(*first, 480)
    part = Part("", 0, Notes.of([(0, change + 2 * bar_ticks(*second, 480), 60, 64)]))
    again = read_midi(write_midi(Score(480, (part,), metre=[(0, *first), (change, *second)])))
    own = [] if is_pickup else [[0, *first]]
    assert again.metre.tolist() == [*own, [0 if is_pickup else change, *second]]
    assert again.barlines[0] == change


def test_a_change_of_metre_in_mid_bar_begins_a_bar():
    part = Part("", 0, Notes.of([(0, 2400, 60, 64)]))
    score = Score(480, (part,), metre=[(0, 4, 4), (1000, 3, 4)])
    again = read_midi(write_midi(score))
    assert again.metre.tolist() == [[0, 4, 4], [1000, 3, 4]]
    assert again.barlines.tolist() == [1000, 1000 + bar_ticks(3, 4, 480)]


def test_a_file_that_says_nothing_is_in_four_four_at_120():
    score = read_midi(midi_bytes(ONE_NOTE))
    assert score.metre.tolist() == [[0, 4, 4]]
    assert score.tempo.tolist() == [[0, 500_000]]
    assert not score.says_tempo
    assert read_midi(midi_bytes(bytes.fromhex("00 ff5103 07a120") + ONE_NOTE)).says_tempo
    assert score.parts[0].notes.rows.tolist() == [[0, 480, 60, 64]]


def test_what_made_the_music_is_told_in_the_file():
    score = Score(480, (Part("", 0, Notes.of([(0, 1, 60, 64)])),), title="Étude")
    again = read_midi(write_midi(score, made_by="musegen"))
    assert again.events == (Event(0, b"\xff\x01musegen"),)
    assert again.title == "Étude"


def test_names_in_latin_1_keep_their_letters():
    name = bytes.fromhex("00 ff 03 05") + "Flöte".encode("latin-1")
    assert read_midi(midi_bytes(name + ONE_NOTE)).parts[0].name == "Flöte"


@pytest.mark.parametrize(
    "wrapped",
    [
        pytest.param(lambda midi: b"RIFF\0\0\0\0RMIDdata\0\0\0\0" + midi, id="RIFF, no size"),
        pytest.param(
            lambda midi: b"RIFF\0\0\0\0RMIDdata" + struct.pack("<I", len(midi)) + midi + b"LIST",
            id="RIFF",
        ),
        pytest.param(lambda midi: b"\r\nContent-Type: audio/midi\r\n" + midi, id="junk before"),
        pytest.param(lambda midi: midi + b"\0", id="a byte after"),
        pytest.param(lambda midi: midi[:9] + b"\x02" + midi[10:], id="format 2"),
        pytest.param(lambda midi: midi[:9] + b"\x07" + midi[10:], id="format 7"),
        pytest.param(lambda midi: midi + b"XFIH\0\0\0\x02ab", id="an alien chunk"),
    ],
)
def test_wrapped_and_mislabelled_files_are_read_all_the_same(wrapped):
    plain = midi_bytes(ONE_NOTE)
    assert read_midi(wrapped(plain)) == read_midi(plain)


def test_frames_a_second_become_ticks_of_the_same_length():
    slow = bytes.fromhex("00 ff 51 03 0f 42 40")  # a tempo, which frames do not heed
    score = read_midi(midi_bytes(slow + ONE_NOTE, division=0xE728))  # 25 frames of 40 ticks: 1 ms
    seconds_per_tick = score.tempo[0, 1] / 1e6 / score.ticks_per_quarter
    assert len(score.tempo) == 1
    assert seconds_per_tick == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"X:1\nK:C\nabc\n", "no MThd header"),
        (b"MThd\0\0", "cut short"),
        (midi_bytes(ONE_NOTE)[:14], "no track follows its header .byte 14"),
        (midi_bytes(ONE_NOTE, division=0), "0 ticks a quarter .byte 12"),
        (midi_bytes((b"\xff\xff\xff\x7f" + ONE_NOTE[1:]) * 9), "track 1, byte 118: a note ends"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(data, reason, tmp_path):
    path = tmp_path / "broken.mid"
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match=reason) as raised:
        read_midi(path)
    assert raised.value.file == str(path)


@given(st.data())
def test_a_damaged_file_is_read_or_refused_but_nothing_else(data):
    part = Part("Oboe", 68, Notes.of([(0, 10, 60, 64), (480, 300, 64, 70)]), pedal=[(0, 100)])
    whole = bytearray(write_midi(Score(480, (part,), title="whole")))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        score = read_midi(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except UnreadableFile:
        return
    assert isinstance(score, Score)


def test_what_midi_has_no_room_for_is_refused():
    part = Part("", 0, Notes.of([(0, 1, 60, 64)]))
    late = Part("", 0, Notes.of([(1 << 28, 1, 60, 64)]))
    with pytest.raises(OutputError, match="ticks a quarter"):
        write_midi(Score(40_000, (part,)))
    with pytest.raises(OutputError, match="silence"):
        write_midi(Score(480, (late,)))
