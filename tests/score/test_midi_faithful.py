"""MIDI: all that a file holds is in the score, as mido finds it, and what is damaged is told."""

import collections
import io
import random
import struct
import time

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musegen.errors import OutputError
from musegen.score.abc import read_book, write_book
from musegen.score.bars import check_bars
from musegen.score.files import write_and_tell
from musegen.score.losses import missing_in
from musegen.score.midi import read_midi, write_midi
from musegen.score.midi_lyrics import sung
from musegen.score.score import Event, Mark, Notes, Part, Score
from tests.bench.fidelity import FOLDERS, by_mido, differences, examine, files_in
from tests.fault.midi import handmade

MAX_BYTES = 8_000  # mido takes a second for ten times as much
ENDED = bytes.fromhex("00 ff2f00")


def midi(*tracks, kind=1, division=480):
    chunks = [b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks]
    header = b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division)
    return header + b"".join(chunks)


def track(octets):
    return bytes.fromhex(octets) + ENDED


ONE = midi(track("00 903c40 10 803c00"))


def rows(score):
    return [part.notes.rows.tolist() for part in score.parts]


def test_three_hundred_real_files_hold_what_mido_finds_and_come_back_the_same(shared):
    paths = files_in(shared / folder for folder in FOLDERS)
    small = [path for path in paths if path.stat().st_size < MAX_BYTES]
    for path in random.Random(0).sample(small, 300):
        found = examine(path)
        if "refused" not in found:
            assert not found["differ"] or found["differ"] == {"refused by mido": 1}, path
            assert found["same"], path
            assert found["words"], path


octet = st.integers(0, 127)
message = st.one_of(
    st.builds(
        mido.Message, st.just("note_on"), channel=st.integers(8, 10), note=st.integers(60, 62),
        velocity=st.integers(0, 2), time=st.integers(0, 400),
    ),
    st.builds(
        mido.Message, st.just("note_off"), channel=st.integers(8, 10), note=st.integers(60, 62),
        time=st.integers(0, 400),
    ),
    st.builds(
        mido.Message, st.just("program_change"), channel=st.integers(8, 10),
        program=st.integers(0, 3), time=st.integers(0, 3),
    ),
    st.builds(
        mido.Message, st.just("control_change"), channel=st.integers(8, 10),
        control=st.sampled_from([0, 7, 32, 64, 123]), value=octet, time=st.integers(0, 20_000),
    ),
    st.builds(mido.Message, st.just("pitchwheel"), channel=st.integers(8, 10)),
    st.builds(mido.Message, st.just("aftertouch"), channel=st.integers(8, 10), value=octet),
    st.builds(mido.Message, st.just("sysex"), data=st.lists(octet, max_size=3).map(tuple)),
    st.builds(mido.MetaMessage, st.sampled_from(["text", "lyrics", "marker"])),
    st.builds(mido.MetaMessage, st.just("set_tempo"), tempo=st.integers(1, 0xFFFFFF)),
)  # fmt: skip


@given(st.lists(st.lists(message, max_size=30), min_size=1, max_size=4), st.integers(0, 2))
def test_whatever_mido_writes_is_read_as_mido_reads_it(tmp_path_factory, tracks, kind):
    file = mido.MidiFile(type=kind if len(tracks) == 1 else max(kind, 1))
    file.tracks = [mido.MidiTrack(track) for track in tracks]
    path = tmp_path_factory.mktemp("midi") / "piece.mid"
    file.save(path)
    score = read_midi(path)
    assert differences(path, score) == {}
    again = read_midi(write_midi(score))
    assert again == score
    kept = [event for part in score.parts for event in part.events] + list(score.events)
    counts = collections.Counter(m.type for track in tracks for m in track)
    controls = sum(counts[kind] for kind in ("aftertouch", "pitchwheel", "control_change"))
    n_kept = sum(event.message[0] >> 4 in (0xB, 0xD, 0xE) for event in kept)
    n_pedal = sum(len(part.pedal) for part in score.parts)
    unread = score.unread.get("messages to channels without a part", 0)
    assert n_kept + n_pedal + unread == controls
    assert sum(event.message[0] == 0xF0 for event in kept) == counts["sysex"]
    assert sum(event.message[:2] == b"\xff\x05" for event in kept) == counts["lyrics"]


def test_a_channel_is_kept_and_given_out_where_there_is_none():
    notes = Notes.of([(0, 10, 60, 64)])
    parts = [Part("", 0, notes, channel=3), Part("", 1, notes), Part("", 2, notes, channel=0)]
    again = read_midi(write_midi(Score(480, tuple(parts))))
    assert [part.channel for part in again.parts] == [3, 1, 0]


def test_a_staff_that_rests_stays_a_part_and_a_track_of_words_is_none():
    words = track("00 ff0304 57414954 00 ff05026c61")
    rest = track("00 ff0304 4f626f65 00 c044 10 b00740")
    score = read_midi(midi(words, track("00 903c40 10 803c00"), words, rest))
    assert [(part.name, part.program, len(part.notes)) for part in score.parts] == [
        ("", 0, 1), ("Oboe", 68, 0),
    ]  # fmt: skip
    assert score.title == "WAIT"
    texts = [event.message for event in score.events]
    assert texts == [b"\xff\x05la", b"\xff\x01WAIT", b"\xff\x05la"]
    assert read_midi(write_midi(score)) == score


def test_a_track_that_only_prepares_channels_is_no_part_and_its_messages_go_to_those_who_play():
    setup = track("00 ff03025355 00 b0075a 00 b1075b 40 b0400a 00 b20700")
    score = read_midi(
        midi(setup, track("00 b00a20 00 903c40 10 803c00 60 b00a21"), track("00 911e40 10 811e00"))
    )
    events = [[(e.tick, e.message.hex()) for e in part.events] for part in score.parts]
    assert events == [[(0, "b0075a"), (0, "b00a20"), (112, "b00a21")], [(0, "b0075b")]]
    assert score.parts[0].pedal.tolist() == [[64, 10]]
    assert score.title == "SU"
    assert score.unread == {"messages to channels without a part": 1}
    assert read_midi(write_midi(score)) == score


def test_a_program_of_another_track_counts_on_the_same_channel():
    playing = track("00 903c40 20 803c00 00 903e40 10 803e00")
    score = read_midi(midi(playing, track("10 c028")))
    assert [(part.program, rows) for part, rows in zip(score.parts, rows(score), strict=True)] == [
        (0, [[0, 32, 60, 64]]),
        (40, [[32, 16, 62, 64]]),
        (40, []),  # the other track rests
    ]


@pytest.mark.parametrize("event", ["c028", "b00740 00 c028"])
def test_a_first_program_after_the_first_note_is_that_of_the_track(event, tmp_path):
    playing = f"00 903c40 00 904040 00 {event} 20 803c00 00 903e40 10 803e00 00 804000"
    (tmp_path / "late.mid").write_bytes(data := midi(track(playing)))
    score = read_midi(data)
    assert [(part.program, len(part.notes)) for part in score.parts] == [(40, 3)]
    assert not score.faults
    assert not differences(tmp_path / "late.mid", score)


def test_a_later_program_is_for_the_notes_after_it():
    playing = "00 c028 00 903c40 00 c029 00 904040 20 803c00 00 804000"
    score = read_midi(midi(track(playing)))
    assert [(part.program, len(part.notes)) for part in score.parts] == [(40, 1), (41, 1)]
    assert not score.faults


def test_words_sung_to_notes_are_marks_and_other_lyrics_stay_events():
    words = "00 ff05036c612d 00 903c40 10 803c00 00 ff05026c61 00 903c40 08 ff05026c61 08 803c00"
    twice = "00 ff05026c61 00 ff05026c6f 00 903c40 10 803c00 00 ff05036c6120 00 903c40 10 803c00"
    score = read_midi(midi(track(words), track(twice), track("00 ff05026c61")))
    assert score.marks == (Mark(0, "lyric", "la-"), Mark(16, "lyric", "la"))
    assert [len(part.events) for part in score.parts] == [1, 3]
    assert [event.message[2:] for event in score.events] == [b"la"]
    assert read_midi(write_midi(score)) == score


def test_words_survive_from_abc_to_midi_to_abc():
    header, music = "X:1\nM:3/4\nL:1/4\nK:G\n", "D|G2A|B2c|d3-|d2|]\n"
    (tune,) = read_book(f"{header}{music}w:The day is done and gone a-way~ho\n")
    again = read_midi(write_midi(tune))
    assert [mark for mark in tune.marks if mark.kind == "lyric"] == list(again.marks)
    written = write_book([again])
    assert "w:The day is done and gone" in written
    assert not missing_in(read_book(written)[0], again)


@pytest.mark.parametrize(
    ("lyrics", "line"),
    [
        (["my ", " dar"], "my dar"),
        (["my ", "dar", "ling "], "my dar-ling"),
        (["/Oh", " my", " dar", "ling"], "Oh my dar-ling"),
        (["Fr\xfch-", "ling"], "Früh-ling"),
        (["Fr\xfch", "\r", "ling"], "Früh * ling"),
    ],
)
def test_lyrics_with_spaces_or_in_latin_1_stay_events_and_are_sung_in_abc(lyrics, line, tmp_path):
    octets = [text.encode("latin-1") for text in lyrics]
    notes = bytes.fromhex("00 903c40 10 803c00")
    data = b"".join(b"\0\xff\x05" + bytes([len(text)]) + text + notes for text in octets)
    score = read_midi(midi(data + ENDED, division=16))
    said = [text.message[2:] for text in score.parts[0].events]
    assert said
    assert set(said) <= set(octets)
    assert write_midi(read_midi(write_midi(score))) == write_midi(score)
    assert f"w:{line}\n" in write_book([score])
    lost = write_and_tell(score, tmp_path / "sung.abc")
    assert lost.get("lyrics", 0) == ("\r" in lyrics)
    assert "lyric marks" not in lost
    assert sung(sung(score)) == sung(score)


@pytest.mark.parametrize("length", ["2/3", "1/7", "5/64", "9/128", "19/3", "4/5", "33/32"])
def test_a_bar_of_a_length_that_no_metre_has_is_cut_off_a_sensible_one(length):
    (tune,) = read_book(f"X:1\nM:4/4\nL:1/4\nK:C\nC4|D{length}|E4|F{length}|]\n")
    again = read_midi(write_midi(tune))
    assert again.barlines.tolist() == tune.barlines.tolist()
    assert again.metre[:, 2].max() <= 16
    (written,) = read_book(write_book([tune]))
    assert written.metre.tolist() == tune.metre.tolist() == [[0, 4, 4]]
    assert len(check_bars(written)) == 2


def test_a_bank_is_chosen_before_its_program():
    bank = (Event(0, bytes([0xB0, 0, 1])), Event(0, bytes([0xB0, 32, 2])))
    part = Part("", 5, Notes.of([(0, 10, 60, 64)]), events=bank)
    written = mido.MidiFile(file=io.BytesIO(write_midi(Score(480, (part,)))))
    kinds = [message.type for message in written.tracks[1]]
    assert kinds.index("program_change") > kinds.index("control_change")
    assert "program_change" in kinds[kinds.index("control_change") + 2 : kinds.index("note_on")]


@pytest.mark.parametrize(
    ("octets", "duration", "place"),
    [
        pytest.param("00 903c40 20 c000", 0x20, 22, id="the track ends"),
        pytest.param("00 903c40 10 b07b00 10 c000", 0x10, 22, id="all notes off"),
        pytest.param("00 903c40 10 903c40 10 803c00 10 c000", 0x20, 26, id="the second of two"),
    ],
)
def test_a_hanging_note_ends_and_is_told(octets, duration, place):
    score = read_midi(midi(track(octets)))
    assert score.parts[0].notes.duration[0] == duration
    assert "never end" in score.faults[0]
    assert f"track 1, byte {place}" in score.faults[0]


@pytest.mark.parametrize(
    ("data", "n_notes", "told"),
    [
        pytest.param(midi(track("00 903c40 10 803c00 00 903e40"))[:-6], 1, "byte 18", id="cut"),
        pytest.param(
            midi(track("00 903c40 10 803c00 10 f4 " + "00 903e40 10 803e00 " * 4)),
            5, "track 1, byte 30: 2 bytes", id="undefined status",
        ),
        pytest.param(
            midi(track("00 903cff 10 803c00 " + "00 903e40 10 803e00 " * 4)),
            5, "track 1, byte 22: a value over 127", id="velocity 255",
        ),
        pytest.param(
            ONE[:21] + b"\x03" + ONE[22:],
            1, "it should have 3 bytes, and has 12", id="wrong length",
        ),
        pytest.param(ONE + b"junk", 1, "4 bytes", id="junk"),
        pytest.param(midi(track("00 903c40 10 803c00") + b"\0\0"), 1, "2 bytes after", id="after"),
        pytest.param(midi(track("00 ff5902f800 00 903c40 10 803c00")), 1, "equal, 4", id="8 flats"),
        pytest.param(midi(track("00 ff580400021808 00 903c40 10 803c00")), 1, "no bars", id="0/4"),
        pytest.param(midi(track("00 ff510200 01 00 903c40 10 803c00")), 1, "misshapen", id="tempo"),
    ],
)  # fmt: skip
def test_what_is_sound_is_read_and_the_rest_is_told(data, n_notes, told):
    score = read_midi(data)
    assert score.n_notes == n_notes
    assert any(told in fault for fault in score.faults), score.faults


def test_patterns_follow_one_another_each_in_its_own_tempo():
    slow = track("00 ff51030f4240 00 903c40 60 803c00")
    score = read_midi(midi(slow, track("00 903e40 60 803e00"), kind=2))
    assert rows(score) == [[[0, 96, 60, 64]], [[96, 96, 62, 64]]]
    assert score.tempo.tolist() == [[0, 1_000_000], [96, 500_000]]
    assert "one after the other" in score.faults[0]


def test_latin_1_lyrics_keep_their_octets():
    lyric = b"\xff\x05" + "schö".encode("latin-1")
    data = b"\0" + lyric[:2] + b"\x04" + lyric[2:]
    score = read_midi(midi(data + track("00 903c40 10 803c00")))
    assert score.parts[0].events == (Event(0, lyric),)
    assert read_midi(write_midi(score)) == score


def test_names_come_back_in_the_encoding_of_the_words_beside_them():
    name, words = b"\0\xff\x03\x02S\xf6", b"\0\xff\x05\x02l\xe4"
    both, alone = (
        midi(text + bytes.fromhex("00 903c40 10 803c00") + ENDED) for text in (name + words, name)
    )
    assert b"\xff\x03\x02S\xf6" in write_midi(read_midi(both))
    assert b"\xff\x03\x03S\xc3\xb6" in write_midi(read_midi(alone))
    assert read_midi(write_midi(read_midi(both))).parts[0].name == "S\xf6"


def test_every_name_of_a_track_stays_with_it():
    names = b"\0\xff\x03\x04Song\0\xff\x03\x05Piano"
    score = read_midi(midi(names + bytes.fromhex("00 903c40 10 803c00") + ENDED, kind=0))
    again = read_midi(write_midi(score))
    assert (again.title, again.parts[0].name) == ("", "Song")
    assert missing_in(again, score) == {}


def test_what_a_score_has_no_place_for_is_counted():
    score = read_midi(midi(track("00 ff210101 00 903c40 10 803c50 00 803c00")))
    assert score.unread == {"ports": 1, "release velocities": 1, "note-offs without a note": 1}


def test_the_files_made_for_fuzzing_are_sound_themselves(tmp_path):
    for number, data in enumerate(handmade()):
        path = tmp_path / f"{number}.mid"
        path.write_bytes(data)
        assert by_mido(path) is not None
        assert read_midi(data).n_notes


def test_a_tempo_of_nothing_is_told_and_dropped():
    score = read_midi(midi(track("00 ff5103 000000 00 903c40 10 803c00")))
    assert score.tempo.tolist() == [[0, 500_000]]
    assert "tempo of 0" in score.faults[0]


def test_each_note_that_never_ends_stops_at_the_next_silence_of_its_own_channel():
    """Channel 1 is silenced at tick 48, channel 0 at 32 and too late again."""
    voices = "00 903c40 10 913c40 10 b07b00 10 b17b00 10 903e40 10 b17b00"
    score = read_midi(midi(track(voices)))
    assert rows(score) == [[[0, 32, 60, 64], [64, 16, 62, 64]], [[16, 32, 60, 64]]]


@pytest.mark.parametrize(
    ("voices", "ends"),
    [
        pytest.param("00 903c40 10 903c40 10 b07b00 10 803c00", [48, 48], id="silence"),
        pytest.param("00 903c40 10 903c40 10 903c40 10 803c00", [48] * 3, id="more of the pitch"),
    ],
)
def test_a_note_that_never_ends_outlasts_those_of_its_pitch_begun_before(tmp_path, voices, ends):
    path = tmp_path / "piece.mid"
    path.write_bytes(midi(track(voices)))
    score = read_midi(path)
    assert score.parts[0].notes.end.tolist() == ends
    assert read_midi(write_midi(score)) == score
    assert differences(path, score) == {}


def test_what_hostile_files_multiply_is_read_and_written_in_no_time():
    hanging = bytes.fromhex("00 903c40 00 913c40") * 10_000 + bytes.fromhex("00 b07b00") * 20_000
    late = bytes.fromhex("ffffff7f ff010178") * 60
    many = [track("00 903c40 10 803c00")] * 5_000
    keys = b"".join(bytes([1, 0xFF, 0x59, 2, number % 7, 0]) for number in range(50_000))
    began = time.process_time()
    for data in (
        midi(hanging),
        midi(late + ENDED, track("00 903c40 10 803c00"), division=1),
        midi(keys + ENDED, track("00 903c40 10 803c00")),
        midi(*many),
    ):
        write_midi(read_midi(data))
    assert time.process_time() - began < 60


def test_more_parts_than_a_header_can_count_are_refused():
    part = Part("", 0, Notes.of([]))
    with pytest.raises(OutputError, match="65534 parts"):
        write_midi(Score(480, (part,) * 65_535))


def test_keys_that_the_notes_contradict_are_counted():
    scale = "".join(f"00 90{p:02x}40 60 80{p:02x}00" for p in (60, 62, 64, 65, 67, 69, 71, 72) * 3)
    said = {fifths: read_midi(midi(track(f"00 ff5902{fifths:02x}00" + scale))) for fifths in (0, 6)}
    assert said[0].unread == {}
    assert said[6].unread == {"keys of F# major that the notes contradict": 1}
    assert said[6].key.tolist() == [[0, 0, 0, 1]]
